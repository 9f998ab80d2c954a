package source

import (
	"path"
	"sort"
	"strings"

	"dunlin-render/internal/fault"
)

// View is the tree as one target sees it. It records what the target read and what it looked for in
// vain, so that the hub knows which later commits can change the result: a change of path P touches an
// entry E when they are equal or one is an ancestor of the other. A listed directory is therefore
// recorded by its name, the root as ".".
//
// Paths are slash paths relative to the root; "" and "." are the root. Not safe for concurrent use.
type View struct {
	tree      *Tree
	overlay   map[string][]byte
	read      map[string]bool
	missing   map[string]bool
	violation *fault.Error
}

// NewView starts an empty record over tree.
func NewView(tree *Tree) *View {
	return &View{tree: tree, overlay: map[string][]byte{}, read: map[string]bool{}, missing: map[string]bool{}}
}

// Override lets ReadFile return data for name: the edited kustomization of a target with options.
func (v *View) Override(name string, data []byte) { v.overlay[Clean(name)] = data }

// Violation is the first forbidden link that was followed. Upstream libraries wrap or swallow
// errors, so the caller checks this after every render and refuses the result.
func (v *View) Violation() *fault.Error { return v.violation }

// Read and Missing are the sorted records.
func (v *View) Read() []string    { return sorted(v.read) }
func (v *View) Missing() []string { return sorted(v.missing) }

// Resolve follows links and returns the real path, or found = false (and records the miss).
func (v *View) Resolve(name string) (resolved string, found bool, err error) {
	name = Clean(name)
	resolved, found, err = v.tree.resolve(name)
	if err != nil {
		if v.violation == nil {
			v.violation = fault.From(err, fault.SourceSymlink, name)
		}
		return "", false, err
	}
	if resolved != name {
		v.read[name] = true // changing the link changes the result
	}
	if !found {
		v.missing[name] = true
		if resolved != name {
			v.missing[resolved] = true
		}
	}
	return resolved, found, nil
}

// IsDir and IsFile follow links; a forbidden link counts as absent (and is kept as the violation).
func (v *View) IsDir(name string) bool {
	resolved, found, err := v.Resolve(name)
	if err != nil || !found {
		return false
	}
	_, isDir := v.tree.dirs[resolved]
	return isDir
}

func (v *View) IsFile(name string) bool {
	resolved, found, err := v.Resolve(name)
	return err == nil && found && v.tree.files[resolved] != nil
}

// ReadFile returns the content; callers must not change it.
func (v *View) ReadFile(name string) ([]byte, error) {
	resolved, found, err := v.Resolve(name)
	if err != nil {
		return nil, err
	}
	n := v.tree.files[resolved]
	if !found || n == nil {
		return nil, fault.New(fault.RenderMissing, name, "no such file in the repository")
	}
	v.read[resolved] = true
	if data, edited := v.overlay[resolved]; edited {
		return data, nil
	}
	return n.data, nil
}

// ReadDir returns the sorted names in a directory and records that its listing was used.
func (v *View) ReadDir(name string) ([]string, error) {
	resolved, found, err := v.Resolve(name)
	if err != nil {
		return nil, err
	}
	names, isDir := v.tree.dirs[resolved]
	if !found || !isDir {
		return nil, fault.New(fault.RenderMissing, name, "no such directory in the repository")
	}
	v.read[dirRecord(resolved)] = true
	return names, nil
}

// Walk calls visit for every file below dir in path order, links to files included. Links to
// directories are not entered (as filepath.Walk).
func (v *View) Walk(dir string, visit func(name string) error) error {
	return v.walk(dir, false, map[string]bool{}, visit)
}

// WalkLinked is Walk that also enters links to directories, as Helm does for vendored charts. A link
// to a directory that is being walked is refused.
func (v *View) WalkLinked(dir string, visit func(name string) error) error {
	return v.walk(dir, true, map[string]bool{}, visit)
}

func (v *View) walk(dir string, linked bool, open map[string]bool, visit func(name string) error) error {
	names, err := v.ReadDir(dir)
	if err != nil {
		return err
	}
	resolved, _, err := v.Resolve(dir)
	if err != nil {
		return err
	}
	if open[resolved] {
		return fault.New(fault.SourceSymlink, dir, "symbolic links make the directory contain itself")
	}
	open[resolved] = true
	defer delete(open, resolved)
	for _, base := range names {
		name := path.Join(Clean(dir), base)
		real := path.Join(resolved, base)
		switch n := v.tree.files[real]; {
		case n == nil:
			err = v.walk(name, linked, open, visit)
		case !n.isLink || !v.linkToDir(real):
			err = visit(name)
		case linked:
			err = v.walk(name, linked, open, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// linkToDir records nothing: a bad link in a directory matters only to who reads it.
func (v *View) linkToDir(name string) bool {
	resolved, found, err := v.tree.resolve(name)
	if err != nil || !found {
		return false
	}
	_, isDir := v.tree.dirs[resolved]
	return isDir
}

// Clean makes "", "." and "/" the root "", and removes leading and trailing slashes.
func Clean(name string) string {
	name = path.Clean("/" + name)
	return strings.TrimPrefix(name, "/")
}

// Inside joins a path that a user wrote to a base directory and refuses what leaves the tree.
func Inside(base, name string) (string, error) {
	if strings.HasPrefix(name, "/") || strings.Contains(name, "://") {
		return "", fault.New(fault.RenderPath, name, "only paths relative to the repository are allowed")
	}
	joined := path.Join(Clean(base), name)
	if joined == ".." || strings.HasPrefix(joined, "../") {
		return "", fault.New(fault.RenderPath, name, "the path leaves the repository")
	}
	return Clean(joined), nil
}

func dirRecord(name string) string {
	if name == "" {
		return "."
	}
	return name
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for name := range set {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// Package source is the file system of a render: the tree of one commit, in memory, read only.
//
// Nothing here ever touches the real file system. Symbolic links are resolved lexically inside the
// tree (security rules G1 and G2): a link that leaves it, loops or dangles is an error of the target
// that follows it, not of the others.
package source

import (
	"archive/tar"
	"errors"
	"io"
	"path"
	"sort"
	"strings"
	"unicode/utf8"

	"dunlin-render/internal/fault"
)

// Limits of one tree.
type Limits struct {
	Files int   // entries of any type
	Bytes int64 // sum of file sizes
}

// maxHops is the kernel's limit for a chain of links (ELOOP); a chain of 41 is refused.
const maxHops = 40

// maxPath bounds one entry's name, so that error texts and read lists stay small.
const maxPath = 4096

type node struct {
	data   []byte
	link   string // target of a symbolic link, "" for a regular file
	isLink bool
}

// Tree maps slash paths relative to the root ("apps/web/kustomization.yaml") to contents.
type Tree struct {
	files map[string]*node
	dirs  map[string][]string // directory ("" = root) → sorted names of its entries
}

// ReadTar reads the whole tree. Only regular files, directories and symbolic links may be in it.
func ReadTar(r io.Reader, limits Limits) (*Tree, error) {
	t := &Tree{files: map[string]*node{}, dirs: map[string][]string{"": nil}}
	reader := tar.NewReader(r)
	entries, total := 0, int64(0)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.New(fault.SourceTar, "", "the tree's tar stream is damaged: %v", err)
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if entries++; entries > limits.Files {
			return nil, fault.New(fault.SourceLimit, "", "the tree has more than %d entries", limits.Files)
		}
		if total += header.Size; total > limits.Bytes || header.Size < 0 {
			return nil, fault.New(fault.SourceLimit, header.Name, "the tree has more than %d bytes", limits.Bytes)
		}
		if err := t.add(header, reader); err != nil {
			return nil, err
		}
	}
	for _, names := range t.dirs {
		sort.Strings(names)
	}
	return t, nil
}

// FromMap makes a tree of regular files, and of links where the content starts with "->".
func FromMap(files map[string]string) *Tree {
	t := &Tree{files: map[string]*node{}, dirs: map[string][]string{"": nil}}
	for name, content := range files {
		n := &node{data: []byte(content)}
		if target, isLink := strings.CutPrefix(content, "->"); isLink {
			n = &node{link: target, isLink: true}
		}
		t.files[name] = n
		t.link(name)
	}
	for _, names := range t.dirs {
		sort.Strings(names)
	}
	return t
}

func (t *Tree) add(header *tar.Header, r io.Reader) error {
	name, err := entryName(header.Name)
	if err != nil {
		return err
	}
	if name == "" {
		return nil // the root itself
	}
	if _, taken := t.files[name]; taken {
		return fault.New(fault.SourceTar, name, "the tree names this file twice")
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if _, known := t.dirs[name]; !known {
			t.dirs[name] = nil
			return t.checkedLink(name)
		}
		return nil
	case tar.TypeSymlink:
		t.files[name] = &node{link: header.Linkname, isLink: true}
	case tar.TypeReg:
		data, err := io.ReadAll(r)
		if err != nil {
			return fault.New(fault.SourceTar, name, "the tree's tar stream ends inside this file: %v", err)
		}
		t.files[name] = &node{data: data}
	default:
		return fault.New(fault.SourceTar, name, "entry of type %q: only files, directories and symbolic links are allowed",
			string(header.Typeflag))
	}
	if _, isDir := t.dirs[name]; isDir {
		return fault.New(fault.SourceTar, name, "the tree has both a file and a directory of this name")
	}
	return t.checkedLink(name)
}

// checkedLink refuses a file as a parent of another file, then registers the name.
func (t *Tree) checkedLink(name string) error {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, isFile := t.files[dir]; isFile {
			return fault.New(fault.SourceTar, name, "its parent %q is not a directory", dir)
		}
	}
	t.link(name)
	return nil
}

// link puts name into its parent's list, making parents as needed.
func (t *Tree) link(name string) {
	for {
		dir, base := path.Split(name)
		dir = strings.TrimSuffix(dir, "/")
		_, known := t.dirs[dir]
		t.dirs[dir] = append(t.dirs[dir], base)
		if known || dir == "" {
			return
		}
		name = dir
	}
}

// entryName cleans a tar entry's name, or refuses it. Git cannot make absolute or ".." names, so
// they are damage or an attack.
func entryName(raw string) (string, error) {
	if len(raw) > maxPath || !utf8.ValidString(raw) || strings.ContainsRune(raw, 0) {
		return "", fault.New(fault.SourceTar, "", "a file name is too long or is not valid UTF-8")
	}
	if strings.HasPrefix(raw, "/") {
		return "", fault.New(fault.SourceTar, raw, "absolute file name in the tree")
	}
	for _, part := range strings.Split(raw, "/") {
		if part == ".." {
			return "", fault.New(fault.SourceTar, raw, "file name with '..' in the tree")
		}
	}
	if name := path.Clean(raw); name != "." {
		return name, nil
	}
	return "", nil
}

// resolve follows links until name is a file or a directory. found = false when nothing is there.
func (t *Tree) resolve(name string) (resolved string, found bool, err error) {
	todo := splitPath(name)
	done := []string{}
	for hops := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if len(done) == 0 {
				return "", false, fault.New(fault.SourceSymlink, name, "leads out of the repository")
			}
			done = done[:len(done)-1]
			continue
		}
		done = append(done, part)
		here := strings.Join(done, "/")
		n, isFile := t.files[here]
		if !isFile {
			if _, isDir := t.dirs[here]; !isDir {
				return here, false, nil
			}
			continue
		}
		if !n.isLink {
			if len(todo) > 0 {
				return here, false, nil // a file in the place of a directory
			}
			continue
		}
		if hops++; hops > maxHops {
			return "", false, fault.New(fault.SourceSymlink, name, "more than %d symbolic links in a row", maxHops)
		}
		if strings.HasPrefix(n.link, "/") {
			return "", false, fault.New(fault.SourceSymlink, here, "symbolic link to the absolute path %q", n.link)
		}
		done = done[:len(done)-1]
		todo = append(splitPath(n.link), todo...)
	}
	return strings.Join(done, "/"), true, nil
}

func splitPath(name string) []string { return strings.Split(name, "/") }

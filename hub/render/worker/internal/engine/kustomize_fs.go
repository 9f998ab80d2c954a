package engine

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/source"
)

// viewFileSystem lets Kustomize read a View. Its root "/" is the tree's root; every write fails.
type viewFileSystem struct{ view *source.View }

var _ filesys.FileSystem = viewFileSystem{}

func readOnly(name string) error {
	return fault.New(fault.RenderPlugin, name, "writing files is not allowed while rendering")
}

func (f viewFileSystem) Create(name string) (filesys.File, error) { return nil, readOnly(name) }
func (f viewFileSystem) Mkdir(name string) error                  { return readOnly(name) }
func (f viewFileSystem) MkdirAll(name string) error               { return readOnly(name) }
func (f viewFileSystem) RemoveAll(name string) error              { return readOnly(name) }
func (f viewFileSystem) WriteFile(name string, _ []byte) error    { return readOnly(name) }

// Open is unused by a build: it reads whole files.
func (f viewFileSystem) Open(name string) (filesys.File, error) { return nil, readOnly(name) }

func (f viewFileSystem) IsDir(name string) bool                { return f.view.IsDir(name) }
func (f viewFileSystem) ReadDir(name string) ([]string, error) { return f.view.ReadDir(name) }
func (f viewFileSystem) ReadFile(name string) ([]byte, error)  { return f.view.ReadFile(name) }

func (f viewFileSystem) Exists(name string) bool { return f.view.IsDir(name) || f.view.IsFile(name) }

// CleanedAbs returns the real directory and, for a file, its name: links are resolved, so that
// Kustomize's own check of the root sees where a file really is.
func (f viewFileSystem) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	resolved, found, err := f.view.Resolve(name)
	if err != nil {
		return "", "", err
	}
	if !found {
		return "", "", &fs.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
	}
	if f.view.IsDir(resolved) {
		return filesys.ConfirmedDir("/" + resolved), "", nil
	}
	return filesys.ConfirmedDir(path.Dir("/" + resolved)), path.Base(resolved), nil
}

// Glob matches the last element only, which is all that kustomization files may use.
func (f viewFileSystem) Glob(pattern string) ([]string, error) {
	dir, last := path.Split(pattern)
	names, err := f.view.ReadDir(dir)
	if err != nil {
		return nil, nil //nolint:nilerr // as filepath.Glob: no directory, no match
	}
	var out []string
	for _, name := range names {
		matched, err := path.Match(last, name)
		if err != nil {
			return nil, err
		}
		if matched {
			out = append(out, path.Join(dir, name))
		}
	}
	return out, nil
}

func (f viewFileSystem) Walk(string, filepath.WalkFunc) error { return readOnly("walk") }

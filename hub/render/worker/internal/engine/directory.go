package engine

import (
	"path"
	"regexp"
	"strings"

	"github.com/gobwas/glob"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/manifest"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

// skipMark is Argo CD's line that takes a file out of a plain directory.
const skipMark = "+argocd:skip-file-rendering"

var (
	manifestFile = regexp.MustCompile(`\.(yaml|yml|json)$`)
	jsonnetFile  = regexp.MustCompile(`\.jsonnet$`)
)

// renderDirectory reads the manifests of a directory, or of one file. Kind jsonnet also evaluates
// every *.jsonnet file (*.libsonnet files are only imported); both follow Argo CD's `directory`.
func renderDirectory(view *source.View, target *proto.Target, set *manifest.Set) error {
	files, err := manifestFiles(view, target.Path, target.Options.Directory, target.Kind == KindJsonnet)
	if err != nil {
		return err
	}
	for _, file := range files {
		if jsonnetFile.MatchString(file) {
			err = evaluateJsonnet(view, file, target.Options.Jsonnet, set)
		} else {
			err = addManifest(view, file, set)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func addManifest(view *source.View, file string, set *manifest.Set) error {
	content, err := view.ReadFile(file)
	if err != nil {
		return err
	}
	if strings.Contains(string(content), skipMark) {
		return nil
	}
	return set.AddFile(file, content)
}

func manifestFiles(view *source.View, root string, options proto.Directory, withJsonnet bool) ([]string, error) {
	if view.IsFile(root) {
		return []string{root}, nil
	}
	include, err := compileGlob(options.Include)
	if err != nil {
		return nil, err
	}
	exclude, err := compileGlob(options.Exclude)
	if err != nil {
		return nil, err
	}
	wanted := func(name string) bool {
		relative := strings.TrimPrefix(strings.TrimPrefix(name, root), "/")
		known := manifestFile.MatchString(name) || withJsonnet && jsonnetFile.MatchString(name)
		return known && (include == nil || include.Match(relative)) && (exclude == nil || !exclude.Match(relative))
	}
	var files []string
	if options.Recurse {
		err := view.Walk(root, func(name string) error {
			if wanted(name) {
				files = append(files, name)
			}
			return nil
		})
		return files, err
	}
	names, err := view.ReadDir(root)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if full := path.Join(root, name); wanted(full) && !view.IsDir(full) {
			files = append(files, full)
		}
	}
	return files, nil
}

func compileGlob(pattern string) (glob.Glob, error) {
	if pattern == "" {
		return nil, nil
	}
	compiled, err := glob.Compile(pattern)
	if err != nil {
		return nil, fault.New(fault.RequestInvalid, "", "the glob %q is not valid: %v", pattern, err)
	}
	return compiled, nil
}

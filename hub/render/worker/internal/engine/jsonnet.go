package engine

import (
	"fmt"
	"path"

	"github.com/google/go-jsonnet"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/manifest"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

// maxStack is go-jsonnet's own default, said here because endless recursion must end as an error.
const maxStack = 500

// evaluateJsonnet adds the objects of one file. The result is an object, or arrays (nested as wanted)
// of objects; null results are left out.
func evaluateJsonnet(view *source.View, file string, options proto.Jsonnet, set *manifest.Set) error {
	vm := jsonnet.MakeVM()
	vm.MaxStack = maxStack
	importer := &treeImporter{view: view, libs: options.Libs, found: map[string]jsonnet.Contents{}}
	vm.Importer(importer)
	for _, v := range options.ExtVars {
		if v.Code {
			vm.ExtCode(v.Name, v.Value)
		} else {
			vm.ExtVar(v.Name, v.Value)
		}
	}
	for _, v := range options.TLAs {
		if v.Code {
			vm.TLACode(v.Name, v.Value)
		} else {
			vm.TLAVar(v.Name, v.Value)
		}
	}
	text, err := vm.EvaluateFile(file)
	if importer.refused != nil {
		return importer.refused
	}
	if err != nil {
		return fault.From(err, fault.RenderFailed, file)
	}
	value, err := manifest.Decode([]byte(text))
	if err != nil {
		return fault.From(err, fault.RenderFailed, file)
	}
	place := manifest.Document{File: file, Index: 0, Line: 1}
	return addJsonnetValue(value, &place, set)
}

func addJsonnetValue(value any, place *manifest.Document, set *manifest.Set) error {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		for _, item := range v {
			if err := addJsonnetValue(item, place, set); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		if field, is := mapOfObjects(v); is {
			return fault.New(fault.RenderFailed, place.File,
				"the result is a map of objects (%q …): give one object, or a list: std.objectValues({…})", field)
		}
	}
	place.Index++
	return set.Add(value, *place)
}

// mapOfObjects tells a map from names to objects, which other tools take, from a broken object.
func mapOfObjects(value map[string]any) (string, bool) {
	first := ""
	for name, member := range value {
		object, is := member.(map[string]any)
		if !is || object["apiVersion"] == nil || object["kind"] == nil {
			return "", false
		}
		if first == "" || name < first {
			first = name
		}
	}
	return first, first != ""
}

// treeImporter finds imports beside the importing file, then in the libs, and nowhere else
// (CVE-2026-113672: an import that reads the server's files).
type treeImporter struct {
	view    *source.View
	libs    []string
	found   map[string]jsonnet.Contents // go-jsonnet wants the same value for the same file
	refused *fault.Error                // kept here, because go-jsonnet turns errors into text
}

func (i *treeImporter) Import(importedFrom, importedPath string) (jsonnet.Contents, string, error) {
	if importedFrom == "" { // the file to evaluate itself
		importedFrom = "."
	}
	bases := append([]string{path.Dir("/" + importedFrom)}, i.libs...)
	for _, base := range bases {
		file, err := source.Inside(base, importedPath)
		if err != nil {
			i.refused = fault.From(err, fault.RenderPath, importedPath)
			return jsonnet.Contents{}, "", err
		}
		if known, cached := i.found[file]; cached {
			return known, file, nil
		}
		if !i.view.IsFile(file) {
			if leak := i.view.Violation(); leak != nil {
				return jsonnet.Contents{}, "", leak
			}
			continue
		}
		content, err := i.view.ReadFile(file)
		if err != nil {
			return jsonnet.Contents{}, "", err
		}
		i.found[file] = jsonnet.MakeContentsRaw(content)
		return i.found[file], file, nil
	}
	return jsonnet.Contents{}, "", fmt.Errorf("import %q: not found beside %s or in the libs", importedPath, importedFrom)
}

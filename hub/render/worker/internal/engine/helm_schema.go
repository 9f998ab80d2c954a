package engine

import (
	"encoding/json"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart"

	"dunlin-render/internal/fault"
)

// checkSchemas refuses a values.schema.json that refers to anything but itself (CVE-2025-55199: a
// `$ref` to /dev/zero). Helm's schema library would open the file or the URL.
func checkSchemas(dir string, loaded *chart.Chart) error {
	if loaded.Schema != nil {
		file := path.Join(dir, "values.schema.json")
		var schema any
		if err := json.Unmarshal(loaded.Schema, &schema); err != nil {
			return fault.New(fault.RenderFailed, file, "not valid JSON: %v", err)
		}
		own := map[string]bool{}
		collectIDs(schema, own)
		if err := checkReferences(file, schema, own); err != nil {
			return err
		}
	}
	for _, dependency := range loaded.Dependencies() {
		if err := checkSchemas(path.Join(dir, "charts", dependency.Name()), dependency); err != nil {
			return err
		}
	}
	return nil
}

func collectIDs(node any, own map[string]bool) {
	switch v := node.(type) {
	case map[string]any:
		for _, key := range []string{"$id", "id"} {
			if id, isText := v[key].(string); isText && !strings.HasPrefix(id, "file:") {
				own[strings.TrimSuffix(id, "#")] = true
			}
		}
		for _, below := range v {
			collectIDs(below, own)
		}
	case []any:
		for _, below := range v {
			collectIDs(below, own)
		}
	}
}

func checkReferences(file string, node any, own map[string]bool) error {
	switch v := node.(type) {
	case map[string]any:
		for _, key := range []string{"$ref", "$dynamicRef", "$recursiveRef", "$schema"} {
			reference, isText := v[key].(string)
			base, _, _ := strings.Cut(reference, "#")
			if !isText || base == "" || own[base] || isMetaSchema(base) {
				continue
			}
			return fault.New(fault.RenderRemote, file, "%s %q refers to something outside the schema", key, reference)
		}
		for _, below := range v {
			if err := checkReferences(file, below, own); err != nil {
				return err
			}
		}
	case []any:
		for _, below := range v {
			if err := checkReferences(file, below, own); err != nil {
				return err
			}
		}
	}
	return nil
}

// isMetaSchema: the drafts of JSON Schema are built into the library.
func isMetaSchema(base string) bool {
	rest, isHTTP := strings.CutPrefix(strings.Replace(base, "https://", "http://", 1), "http://json-schema.org/")
	return isHTTP && (strings.HasPrefix(rest, "draft-0") || strings.HasPrefix(rest, "draft/") || rest == "schema")
}

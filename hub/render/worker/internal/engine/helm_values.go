package engine

import (
	"encoding/json"
	"strings"

	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/manifest"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

// helmValues merges in Helm's order: value files, inline values, then setJson, set, setString, setFile.
// Numbers become float64 exactly as in the helm command, because templates print them.
func helmValues(view *source.View, dir string, options proto.Helm) (map[string]any, error) {
	base := map[string]any{}
	for _, name := range options.ValueFiles {
		content, err := readBeside(view, dir, name)
		if err != nil {
			if options.IgnoreMissingValueFiles && fault.From(err, "", "").Code == fault.RenderMissing {
				continue
			}
			return nil, err
		}
		if base, err = mergeYAML(base, name, content); err != nil {
			return nil, err
		}
	}
	inline, err := inlineValues(options.Values)
	if err != nil {
		return nil, err
	}
	if base, err = mergeYAML(base, "helm.values", inline); err != nil {
		return nil, err
	}
	readFile := func(name []rune) (any, error) {
		content, err := readBeside(view, dir, string(name))
		return string(content), err
	}
	parseFile := func(text string, into map[string]any) error {
		return strvals.ParseIntoFile(text, into, readFile)
	}
	for _, flag := range []struct {
		name  string
		texts []string
		parse func(string, map[string]any) error
	}{
		{"setJson", options.SetJSON, strvals.ParseJSON},
		{"set", options.Set, strvals.ParseInto},
		{"setString", options.SetString, strvals.ParseIntoString},
		{"setFile", options.SetFile, parseFile},
	} {
		for _, text := range flag.texts {
			if err := flag.parse(text, base); err != nil {
				known := fault.From(err, fault.RenderFailed, "")
				if known.Path == "" {
					known.Message = "helm." + flag.name + " " + text + ": " + known.Message
				}
				return nil, known
			}
		}
	}
	return base, nil
}

// readBeside reads a file named relative to the chart, or to the tree's root when it begins with "/".
func readBeside(view *source.View, dir, name string) ([]byte, error) {
	if rooted, isRooted := strings.CutPrefix(name, "/"); isRooted {
		dir, name = "", rooted
	}
	if strings.Contains(name, "://") {
		return nil, fault.New(fault.RenderRemote, name, "value files must be in the repository: rendering has no network")
	}
	file, err := source.Inside(dir, name)
	if err != nil {
		return nil, err
	}
	return view.ReadFile(file)
}

// inlineValues accepts an object, or a string of YAML (Argo CD's `helm.values`).
func inlineValues(raw json.RawMessage) ([]byte, error) {
	if len(raw) == 0 || raw[0] != '"' {
		return raw, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, fault.New(fault.RequestInvalid, "", "helm.values: %v", err)
	}
	return []byte(text), nil
}

func mergeYAML(base map[string]any, name string, content []byte) (map[string]any, error) {
	if err := manifest.CheckLimits(name, content); err != nil {
		return nil, err
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(content, &values); err != nil {
		return nil, fault.New(fault.RenderFailed, name, "not a YAML map: %v", err)
	}
	return mergeMaps(base, values), nil
}

// mergeMaps lets b win, map by map.
func mergeMaps(a, b map[string]any) map[string]any {
	out := make(map[string]any, len(a)+len(b))
	for key, value := range a {
		out[key] = value
	}
	for key, value := range b {
		below, isMap := value.(map[string]any)
		had, hadMap := out[key].(map[string]any)
		if isMap && hadMap {
			out[key] = mergeMaps(had, below)
		} else {
			out[key] = value
		}
	}
	return out
}

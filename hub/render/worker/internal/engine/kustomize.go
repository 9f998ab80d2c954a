package engine

import (
	"encoding/json"
	"path"
	"sort"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/manifest"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

// Warm parses Kustomize's built-in OpenAPI schema, which takes most of the time of a first build.
func Warm() { openapi.Schema() }

// renderKustomize builds the target as `kustomize build` does with its defaults: files only from
// below each kustomization's own root, no plugins, no Helm, no remote bases.
func renderKustomize(view *source.View, target *proto.Target, set *manifest.Set) error {
	file, found := kustomizationFile(view, target.Path)
	if !found {
		return fault.New(fault.RenderMissing, target.Path, "no kustomization.yaml, kustomization.yml or Kustomization")
	}
	edited, err := editKustomization(view, file, target.Options.Kustomize)
	if err != nil {
		return err
	}
	if edited != nil {
		view.Override(file, edited)
	}
	scan := kustomizeScan{view: view, visited: map[string]bool{}}
	if err := scan.directory(target.Path); err != nil {
		return err
	}
	options := krusty.MakeDefaultOptions()
	resources, err := krusty.MakeKustomizer(options).Run(viewFileSystem{view}, "/"+target.Path)
	if err != nil {
		return fault.New(fault.RenderFailed, file, "%s", strings.ReplaceAll(err.Error(), "'/"+target.Path, "'"+target.Path))
	}
	for i, resource := range resources.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			return fault.From(err, fault.RenderFailed, file)
		}
		for _, doc := range manifest.Documents(file, text) {
			if doc.Err != nil {
				return doc.Err
			}
			value, err := manifest.Decode(doc.JSON)
			if err != nil {
				return fault.From(err, fault.RenderFailed, file)
			}
			if err := set.Add(value, manifest.Document{File: file, Index: i + 1, Line: 1}); err != nil {
				return err
			}
		}
	}
	return nil
}

func kustomizationFile(view *source.View, dir string) (string, bool) {
	for _, name := range kustomizationFiles {
		if file := path.Join(dir, name); view.IsFile(file) {
			return file, true
		}
	}
	return "", false
}

// readKustomization parses a kustomization leniently: the build itself reports unknown fields.
func readKustomization(view *source.View, file string) (*types.Kustomization, error) {
	content, err := view.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := manifest.CheckLimits(file, content); err != nil {
		return nil, err
	}
	kustomization := &types.Kustomization{}
	if err := yaml.Unmarshal(content, kustomization); err != nil {
		return nil, fault.New(fault.RenderFailed, file, "not a kustomization: %v", err)
	}
	kustomization.FixKustomization()
	return kustomization, nil
}

// editKustomization applies the options as `kustomize edit` would, and returns the new file, or nil
// when there is nothing to change.
func editKustomization(view *source.View, file string, options proto.Kustomize) ([]byte, error) {
	if encoded, err := json.Marshal(options); err != nil || string(encoded) == emptyKustomizeOptions {
		return nil, err
	}
	k, err := readKustomization(view, file)
	if err != nil {
		return nil, err
	}
	if options.NamePrefix != "" {
		k.NamePrefix = options.NamePrefix
	}
	if options.NameSuffix != "" {
		k.NameSuffix = options.NameSuffix
	}
	if options.Namespace != "" {
		k.Namespace = options.Namespace
	}
	if len(options.CommonLabels) > 0 {
		k.Labels = append(k.Labels, types.Label{Pairs: options.CommonLabels, IncludeSelectors: true})
	}
	for name, value := range options.CommonAnnotations {
		if k.CommonAnnotations == nil {
			k.CommonAnnotations = map[string]string{}
		}
		k.CommonAnnotations[name] = value
	}
	for _, image := range options.Images {
		setImage(k, parseImage(image))
	}
	for _, replica := range options.Replicas {
		setReplicas(k, types.Replica{Name: replica.Name, Count: replica.Count})
	}
	k.Components = append(k.Components, options.Components...)
	for _, raw := range options.Patches {
		var patch types.Patch
		if err := yaml.UnmarshalStrict(raw, &patch); err != nil {
			return nil, fault.New(fault.RequestInvalid, file, "kustomize.patches: %v", err)
		}
		k.Patches = append(k.Patches, patch)
	}
	edited, err := yaml.Marshal(k)
	if err != nil {
		return nil, fault.From(err, fault.RenderFailed, file)
	}
	return edited, nil
}

var emptyKustomizeOptions = func() string {
	encoded, _ := json.Marshal(proto.Kustomize{}) // cannot fail: no floats, no cycles
	return string(encoded)
}()

// parseImage reads "[name=]newName[:tag|@digest]", the form of `kustomize edit set image`.
func parseImage(text string) types.Image {
	name, rest, renamed := strings.Cut(text, "=")
	if !renamed {
		rest = text
	}
	image := types.Image{}
	if base, digest, ok := strings.Cut(rest, "@"); ok {
		image.NewName, image.Digest = base, digest
	} else if colon := strings.LastIndex(rest, ":"); colon > strings.LastIndex(rest, "/") {
		image.NewName, image.NewTag = rest[:colon], rest[colon+1:]
	} else {
		image.NewName = rest
	}
	if image.Name = name; !renamed {
		image.Name, image.NewName = image.NewName, ""
	}
	return image
}

func setImage(k *types.Kustomization, image types.Image) {
	for i, known := range k.Images {
		if known.Name == image.Name {
			if image.NewName == "" {
				image.NewName = known.NewName
			}
			k.Images[i] = image
			return
		}
	}
	k.Images = append(k.Images, image)
	sort.Slice(k.Images, func(a, b int) bool { return k.Images[a].Name < k.Images[b].Name })
}

func setReplicas(k *types.Kustomization, replica types.Replica) {
	for i, known := range k.Replicas {
		if known.Name == replica.Name {
			k.Replicas[i] = replica
			return
		}
	}
	k.Replicas = append(k.Replicas, replica)
}

package engine

import (
	"path"
	"regexp"
	"sort"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	helmengine "helm.sh/helm/v3/pkg/engine"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/manifest"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

const (
	hookAnnotation   = "helm.sh/hook"
	defaultNamespace = "default"
	notesSuffix      = "NOTES.txt"
)

// renderHelm does what `helm template` does: values, dependencies with conditions and tags, schema,
// templates, crds/. Hooks stay objects (their annotations tell the agent what they are); `lookup` and
// `getHostByName` are empty.
func renderHelm(view *source.View, target *proto.Target, set *manifest.Set) error {
	options := target.Options.Helm
	loaded, err := loadChart(view, target.Path, 0)
	if err != nil {
		return err
	}
	given, err := helmValues(view, target.Path, options)
	if err != nil {
		return err
	}
	capabilities, err := helmCapabilities(target)
	if err != nil {
		return err
	}
	if err := checkChart(target.Path, loaded, capabilities); err != nil {
		return err
	}
	if err := chartutil.ProcessDependenciesWithMerge(loaded, given); err != nil {
		return fault.From(err, fault.RenderFailed, path.Join(target.Path, "Chart.yaml"))
	}
	if !options.SkipSchemaValidation {
		if err := checkSchemas(target.Path, loaded); err != nil {
			return err
		}
	}
	release, err := releaseOptions(target)
	if err != nil {
		return err
	}
	values, err := chartutil.ToRenderValuesWithSchemaValidation(
		loaded, given, release, capabilities, options.SkipSchemaValidation)
	if err != nil {
		return fault.From(err, fault.RenderFailed, path.Join(target.Path, "values.yaml"))
	}
	rendered, err := helmengine.Engine{}.Render(loaded, values)
	if err != nil {
		return fault.From(err, fault.RenderFailed, target.Path)
	}
	set.Warnings = append(set.Warnings, clockWarnings(target.Path, loaded)...)
	set.Keep = func(object manifest.Object) bool { return keepHook(object, options) }
	if !options.SkipCRDs {
		for _, crd := range loaded.CRDObjects() {
			if err := set.AddFile(inChart(target.Path, loaded, crd.Filename), crd.File.Data); err != nil {
				return err
			}
		}
	}
	return addRendered(target.Path, loaded, rendered, set)
}

func addRendered(dir string, loaded *chart.Chart, rendered map[string]string, set *manifest.Set) error {
	names := make([]string, 0, len(rendered))
	for name := range rendered {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if strings.HasSuffix(name, notesSuffix) {
			continue
		}
		if err := set.AddFile(inChart(dir, loaded, name), []byte(rendered[name])); err != nil {
			known := fault.From(err, fault.RenderFailed, name)
			known.Message += " (lines count in the rendered text, not in the template)"
			return known
		}
	}
	return nil
}

var clockCall = regexp.MustCompile(`\{\{[^}]*\b(now|ago)\b`)

// clockWarnings names the templates that read the clock. Two renders in a row may agree (a date), and
// tomorrow's will not.
func clockWarnings(dir string, loaded *chart.Chart) []string {
	var warnings []string
	for _, template := range loaded.Templates {
		if clockCall.Match(template.Data) {
			warnings = append(warnings, path.Join(dir, template.Name)+
				" calls now or ago: its output changes with the time of the render")
		}
	}
	for _, dependency := range loaded.Dependencies() {
		warnings = append(warnings, clockWarnings(path.Join(dir, "charts", dependency.Name()), dependency)...)
	}
	return warnings
}

// inChart turns "<chart name>/templates/x.yaml" into the file's path in the tree.
func inChart(dir string, loaded *chart.Chart, name string) string {
	return path.Join(dir, strings.TrimPrefix(name, loaded.Name()+"/"))
}

func keepHook(object manifest.Object, options proto.Helm) bool {
	metadata, _ := object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	hook, isHook := annotations[hookAnnotation].(string)
	if !isHook {
		return true
	}
	if options.SkipHooks {
		return false
	}
	if options.SkipTests {
		for _, event := range strings.Split(hook, ",") {
			if strings.HasPrefix(strings.TrimSpace(event), "test") {
				return false
			}
		}
	}
	return true
}

func helmCapabilities(target *proto.Target) (*chartutil.Capabilities, error) {
	capabilities := chartutil.DefaultCapabilities.Copy()
	if target.KubeVersion != "" {
		version, err := chartutil.ParseKubeVersion(target.KubeVersion)
		if err != nil {
			return nil, fault.New(fault.RequestInvalid, "", "Kubernetes version %q: %v", target.KubeVersion, err)
		}
		capabilities.KubeVersion = *version
	}
	known := append(chartutil.VersionSet{}, chartutil.DefaultVersionSet...)
	capabilities.APIVersions = append(known, target.APIVersions...)
	return capabilities, nil
}

func checkChart(dir string, loaded *chart.Chart, capabilities *chartutil.Capabilities) error {
	file := path.Join(dir, "Chart.yaml")
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return fault.New(fault.RenderFailed, file, "the chart's type is %s: only application charts can be rendered", kind)
	}
	if want := loaded.Metadata.KubeVersion; want != "" {
		if have := capabilities.KubeVersion.String(); !chartutil.IsCompatibleRange(want, have) {
			return fault.New(fault.RenderFailed, file, "the chart requires Kubernetes %s, the cluster has %s", want, have)
		}
	}
	return nil
}

func releaseOptions(target *proto.Target) (chartutil.ReleaseOptions, error) {
	name := target.Options.Helm.ReleaseName
	if name == "" {
		name = path.Base("/" + target.Path)
	}
	if err := chartutil.ValidateReleaseName(name); err != nil {
		return chartutil.ReleaseOptions{}, fault.New(fault.RenderFailed, target.Path,
			"the release name %q is not valid: set helm.releaseName", name)
	}
	namespace := target.Namespace
	if namespace == "" {
		namespace = defaultNamespace
	}
	return chartutil.ReleaseOptions{Name: name, Namespace: namespace, Revision: 1, IsInstall: true}, nil
}

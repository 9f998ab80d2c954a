package engine

import (
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/source"
)

// maxKustomizations bounds the tree of bases of one target.
const maxKustomizations = 2000

// kustomizeScan walks the bases before the build and refuses what Kustomize would fetch or run
// (CVE-2026-113708, CVE-2026-113709; rules R1, R2, R4). Kustomize decides "remote" before it looks for
// a local directory, so every entry must exist in the tree: what does not is missing or remote.
type kustomizeScan struct {
	view    *source.View
	visited map[string]bool
}

func (s *kustomizeScan) directory(dir string) error {
	if s.visited[dir] {
		return nil
	}
	if s.visited[dir] = true; len(s.visited) > maxKustomizations {
		return fault.New(fault.RenderFailed, dir, "more than %d kustomizations", maxKustomizations)
	}
	file, found := kustomizationFile(s.view, dir)
	if !found {
		return nil // the build explains what is missing
	}
	k, err := readKustomization(s.view, file)
	if err != nil {
		return err
	}
	if len(k.HelmCharts) > 0 || len(k.HelmChartInflationGenerator) > 0 || k.HelmGlobals != nil {
		return fault.New(fault.RenderPlugin, file,
			"helmCharts needs to run the helm program, which the sandbox has not: make the chart an app of kind helm")
	}
	for _, entry := range operands(k) {
		if err := s.entry(file, dir, entry); err != nil {
			return err
		}
	}
	for _, entry := range extensions(k) {
		if err := s.extension(file, dir, entry); err != nil {
			return err
		}
	}
	return nil
}

// operands are the entries that may be a file or another kustomization, or must be a file.
func operands(k *types.Kustomization) []string {
	var entries []string
	for _, list := range [][]string{k.Resources, k.Bases, k.Components, k.Crds, k.Configurations} {
		entries = append(entries, list...)
	}
	for _, patch := range k.Patches {
		if patch.Path != "" {
			entries = append(entries, patch.Path)
		}
	}
	if schema := k.OpenAPI["path"]; schema != "" {
		entries = append(entries, schema)
	}
	return entries
}

// extensions are files, directories or inline YAML that configure generators and transformers.
func extensions(k *types.Kustomization) []string {
	var entries []string
	for _, list := range [][]string{k.Generators, k.Transformers, k.Validators} {
		entries = append(entries, list...)
	}
	return entries
}

func (s *kustomizeScan) entry(file, dir, entry string) error {
	resolved, err := s.local(file, dir, entry)
	if err != nil || !s.view.IsDir(resolved) {
		return err
	}
	return s.directory(resolved)
}

// local maps an entry to a path of the tree.
func (s *kustomizeScan) local(file, dir, entry string) (string, error) {
	if looksRemote(entry) {
		return "", fault.New(fault.RenderRemote, file,
			"%q is remote: rendering has no network, so put it into the repository", entry)
	}
	full, err := source.Inside(dir, entry)
	if err != nil {
		return "", fault.New(fault.RenderPath, file, "%q leaves the repository or is absolute", entry)
	}
	resolved, found, err := s.view.Resolve(full)
	if err != nil {
		return "", err
	}
	if !found {
		return "", fault.New(fault.RenderMissing, file, "%q does not exist in the repository", entry)
	}
	return resolved, nil
}

// extension refuses configuration of functions that are programs or containers. Built-in
// transformers stay allowed.
func (s *kustomizeScan) extension(file, dir, entry string) error {
	content := entry
	if !strings.Contains(entry, "\n") {
		resolved, err := s.local(file, dir, entry)
		if err != nil {
			return err
		}
		if s.view.IsDir(resolved) {
			return s.directory(resolved)
		}
		data, err := s.view.ReadFile(resolved)
		if err != nil {
			return err
		}
		content = string(data)
	}
	for _, mark := range []string{"config.kubernetes.io/function", "config.k8s.io/function"} {
		if strings.Contains(content, mark) {
			return fault.New(fault.RenderPlugin, path.Join(dir, file),
				"functions that run programs or containers are not allowed")
		}
	}
	return nil
}

// looksRemote is the prefix rule of Kustomize's own URL reader, drawn wide: a local path never has
// these forms.
func looksRemote(entry string) bool {
	lower := strings.ToLower(entry)
	for _, prefix := range []string{"git::", "git@", "gh:", "github.com/", "github.com:", "ssh:"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	beforePath, _, _ := strings.Cut(entry, "/")
	return strings.Contains(entry, "://") || strings.Contains(entry, "?ref=") || strings.Contains(beforePath, "@")
}

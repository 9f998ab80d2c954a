// Package engine renders one target with the upstream libraries. Nothing here runs a program, opens
// a file or a connection; every path goes through source.View.
package engine

import (
	"bytes"
	"encoding/json"
	"log"
	"path"
	"sort"
	"strings"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/manifest"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

// The kinds of a target.
const (
	KindAuto      = "auto"
	KindPlain     = "plain"
	KindKustomize = "kustomize"
	KindHelm      = "helm"
	KindJsonnet   = "jsonnet"
	KindCatalog   = "catalog"
)

// maxWarnings bounds what a chart's log can add to an answer.
const maxWarnings = 20

// renderer is what every kind implements: put objects into the set.
type renderer func(view *source.View, target *proto.Target, set *manifest.Set) error

var renderers = map[string]renderer{
	KindPlain:     renderDirectory,
	KindJsonnet:   renderDirectory,
	KindKustomize: renderKustomize,
	KindHelm:      renderHelm,
}

// Render answers one target. A panic of a library is an error of this target only.
func Render(tree *source.Tree, target *proto.Target, limits proto.Limits) (answer proto.Answer) {
	view := source.NewView(tree)
	logged := captureLog()
	answer = proto.Answer{ID: target.ID, Kind: target.Kind, Warnings: []string{}}
	defer func() {
		if crash := recover(); crash != nil {
			answer.Objects, answer.Documents = nil, nil
			answer.Error = fault.New(fault.RenderCrash, target.Path, "the renderer failed: %v", crash)
		}
		if leak := view.Violation(); leak != nil {
			answer.Objects, answer.Documents, answer.Error = nil, nil, leak
		}
		answer.Warnings = append(answer.Warnings, logged()...)
		answer.Read, answer.Missing = view.Read(), view.Missing()
	}()
	if err := render(view, target, limits, &answer); err != nil {
		answer.Error = fault.From(err, fault.RenderFailed, target.Path)
	}
	return answer
}

func render(view *source.View, target *proto.Target, limits proto.Limits, answer *proto.Answer) error {
	clean, err := source.Inside("", target.Path)
	if err != nil {
		return err
	}
	target.Path = clean
	if answer.Kind, err = detect(view, target); err != nil {
		return err
	}
	target.Kind = answer.Kind
	if target.Kind == KindCatalog {
		answer.Documents, err = renderCatalog(view, target)
		return err
	}
	run := renderers[target.Kind]
	if run == nil {
		return fault.New(fault.RequestInvalid, "", "unknown render kind %q", target.Kind)
	}
	objects, warnings, err := renderOnce(run, view, target, limits)
	if err != nil {
		return err
	}
	if target.Kind == KindHelm { // the one language with a clock and random numbers
		if err := sameAgain(run, view, target, limits, objects); err != nil {
			return err
		}
	}
	answer.Warnings = append(answer.Warnings, warnings...)
	raw := make([]json.RawMessage, len(objects))
	for i, object := range objects {
		raw[i] = object
	}
	answer.Objects = raw
	return nil
}

func renderOnce(run renderer, view *source.View, target *proto.Target, limits proto.Limits) ([][]byte, []string, error) {
	set := manifest.NewSet(manifest.Limits{
		Objects: limits.Objects, ObjectBytes: limits.ObjectBytes, OutputBytes: limits.TargetBytes})
	if err := run(view, target, set); err != nil {
		return nil, nil, err
	}
	objects, err := set.Finish(target.Namespace)
	return objects, set.Warnings, err
}

// sameAgain renders a second time: a template that takes the time or a random number would make a
// new bundle of every render, and its drift would never end.
func sameAgain(run renderer, view *source.View, target *proto.Target, limits proto.Limits, first [][]byte) error {
	second, _, err := renderOnce(run, view, target, limits)
	if err != nil {
		return err
	}
	for i, object := range first {
		if i >= len(second) || !bytes.Equal(object, second[i]) {
			return fault.New(fault.RenderNondeterministic, target.Path,
				"two renders of one commit differ, first in %s: the templates use the time or random values "+
					"(now, rand…, uuidv4, gen…, bcrypt); give such values explicitly", describe(object))
		}
	}
	if len(second) != len(first) {
		return fault.New(fault.RenderNondeterministic, target.Path, "two renders of one commit give %d and %d objects",
			len(first), len(second))
	}
	return nil
}

func describe(object []byte) string {
	var head struct {
		Kind     string
		Metadata struct{ Name string }
	}
	if json.Unmarshal(object, &head) != nil {
		return "an object"
	}
	return head.Kind + " " + head.Metadata.Name
}

// kustomizationFiles are the names that Kustomize looks for, in its order.
var kustomizationFiles = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// detect follows Argo CD: Chart.yaml, then a kustomization file, then *.jsonnet, else plain.
func detect(view *source.View, target *proto.Target) (string, error) {
	isDir := view.IsDir(target.Path)
	if !isDir && !view.IsFile(target.Path) {
		if leak := view.Violation(); leak != nil {
			return target.Kind, leak
		}
		return target.Kind, fault.New(fault.RenderMissing, target.Path, "the path does not exist in the repository")
	}
	if target.Kind != KindAuto && target.Kind != "" {
		return target.Kind, nil
	}
	if !isDir {
		if path.Ext(target.Path) == ".jsonnet" {
			return KindJsonnet, nil
		}
		return KindPlain, nil
	}
	if view.IsFile(path.Join(target.Path, "Chart.yaml")) {
		return KindHelm, nil
	}
	for _, name := range kustomizationFiles {
		if view.IsFile(path.Join(target.Path, name)) {
			return KindKustomize, nil
		}
	}
	names, err := view.ReadDir(target.Path)
	if err != nil {
		return KindPlain, err
	}
	for _, name := range names {
		if path.Ext(name) == ".jsonnet" {
			return KindJsonnet, nil
		}
	}
	return KindPlain, nil
}

// captureLog collects what the libraries log (Helm reports values of a wrong shape this way) as
// warnings without time stamps.
func captureLog() func() []string {
	var buffer bytes.Buffer
	log.SetFlags(0)
	log.SetOutput(&limitedWriter{out: &buffer, left: 64 << 10})
	return func() []string {
		log.SetOutput(&limitedWriter{})
		unique := map[string]bool{}
		for _, line := range strings.Split(buffer.String(), "\n") {
			if line = strings.TrimSpace(line); line != "" {
				unique[line] = true
			}
		}
		lines := make([]string, 0, len(unique))
		for line := range unique {
			lines = append(lines, line)
		}
		sort.Strings(lines)
		return lines[:min(len(lines), maxWarnings)]
	}
}

type limitedWriter struct {
	out  *bytes.Buffer
	left int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if n := min(len(p), w.left); n > 0 {
		w.out.Write(p[:n])
		w.left -= n
	}
	return len(p), nil
}

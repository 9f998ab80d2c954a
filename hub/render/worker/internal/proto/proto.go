// Package proto is the protocol between the hub and the worker; README.md describes it in words and
// hub/render/renderer.h is the same contract in C++.
package proto

import (
	"bytes"
	"encoding/json"

	"dunlin-render/internal/fault"
)

// Version counts changes of the protocol that the other side must know.
//
//	1: first version
const Version = 1

// Ready is the line that says that the sandbox waits for a job.
type Ready struct {
	Ready     bool   `json:"ready"`
	Protocol  int    `json:"protocol"`
	Kustomize string `json:"kustomize"`
	Helm      string `json:"helm"`
	Jsonnet   string `json:"jsonnet"`
}

// Request is the one line of JSON that comes before the tar stream.
type Request struct {
	Limits  Limits   `json:"limits"`
	Targets []Target `json:"targets"`
}

// Limits; zero means the worker's default, which is also the highest value that it accepts.
type Limits struct {
	TreeFiles   int   `json:"treeFiles"`
	TreeBytes   int64 `json:"treeBytes"`
	Objects     int   `json:"objects"`
	ObjectBytes int   `json:"objectBytes"`
	TargetBytes int   `json:"targetBytes"`
	OutputBytes int   `json:"outputBytes"`
	MemoryBytes int64 `json:"memoryBytes"`
	TimeoutMs   int   `json:"timeoutMs"`
}

// The defaults of the design (section 10).
var defaults = Limits{
	TreeFiles: 100_000, TreeBytes: 256 << 20, Objects: 20_000, ObjectBytes: 1536 << 10, TargetBytes: 32 << 20,
	OutputBytes: 64 << 20, MemoryBytes: 512 << 20, TimeoutMs: 30_000,
}

// WithDefaults fills zeros and caps the rest.
func (l Limits) WithDefaults() Limits {
	return Limits{
		TreeFiles: capped(l.TreeFiles, defaults.TreeFiles), TreeBytes: capped(l.TreeBytes, defaults.TreeBytes),
		Objects: capped(l.Objects, defaults.Objects), ObjectBytes: capped(l.ObjectBytes, defaults.ObjectBytes),
		TargetBytes: capped(l.TargetBytes, defaults.TargetBytes), OutputBytes: capped(l.OutputBytes, defaults.OutputBytes),
		MemoryBytes: l.MemoryBytes, TimeoutMs: l.TimeoutMs,
	}.withSettings()
}

// withSettings: memory and time are settings of the operator, so they may exceed the defaults.
func (l Limits) withSettings() Limits {
	if l.MemoryBytes <= 0 {
		l.MemoryBytes = defaults.MemoryBytes
	}
	if l.TimeoutMs <= 0 {
		l.TimeoutMs = defaults.TimeoutMs
	}
	return l
}

func capped[T int | int64](value, limit T) T {
	if value <= 0 || value > limit {
		return limit
	}
	return value
}

// Target is one thing to render. Path is relative to the tree's root.
type Target struct {
	ID          string   `json:"id"`
	Path        string   `json:"path"`
	Kind        string   `json:"kind"` // auto, plain, kustomize, helm, jsonnet, catalog
	Namespace   string   `json:"namespace"`
	Options     Options  `json:"options"`
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`
}

// Options of the kinds; those of another kind than the rendered one have no effect.
type Options struct {
	Directory Directory `json:"directory"`
	Kustomize Kustomize `json:"kustomize"`
	Helm      Helm      `json:"helm"`
	Jsonnet   Jsonnet   `json:"jsonnet"`
}

// Directory options of the kinds plain and jsonnet.
type Directory struct {
	Recurse bool   `json:"recurse"`
	Include string `json:"include"` // glob over the path relative to Target.Path
	Exclude string `json:"exclude"`
}

// Kustomize options are edits of the target's own kustomization file, as `kustomize edit` makes them.
type Kustomize struct {
	NamePrefix        string            `json:"namePrefix"`
	NameSuffix        string            `json:"nameSuffix"`
	Namespace         string            `json:"namespace"`
	Images            []string          `json:"images"` // [name=]image[:tag|@digest]
	Replicas          []Replica         `json:"replicas"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	Components        []string          `json:"components"`
	Patches           []json.RawMessage `json:"patches"`
}

// Replica sets the number of replicas of every workload of a name.
type Replica struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Helm options; each list is applied in the order values, then set, as the helm command does.
type Helm struct {
	ReleaseName             string          `json:"releaseName"` // default: last element of the path
	ValueFiles              []string        `json:"valueFiles"`  // relative to the chart; "/x" = to the tree's root
	IgnoreMissingValueFiles bool            `json:"ignoreMissingValueFiles"`
	Values                  json.RawMessage `json:"values"` // object, or a string of YAML
	Set                     []string        `json:"set"`    // a.b=c
	SetString               []string        `json:"setString"`
	SetJSON                 []string        `json:"setJson"`
	SetFile                 []string        `json:"setFile"` // a.b=path
	SkipCRDs                bool            `json:"skipCrds"`
	SkipHooks               bool            `json:"skipHooks"`
	SkipTests               bool            `json:"skipTests"`
	SkipSchemaValidation    bool            `json:"skipSchemaValidation"`
}

// Jsonnet options.
type Jsonnet struct {
	TLAs    []Variable `json:"tlas"`
	ExtVars []Variable `json:"extVars"`
	Libs    []string   `json:"libs"` // import directories relative to the tree's root
}

// Variable is text, or Jsonnet code when Code is set.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Code  bool   `json:"code"`
}

// Answer is one line per target, in the order of the request. Exactly one of Objects
// ([]json.RawMessage), Documents ([]Document) and Error is set; an empty list is a result, too.
type Answer struct {
	ID        string       `json:"id"`
	Kind      string       `json:"kind,omitempty"` // what auto found
	Objects   any          `json:"objects,omitempty"`
	Documents any          `json:"documents,omitempty"`
	Error     *fault.Error `json:"error,omitempty"`
	Warnings  []string     `json:"warnings"`
	Read      []string     `json:"read"`
	Missing   []string     `json:"missing"`
}

// Document is one catalogue document: an object, or what is wrong with this document alone.
type Document struct {
	File   string          `json:"file"`
	Line   int             `json:"line"`
	Object json.RawMessage `json:"object,omitempty"`
	Error  *fault.Error    `json:"error,omitempty"`
}

// ParseRequest refuses unknown fields: a hub that asks for what this worker does not know must not
// get a result without it.
func ParseRequest(line []byte) (*Request, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	request := &Request{}
	if err := decoder.Decode(request); err != nil {
		return nil, fault.New(fault.RequestInvalid, "", "the request line is not valid: %v", err)
	}
	request.Limits = request.Limits.WithDefaults()
	seen := map[string]bool{}
	for _, target := range request.Targets {
		if target.ID == "" || seen[target.ID] {
			return nil, fault.New(fault.RequestInvalid, "", "target id %q is empty or not unique", target.ID)
		}
		seen[target.ID] = true
	}
	return request, nil
}

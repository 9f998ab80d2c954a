package manifest

import (
	"fmt"
	"sort"
	"strings"

	"dunlin-render/internal/fault"
)

// Limits of one target's output (security rule Y4).
type Limits struct {
	Objects     int // objects of one target
	ObjectBytes int // canonical bytes of one object
	OutputBytes int // canonical bytes of all objects
}

// DefaultLimits are those of a bundle: more could not be published anyway.
var DefaultLimits = Limits{Objects: 20_000, ObjectBytes: 1536 * 1024, OutputBytes: 32 * 1024 * 1024}

// maxListDepth bounds a List of Lists.
const maxListDepth = 8

// kustomizeGroup marks files that configure Kustomize; they are not objects of a cluster.
const kustomizeGroup = "kustomize.config.k8s.io"

type key struct{ group, kind, namespace, name string }

func (k key) String() string {
	kind := k.kind
	if k.group != "" {
		kind += "." + k.group
	}
	if k.namespace != "" {
		return kind + " " + k.namespace + "/" + k.name
	}
	return kind + " " + k.name
}

func (k key) less(other key) bool {
	for _, pair := range [][2]string{{k.group, other.group}, {k.kind, other.kind}, {k.namespace, other.namespace}} {
		if pair[0] != pair[1] {
			return pair[0] < pair[1]
		}
	}
	return k.name < other.name
}

type item struct {
	key    key
	object Object
	place  Document // where it was defined; JSON unused
}

func (it item) where() string { return fmt.Sprintf("%s document %d", it.place.File, it.place.Index) }

// Set collects the objects of one target.
type Set struct {
	limits   Limits
	items    []item
	Warnings []string
	Keep     func(Object) bool // when set: objects for which it is false are left out
}

// NewSet starts an empty collection.
func NewSet(limits Limits) *Set { return &Set{limits: limits} }

// AddFile adds every document of a manifest file.
func (s *Set) AddFile(file string, content []byte) error {
	for _, doc := range Documents(file, content) {
		if doc.Err != nil {
			return doc.Err
		}
		value, err := Decode(doc.JSON)
		if err != nil {
			return fault.From(err, fault.YamlInvalid, file)
		}
		if err := s.Add(value, doc); err != nil {
			return err
		}
	}
	return nil
}

// Add adds one decoded document; a List adds its items.
func (s *Set) Add(value any, place Document) error {
	place.JSON = nil
	return s.add(value, place, 0)
}

func (s *Set) add(value any, place Document, depth int) error {
	object, isObject := value.(map[string]any)
	if !isObject {
		return invalid(place, "it is a %s, not an object", typeName(value))
	}
	kind := text(object, "kind")
	if items, isArray := object["items"].([]any); isArray && strings.HasSuffix(kind, "List") {
		if depth == maxListDepth {
			return fault.At(fault.ObjectLimit, place.File, place.Line, "lists are nested deeper than %d", maxListDepth)
		}
		for _, it := range items {
			if err := s.add(it, place, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return s.addObject(object, kind, place)
}

func (s *Set) addObject(object Object, kind string, place Document) error {
	apiVersion := text(object, "apiVersion")
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		group = ""
	}
	if group == kustomizeGroup {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s is configuration of Kustomize and was left out", place.File))
		return nil
	}
	switch metadata, hasMetadata := object["metadata"].(map[string]any); {
	case apiVersion == "":
		return invalid(place, "apiVersion is missing")
	case kind == "":
		return invalid(place, "kind is missing")
	case !hasMetadata:
		return invalid(place, "metadata is missing")
	case text(metadata, "name") == "" && text(metadata, "generateName") == "":
		return invalid(place, "%s has no metadata.name", kind)
	default:
		if ns, present := metadata["namespace"]; present {
			if _, isText := ns.(string); !isText && ns != nil {
				return invalid(place, "metadata.namespace is a %s, not a string", typeName(ns))
			}
		}
	}
	if s.Keep != nil && !s.Keep(object) {
		return nil
	}
	if len(s.items) >= s.limits.Objects {
		return fault.New(fault.ObjectLimit, place.File, "more than %d objects", s.limits.Objects)
	}
	s.items = append(s.items, item{
		key:    key{group, kind, text(object, "metadata", "namespace"), text(object, "metadata", "name")},
		object: object, place: place})
	return nil
}

// Finish sets the namespace of namespaced objects that name none, drops it from cluster-scoped ones,
// sorts, and returns each object's canonical JSON. Duplicates are an error that names both places.
func (s *Set) Finish(namespace string) ([][]byte, error) {
	defined := definedScopes(s.items)
	for i := range s.items {
		s.place(&s.items[i], namespace, defined)
	}
	sort.SliceStable(s.items, func(a, b int) bool { return s.items[a].key.less(s.items[b].key) })
	out := make([][]byte, 0, len(s.items))
	total := 0
	for i, it := range s.items {
		if i > 0 && it.key == s.items[i-1].key && it.key.name != "" {
			return nil, fault.At(fault.ObjectDuplicate, it.place.File, it.place.Line,
				"%s is defined twice: in %s and in %s", it.key, s.items[i-1].where(), it.where())
		}
		encoded, err := Encode(it.object)
		if err != nil {
			return nil, fault.From(err, fault.ObjectInvalid, it.place.File)
		}
		if len(encoded) > s.limits.ObjectBytes {
			return nil, fault.At(fault.ObjectLimit, it.place.File, it.place.Line, "%s has %d bytes, the limit is %d",
				it.key, len(encoded), s.limits.ObjectBytes)
		}
		if total += len(encoded); total > s.limits.OutputBytes {
			return nil, fault.New(fault.ObjectLimit, it.place.File, "all objects together have more than %d bytes",
				s.limits.OutputBytes)
		}
		out = append(out, encoded)
	}
	return out, nil
}

func (s *Set) place(it *item, namespace string, defined map[groupKind]Scope) {
	scope := BuiltinScope(it.key.group, it.key.kind)
	if scope == ScopeUnknown {
		scope = defined[groupKind{it.key.group, it.key.kind}]
	}
	metadata := it.object["metadata"].(map[string]any)
	switch {
	case scope == ScopeCluster:
		if it.key.namespace != "" {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s is cluster-scoped: metadata.namespace was dropped", it.key))
		}
		delete(metadata, "namespace")
		it.key.namespace = ""
	case it.key.namespace != "":
	case scope == ScopeNamespaced && namespace != "":
		metadata["namespace"] = namespace
		it.key.namespace = namespace
	default:
		delete(metadata, "namespace") // "" or null: the same as absent
	}
}

func invalid(place Document, format string, args ...any) error {
	return fault.At(fault.ObjectInvalid, place.File, place.Line,
		"document %d is not a Kubernetes object: %s", place.Index, fmt.Sprintf(format, args...))
}

func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "list"
	case map[string]any:
		return "map"
	}
	return "number"
}

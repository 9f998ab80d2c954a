package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"path/filepath"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// What must hold for native mode (merge.md 16), with upstream's application of the patch as the
// server: the result has everything that modified says, nothing foreign changed, and the next merge
// finds nothing to do.

// Never in a patch, so not in the documents either.
var serverOnly = map[string]bool{"name": true, "namespace": true, "uid": true, "resourceVersion": true,
	"generation": true, "creationTimestamp": true, "managedFields": true, "selfLink": true,
	"deletionTimestamp": true, "deletionGracePeriodSeconds": true}

// Fields of the toy type that no server could merge.
var unmergeable = map[string]bool{"odd": true, "dangling": true}

var propertyFlavours = []flavour{{name: "plain"}, {name: "plain"}, {name: "nulls", nulls: true},
	{name: "numbers", exact: true, unicode: true}, {name: "repeated", repeated: true}}

type propertyCase struct {
	generator                   *generator
	schema                      *spec.Schema
	request                     request
	original, modified, current map[string]any
}

func makePropertyCase(schemas *schemas, directory string, seed int64) (*propertyCase, error) {
	random := rand.New(rand.NewSource(seed))
	chosen := kinds[random.Intn(len(kinds))]
	file := filepath.Join(directory, chosen.file)
	components, err := schemas.components(file)
	if err != nil {
		return nil, err
	}
	g := &generator{random: random, components: components,
		flavour: propertyFlavours[random.Intn(len(propertyFlavours))], budget: 60}
	c := &propertyCase{generator: g, schema: components[chosen.name]}
	base := g.object(c.schema, 5)
	for _, document := range []*map[string]any{&c.original, &c.modified, &c.current} {
		*document, _ = g.mutate(base, c.schema, 5).(map[string]any)
		for _, key := range []string{"apiVersion", "kind", "status", "stringData"} {
			delete(*document, key)
		}
		if metadata, ok := (*document)["metadata"].(map[string]any); ok {
			for key := range serverOnly {
				delete(metadata, key)
			}
		}
	}
	if g.chance(40) {
		c.current = g.copied(c.original)
	}
	withoutNulls(c.current, true) // a server keeps none
	withoutNulls(c.original, false)
	withoutNulls(c.modified, false)
	op := "merge3"
	if g.chance(25) {
		op = "jsonmerge3" // as for a custom resource with this schema
	}
	c.request = request{ID: seed, Op: op, Compat: "native",
		Schema:   &schemaName{File: file, Type: chosen.name},
		Original: document(c.original), Modified: document(c.modified), Current: document(c.current)}
	return c, nil
}

func (g *generator) copied(value map[string]any) map[string]any {
	copied, err := numbersAsText(document(value))
	if err != nil {
		panic(err) // just written
	}
	return copied.(map[string]any)
}

// withoutNulls drops null list elements, which cannot be merged, and null members if told so.
func withoutNulls(value any, members bool) any {
	switch typed := value.(type) {
	case map[string]any:
		for key, member := range typed {
			if (member == nil && members) || unmergeable[key] {
				delete(typed, key)
			} else {
				typed[key] = withoutNulls(member, members)
			}
		}
	case []any:
		kept := []any{}
		for _, element := range typed {
			if element != nil {
				kept = append(kept, withoutNulls(element, members))
			}
		}
		return kept
	}
	return value
}

func (c *propertyCase) check(schemas *schemas, ask func(*request) (*answer, error)) error {
	merged, err := ask(&c.request)
	if err != nil {
		return err
	}
	if !merged.OK {
		return errRefused
	}
	applied, err := c.serverResult(schemas, merged.Patch)
	if err != nil {
		return fmt.Errorf("upstream cannot apply the patch %s: %w", merged.Patch, err)
	}
	value, err := numbersAsText(applied)
	if err != nil {
		return err
	}
	result := value.(map[string]any)
	for _, original := range []map[string]any{c.original, c.modified} {
		again := c.request
		again.Original, again.Current = document(original), applied
		second, err := ask(&again)
		if err != nil {
			return err
		}
		if !second.OK && second.Error.Class == "NoMergeKey" {
			return errRefused // a server would have refused the object already
		}
		if !second.OK || string(second.Patch) != "{}" {
			return fmt.Errorf("not idempotent: patch %s, result %s, then %s", merged.Patch, applied, document(second))
		}
	}
	if c.generator.flavour.repeated || c.request.Op == "jsonmerge3" {
		return nil // lists are matched by other keys than those of the checks below
	}
	// Read back, so that numbers have one type.
	original, modified, current := c.generator.copied(c.original), c.generator.copied(c.modified), c.generator.copied(c.current)
	if where := c.generator.missing(modified, result, c.schema, ""); where != "" {
		return fmt.Errorf("%s of modified is not in the result %s of patch %s", where, applied, merged.Patch)
	}
	if where := c.generator.touched(original, modified, current, result, c.schema, ""); where != "" {
		return fmt.Errorf("foreign %s changed: result %s of patch %s", where, applied, merged.Patch)
	}
	return nil
}

func (c *propertyCase) serverResult(schemas *schemas, patch []byte) ([]byte, error) {
	if c.request.Op == "jsonmerge3" {
		return jsonpatch.MergePatch(document(c.current), patch)
	}
	meta, err := schemas.lookup(*c.request.Schema)
	if err != nil {
		return nil, err
	}
	return strategicpatch.StrategicMergePatchUsingLookupPatchMeta(document(c.current), patch, meta)
}

var errRefused = errors.New("refused")

func (g *generator) equalMeaning(a, b any) bool {
	if same(a, b) {
		return true
	}
	left, leftOK := a.(string)
	right, rightOK := b.(string)
	if leftOK && rightOK {
		x, leftErr := resource.ParseQuantity(left)
		y, rightErr := resource.ParseQuantity(right)
		return leftErr == nil && rightErr == nil && x.Cmp(y) == 0
	}
	// Inside atomic lists, too.
	switch typed := a.(type) {
	case []any:
		other, ok := b.([]any)
		if !ok || len(typed) != len(other) {
			return false
		}
		for i := range typed {
			if !g.equalMeaning(typed[i], other[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		other, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for key, value := range typed {
			if value != nil && !g.equalMeaning(value, other[key]) {
				return false
			}
		}
		for key, value := range other {
			if _, ok := typed[key]; !ok && value != nil {
				return false
			}
		}
		return true
	}
	return false
}

func byKey(list []any, key string, wanted any) any {
	for _, element := range list {
		if typed, ok := element.(map[string]any); ok && same(typed[key], wanted) {
			return typed
		}
	}
	return nil
}

// missing names the first place of modified that the result does not have.
func (g *generator) missing(modified, result any, property *spec.Schema, path string) string {
	switch typed := modified.(type) {
	case nil:
		if result == nil {
			return ""
		}
		return path
	case map[string]any:
		other, ok := result.(map[string]any)
		if !ok {
			return path
		}
		schema := g.resolve(property)
		for key, value := range typed {
			if where := g.missing(value, other[key], g.property(schema, key), path+"/"+key); where != "" {
				return where
			}
		}
		return ""
	case []any:
		other, ok := result.([]any)
		if !ok {
			return path
		}
		if !isMergeList(property) {
			break
		}
		key := mergeKey(property)
		for _, element := range typed {
			if wanted, ok := element.(map[string]any); ok && key != "" {
				where := g.missing(wanted, byKey(other, key, wanted[key]), property.Items.Schema,
					fmt.Sprintf("%s/%v", path, wanted[key]))
				if where != "" {
					return where
				}
			} else if !holds(other, element) {
				return path
			}
		}
		return ""
	}
	if !g.equalMeaning(modified, result) {
		return path
	}
	return ""
}

func holds(list []any, wanted any) bool {
	for _, value := range list {
		if same(value, wanted) {
			return true
		}
	}
	return false
}

// touched names the first place of current that is neither in original nor in modified and changed.
// Unions and maps that are replaced are left out: they are switched as a whole.
func (g *generator) touched(original, modified, current, result any, property *spec.Schema, path string) string {
	strategy := extension(property, "x-kubernetes-patch-strategy")
	if strategy == "retainKeys" || strategy == "replace" {
		return ""
	}
	switch now := current.(type) {
	case map[string]any:
		o, _ := original.(map[string]any)
		m, isMap := modified.(map[string]any)
		r, _ := result.(map[string]any)
		if !isMap {
			return "" // set to something else, or removed as a struct
		}
		schema := g.resolve(property)
		for key, value := range now {
			_, inOriginal := o[key]
			_, inModified := m[key]
			if !inOriginal && !inModified {
				if !same(value, r[key]) {
					return path + "/" + key
				}
			} else if inModified {
				where := g.touched(o[key], m[key], value, r[key], g.property(schema, key), path+"/"+key)
				if where != "" {
					return where
				}
			}
		}
	case []any:
		m, isList := modified.([]any)
		key := mergeKey(property)
		if !isMergeList(property) || !isList || key == "" {
			return ""
		}
		o, _ := original.([]any)
		r, _ := result.([]any)
		for _, element := range now {
			value, ok := element.(map[string]any)
			if !ok || byKey(o, key, value[key]) != nil || byKey(m, key, value[key]) != nil {
				continue
			}
			if !same(value, byKey(r, key, value[key])) {
				return fmt.Sprintf("%s/%v", path, value[key])
			}
		}
	}
	return ""
}

func properties(options compareOptions) error {
	directory, err := filepath.Abs(options.schemas)
	if err != nil {
		return err
	}
	program, err := start(options.ours)
	if err != nil {
		return err
	}
	schemas := newSchemas(".")
	failed, refused := 0, 0
	for i := range options.cases {
		made, err := makePropertyCase(schemas, directory, options.seed+int64(i))
		if err != nil {
			return err
		}
		problem := made.check(schemas, program.ask)
		if errors.Is(problem, errRefused) {
			refused++
		} else if problem != nil {
			if failed++; failed <= options.show {
				text, _ := json.Marshal(made.request)
				fmt.Printf("--- case %v (%s): %v\nrequest %s\n", made.request.ID, made.generator.flavour.name, problem, text)
			}
		}
	}
	if err := program.stop(); err != nil {
		return err
	}
	fmt.Printf("%d cases: %d refused, %d break a property of native mode\n", options.cases, refused, failed)
	if failed > 0 {
		return fmt.Errorf("%d cases break a property", failed)
	}
	return nil
}

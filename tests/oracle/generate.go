package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

// flavour says what a case may hold besides plain, unique values.
type flavour struct {
	name     string
	nulls    bool // null members of maps
	numbers  bool // integers near 2^53 and 2^63, exponents, 1.0 beside 1
	exact    bool // of those, only integers that Go writes as it read them
	types    bool // a value of another JSON type than the schema's
	unknown  bool // fields that the schema does not know
	badLists bool // null elements, lists of lists, elements without merge key
	repeated bool // equal merge keys and equal scalars: counted, not required (merge.md 15.2)
	unicode  bool // keys and texts beyond ASCII, characters that JSON writers escape
}

var flavours = []flavour{
	{name: "plain"},
	{name: "plain"},
	{name: "nulls", nulls: true},
	{name: "numbers", numbers: true, unicode: true},
	{name: "types", types: true, nulls: true},
	{name: "unknown", unknown: true},
	{name: "bad-lists", badLists: true},
	{name: "repeated", repeated: true},
}

// generator makes documents of one type of one OpenAPI document.
type generator struct {
	random     *rand.Rand
	components map[string]*spec.Schema
	flavour    flavour
	budget     int // members that may still be made: keeps documents small
}

func (g *generator) chance(percent int) bool { return g.random.Intn(100) < percent }

func (g *generator) resolve(schema *spec.Schema) *spec.Schema {
	if len(schema.AllOf) > 0 {
		schema = &schema.AllOf[0]
	}
	if ref := schema.Ref.String(); ref != "" {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		if target, ok := g.components[name]; ok {
			return target
		}
		return &spec.Schema{}
	}
	return schema
}

func extension(schema *spec.Schema, name string) string {
	text, _ := schema.Extensions[name].(string)
	return text
}

func mergeKey(property *spec.Schema) string {
	if !strings.Contains(extension(property, "x-kubernetes-patch-strategy"), "merge") {
		return ""
	}
	return extension(property, "x-kubernetes-patch-merge-key")
}

func isMergeList(property *spec.Schema) bool {
	return property.Items != nil &&
		strings.Contains(extension(property, "x-kubernetes-patch-strategy"), "merge")
}

var words = []string{"a", "b", "c", "d", "e", "f", "g", "h"}
var oddWords = []string{"ä", "日本", "<&>", "\u2028", "a/b~c", "$x", "\x7f", "𝄞", ""}

// Quantities that the comparison of texts and the one of values judge differently.
var quantities = []string{"1", "1000m", "1Gi", "1024Mi", "0.5", "500m", "1e3", "1k", "100n"}

var exactNumbers = []string{"9007199254740993", "9223372036854775807", "-9223372036854775808"}
var oddNumbers = append([]string{"9223372036854775808", "18446744073709551615",
	"100000000000000000000", "1e21", "1e-7", "0.1", "1.0", "-0.0"}, exactNumbers...)

func (g *generator) word() string {
	if g.flavour.unicode && g.chance(25) {
		return oddWords[g.random.Intn(len(oddWords))]
	}
	return words[g.random.Intn(len(words))]
}

func (g *generator) number() json.Number {
	if g.flavour.exact && g.chance(40) {
		return json.Number(exactNumbers[g.random.Intn(len(exactNumbers))])
	}
	if g.flavour.numbers && g.chance(40) {
		return json.Number(oddNumbers[g.random.Intn(len(oddNumbers))])
	}
	return json.Number(fmt.Sprint(g.random.Intn(8)))
}

func (g *generator) anything(depth int) any {
	switch g.random.Intn(7) {
	case 0:
		return g.number()
	case 1:
		return g.chance(50)
	case 2:
		if depth > 0 {
			return []any{g.anything(0), g.anything(0)}
		}
	case 3:
		if depth > 0 {
			return map[string]any{g.word(): g.anything(depth - 1)}
		}
	case 4:
		if g.flavour.nulls {
			return nil
		}
	}
	return g.word()
}

func (g *generator) value(property *spec.Schema, depth int) any {
	if g.flavour.types && g.chance(4) {
		return g.anything(1)
	}
	if g.flavour.nulls && g.chance(8) {
		return nil
	}
	if property.Items != nil && property.Items.Schema != nil {
		return g.list(property, depth)
	}
	schema := g.resolve(property)
	ref := property.Ref.String()
	if len(property.AllOf) > 0 {
		ref = property.AllOf[0].Ref.String()
	}
	switch {
	case strings.HasSuffix(ref, "resource.Quantity"):
		return quantities[g.random.Intn(len(quantities))]
	case schema.Format == "int-or-string":
		if g.chance(50) {
			return g.number()
		}
		return g.word()
	case len(schema.Properties) > 0:
		return g.object(schema, depth)
	case schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil:
		return g.freeMap(schema.AdditionalProperties.Schema, depth)
	case schema.Type.Contains("integer"):
		return g.number()
	case schema.Type.Contains("number"):
		return json.Number([]string{"0.5", "1.5", "2.25", "1"}[g.random.Intn(4)])
	case schema.Type.Contains("boolean"):
		return g.chance(50)
	case schema.Type.Contains("object"):
		return map[string]any{g.word(): g.anything(1)}
	}
	return g.word()
}

func (g *generator) freeMap(value *spec.Schema, depth int) any {
	out := map[string]any{}
	for range g.random.Intn(4) {
		out[g.word()] = g.value(value, depth-1)
	}
	return out
}

func sortedNames(properties map[string]spec.Schema) []string {
	names := make([]string, 0, len(properties))
	for name := range properties {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// object fills some of the fields. Wide types (a pod spec has 40) get a smaller share each.
func (g *generator) object(schema *spec.Schema, depth int) map[string]any {
	out := map[string]any{}
	share := 45
	if len(schema.Properties) > 15 {
		share = 25
	}
	for _, name := range sortedNames(schema.Properties) {
		property := schema.Properties[name]
		nested := property.Items != nil || len(g.resolve(&property).Properties) > 0
		if name != "spec" && name != "template" && name != "containers" &&
			(!g.chance(share) || g.budget <= 0 || (nested && depth <= 0)) {
			continue
		}
		g.budget--
		out[name] = g.value(&property, depth-1)
	}
	if g.flavour.unknown && g.chance(12) {
		out["unknown"] = []any{map[string]any{"a": g.number()}, map[string]any{}, g.number()}[g.random.Intn(3)]
	}
	return out
}

func (g *generator) list(property *spec.Schema, depth int) any {
	out := []any{}
	for range g.random.Intn(5) {
		out = append(out, g.element(property, depth))
	}
	return g.unique(property, out)
}

func (g *generator) element(property *spec.Schema, depth int) any {
	if g.flavour.badLists && g.chance(6) {
		return []any{nil, []any{g.word()}, map[string]any{}, g.word()}[g.random.Intn(4)]
	}
	value := g.value(property.Items.Schema, depth-1)
	if element, ok := value.(map[string]any); ok {
		if key := mergeKey(property); key != "" {
			element[key] = g.keyValue(property, key)
		}
	}
	return value
}

func (g *generator) keyValue(property *spec.Schema, key string) any {
	field, ok := g.resolve(property.Items.Schema).Properties[key]
	if ok && g.resolve(&field).Type.Contains("integer") {
		return g.number()
	}
	return g.word()
}

// unique drops elements that repeat a merge key or a scalar.
func (g *generator) unique(property *spec.Schema, list []any) []any {
	if g.flavour.repeated {
		return list
	}
	key := mergeKey(property)
	seen := map[string]bool{}
	out := []any{}
	for _, value := range list {
		name := ""
		switch typed := value.(type) {
		case map[string]any:
			if key == "" {
				out = append(out, value)
				continue
			}
			name = fmt.Sprint(typed[key])
		default:
			name = fmt.Sprint(value)
		}
		if !seen[name] {
			seen[name] = true
			out = append(out, value)
		}
	}
	return out
}

// mutate returns a changed copy; the value stays as it is.
func (g *generator) mutate(value any, property *spec.Schema, depth int) any {
	switch typed := value.(type) {
	case map[string]any:
		return g.mutateMap(typed, g.resolve(property), depth)
	case []any:
		if property.Items != nil && property.Items.Schema != nil {
			return g.mutateList(typed, property, depth)
		}
		return typed
	}
	if g.chance(15) {
		return g.value(property, 0)
	}
	return value
}

func (g *generator) mutateMap(value map[string]any, schema *spec.Schema, depth int) any {
	out := map[string]any{}
	names := make([]string, 0, len(value))
	for name := range value {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if g.chance(12) {
			continue
		}
		out[name] = g.mutate(value[name], g.property(schema, name), depth-1)
	}
	if known := sortedNames(schema.Properties); len(known) > 0 && g.chance(35) {
		name := known[g.random.Intn(len(known))]
		property := schema.Properties[name]
		out[name] = g.value(&property, 1)
	} else if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil && g.chance(35) {
		out[g.word()] = g.value(schema.AdditionalProperties.Schema, 1)
	}
	return out
}

func (g *generator) property(schema *spec.Schema, name string) *spec.Schema {
	if property, ok := schema.Properties[name]; ok {
		return &property
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		return schema.AdditionalProperties.Schema
	}
	return &spec.Schema{}
}

func (g *generator) mutateList(list []any, property *spec.Schema, depth int) any {
	key := mergeKey(property)
	out := []any{}
	for _, value := range list {
		if g.chance(12) {
			continue
		}
		changed := g.mutate(value, property.Items.Schema, depth-1)
		before, wasMap := value.(map[string]any)
		after, isMap := changed.(map[string]any)
		if key != "" && wasMap && isMap && !(g.flavour.badLists && g.chance(10)) {
			if name, ok := before[key]; ok {
				after[key] = name
			}
		}
		out = append(out, changed)
	}
	if g.chance(30) {
		at := g.random.Intn(len(out) + 1)
		out = append(out[:at], append([]any{g.element(property, 1)}, out[at:]...)...)
	}
	if g.chance(28) {
		g.random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return g.unique(property, out)
}

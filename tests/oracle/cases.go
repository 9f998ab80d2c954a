package main

import (
	"bufio"
	"encoding/json"
	"math/rand"
	"os"
	"path/filepath"
)

// kind is a type that cases are made of; the toy type has every list strategy.
type kind struct{ file, name string }

var kinds = []kind{
	{"toy.json", "toy.Root"},
	{"toy.json", "toy.Root"},
	{"toy.json", "toy.Root"},
	{"kubernetes.json", "io.k8s.api.apps.v1.Deployment"},
	{"kubernetes.json", "io.k8s.api.apps.v1.StatefulSet"},
	{"kubernetes.json", "io.k8s.api.apps.v1.DaemonSet"},
	{"kubernetes.json", "io.k8s.api.core.v1.Pod"},
	{"kubernetes.json", "io.k8s.api.core.v1.Service"},
	{"kubernetes.json", "io.k8s.api.core.v1.ConfigMap"},
	{"kubernetes.json", "io.k8s.api.core.v1.Secret"},
	{"kubernetes.json", "io.k8s.api.core.v1.ServiceAccount"},
	{"kubernetes.json", "io.k8s.api.core.v1.PersistentVolumeClaim"},
	{"kubernetes.json", "io.k8s.api.batch.v1.Job"},
	{"kubernetes.json", "io.k8s.api.batch.v1.CronJob"},
	{"kubernetes.json", "io.k8s.api.policy.v1.PodDisruptionBudget"},
	{"kubernetes.json", "io.k8s.api.networking.v1.Ingress"},
	{"kubernetes.json", "io.k8s.api.networking.v1.NetworkPolicy"},
	{"kubernetes.json", "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler"},
	{"kubernetes.json", "io.k8s.api.rbac.v1.ClusterRole"},
}

type testCase struct {
	request request
	flavour flavour
}

func document(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // made of maps, lists and scalars
	}
	return text
}

// makeCase is a function of the seed alone.
func makeCase(schemas *schemas, directory string, seed int64) (testCase, error) {
	random := rand.New(rand.NewSource(seed))
	if random.Intn(100) < 4 {
		return quantityCase(random, seed), nil
	}
	chosen := kinds[random.Intn(len(kinds))]
	file := filepath.Join(directory, chosen.file)
	components, err := schemas.components(file)
	if err != nil {
		return testCase{}, err
	}
	g := &generator{random: random, components: components,
		flavour: flavours[random.Intn(len(flavours))], budget: 60}
	schema := components[chosen.name]
	base := g.object(schema, 5)
	draw := func() json.RawMessage {
		if g.chance(3) {
			return document(map[string]any{})
		}
		return document(g.mutate(base, schema, 5))
	}
	r := request{ID: seed, Schema: &schemaName{File: file, Type: chosen.name}}
	switch pick := random.Intn(100); {
	case pick < 50:
		overwrite := pick < 32
		r.Op, r.Overwrite = "merge3", &overwrite
		r.Original, r.Modified, r.Current = draw(), draw(), draw()
		if g.chance(40) { // nobody else changed anything: the common case
			r.Current = r.Original
		}
	case pick < 62:
		r.Op, r.Original, r.Modified = "diff2", draw(), draw()
	case pick < 82:
		r.Op, r.Current = "patch", draw()
		if r.Patch, err = g.patchFor(schemas, &r, draw); err != nil {
			return testCase{}, err
		}
	case pick < 93:
		r.Op, r.Schema = "jsonmerge3", nil
		r.Original, r.Modified, r.Current = draw(), draw(), draw()
	default:
		r.Op, r.Schema = "mergepatch", nil
		r.Current, r.Patch = draw(), draw()
	}
	return testCase{request: r, flavour: g.flavour}, nil
}

// patchFor makes the patch of a `patch` case: mostly one that upstream created, then with directives
// sprinkled in, so that every rule of application is met.
func (g *generator) patchFor(schemas *schemas, r *request, draw func() json.RawMessage) (json.RawMessage, error) {
	made := schemas.answer(&request{Op: "merge3", Schema: r.Schema,
		Original: draw(), Modified: draw(), Current: draw()})
	if !made.OK {
		return draw(), nil
	}
	if g.chance(50) {
		return made.Patch, nil
	}
	var patch map[string]any
	if err := json.Unmarshal(made.Patch, &patch); err != nil {
		return nil, err
	}
	return document(g.sprinkle(patch)), nil
}

func (g *generator) sprinkle(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		for _, name := range sortedKeys(typed) {
			if g.chance(5) {
				typed[name] = nil
				continue
			}
			typed[name] = g.sprinkle(typed[name])
		}
		if g.chance(6) {
			typed["$patch"] = []any{"delete", "replace", "merge", json.Number("1")}[g.random.Intn(4)]
		}
		if g.chance(3) {
			typed["$retainKeys"] = []any{g.word(), "name"}
		}
		if g.chance(3) {
			typed["$deleteFromPrimitiveList/words"] = []any{g.word(), g.word()}
		}
	case []any:
		for i := range typed {
			typed[i] = g.sprinkle(typed[i])
		}
		if g.chance(6) && len(typed) > 0 {
			if _, ok := typed[0].(map[string]any); ok {
				typed = append(typed, map[string]any{"$patch": "replace"})
			}
		}
		return typed
	}
	return value
}

var quantityParts = [][]string{
	{"", "+", "-"},
	{"0", "1", "12", "1000", "1024", "999999999999", "9223372036854775807", "00", ""},
	{"", ".", ".5", ".000000001", ".0000000001", ".123456789123"},
	{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-3", "e+2", "e", "x", "ki"},
}

func quantityCase(random *rand.Rand, seed int64) testCase {
	draw := func() string {
		text := ""
		for _, part := range quantityParts {
			text += part[random.Intn(len(part))]
		}
		return text
	}
	a := draw()
	b := a
	if random.Intn(2) == 0 {
		b = draw()
	}
	return testCase{request: request{ID: seed, Op: "quantity", A: a, B: b}, flavour: flavour{name: "quantity"}}
}

func generate(options compareOptions) error {
	schemas := newSchemas(".")
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for i := range options.cases {
		made, err := makeCase(schemas, options.schemas, options.seed+int64(i))
		if err != nil {
			return err
		}
		out.Write(document(made.request))
		out.WriteByte('\n')
	}
	return nil
}

package engine

import (
	"strings"
	"testing"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/proto"
)

func TestJsonnetVariablesImportsAndNestedArrays(t *testing.T) {
	tg := target("g", KindAuto)
	tg.Options.Jsonnet = proto.Jsonnet{Libs: []string{"vendor"},
		TLAs:    []proto.Variable{{Name: "region", Value: "eu"}, {Name: "n", Value: "2 + 1", Code: true}},
		ExtVars: []proto.Variable{{Name: "env", Value: "prod"}}}
	got := objects(t, renderFiles(map[string]string{
		"g/main.jsonnet": `local a = import 'a.libsonnet'; local b = import 'lib/b.libsonnet';
			function(region, n) [[a.cm('one', region)], null, b.cm('two', std.extVar('env')) + {data+: {n: '%d' % n, x: importstr '../x.txt'}}]`,
		"g/a.libsonnet":          `{cm(name, v):: {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: name}, data: {v: v}}}`,
		"vendor/lib/b.libsonnet": `import '../../g/a.libsonnet'`, "x.txt": "file",
	}, tg))
	want := []string{
		`{"apiVersion":"v1","data":{"v":"eu"},"kind":"ConfigMap","metadata":{"name":"one","namespace":"shop"}}`,
		`{"apiVersion":"v1","data":{"n":"3","v":"prod","x":"file"},"kind":"ConfigMap","metadata":{"name":"two","namespace":"shop"}}`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
}

func TestJsonnetReadsTheTreeOnly(t *testing.T) { // R3
	for code, want := range map[string]fault.Code{
		`importstr '/proc/self/environ'`:        fault.RenderPath,
		`importstr '../../etc/passwd'`:          fault.RenderPath,
		`importstr 'env'`:                       fault.SourceSymlink,
		`import 'https://x.example/y'`:          fault.RenderPath,
		`import 'nothing.libsonnet'`:            fault.RenderFailed,
		`std.native('exec')('id')`:              fault.RenderFailed,
		`local f(x) = f(x + 1) + 1; f(0)`:       fault.RenderFailed, // endless recursion
		`std.extVar('unset')`:                   fault.RenderFailed,
		`error 'told to'`:                       fault.RenderFailed,
		`{apiVersion: 'v1', kind: 'ConfigMap'}`: fault.ObjectInvalid,
		`'text'`:                                fault.ObjectInvalid,
	} {
		answer := renderFiles(map[string]string{"g/x.jsonnet": code, "g/env": "->/proc/self/environ"}, target("g", KindJsonnet))
		t.Run(code, func(t *testing.T) { wantCode(t, answer, want) })
	}
}

func TestJsonnetSaysThatAMapOfObjectsIsNoObject(t *testing.T) {
	answer := renderFiles(map[string]string{
		"g/x.jsonnet": `{a: {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a'}}}`}, target("g", KindJsonnet))
	wantCode(t, answer, fault.RenderFailed, "std.objectValues")
}

func TestJsonnetNumbersAreCanonical(t *testing.T) {
	got := objects(t, renderFiles(map[string]string{
		"g/x.jsonnet": `{apiVersion: 'e.example/v1', kind: 'X', metadata: {name: 'x'}, spec: [0.1, 3, 1e21, -0.5]}`},
		target("g", KindJsonnet)))
	if !strings.Contains(got[0], `"spec":[0.1,3,1e+21,-0.5]`) {
		t.Errorf("numbers: %s", got[0])
	}
}

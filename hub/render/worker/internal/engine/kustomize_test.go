package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/proto"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
`

func TestKustomizeOptionsEditTheKustomization(t *testing.T) {
	tg := target("k", KindKustomize)
	tg.Options.Kustomize = proto.Kustomize{NamePrefix: "eu-", Images: []string{"nginx=registry.example/nginx:1.28"},
		Replicas: []proto.Replica{{Name: "web", Count: 3}}, CommonAnnotations: map[string]string{"a": "b"},
		CommonLabels: map[string]string{"team": "x"},
		Patches:      []json.RawMessage{json.RawMessage(`{"patch":"- op: add\n  path: /metadata/labels\n  value: {p: q}\n","target":{"kind":"Deployment"}}`)}}
	got := objects(t, renderFiles(map[string]string{
		"k/kustomization.yaml": "resources: [d.yaml]\n", "k/d.yaml": deployment}, tg))
	if len(got) != 1 {
		t.Fatalf("%d objects", len(got))
	}
	for _, want := range []string{`"name":"eu-web"`, `"image":"registry.example/nginx:1.28"`, `"replicas":3`, `"a":"b"`,
		`"team":"x"`, `"p":"q"`, `"namespace":"shop"`} {
		if !strings.Contains(got[0], want) {
			t.Errorf("no %s in %s", want, got[0])
		}
	}
}

func TestImageTextIsReadAsKustomizeEditDoes(t *testing.T) {
	for text, want := range map[string][4]string{
		"nginx:1":                        {"nginx", "", "1", ""},
		"nginx=r.example:5000/n":         {"nginx", "r.example:5000/n", "", ""},
		"r.example:5000/n:2":             {"r.example:5000/n", "", "2", ""},
		"nginx@sha256:aa":                {"nginx", "", "", "sha256:aa"},
		"nginx=r.example/n:3":            {"nginx", "r.example/n", "3", ""},
		"a=r.example:5000/n@sha256:beef": {"a", "r.example:5000/n", "", "sha256:beef"},
	} {
		i := parseImage(text)
		if got := [4]string{i.Name, i.NewName, i.NewTag, i.Digest}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestKustomizeRunsAndFetchesNothing(t *testing.T) { // R1, R2, R4
	base := map[string]string{"k/cm.yaml": configMap}
	for text, code := range map[string]fault.Code{
		"resources: ['https://github.com/a/b//c?ref=--upload-pack=x']":                        fault.RenderRemote,
		"resources: ['git::ssh://-oProxyCommand=x/y']":                                        fault.RenderRemote,
		"resources: ['git@host.example:a/b']":                                                 fault.RenderRemote,
		"resources: ['github.com/a/b']":                                                       fault.RenderRemote,
		"components: ['ssh://git@host.example/a/b']":                                          fault.RenderRemote,
		"resources: [cm.yaml]\npatches: [{path: 'http://x.example/p'}]":                       fault.RenderRemote,
		"resources: ['../../outside']":                                                        fault.RenderPath,
		"resources: [/etc/passwd]":                                                            fault.RenderPath,
		"resources: [nothing.yaml]":                                                           fault.RenderMissing,
		"resources: [../k]":                                                                   fault.RenderFailed, // contains itself
		"helmGlobals: {configHome: /tmp/x}\nhelmCharts: [{name: c}]":                          fault.RenderPlugin,
		"resources: [cm.yaml]\ngenerators: [exec.yaml]":                                       fault.RenderPlugin,
		"resources: [cm.yaml]\nunknownField: 1":                                               fault.RenderFailed,
		"resources: [cm.yaml]\nconfigMapGenerator: [{name: a, files: ['https://x.example']}]": fault.RenderFailed,
		"resources: [cm.yaml]\nconfigMapGenerator: [{name: a, files: ['../secret.txt']}]":     fault.RenderFailed,
	} {
		base["k/kustomization.yaml"] = text
		base["k/exec.yaml"] = "apiVersion: v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: 'exec: {path: ./x}'\n"
		base["secret.txt"] = "s"
		t.Run(text, func(t *testing.T) { wantCode(t, renderFiles(base, target("k", KindKustomize)), code) })
	}
}

func TestKustomizeCyclesEnd(t *testing.T) {
	answer := renderFiles(map[string]string{"a/kustomization.yaml": "resources: [../b]\n",
		"b/kustomization.yaml": "resources: [../a]\n"}, target("a", KindKustomize))
	wantCode(t, answer, fault.RenderFailed, "cycle")
}

func TestKustomizeExternalPluginsAreOff(t *testing.T) {
	answer := renderFiles(map[string]string{"k/kustomization.yaml": "generators: [g.yaml]\n",
		"k/g.yaml": "apiVersion: someteam.example.com/v1\nkind: SedTransformer\nmetadata: {name: x}\n"}, target("k", KindKustomize))
	wantCode(t, answer, fault.RenderFailed, "plugin")
}

func TestGeneratedNamesAndInt64StayExact(t *testing.T) {
	got := objects(t, renderFiles(map[string]string{
		"k/kustomization.yaml": "configMapGenerator: [{name: conf, literals: [a=b]}]\nresources: [x.yaml]\n",
		"k/x.yaml":             "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {big: 9007199254740993, f: 1.50}\n"},
		target("k", KindKustomize)))
	if len(got) != 2 || !strings.Contains(got[0], `"name":"conf-`) {
		t.Fatalf("objects: %v", got)
	}
	if !strings.Contains(got[1], `"spec":{"big":9007199254740993,"f":1.5}`) || strings.Contains(got[1], "namespace") {
		t.Errorf("custom resource: %s", got[1])
	}
}

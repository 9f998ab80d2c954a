package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

func limits() proto.Limits { return proto.Limits{}.WithDefaults() }

func target(path, kind string) *proto.Target {
	return &proto.Target{ID: "t", Path: path, Kind: kind, Namespace: "shop", KubeVersion: "v1.36.3"}
}

func renderFiles(files map[string]string, t *proto.Target) proto.Answer {
	return Render(source.FromMap(files), t, limits())
}

func objects(t *testing.T, answer proto.Answer) []string {
	t.Helper()
	if answer.Error != nil {
		t.Fatalf("unexpected error: %v", answer.Error)
	}
	var out []string
	for _, raw := range answer.Objects.([]json.RawMessage) {
		out = append(out, string(raw))
	}
	return out
}

func wantCode(t *testing.T, answer proto.Answer, code fault.Code, words ...string) {
	t.Helper()
	if answer.Error == nil {
		t.Fatalf("no error, want %s", code)
	}
	if answer.Objects != nil || answer.Documents != nil {
		t.Error("an error must not come with objects")
	}
	if answer.Error.Code != code {
		t.Fatalf("code %s, want %s: %v", answer.Error.Code, code, answer.Error)
	}
	for _, word := range words {
		if !strings.Contains(answer.Error.Error(), word) {
			t.Errorf("error %q does not say %q", answer.Error, word)
		}
	}
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {a: b}\n"

func TestDetectsTheKindAsArgoCdDoes(t *testing.T) {
	files := map[string]string{
		"helm/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n", "helm/kustomization.yaml": "resources: []\n",
		"helm/templates/cm.yaml": configMap,
		"kust/kustomization.yml": "resources: [cm.yaml]\n", "kust/cm.yaml": configMap, "kust/x.jsonnet": "{}",
		"jsonnet/main.jsonnet": `{apiVersion: "v1", kind: "ConfigMap", metadata: {name: "cm"}}`,
		"plain/cm.yaml":        configMap, "plain/lib.libsonnet": "{}",
	}
	for path, kind := range map[string]string{
		"helm": KindHelm, "kust": KindKustomize, "jsonnet": KindJsonnet, "plain": KindPlain, "plain/cm.yaml": KindPlain} {
		answer := renderFiles(files, target(path, KindAuto))
		if got := objects(t, answer); answer.Kind != kind || len(got) != 1 {
			t.Errorf("%s: kind %s with %d objects, want %s with 1", path, answer.Kind, len(got), kind)
		}
	}
}

func TestPathsOutsideOrMissingAreTypedErrors(t *testing.T) {
	files := map[string]string{"a/cm.yaml": configMap}
	wantCode(t, renderFiles(files, target("../a", KindPlain)), fault.RenderPath)
	wantCode(t, renderFiles(files, target("/etc", KindPlain)), fault.RenderPath)
	missing := renderFiles(files, target("b", KindAuto))
	wantCode(t, missing, fault.RenderMissing, "does not exist")
	if len(missing.Missing) != 1 || missing.Missing[0] != "b" {
		t.Errorf("missing = %v, want [b]", missing.Missing)
	}
	wantCode(t, renderFiles(files, target("a", "nonsense")), fault.RequestInvalid)
}

func TestSymbolicLinksStayInTheTree(t *testing.T) { // G1, G2
	files := map[string]string{
		"real/cm.yaml": configMap, "ok/cm.yaml": "->../real/cm.yaml", "env/cm.yaml": "->/proc/self/environ",
		"up/cm.yaml": "->../../../etc/passwd", "loop/a.yaml": "->b.yaml", "loop/b.yaml": "->a.yaml",
		"k/kustomization.yaml": "resources: [../dir]\n", "dir": "->real2", "real2/kustomization.yaml": "resources: [x.yaml]\n",
		"real2/x.yaml": configMap,
	}
	if got := objects(t, renderFiles(files, target("ok", KindPlain))); len(got) != 1 {
		t.Errorf("a link inside the tree gives %d objects", len(got))
	}
	if got := objects(t, renderFiles(files, target("k", KindKustomize))); len(got) != 1 {
		t.Errorf("a directory link inside the tree gives %d objects", len(got))
	}
	for _, path := range []string{"env", "up", "loop"} {
		wantCode(t, renderFiles(files, target(path, KindPlain)), fault.SourceSymlink)
	}
	values := target("c", KindHelm)
	values.Options.Helm.ValueFiles = []string{"v.yaml"}
	wantCode(t, renderFiles(map[string]string{"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
		"c/v.yaml": "->/proc/self/environ"}, values), fault.SourceSymlink)
}

func TestChainOf41LinksIsRefusedAnd40IsNot(t *testing.T) {
	chain := func(n int) map[string]string {
		files := map[string]string{"p/end.txt": configMap, "p/x.yaml": "->l1"}
		for i := 1; i < n-1; i++ {
			files["p/l"+itoa(i)] = "->l" + itoa(i+1)
		}
		files["p/l"+itoa(n-1)] = "->end.txt"
		return files
	}
	objects(t, renderFiles(chain(40), target("p", KindPlain)))
	wantCode(t, renderFiles(chain(41), target("p", KindPlain)), fault.SourceSymlink)
}

func itoa(i int) string {
	text, _ := json.Marshal(i)
	return string(text)
}

func TestReadAndMissingNameWhatCanChangeTheResult(t *testing.T) {
	answer := renderFiles(map[string]string{
		"o/kustomization.yaml": "resources: [../b]\npatches: [{path: p.yaml}]\n",
		"o/p.yaml":             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {a: c}\n",
		"b/kustomization.yaml": "resources: [cm.yaml]\n", "b/cm.yaml": configMap, "other/x.yaml": configMap,
	}, target("o", KindAuto))
	objects(t, answer)
	read := strings.Join(answer.Read, " ")
	if read != "b/cm.yaml b/kustomization.yaml o/kustomization.yaml o/p.yaml" {
		t.Errorf("read = %s", read)
	}
	if !strings.Contains(strings.Join(answer.Missing, " "), "o/Chart.yaml") {
		t.Errorf("missing = %v, want o/Chart.yaml in it: adding it makes the target a chart", answer.Missing)
	}
	plain := renderFiles(map[string]string{"p/cm.yaml": configMap}, target("p", KindPlain))
	if strings.Join(plain.Read, " ") != "p p/cm.yaml" {
		t.Errorf("a directory listing must be recorded: %v", plain.Read)
	}
}

func TestCatalogKeepsGoodDocumentsBesideBrokenOnes(t *testing.T) {
	answer := renderFiles(map[string]string{
		"fleet/a.yaml":     "# only a comment\n---\nkind: App\nnum: 9007199254740993\n---\nkind: [\n---\nkind: Cluster\n",
		"fleet/sub/b.json": `{"kind":"App"}`, "fleet/README.md": "no",
	}, target("fleet", KindCatalog))
	if answer.Error != nil {
		t.Fatal(answer.Error)
	}
	docs := answer.Documents.([]proto.Document)
	if len(docs) != 4 {
		t.Fatalf("%d documents, want 4", len(docs))
	}
	if string(docs[0].Object) != `{"kind":"App","num":9007199254740993}` || docs[0].Line != 2 {
		t.Errorf("first document: %s line %d", docs[0].Object, docs[0].Line)
	}
	if docs[1].Error == nil || docs[1].Error.Code != fault.YamlInvalid || docs[1].Object != nil {
		t.Errorf("second document must carry its error: %+v", docs[1])
	}
	if docs[2].Error != nil || docs[3].File != "fleet/sub/b.json" {
		t.Errorf("the others must be good: %+v %+v", docs[2], docs[3])
	}
}

func TestDirectoryOptionsChooseFiles(t *testing.T) {
	files := map[string]string{"d/a.yaml": configMap, "d/sub/b.yaml": strings.Replace(configMap, "cm", "cm2", 1),
		"d/skip.yaml": "# +argocd:skip-file-rendering\nnot: an object\n", "d/notes.txt": "x"}
	count := func(o proto.Directory) int {
		tg := target("d", KindPlain)
		tg.Options.Directory = o
		return len(objects(t, renderFiles(files, tg)))
	}
	for _, c := range []struct {
		options proto.Directory
		want    int
	}{{proto.Directory{}, 1}, {proto.Directory{Recurse: true}, 2}, {proto.Directory{Recurse: true, Exclude: "sub/*"}, 1},
		{proto.Directory{Recurse: true, Include: "{sub/*,none}"}, 1}} {
		if got := count(c.options); got != c.want {
			t.Errorf("%+v: %d objects, want %d", c.options, got, c.want)
		}
	}
}

package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/proto"
)

const chartYAML = "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: '9'\n"

func cmTemplate(data string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\ndata:\n" + data
}

func TestHelmValuesAreMergedInHelmsOrder(t *testing.T) {
	files := map[string]string{"c/Chart.yaml": chartYAML,
		"c/values.yaml": "a: 0\nb: 0\nc: 0\nd: 0\ne: 0\nkeep: chart\nmap: {x: 1, z: 1}\nbig: 10000000\n",
		"c/v1.yaml":     "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\n", "vals/v2.yaml": "b: 2\nc: 2\nd: 2\ne: 2\nmap: {z: 2}\n", "c/f.txt": "file",
		"c/templates/cm.yaml": cmTemplate("  v: '{{ .Values.a }}{{ .Values.b }}{{ .Values.c }}{{ .Values.d }}{{ .Values.e }} {{ .Values.keep }} {{ .Values.map.x }}{{ .Values.map.z }}'\n  big: '{{ .Values.big }}'\n" +
			"  kube: '{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.APIVersions.Has \"x.example/v1\" }} {{ .Release.Namespace }} {{ .Release.Service }} {{ .Chart.AppVersion }}'\n"),
		"c/templates/NOTES.txt": "hello", "c/templates/_helpers.tpl": "{{ define \"x\" }}{{ end }}"}
	tg := target("c", KindHelm)
	tg.APIVersions = []string{"x.example/v1"}
	tg.Options.Helm = proto.Helm{ReleaseName: "rel", ValueFiles: []string{"v1.yaml", "/vals/v2.yaml", "none.yaml"},
		IgnoreMissingValueFiles: true, Values: json.RawMessage(`"c: 3\nd: 3\ne: 3\n"`), Set: []string{"d=4"}, SetFile: []string{"e=f.txt"}}
	got := objects(t, renderFiles(files, tg))
	want := `{"apiVersion":"v1","data":{"big":"1e+07","kube":"v1.36.3 true shop Helm 9","v":"1234file chart 12"},"kind":"ConfigMap","metadata":{"name":"rel","namespace":"shop"}}`
	if len(got) != 1 || got[0] != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

func TestHelmDependenciesConditionsCrdsAndHooks(t *testing.T) {
	files := map[string]string{
		"c/Chart.yaml":  chartYAML + "dependencies:\n- {name: first, version: 1.0.0}\n- {name: second, version: 1.0.0, condition: second.enabled}\n- {name: near, version: 1.0.0, repository: 'file://../near'}\n",
		"c/values.yaml": "second: {enabled: false}\nfirst: {v: parent}\n",
		"c/crds/crd.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.x.example}\n" +
			"spec: {group: x.example, scope: Namespaced, names: {kind: Thing, plural: things}, versions: []}\n",
		"c/templates/thing.yaml": "apiVersion: x.example/v1\nkind: Thing\nmetadata: {name: t}\n",
		"c/templates/hook.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n",
		"c/templates/test.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n",
	}
	for _, sub := range []string{"c/charts/first", "c/charts/second", "near"} {
		name := sub[strings.LastIndex(sub, "/")+1:]
		files[sub+"/Chart.yaml"] = "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n"
		files[sub+"/values.yaml"] = "v: own\n"
		files[sub+"/templates/cm.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {v: '{{ .Values.v }}'}\n"
	}
	names := func(o proto.Helm) string {
		tg := target("c", KindHelm)
		tg.Options.Helm = o
		var out []string
		for _, object := range objects(t, renderFiles(files, tg)) {
			out = append(out, strings.TrimPrefix(describe([]byte(object)), "ConfigMap "))
		}
		return strings.Join(out, " ")
	}
	if got := names(proto.Helm{}); got != "first hook near test CustomResourceDefinition things.x.example Thing t" {
		t.Errorf("all: %s", got)
	}
	if got := names(proto.Helm{SkipCRDs: true, SkipTests: true}); got != "first hook near Thing t" {
		t.Errorf("without CRDs and tests: %s", got)
	}
	if got := names(proto.Helm{SkipHooks: true, SkipCRDs: true}); got != "first near Thing t" {
		t.Errorf("without hooks: %s", got)
	}
}

func TestHelmRenderMustBeRepeatable(t *testing.T) { // R10
	for call, code := range map[string]fault.Code{
		"{{ randAlphaNum 8 }}":                     fault.RenderNondeterministic,
		"{{ uuidv4 }}":                             fault.RenderNondeterministic,
		"{{ genPrivateKey \"ed25519\" | b64enc }}": fault.RenderNondeterministic,
	} {
		answer := renderFiles(map[string]string{"c/Chart.yaml": chartYAML,
			"c/templates/cm.yaml": cmTemplate("  x: '" + call + "'\n")}, target("c", KindHelm))
		t.Run(call, func(t *testing.T) { wantCode(t, answer, code) })
	}
	quiet := renderFiles(map[string]string{"c/Chart.yaml": chartYAML, "c/templates/cm.yaml": cmTemplate(
		"  x: 'a{{ lookup \"v1\" \"Secret\" \"a\" \"b\" | toJson }}{{ getHostByName \"x.example\" }}'\n")}, target("c", KindHelm))
	if got := objects(t, quiet); !strings.Contains(got[0], `"x":"a{}"`) {
		t.Errorf("lookup and getHostByName must be empty: %s", got[0])
	}
}

func TestHelmClockIsWarnedAbout(t *testing.T) {
	answer := renderFiles(map[string]string{"c/Chart.yaml": chartYAML,
		"c/templates/cm.yaml": cmTemplate("  x: '{{ now | date \"2006\" }}'\n")}, target("c", KindHelm))
	objects(t, answer)
	if !strings.Contains(strings.Join(answer.Warnings, "\n"), "now") {
		t.Errorf("warnings: %v", answer.Warnings)
	}
}

func TestHelmHostileChartsAreRefused(t *testing.T) { // R4, R5, R6, R7
	chart := func(more map[string]string) map[string]string {
		files := map[string]string{"c/Chart.yaml": chartYAML, "c/templates/cm.yaml": cmTemplate("  a: b\n")}
		for name, content := range more {
			files[name] = content
		}
		return files
	}
	deep := map[string]string{}
	for path, i := "c", 0; i < 100; i++ {
		path += "/charts/web"
		deep[path+"/Chart.yaml"] = chartYAML
	}
	for name, c := range map[string]struct {
		files map[string]string
		code  fault.Code
	}{
		"chart name with ..":       {chart(map[string]string{"c/Chart.yaml": "apiVersion: v2\nname: '../x'\nversion: 1.0.0\n"}), fault.RenderFailed},
		"chart in chart x 100":     {chart(deep), fault.RenderFailed},
		"Chart.lock is a link":     {chart(map[string]string{"c/Chart.lock": "->/etc/passwd"}), fault.SourceSymlink},
		"charts/ is a loop":        {chart(map[string]string{"c/charts": "->../c"}), fault.SourceSymlink},
		"schema reads a device":    {chart(map[string]string{"c/values.schema.json": `{"properties":{"a":{"$ref":"file:///dev/zero"}}}`}), fault.RenderRemote},
		"schema reads by id":       {chart(map[string]string{"c/values.schema.json": `{"$id":"file:///dev/","$ref":"zero"}`}), fault.RenderRemote},
		"schema asks a server":     {chart(map[string]string{"c/values.schema.json": `{"$ref":"http://x.example/s.json"}`}), fault.RenderRemote},
		"schema is too deep":       {chart(map[string]string{"c/values.schema.json": strings.Repeat(`{"not":`, 20000) + "{}" + strings.Repeat("}", 20000)}), fault.RenderFailed},
		"schema says no":           {chart(map[string]string{"c/values.schema.json": `{"required":["x"]}`}), fault.RenderFailed},
		"dependency not vendored":  {chart(map[string]string{"c/Chart.yaml": chartYAML + "dependencies: [{name: d, version: 1.0.0, repository: 'https://x.example'}]\n"}), fault.RenderRemote},
		"dependency outside":       {chart(map[string]string{"c/Chart.yaml": chartYAML + "dependencies: [{name: d, version: 1.0.0, repository: 'file://../../etc'}]\n"}), fault.RenderPath},
		"dependency on itself":     {chart(map[string]string{"c/Chart.yaml": chartYAML + "dependencies: [{name: d, version: 1.0.0, repository: 'file://../c'}]\n"}), fault.RenderFailed},
		"library chart":            {chart(map[string]string{"c/Chart.yaml": chartYAML + "type: library\n"}), fault.RenderFailed},
		"newer kubernetes":         {chart(map[string]string{"c/Chart.yaml": chartYAML + "kubeVersion: '>= 1.99.0'\n"}), fault.RenderFailed},
		"null maintainer":          {chart(map[string]string{"c/Chart.yaml": chartYAML + "maintainers: [null]\n"}), fault.RenderFailed},
		"template calls fail":      {chart(map[string]string{"c/templates/x.yaml": `{{ fail "told to" }}`}), fault.RenderFailed},
		"template calls env":       {chart(map[string]string{"c/templates/x.yaml": `{{ env "HOME" }}`}), fault.RenderFailed},
		"template includes itself": {chart(map[string]string{"c/templates/x.yaml": `{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}`}), fault.RenderFailed},
		"archive of links":         {chart(map[string]string{"c/charts/d.tgz": archive(t, tar.Header{Name: "d/x", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, 0)}), fault.RenderFailed},
		"archive of hard links":    {chart(map[string]string{"c/charts/d.tgz": archive(t, tar.Header{Name: "d/x", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}, 0)}), fault.RenderFailed},
		"archive leaves its root":  {chart(map[string]string{"c/charts/d.tgz": archive(t, tar.Header{Name: "d/../../x", Typeflag: tar.TypeReg}, 1)}), fault.RenderPath},
		"archive bomb":             {chart(map[string]string{"c/charts/d.tgz": archive(t, tar.Header{Name: "d/x", Typeflag: tar.TypeReg}, 64<<20)}), fault.SourceLimit},
		"archive cut off":          {chart(map[string]string{"c/charts/d.tgz": archive(t, tar.Header{Name: "d/x", Typeflag: tar.TypeReg}, 9999)[:40]}), fault.RenderFailed},
		"archive is text":          {chart(map[string]string{"c/charts/d.tgz": "text"}), fault.RenderFailed},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, renderFiles(c.files, target("c", KindHelm)), c.code) })
	}
}

func TestHelmValueFilesStayInTheTree(t *testing.T) { // R4
	for name, code := range map[string]fault.Code{"../../x": fault.RenderPath, "https://x.example/v.yaml": fault.RenderRemote,
		"none.yaml": fault.RenderMissing} {
		tg := target("c", KindHelm)
		tg.Options.Helm.ValueFiles = []string{name}
		answer := renderFiles(map[string]string{"c/Chart.yaml": chartYAML}, tg)
		t.Run(name, func(t *testing.T) { wantCode(t, answer, code, name) })
	}
}

func TestHelmErrorsNameTheTemplate(t *testing.T) {
	answer := renderFiles(map[string]string{"c/Chart.yaml": chartYAML, "c/templates/bad.yaml": "a: b\na: c\n"}, target("c", KindHelm))
	wantCode(t, answer, fault.YamlDuplicate, "c/templates/bad.yaml", `"a"`)
}

func archive(t *testing.T, header tar.Header, size int) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	header.Size = int64(size)
	for _, err := range []error{w.WriteHeader(&header), write(w, size), w.Close(), zipped.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func write(w *tar.Writer, size int) error {
	_, err := w.Write(make([]byte, size))
	return err
}

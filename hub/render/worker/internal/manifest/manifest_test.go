package manifest

import (
	"fmt"
	"strings"
	"testing"

	"dunlin-render/internal/fault"
)

func finish(t *testing.T, namespace string, files ...string) ([]string, *Set, error) {
	t.Helper()
	set := NewSet(DefaultLimits)
	for i, content := range files {
		if err := set.AddFile(fmt.Sprintf("f%d.yaml", i), []byte(content)); err != nil {
			return nil, set, err
		}
	}
	encoded, err := set.Finish(namespace)
	var out []string
	for _, object := range encoded {
		out = append(out, string(object))
	}
	return out, set, err
}

func wantCode(t *testing.T, err error, code fault.Code, line int, words ...string) {
	t.Helper()
	known := fault.From(err, "", "")
	if err == nil || known.Code != code || known.Line != line {
		t.Fatalf("got %v (line %d), want %s in line %d", err, known.Line, code, line)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

func TestScalarsAreReadAsTheApiserverReadsThem(t *testing.T) { // Y3, Y6
	for text, want := range map[string]string{
		"on": "true", "'on'": `"on"`, "~": "null", "0o7": "7", "010": "8", "0b11": "3", "1_000": "1000", "1:30": `"1:30"`,
		"1.0": "1", "1e3": "1000", "9007199254740993": "9007199254740993", "18446744073709551615": "18446744073709551615",
		"9223372036854775808": "9223372036854775808", "2020-01-01": `"2020-01-01"`, "<b>&": `"\u003cb\u003e\u0026"`,
		"!!binary aGk=": `"hi"`, `"\u2028"`: `"\u2028"`, "-0": "0", "1e400": `"1e400"`,
	} {
		docs := Documents("f", []byte("v: "+text+"\n"))
		if len(docs) != 1 || docs[0].Err != nil {
			t.Errorf("%s: %+v", text, docs)
			continue
		}
		value, err := Decode(docs[0].JSON)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, _ := Encode(value); string(got) != `{"v":`+want+`}` {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestDocumentsAreSplitWithTheirLines(t *testing.T) {
	docs := Documents("f", []byte("\xef\xbb\xbf# comment\n---\na: 1\n--- # more\nb: |\n  ---x\n  text\n---\n\n---\r\nc: 3\r\n---\n{d: 4}\n--- {e: 5}\n"))
	var got []string
	for _, doc := range docs {
		got = append(got, fmt.Sprintf("%d:%d:%s", doc.Index, doc.Line, doc.JSON))
	}
	want := `2:2:{"a":1} 3:4:{"b":"---x\ntext\n"} 5:10:{"c":3} 6:12:{"d":4} 7:14:{"e":5}`
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestBrokenYamlIsATypedErrorWithItsLine(t *testing.T) {
	for text, want := range map[string]struct {
		code fault.Code
		line int
	}{
		"a: 1\n---\nb: 1\nc: 2\nb: 3\n": {fault.YamlDuplicate, 5},
		"a: 1\n1: 2\n'1': 3\n":          {fault.YamlDuplicate, 3},
		"a: [\n":                        {fault.YamlInvalid, 1},
		"a: 1\n\tb: 2\n":                {fault.YamlInvalid, 2},
		"a: \xff\n":                     {fault.YamlInvalid, 1},
		"a: \"\\ud800\"\n":              {fault.YamlInvalid, 1},
		"a: \x00\n":                     {fault.YamlInvalid, 1},
		"a: 1\n...\nb: 2\n":             {fault.YamlInvalid, 1},
		"x: &x [*x]\n":                  {fault.YamlInvalid, 1},
		"a: !!binary /w==\n":            {fault.YamlInvalid, 1},
		"a: .inf\n":                     {fault.YamlInvalid, 1},
		"a: *nothing\n":                 {fault.YamlInvalid, 1},
		strings.Repeat("[", 20000):      {fault.YamlInvalid, 1},
		"a: " + strings.Repeat("[", 101) + strings.Repeat("]", 101): {fault.YamlLimit, 1},
	} {
		docs := Documents("f", []byte(text))
		if len(docs) == 0 || docs[len(docs)-1].Err == nil {
			t.Errorf("%.40q: no error", text)
			continue
		}
		if err := docs[len(docs)-1].Err; err.Code != want.code || err.Line != want.line {
			t.Errorf("%.40q: %v in line %d, want %s in line %d", text, err, err.Line, want.code, want.line)
		}
	}
}

func TestDepth100IsAllowedAnd101IsNot(t *testing.T) { // Y1
	nested := func(n int) []Document {
		return Documents("f", []byte(strings.Repeat("[", n)+strings.Repeat("]", n)))
	}
	if docs := nested(101); docs[0].Err != nil { // 100 levels below the outermost list
		t.Error(docs[0].Err)
	}
	if docs := nested(102); docs[0].Err == nil || docs[0].Err.Code != fault.YamlLimit {
		t.Errorf("%+v", docs[0].Err)
	}
}

func TestAliasesHaveANodeBudget(t *testing.T) { // Y2
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	wantCode(t, CheckLimits("f", []byte(bomb.String())), fault.YamlLimit, 6, "nodes")
	var deep strings.Builder // 60 levels through an alias that itself is 60 deep
	deep.WriteString("a: &a " + strings.Repeat("[", 60) + strings.Repeat("]", 60) + "\n")
	deep.WriteString("b: " + strings.Repeat("[", 60) + "*a" + strings.Repeat("]", 60) + "\n")
	wantCode(t, CheckLimits("f", []byte(deep.String())), fault.YamlLimit, 1, "levels")
	good := "x: &x {a: 1}\ny: {<<: *x, b: 2}\nz: [*x, *x]\n"
	if got := string(Documents("f", []byte(good))[0].JSON); got != `{"x":{"a":1},"true":{"a":1,"b":2},"z":[{"a":1},{"a":1}]}` &&
		got != `{"true":{"a":1,"b":2},"x":{"a":1},"z":[{"a":1},{"a":1}]}` {
		t.Errorf("merge keys: %s", got)
	}
}

func TestObjectsAreSortedByGroupKindNamespaceName(t *testing.T) {
	got, _, err := finish(t, "ns", "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: b}}\n"+
		"- {apiVersion: v1, kind: ServiceList, items: [{apiVersion: v1, kind: Service, metadata: {name: a}}]}\n",
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: z, namespace: other}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: z}\n",
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: ns, namespace: wrong}\n---\nkind: Thing\napiVersion: x.example/v1\nmetadata: {name: t, namespace: ''}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"z","namespace":"ns"}}`,
		`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ns"}}`,
		`{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"ns"}}`,
		`{"apiVersion":"v1","kind":"Service","metadata":{"name":"b","namespace":"ns"}}`,
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"z","namespace":"other"}}`,
		`{"apiVersion":"x.example/v1","kind":"Thing","metadata":{"name":"t"}}`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestACrdInTheOutputDecidesTheScopeOfItsKind(t *testing.T) {
	crd := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ts.x.example}\nspec: {group: x.example, scope: %s, names: {kind: T}}\n---\n"
	object := "apiVersion: x.example/v1\nkind: T\nmetadata: {name: t, namespace: %s}\n"
	for _, c := range []struct{ scope, namespace, want string }{
		{"Namespaced", "''", `"namespace":"ns"`}, {"Namespaced", "own", `"namespace":"own"`}, {"Cluster", "own", `{"name":"t"}`}} {
		got, _, err := finish(t, "ns", fmt.Sprintf(crd, c.scope)+fmt.Sprintf(object, c.namespace))
		if err != nil || !strings.Contains(got[1], c.want) {
			t.Errorf("%+v: %v %v", c, got, err)
		}
	}
}

func TestDuplicatesNameBothPlaces(t *testing.T) { // R11
	object := "# first document\n---\napiVersion: %s\nkind: Deployment\nmetadata: {name: d%s}\n"
	_, _, err := finish(t, "ns", fmt.Sprintf(object, "apps/v1", ""), fmt.Sprintf(object, "apps/v1beta1", ", namespace: ns"))
	wantCode(t, err, fault.ObjectDuplicate, 2, "Deployment.apps ns/d", "f0.yaml document 2", "f1.yaml document 2")
}

func TestWhatIsNoObjectIsRefusedWithItsPlace(t *testing.T) {
	for text, word := range map[string]string{
		"kind: A\nmetadata: {name: x}\n": "apiVersion", "apiVersion: v1\nmetadata: {name: x}\n": "kind is missing",
		"apiVersion: v1\nkind: A\n": "metadata", "apiVersion: v1\nkind: A\nmetadata: {labels: {}}\n": "metadata.name",
		"just text\n": "string", "[1]\n": "list", "apiVersion: v1\nkind: List\nitems: [3]\n": "number",
		"apiVersion: v1\nkind: A\nmetadata: {name: x, namespace: 3}\n": "metadata.namespace",
	} {
		_, _, err := finish(t, "", "# c\n---\n"+text)
		wantCode(t, err, fault.ObjectInvalid, 2, word, "document 2")
	}
	if got, _, err := finish(t, "", "apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n"); err != nil || len(got) != 1 {
		t.Errorf("generateName is a name: %v", err)
	}
}

func TestKustomizationsInAPlainDirectoryAreLeftOut(t *testing.T) {
	got, set, err := finish(t, "", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n")
	if err != nil || len(got) != 0 || len(set.Warnings) != 1 {
		t.Errorf("%v %v %v", got, set.Warnings, err)
	}
}

func TestOutputLimitsHoldAtTheLimitAndNotOneAbove(t *testing.T) { // Y4
	object := func(i, size int) string {
		head := fmt.Sprintf(`{"apiVersion":"v1","data":"","kind":"A","metadata":{"name":"n%05d"}}`, i)
		return strings.Replace(head, `"data":""`, `"data":"`+strings.Repeat("x", size-len(head))+`"`, 1)
	}
	try := func(limits Limits, objects ...string) error {
		set := NewSet(limits)
		for _, o := range objects {
			if err := set.AddFile("f", []byte(o)); err != nil {
				return err
			}
		}
		_, err := set.Finish("")
		return err
	}
	limits := Limits{Objects: 2, ObjectBytes: 100, OutputBytes: 190}
	for name, c := range map[string]struct {
		good bool
		err  error
	}{
		"two objects": {true, try(limits, object(1, 90), object(2, 100))}, "three objects": {false, try(limits, object(1, 80), object(2, 80), object(3, 80))},
		"object of 101": {false, try(limits, object(1, 101))}, "191 in all": {false, try(limits, object(1, 91), object(2, 100))},
	} {
		if good := c.err == nil; good != c.good || !good && fault.From(c.err, "", "").Code != fault.ObjectLimit {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}

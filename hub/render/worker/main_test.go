package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dunlin-render/internal/fault"
)

// The tests run the whole program as a child: this test binary with a mark in its environment.
const childMark = "DUNLIN_RENDER_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childMark) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

type answer struct {
	ID, Kind      string
	Objects       []json.RawMessage
	Error         *fault.Error
	Warnings      []string
	Read, Missing []string
	Fatal         *fault.Error
}

// job runs the program and returns the ready line and the answers.
func job(t *testing.T, request string, tree []byte) (ready map[string]any, answers []answer, exit int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = []string{childMark + "=1"}
	child.Stdin = strings.NewReader(request + "\n" + string(tree))
	child.Stderr = os.Stderr
	out, err := child.Output()
	if err != nil && child.ProcessState == nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 128<<20)
	for lines.Scan() {
		if ready == nil {
			if err := json.Unmarshal(lines.Bytes(), &ready); err != nil {
				t.Fatalf("ready line %q: %v", lines.Text(), err)
			}
			continue
		}
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatalf("answer %.200q: %v", lines.Text(), err)
		}
		answers = append(answers, a)
	}
	return ready, answers, child.ProcessState.ExitCode()
}

func tree(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const cm = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"

func TestAJobIsAnsweredInTheOrderOfItsTargets(t *testing.T) {
	ready, answers, exit := job(t, `{"targets":[{"id":"z","path":"a","kind":"plain","namespace":"n"},{"id":"b","path":"none"},{"id":"a","path":"a","namespace":"n"}]}`,
		tree(t, map[string]string{"a/cm.yaml": cm}))
	if ready["ready"] != true || ready["protocol"] != 1.0 {
		t.Errorf("ready line: %v", ready)
	}
	if exit != 0 || len(answers) != 3 || answers[0].ID != "z" || answers[1].ID != "b" || answers[2].ID != "a" {
		t.Fatalf("exit %d, answers %+v", exit, answers)
	}
	if answers[1].Error == nil || answers[1].Error.Code != fault.RenderMissing || len(answers[2].Objects) != 1 {
		t.Errorf("answers %+v", answers)
	}
}

func TestEndOfInputWithoutARequestIsAQuietEnd(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = []string{childMark + "=1"}
	if out, err := child.Output(); err != nil || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%q %v", out, err)
	}
}

func TestABrokenJobIsAFatalLine(t *testing.T) {
	for request, code := range map[string]fault.Code{
		`nonsense`:                                fault.RequestInvalid,
		`{"targets":[{"id":"a","unknown":1}]}`:    fault.RequestInvalid,
		`{"targets":[{"id":"a"},{"id":"a"}]}`:     fault.RequestInvalid,
		`{"targets":[{"id":"a","path":"a"}]}`:     fault.SourceTar,
		`{"limits":{"treeFiles":1},"targets":[]}`: fault.SourceLimit,
	} {
		data := []byte(strings.Repeat("no tar", 1000))
		if code == fault.SourceLimit {
			data = tree(t, map[string]string{"a": "", "b": ""})
		}
		_, answers, exit := job(t, request, data)
		if exit != 2 || len(answers) != 1 || answers[0].Fatal == nil || answers[0].Fatal.Code != code {
			t.Errorf("%s: exit %d, %+v", request, exit, answers)
		}
	}
}

func TestTimeAndMemoryLimitsAnswerTheOpenTargets(t *testing.T) { // R9
	forever := `local r = std.range(1, 100000); std.foldl(function(a, b) std.foldl(function(c, d) c + d, r, 0), r, 0)`
	greedy := `local s(n) = if n == 0 then 'xxxxxxxxxxxxxxxx' else s(n - 1) + s(n - 1); std.length(s(40))`
	files := tree(t, map[string]string{"good/cm.yaml": cm, "slow/x.jsonnet": forever, "big/x.jsonnet": greedy})
	recursion := `local f(n) = if n == 0 then 0 else f(n - 1) tailstrict; f(1e15)`
	files = append(files[:len(files)-1024], tree(t, map[string]string{"deep/x.jsonnet": recursion})...)
	for path, want := range map[string]struct {
		code fault.Code
		exit int
	}{"slow": {fault.RenderTimeout, exitTimeout}, "big": {fault.RenderMemory, exitMemory}, "deep": {fault.RenderMemory, exitMemory}} {
		timeout := map[string]string{"slow": "300", "big": "20000", "deep": "20000"}[path]
		_, answers, exit := job(t, `{"limits":{"timeoutMs":`+timeout+`,"memoryBytes":134217728},"targets":[{"id":"1","path":"good"},{"id":"2","path":"`+path+`"},{"id":"3","path":"good","kind":"plain"}]}`, files)
		if exit != want.exit || len(answers) != 3 || answers[0].Error != nil || answers[1].Error == nil || answers[1].Error.Code != want.code ||
			answers[2].Error == nil {
			t.Errorf("%s: exit %d, %+v", path, exit, answers)
		}
	}
}

func TestTheOutputOfAJobIsCapped(t *testing.T) { // R8
	_, answers, _ := job(t, `{"limits":{"outputBytes":1000},"targets":[{"id":"1","path":"a"},{"id":"2","path":"b"},{"id":"3","path":"a","kind":"plain"}]}`,
		tree(t, map[string]string{"a/cm.yaml": cm, "b/cm.yaml": cm + "data: {x: " + strings.Repeat("y", 1000) + "}\n"}))
	if len(answers) != 3 || answers[0].Error != nil || answers[1].Error == nil || answers[1].Error.Code != fault.ObjectLimit || answers[2].Error != nil {
		t.Errorf("%+v", answers)
	}
}

// boutique is the public example that a developer's machine may have beside the checkout; DUNLIN_DATA
// names another place.
func boutique(t *testing.T) []byte {
	t.Helper()
	root := os.Getenv("DUNLIN_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	root = filepath.Join(root, "online-boutique")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the Online Boutique example is not on this machine (set DUNLIN_DATA)")
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.AddFS(os.DirFS(root).(fs.FS)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOnlineBoutiqueGivesTheKnownObjectsTwice(t *testing.T) { // R12
	data := boutique(t)
	request := `{"targets":[
		{"id":"plain","path":"kubernetes-manifests","kind":"plain","namespace":"shop"},
		{"id":"kustomize","path":"kustomize","kind":"auto"},
		{"id":"components","path":"kustomize/tests/memorystore-with-all-components"},
		{"id":"options","path":"kustomize","options":{"kustomize":{"components":["components/network-policies","components/without-loadgenerator"]}}},
		{"id":"helm","path":"helm-chart","options":{"helm":{"values":{"networkPolicies":{"create":true},"images":{"tag":"v9.9.9"}}}},"kubeVersion":"v1.36.3"}]}`
	request = strings.Join(strings.Fields(request), "")
	want := map[string]map[string]int{
		"plain":      {"Deployment": 12, "Service": 12, "ServiceAccount": 11},
		"kustomize":  {"Deployment": 12, "Service": 12, "ServiceAccount": 11},
		"components": {"Deployment": 12, "Service": 12, "ServiceAccount": 11, "NetworkPolicy": 13, "ConfigMap": 1},
		"options":    {"Deployment": 11, "Service": 12, "ServiceAccount": 11, "NetworkPolicy": 13},
		"helm":       {"Deployment": 12, "Service": 12, "ServiceAccount": 12, "NetworkPolicy": 13},
	}
	_, first, _ := job(t, request, data)
	_, second, _ := job(t, request, data)
	if len(first) != len(want) {
		t.Fatalf("%d answers", len(first))
	}
	for i, a := range first {
		if a.Error != nil {
			t.Errorf("%s: %v", a.ID, a.Error)
			continue
		}
		kinds := map[string]int{}
		for j, object := range a.Objects {
			var head struct{ Kind string }
			if err := json.Unmarshal(object, &head); err != nil {
				t.Fatal(err)
			}
			kinds[head.Kind]++
			if !bytes.Equal(object, second[i].Objects[j]) {
				t.Errorf("%s: object %d differs between two renders", a.ID, j)
			}
		}
		if got, _ := json.Marshal(kinds); string(got) != string(mustJSON(want[a.ID])) {
			t.Errorf("%s: %s, want %s", a.ID, got, mustJSON(want[a.ID]))
		}
		if a.ID == "helm" && !bytes.Contains(bytes.Join(raw(a.Objects), nil), []byte("/frontend:v9.9.9")) {
			t.Error("helm: the image tag of the values is not in the output")
		}
	}
}

func raw(objects []json.RawMessage) [][]byte {
	out := make([][]byte, len(objects))
	for i, object := range objects {
		out[i] = object
	}
	return out
}

func mustJSON(value any) []byte {
	out, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return out
}

func TestRequestLineAtItsLimitIsReadAndOneAboveIsNot(t *testing.T) {
	for _, above := range []int{0, 1} {
		request := `{"targets":[` + strings.Repeat(" ", maxRequestLine+above-len("{'targets':[]}\n")) + `]}`
		_, answers, exit := job(t, request, tree(t, nil))
		if above == 0 && (exit != 0 || len(answers) != 0) {
			t.Errorf("at the limit: exit status %d, %v", exit, answers)
		}
		if above == 1 && (exit != 2 || answers[0].Fatal.Code != fault.RequestInvalid) {
			t.Errorf("above the limit: exit status %d, %v", exit, answers)
		}
	}
}

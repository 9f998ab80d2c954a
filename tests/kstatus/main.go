// kstatus compares the health of Kubernetes' own kinds with the library that defines it
// (sigs.k8s.io/cli-utils/pkg/kstatus), on random status objects.
//
//	kstatus --agent build/dev/bin/dunlin-agent [--cases 2000] [--seed 1]
//
// Rows of docs/health.md that say "ours" are left out. Exits with 1 when one object differs.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	agent := flag.String("agent", "", "the dunlin-agent that judges")
	cases := flag.Int("cases", 2000, "objects of each kind")
	seed := flag.Uint64("seed", 1, "of the random objects")
	flag.Parse()
	differ := 0
	for _, kind := range kinds {
		generator := &random{rand.New(rand.NewPCG(*seed, 0))}
		compared, wrong, err := compare(*agent, kind, generator, *cases)
		if err != nil {
			fmt.Fprintln(os.Stderr, "kstatus:", err)
			os.Exit(2)
		}
		fmt.Printf("%-26s compared %6d  differ %4d\n", kind.name, compared, wrong)
		differ += wrong
	}
	if differ > 0 {
		os.Exit(1)
	}
}

// compare makes objects until there are enough that both must judge alike.
func compare(agent string, kind kind, generator *random, cases int) (int, int, error) {
	var objects []map[string]any
	var expected []string
	for len(objects) < cases {
		object := kind.make(generator)
		object["apiVersion"], object["kind"] = kind.apiVersion, kind.name
		if kind.ours != nil && kind.ours(object) {
			continue
		}
		result, err := status.Compute(&unstructured.Unstructured{Object: object})
		if err != nil {
			continue // it judges only what the apiserver lets through
		}
		objects = append(objects, object)
		expected = append(expected, string(result.Status))
	}
	answers, err := judge(agent, objects)
	if err != nil {
		return 0, 0, err
	}
	wrong := 0
	for i, answer := range answers {
		if answer == expected[i] {
			continue
		}
		if wrong++; wrong <= 3 {
			text, _ := json.Marshal(objects[i])
			fmt.Printf("%s: kstatus says %s, we say %s\n", text, expected[i], answer)
		}
	}
	return len(objects), wrong, nil
}

func judge(agent string, objects []map[string]any) ([]string, error) {
	var requests bytes.Buffer
	for i, object := range objects {
		line, err := json.Marshal(map[string]any{"id": i, "op": "health", "object": object})
		if err != nil {
			return nil, err
		}
		requests.Write(append(line, '\n'))
	}
	command := exec.Command(agent, "merge", "--batch", "-")
	command.Stdin = &requests
	out, err := command.Output()
	if err != nil {
		return nil, err
	}
	var answers []string
	for line := range bytes.Lines(out) {
		var answer struct {
			Health struct{ Status string }
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return nil, err
		}
		answers = append(answers, answer.Health.Status)
	}
	if len(answers) != len(objects) {
		return nil, fmt.Errorf("%d answers to %d requests", len(answers), len(objects))
	}
	return answers, nil
}

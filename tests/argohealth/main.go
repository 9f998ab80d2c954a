// argohealth measures how often dunlin-agent and Argo CD say the same about an object. Argo CD's
// module carries, beside each of its health scripts, objects with the status that it gives them
// (resource_customizations/GROUP/KIND/health_test.yaml). They are fetched as a Go module when this
// runs; nothing of them is kept here.
//
//	argohealth --agent build/dev/bin/dunlin-agent [--version v3.5.7] [--group cert-manager.io] [-v]
//
// It prints, for each API group, how many objects agree, and exits with 1 below --goal percent.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const module = "github.com/argoproj/argo-cd/v3"

// words maps ours to Argo CD's (docs/health.md).
var words = map[string]string{
	"Current": "Healthy", "InProgress": "Progressing", "Terminating": "Progressing",
	"Failed": "Degraded", "Suspended": "Suspended", "Missing": "Missing", "Unknown": "Unknown",
}

type judged struct {
	group, kind, input string
	object             map[string]any
	expected           string
	ours               struct{ Status, Reason, Message string }
}

func (j judged) agrees() bool { return words[j.ours.Status] == j.expected }

func main() {
	agent := flag.String("agent", "", "the dunlin-agent that judges")
	version := flag.String("version", "v3.5.7", "of Argo CD's module")
	dir := flag.String("dir", "", "directory of an unpacked module, instead of fetching one")
	only := flag.String("group", "", "one API group")
	goal := flag.Float64("goal", 90, "percent that must agree")
	verbose := flag.Bool("v", false, "print every object on which the two differ")
	flag.Parse()
	cases, err := collect(*dir, *version, *only)
	if err == nil {
		err = judge(*agent, cases)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "argohealth:", err)
		os.Exit(2)
	}
	if percent := report(cases, *verbose); percent < *goal {
		os.Exit(1)
	}
}

// fetch returns the directory of the module in the module cache.
func fetch(version string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module+"@"+version).Output()
	var answer struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &answer); jsonErr != nil {
		return "", errors.Join(err, jsonErr)
	}
	if answer.Error != "" {
		return "", errors.New(answer.Error)
	}
	return answer.Dir, nil
}

func collect(dir, version, only string) ([]judged, error) {
	var err error
	if dir == "" {
		if dir, err = fetch(version); err != nil {
			return nil, err
		}
	}
	var cases []judged
	root := filepath.Join(dir, "resource_customizations")
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "health_test.yaml" {
			return err
		}
		more, err := read(path)
		for _, one := range more {
			if only == "" || one.group == only {
				cases = append(cases, one)
			}
		}
		return err
	})
	return cases, err
}

func read(path string) ([]judged, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Tests []struct {
			InputPath    string `json:"inputPath"`
			HealthStatus struct {
				Status string `json:"status"`
			} `json:"healthStatus"`
		} `json:"tests"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var cases []judged
	for _, test := range file.Tests {
		input := filepath.Join(filepath.Dir(path), test.InputPath)
		text, err := os.ReadFile(input)
		if err != nil {
			return nil, err
		}
		one := judged{input: input, expected: test.HealthStatus.Status}
		if err := yaml.Unmarshal(text, &one.object); err != nil {
			return nil, fmt.Errorf("%s: %w", input, err)
		}
		apiVersion, _ := one.object["apiVersion"].(string)
		one.kind, _ = one.object["kind"].(string)
		// Its test runs the script alone. Its engine never asks the script about an object that is
		// being deleted: that is Progressing.
		if metadata, _ := one.object["metadata"].(map[string]any); metadata["deletionTimestamp"] != nil {
			one.expected = "Progressing"
		}
		if group, _, found := strings.Cut(apiVersion, "/"); found {
			one.group = group
		}
		cases = append(cases, one)
	}
	return cases, nil
}

// judge asks the agent about all of them at once.
func judge(agent string, cases []judged) error {
	var requests bytes.Buffer
	for i, one := range cases {
		line, err := json.Marshal(map[string]any{"id": i, "op": "health", "object": one.object})
		if err != nil {
			return err
		}
		requests.Write(append(line, '\n'))
	}
	command := exec.Command(agent, "merge", "--batch", "-")
	command.Stdin = &requests
	command.Stderr = os.Stderr
	answers, err := command.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", agent, err)
	}
	lines := bytes.Split(bytes.TrimSpace(answers), []byte("\n"))
	if len(lines) != len(cases) {
		return fmt.Errorf("%d answers to %d requests", len(lines), len(cases))
	}
	for i, line := range lines {
		var answer struct {
			OK     bool
			Health struct{ Status, Reason, Message string }
			Error  any
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return err
		}
		if !answer.OK {
			return fmt.Errorf("%s: %v", cases[i].input, answer.Error)
		}
		cases[i].ours = answer.Health
	}
	return nil
}

func report(cases []judged, verbose bool) float64 {
	type count struct{ agree, differ int }
	groups := map[string]*count{}
	total := count{}
	for _, one := range cases {
		group := groups[one.group]
		if group == nil {
			group = &count{}
			groups[one.group] = group
		}
		if one.agrees() {
			group.agree++
			total.agree++
			continue
		}
		group.differ++
		total.differ++
		if verbose {
			fmt.Printf("%s %s: Argo CD says %s, we say %s (%s: %s)\n  %s\n", one.group, one.kind,
				one.expected, one.ours.Status, one.ours.Reason, one.ours.Message, one.input)
		}
	}
	var names []string
	for name := range groups {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Printf("%-50s agree %4d  differ %4d\n", name, groups[name].agree, groups[name].differ)
	}
	percent := 100 * float64(total.agree) / float64(max(1, total.agree+total.differ))
	fmt.Printf("%-50s agree %4d  differ %4d  %.1f %%\n", "all", total.agree, total.differ, percent)
	return percent
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sort"
)

type compareOptions struct {
	ours    string
	schemas string
	cases   int
	seed    int64
	show    int
}

// Upstream walks Go maps in random order and stops at the first error, so a document with two
// different errors has several right answers: the oracle is asked this often before it counts. (The
// second of two keys comes first in one walk of eight.)
const attempts = 200

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// agree compares what merge.md 16 requires: the document, or the class of the error.
func agree(ours, upstream *answer) bool {
	if ours.OK != upstream.OK {
		return false
	}
	if !ours.OK {
		return ours.Error != nil && ours.Error.Class == upstream.Error.Class
	}
	if upstream.Equal != nil {
		return ours.Equal != nil && *ours.Equal == *upstream.Equal
	}
	return sameJSON(ours.Patch, upstream.Patch) && sameJSON(ours.Result, upstream.Result)
}

// sameJSON compares documents. One double may have several texts: json-patch keeps the input's
// ("1e21", "1.0"), which our object model does not. Integers compare digit by digit.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	left, leftErr := numbersAsText(a)
	right, rightErr := numbersAsText(b)
	return leftErr == nil && rightErr == nil && same(left, right)
}

func numbersAsText(text []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func same(a, b any) bool {
	switch left := a.(type) {
	case map[string]any:
		right, ok := b.(map[string]any)
		if !ok || len(left) != len(right) {
			return false
		}
		for key, value := range left {
			other, ok := right[key]
			if !ok || !same(value, other) {
				return false
			}
		}
		return true
	case []any:
		right, ok := b.([]any)
		if !ok || len(left) != len(right) {
			return false
		}
		for i := range left {
			if !same(left[i], right[i]) {
				return false
			}
		}
		return true
	case json.Number:
		right, ok := b.(json.Number)
		return ok && sameNumber(left, right)
	}
	return a == b
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	_, leftErr := a.Int64()
	_, rightErr := b.Int64()
	if leftErr == nil && rightErr == nil {
		return false
	}
	left, leftErr := a.Float64()
	right, rightErr := b.Float64()
	return leftErr == nil && rightErr == nil && left == right
}

type tally struct {
	cases, refused, differences, repeated int
	perOp                                 map[string]int
}

func compare(options compareOptions) error {
	directory, err := filepath.Abs(options.schemas)
	if err != nil {
		return err
	}
	program, err := start(options.ours)
	if err != nil {
		return err
	}
	schemas := newSchemas(".")
	counts := tally{perOp: map[string]int{}}
	for i := range options.cases {
		made, err := makeCase(schemas, directory, options.seed+int64(i))
		if err != nil {
			return err
		}
		ours, err := program.ask(&made.request)
		if err != nil {
			return err
		}
		counts.count(options, schemas, &made, ours)
	}
	if err := program.stop(); err != nil {
		return err
	}
	fmt.Printf("%d cases %v: %d refused by both, %d differences; with repeated keys: %d differences\n",
		counts.cases, counts.perOp, counts.refused, counts.differences, counts.repeated)
	if counts.differences > 0 {
		return fmt.Errorf("%d answers differ from upstream's", counts.differences)
	}
	return nil
}

func (t *tally) count(options compareOptions, schemas *schemas, made *testCase, ours *answer) {
	t.cases++
	t.perOp[made.request.Op]++
	upstream := schemas.answer(&made.request)
	for try := 1; try < attempts && !agree(ours, &upstream) && !(ours.OK && upstream.OK); try++ {
		upstream = schemas.answer(&made.request)
	}
	if agree(ours, &upstream) {
		if !ours.OK {
			t.refused++
		}
		return
	}
	if made.flavour.repeated {
		t.repeated++
		if ours.OK == upstream.OK {
			return // the same verdict is all that is promised
		}
	}
	t.differences++
	if t.differences <= options.show {
		fmt.Printf("--- case %v (%s)\nrequest  %s\nours     %s\nupstream %s\n", made.request.ID,
			made.flavour.name, document(made.request), document(ours), document(upstream))
	}
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type schemaName struct {
	File string `json:"file"`
	Type string `json:"type"`
}

type request struct {
	ID        any             `json:"id"`
	Op        string          `json:"op"`
	Schema    *schemaName     `json:"schema,omitempty"`
	Overwrite *bool           `json:"overwrite,omitempty"`
	Compat    string          `json:"compat,omitempty"`
	Original  json.RawMessage `json:"original,omitempty"`
	Modified  json.RawMessage `json:"modified,omitempty"`
	Current   json.RawMessage `json:"current,omitempty"`
	Patch     json.RawMessage `json:"patch,omitempty"`
	A         string          `json:"a,omitempty"`
	B         string          `json:"b,omitempty"`
}

type answerError struct {
	Class   string `json:"class"`
	Path    string `json:"path"`
	Message string `json:"message"`
}

type answer struct {
	ID     any             `json:"id"`
	OK     bool            `json:"ok"`
	Patch  json.RawMessage `json:"patch,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Equal  *bool           `json:"equal,omitempty"`
	Error  *answerError    `json:"error,omitempty"`
}

func (s *schemas) answerLine(line []byte) []byte {
	var r request
	var a answer
	if err := json.Unmarshal(line, &r); err != nil {
		a.Error = &answerError{Class: "BadJson", Message: err.Error()}
	} else {
		a = s.answer(&r)
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // answers hold nothing that does not marshal
	}
	return text
}

func (s *schemas) answer(r *request) (a answer) {
	a.ID = r.ID
	// Upstream panics on null elements of lists that are merged.
	defer func() {
		if problem := recover(); problem != nil {
			a.OK = false
			a.Error = &answerError{Class: "NullElement", Message: fmt.Sprint(problem)}
		}
	}()
	if err := s.perform(r, &a); err != nil {
		a.Error = &answerError{Class: classOf(err), Message: err.Error()}
		return a
	}
	a.OK = true
	return a
}

func (s *schemas) perform(r *request, a *answer) error {
	var schema strategicpatch.LookupPatchMeta
	if r.Schema != nil {
		var err error
		if schema, err = s.lookup(*r.Schema); err != nil {
			return badRequest{err}
		}
	}
	switch r.Op {
	case "merge3":
		overwrite := r.Overwrite == nil || *r.Overwrite
		patch, err := strategicpatch.CreateThreeWayMergePatch(
			r.Original, r.Modified, r.Current, schema, overwrite)
		a.Patch = patch
		return err
	case "diff2":
		patch, err := strategicpatch.CreateTwoWayMergePatchUsingLookupPatchMeta(
			r.Original, r.Modified, schema)
		a.Patch = patch
		return err
	case "patch":
		result, err := strategicpatch.StrategicMergePatchUsingLookupPatchMeta(
			r.Current, r.Patch, schema)
		a.Result = result
		return err
	case "jsonmerge3":
		patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(r.Original, r.Modified, r.Current)
		if err != nil {
			return err
		}
		a.Patch, err = canonical(patch)
		return err
	case "mergepatch":
		result, err := jsonpatch.MergePatch(r.Current, r.Patch)
		if err != nil {
			return err
		}
		a.Result, err = canonical(result)
		return err
	case "quantity":
		left, err := resource.ParseQuantity(r.A)
		if err != nil {
			return badRequest{err}
		}
		right, err := resource.ParseQuantity(r.B)
		if err != nil {
			return badRequest{err}
		}
		equal := left.Cmp(right) == 0
		a.Equal = &equal
		return nil
	}
	return badRequest{fmt.Errorf("op %q is unknown to the oracle", r.Op)}
}

// canonical sorts keys and leaves the text of numbers alone.
func canonical(text []byte) ([]byte, error) {
	value, err := numbersAsText(text)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

type badRequest struct{ error }

// classOf maps upstream's errors, most of which are texts only, to the classes of merge.md 8.1.
func classOf(err error) string {
	var bad badRequest
	text := err.Error()
	switch {
	case errors.As(err, &bad):
		return "BadRequest"
	case mergepatch.IsConflict(err):
		return "Conflict"
	case errors.Is(err, mergepatch.ErrBadJSONDoc):
		return "BadJson"
	case errors.Is(err, mergepatch.ErrNoListOfLists):
		return "ListOfLists"
	case strings.Contains(text, "unable to find api field"), strings.Contains(text, "unable to resolve"):
		return "UnknownField"
	case strings.Contains(text, "does not contain declared merge key"),
		strings.Contains(text, "cannot merge lists without merge key"),
		strings.Contains(text, "cannot find merge key"):
		return "NoMergeKey"
	case strings.Contains(text, "list element types are not identical"):
		return "MixedTypes"
	}
	return "BadPatchFormat"
}

package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"dunlin-render/internal/fault"
)

// Object is a decoded JSON object. Numbers are int64, uint64 or float64, as the apiserver and the
// hub's object model know them; nothing else that encoding/json could produce is in it.
type Object = map[string]any

// Decode reads exactly one JSON value.
func Decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("text behind the end of the JSON value")
	}
	return numbers(value, 0)
}

// numbers replaces json.Number by a typed number and checks the depth.
func numbers(value any, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, fault.New(fault.YamlLimit, "", "nested deeper than %d levels", MaxDepth)
	}
	var err error
	switch v := value.(type) {
	case json.Number:
		return number(v.String())
	case map[string]any:
		for key, item := range v {
			if v[key], err = numbers(item, depth+1); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, item := range v {
			if v[i], err = numbers(item, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func number(text string) (any, error) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, nil
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		return u, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, fmt.Errorf("the number %.40s does not fit a double", text)
	}
	return f, nil
}

// Encode writes canonical JSON: the rules of encoding/json (keys sorted, <, >, & escaped, shortest
// doubles), no white space. The hub's digests are made over these bytes.
func Encode(value any) ([]byte, error) { return json.Marshal(value) }

// text reads a string at a path of keys; "" when it is absent or of another type.
func text(object Object, keys ...string) string {
	var value any = object
	for _, key := range keys {
		m, isMap := value.(map[string]any)
		if !isMap {
			return ""
		}
		value = m[key]
	}
	s, _ := value.(string)
	return s
}

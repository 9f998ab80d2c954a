// Package manifest turns manifest text into canonical Kubernetes objects: YAML in Kubernetes' dialect,
// lists expanded, namespaces set, sorted, duplicates refused.
package manifest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"dunlin-render/internal/fault"

	goyaml "sigs.k8s.io/yaml/goyaml.v3"

	"sigs.k8s.io/yaml"
)

// The limits of security rules Y1 and Y2. The apiserver itself accepts no deeper object.
const (
	MaxDepth = 100
	MaxNodes = 1_000_000 // after alias expansion
)

// Document is one YAML document as JSON, with its place.
type Document struct {
	File  string
	Index int // counts from 1, empty documents included
	Line  int // first line of the document in the file, from 1
	JSON  []byte
	Err   *fault.Error // set when this document alone is broken; JSON is then nil
}

var utf8BOM = []byte("\xef\xbb\xbf")

// Documents splits a file and converts each document. Documents of comments only are left out.
func Documents(file string, text []byte) []Document {
	var out []Document
	for index, part := range split(bytes.TrimPrefix(text, utf8BOM)) {
		doc := Document{File: file, Index: index + 1, Line: part.line}
		asJSON, err := toJSON(file, part)
		if err == nil && asJSON == nil {
			continue
		}
		doc.JSON, doc.Err = asJSON, err
		out = append(out, doc)
	}
	return out
}

// CheckLimits refuses text that would expand beyond the limits and accepts everything else: files that
// an upstream library reads by itself (values, kustomizations) keep that library's own rules.
func CheckLimits(file string, text []byte) error {
	for _, doc := range Documents(file, text) {
		if doc.Err != nil && doc.Err.Code == fault.YamlLimit {
			return doc.Err
		}
	}
	return nil
}

type part struct {
	line int
	text []byte
}

// split cuts at lines that begin with "---" and white space, the rule of kubectl. Text behind the
// marker belongs to the document that it opens.
func split(text []byte) []part {
	parts := []part{{line: 1}}
	line := 0
	for len(text) > 0 {
		line++
		end := bytes.IndexByte(text, '\n') + 1
		if end == 0 {
			end = len(text)
		}
		current := text[:end]
		text = text[end:]
		if rest, marked := bytes.CutPrefix(current, []byte("---")); marked &&
			(len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0]))) {
			parts = append(parts, part{line: line, text: append([]byte("   "), rest...)})
			continue
		}
		last := &parts[len(parts)-1]
		last.text = append(last.text, current...)
	}
	return parts
}

// toJSON returns nil, nil for a document without content.
func toJSON(file string, p part) ([]byte, *fault.Error) {
	if !utf8.Valid(p.text) {
		return nil, fault.At(fault.YamlInvalid, file, p.line, "the document is not valid UTF-8")
	}
	var root goyaml.Node
	decoder := goyaml.NewDecoder(bytes.NewReader(p.text))
	if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, yamlFault(file, p.line, err)
	}
	if len(root.Content) == 0 || isNull(root.Content[0]) {
		return nil, nil
	}
	if err := decoder.Decode(&goyaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, fault.At(fault.YamlInvalid, file, p.line,
			"text behind the document's end marker '...': separate documents with '---'")
	}
	check := checker{file: file, first: p.line, known: map[*goyaml.Node]measure{}}
	if _, err := check.measure(root.Content[0], 0); err != nil {
		return nil, err
	}
	out, err := yaml.YAMLToJSONStrict(p.text)
	if err != nil {
		return nil, yamlFault(file, p.line, err)
	}
	return out, nil
}

func isNull(n *goyaml.Node) bool { return n.Kind == goyaml.ScalarNode && n.ShortTag() == "!!null" }

var lineInText = regexp.MustCompile(`line (\d+): ?`)

// yamlFault moves the line number of the library's text, which counts inside the document, into the
// error's own field, counted in the file.
func yamlFault(file string, first int, err error) *fault.Error {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	text = strings.TrimPrefix(text, "yaml: ")
	line := first
	if at := lineInText.FindStringSubmatch(text); at != nil {
		if n, bad := strconv.Atoi(at[1]); bad == nil {
			line = first + n - 1
		}
		text = strings.Replace(text, at[0], "", 1)
	}
	text = strings.Join(strings.Fields(strings.TrimPrefix(text, "unmarshal errors:")), " ")
	return fault.At(fault.YamlInvalid, file, line, "%s", text)
}

// checker walks the parsed nodes before anything is expanded. Measures of aliased nodes are kept, so
// the walk is linear in the text even for an alias bomb.
type checker struct {
	file  string
	first int
	known map[*goyaml.Node]measure
}

type measure struct {
	nodes  int // with aliases expanded
	height int // levels below
	open   bool
}

// measure checks n and everything below it.
func (c *checker) measure(n *goyaml.Node, depth int) (measure, *fault.Error) {
	if n.Kind == goyaml.AliasNode {
		n = n.Alias
	}
	m, seen := c.known[n]
	if seen && m.open {
		return m, c.fail(fault.YamlInvalid, n, "anchor %q contains itself", n.Anchor)
	}
	if depth+m.height > MaxDepth {
		return m, c.fail(fault.YamlLimit, n, "nested deeper than %d levels", MaxDepth)
	}
	if seen {
		return m, nil
	}
	c.known[n] = measure{open: true}
	m.nodes = 1
	for _, child := range n.Content {
		below, err := c.measure(child, depth+1)
		if err != nil {
			return m, err
		}
		m.height = max(m.height, below.height+1)
		if m.nodes += below.nodes; m.nodes > MaxNodes {
			return m, c.fail(fault.YamlLimit, n, "more than %d nodes after alias expansion", MaxNodes)
		}
	}
	c.known[n] = m
	if n.Kind == goyaml.MappingNode {
		if err := c.uniqueKeys(n); err != nil {
			return m, err
		}
	}
	return m, c.text(n)
}

func (c *checker) uniqueKeys(n *goyaml.Node) *fault.Error {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != goyaml.ScalarNode || key.ShortTag() == "!!merge" {
			continue
		}
		if line, twice := seen[key.Value]; twice {
			return c.fail(fault.YamlDuplicate, key, "key %q is already set in line %d", key.Value, c.first+line-1)
		}
		seen[key.Value] = key.Line
	}
	return nil
}

// text refuses binary scalars that are not text: JSON cannot hold them, and Go would silently put
// U+FFFD in their place.
func (c *checker) text(n *goyaml.Node) *fault.Error {
	if n.Kind != goyaml.ScalarNode || n.ShortTag() != "!!binary" {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
	if err != nil || !utf8.Valid(raw) {
		return c.fail(fault.YamlInvalid, n, "a !!binary value is not base64 of valid UTF-8")
	}
	return nil
}

func (c *checker) fail(code fault.Code, n *goyaml.Node, format string, args ...any) *fault.Error {
	return fault.At(code, c.file, c.first+n.Line-1, format, args...)
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// schemas reads OpenAPI v3 documents by the names that requests give them, once each.
type schemas struct {
	directory string
	mutex     sync.Mutex
	documents map[string]map[string]*spec.Schema
}

func newSchemas(directory string) *schemas {
	return &schemas{directory: directory, documents: map[string]map[string]*spec.Schema{}}
}

func (s *schemas) components(file string) (map[string]*spec.Schema, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if known, ok := s.documents[file]; ok {
		return known, nil
	}
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.directory, file)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	document := spec3.OpenAPI{}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	s.documents[file] = document.Components.Schemas
	return document.Components.Schemas, nil
}

func (s *schemas) lookup(name schemaName) (strategicpatch.LookupPatchMeta, error) {
	components, err := s.components(name.File)
	if err != nil {
		return nil, err
	}
	schema, ok := components[name.Type]
	if !ok {
		return nil, fmt.Errorf("%s has no type %s", name.File, name.Type)
	}
	return strategicpatch.PatchMetaFromOpenAPIV3{Schema: schema, SchemaList: components}, nil
}

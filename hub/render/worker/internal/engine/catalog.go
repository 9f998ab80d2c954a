package engine

import (
	"encoding/json"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/manifest"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

// renderCatalog returns every YAML document below the path as JSON with its place, in path order. A
// broken document harms only itself: it is returned with its error (design section 6).
func renderCatalog(view *source.View, target *proto.Target) ([]proto.Document, error) {
	options := target.Options.Directory
	options.Recurse = true
	files, err := manifestFiles(view, target.Path, options, false)
	if err != nil {
		return nil, err
	}
	documents := []proto.Document{}
	for _, file := range files {
		content, err := view.ReadFile(file)
		if err != nil {
			documents = append(documents, proto.Document{File: file, Error: fault.From(err, fault.RenderMissing, file)})
			continue
		}
		for _, doc := range manifest.Documents(file, content) {
			documents = append(documents, catalogDocument(doc))
		}
	}
	return documents, nil
}

func catalogDocument(doc manifest.Document) proto.Document {
	out := proto.Document{File: doc.File, Line: doc.Line, Error: doc.Err}
	if doc.Err != nil {
		return out
	}
	value, err := manifest.Decode(doc.JSON)
	if err == nil {
		var canonical []byte
		if canonical, err = manifest.Encode(value); err == nil {
			out.Object = json.RawMessage(canonical)
		}
	}
	if err != nil {
		out.Error = fault.From(err, fault.YamlInvalid, doc.File)
	}
	return out
}

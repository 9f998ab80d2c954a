// Package fault holds the one error type of the worker: a stable code that programs read, a message
// that people read, and the place in the source tree that caused it.
package fault

import (
	"errors"
	"fmt"
)

// Code is stable: the hub maps it to its own error code and users see it in `dunlin status`.
type Code string

// The codes, grouped by what the user has to look at.
const (
	RequestInvalid Code = "REQUEST_INVALID" // the hub asked for nonsense: a bug of the hub

	SourceTar     Code = "SOURCE_TAR"     // the tree arrived damaged or with entries that Git has not
	SourceLimit   Code = "SOURCE_LIMIT"   // too many files or bytes
	SourceSymlink Code = "SOURCE_SYMLINK" // a link leaves the tree, loops or dangles

	YamlInvalid   Code = "YAML_INVALID"
	YamlDuplicate Code = "YAML_DUPLICATE_KEY"
	YamlLimit     Code = "YAML_LIMIT" // depth, or nodes after alias expansion

	ObjectInvalid   Code = "OBJECT_INVALID"   // no apiVersion, kind or name
	ObjectDuplicate Code = "OBJECT_DUPLICATE" // two objects with one key
	ObjectLimit     Code = "OBJECT_LIMIT"     // one object or the whole output is too large

	RenderPath             Code = "RENDER_PATH"    // a path outside the tree or of a wrong form
	RenderMissing          Code = "RENDER_MISSING" // a file, directory or chart that is not in the tree
	RenderRemote           Code = "RENDER_REMOTE"  // needs the network, which the sandbox has not
	RenderPlugin           Code = "RENDER_PLUGIN"  // needs to run a foreign program
	RenderFailed           Code = "RENDER_FAILED"  // the upstream library says no
	RenderNondeterministic Code = "RENDER_NONDETERMINISTIC"
	RenderTimeout          Code = "RENDER_TIMEOUT"
	RenderMemory           Code = "RENDER_MEMORY"
	RenderCrash            Code = "RENDER_CRASH"
)

// maxMessage bounds what a template can put into an error text (`fail` with a large string).
const maxMessage = 2000

// Error is what a target is answered with when it cannot be rendered.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
	Line    int    `json:"line,omitempty"`
}

func (e *Error) Error() string {
	switch {
	case e.Path != "" && e.Line > 0:
		return fmt.Sprintf("%s: %s:%d: %s", e.Code, e.Path, e.Line, e.Message)
	case e.Path != "":
		return fmt.Sprintf("%s: %s: %s", e.Code, e.Path, e.Message)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// New makes an error about a file (path may be empty).
func New(code Code, path, format string, args ...any) *Error {
	return At(code, path, 0, format, args...)
}

// At makes an error about a line of a file; lines count from 1.
func At(code Code, path string, line int, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	if len(message) > maxMessage {
		message = message[:maxMessage] + " …"
	}
	return &Error{Code: code, Message: message, Path: path, Line: line}
}

// From keeps a fault that is somewhere in err's chain, and gives anything else the fallback code.
func From(err error, fallback Code, path string) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return New(fallback, path, "%s", err)
}

// dunlin-render renders one job and ends: it prints a ready line, reads one request line and a tar of
// the source tree from stdin, and prints one answer line per target. README.md has the protocol.
//
// It is made to run as PID 1 of a sandbox without network and files, and trusts that only as a second
// line: it sets its own limits, has an empty environment, and no code path of it opens a file, starts
// a program or dials.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"

	"dunlin-render/internal/engine"
	"dunlin-render/internal/fault"
	"dunlin-render/internal/proto"
	"dunlin-render/internal/source"
)

// maxRequestLine bounds the request before its own limits are known: 10,000 targets with values. It is
// what the hub sends at most (kRenderRequestBytes of protocol/base/limits.h).
const maxRequestLine = 32 << 20

func main() {
	os.Clearenv()
	http.DefaultTransport = noNetwork{}
	if err := limitProcess(); err != nil {
		fmt.Fprintln(os.Stderr, "dunlin-render: cannot limit itself:", err)
		os.Exit(1)
	}
	engine.Warm()
	out := &answers{w: os.Stdout}
	out.line(ready())
	if err := serve(os.Stdin, out); err != nil {
		out.line(map[string]any{"fatal": fault.From(err, fault.RequestInvalid, "")})
		os.Exit(2)
	}
}

// serve reads the one job. An error means that no target could be answered.
func serve(in io.Reader, out *answers) error {
	reader := bufio.NewReaderSize(in, 1<<20)
	line, err := readLine(reader)
	if errors.Is(err, io.EOF) && len(line) == 0 {
		return nil // the hub has no use for this sandbox
	}
	if err != nil {
		return err
	}
	request, err := proto.ParseRequest(line)
	if err != nil {
		return err
	}
	out.left = int64(request.Limits.OutputBytes)
	debug.SetMemoryLimit(request.Limits.MemoryBytes)
	watch := startWatchdog(request, out)
	defer watch.stop()
	tree, err := source.ReadTar(reader, source.Limits{
		Files: request.Limits.TreeFiles, Bytes: request.Limits.TreeBytes})
	if err != nil {
		return err
	}
	renderAll(tree, request, out)
	return nil
}

func readLine(reader *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		chunk, err := reader.ReadSlice('\n')
		line = append(line, chunk...)
		if len(line) > maxRequestLine {
			return nil, fault.New(fault.RequestInvalid, "", "the request line has more than %d bytes", maxRequestLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// renderAll answers the targets in order. Targets that differ only in their id are rendered once: most
// clusters of a fleet get the same objects.
func renderAll(tree *source.Tree, request *proto.Request, out *answers) {
	done := map[string]proto.Answer{}
	for i := range request.Targets {
		target := request.Targets[i]
		id := target.ID
		target.ID = ""
		same, err := json.Marshal(target)
		if err != nil { // only an invalid RawMessage could: ParseRequest has read it as JSON
			panic(err)
		}
		answer, known := done[string(same)]
		if !known {
			answer = engine.Render(tree, &target, request.Limits)
			done[string(same)] = answer
		}
		answer.ID = id
		out.answer(answer)
	}
}

func ready() proto.Ready {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			versions[dep.Path] = dep.Version
		}
	}
	return proto.Ready{Ready: true, Protocol: proto.Version, Kustomize: versions["sigs.k8s.io/kustomize/api"],
		Helm: versions["helm.sh/helm/v3"], Jsonnet: versions["github.com/google/go-jsonnet"]}
}

// noNetwork answers every HTTP request of a library with an error that says why.
type noNetwork struct{}

func (noNetwork) RoundTrip(request *http.Request) (*http.Response, error) {
	return nil, fault.New(fault.RenderRemote, "", "%s needs the network, which rendering has not", request.URL.Host)
}

// encode writes one line of JSON with the escapes of the canonical form.
func encode(value any) []byte {
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(value); err != nil {
		panic(err) // all our answer types can be encoded
	}
	return line.Bytes()
}

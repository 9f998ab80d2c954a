// The oracle: upstream's strategicpatch, jsonmergepatch, json-patch and resource.Quantity behind the
// batch protocol of `dunlin-agent merge --batch`, and the program that compares our engine with it.
//
//	oracle serve < requests.ndjson              one request a line, one answer a line
//	oracle compare --ours PROGRAM [flags]       random cases; exit 1 when an answer differs
//	oracle properties --ours PROGRAM [flags]    native mode, with upstream as the server
//	oracle generate --cases N [flags]           the random cases alone, as requests
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
)

// Three documents of 4 MiB and the request around them.
const maxLineBytes = 13 << 20

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: oracle serve | compare | properties | generate [flags]")
		os.Exit(2)
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	options := compareOptions{}
	flags.StringVar(&options.ours, "ours", "", "our batch program")
	flags.StringVar(&options.schemas, "schemas", "schemas", "directory of the OpenAPI v3 documents")
	flags.IntVar(&options.cases, "cases", 2000, "number of cases")
	flags.Int64Var(&options.seed, "seed", 1, "seed of the generator; case i has seed+i")
	flags.IntVar(&options.show, "show", 5, "differences that are printed")
	_ = flags.Parse(os.Args[2:])

	var err error
	switch os.Args[1] {
	case "serve":
		err = serve()
	case "compare":
		err = compare(options)
	case "properties":
		err = properties(options)
	case "generate":
		err = generate(options)
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func serve() error {
	schemas := newSchemas(".")
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, maxLineBytes)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		out.Write(schemas.answerLine(in.Bytes()))
		out.WriteByte('\n')
	}
	return in.Err()
}

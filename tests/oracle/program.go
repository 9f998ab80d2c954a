package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// program is our batch program, asked one line at a time.
type program struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	lines   *bufio.Scanner
}

func start(path string) (*program, error) {
	if path == "" {
		return nil, errors.New("--ours names no program")
	}
	p := &program{command: exec.Command(path)}
	p.command.Stderr = os.Stderr
	var err error
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(stdout)
	p.lines.Buffer(nil, maxLineBytes)
	return p, p.command.Start()
}

func (p *program) ask(r *request) (*answer, error) {
	if _, err := p.stdin.Write(append(document(r), '\n')); err != nil {
		return nil, fmt.Errorf("our program stopped before case %v: %w", r.ID, err)
	}
	if !p.lines.Scan() {
		return nil, fmt.Errorf("our program gave no answer to case %v: %v", r.ID, p.lines.Err())
	}
	var ours answer
	if err := json.Unmarshal(p.lines.Bytes(), &ours); err != nil {
		return nil, fmt.Errorf("our answer to case %v is no JSON: %w", r.ID, err)
	}
	return &ours, nil
}

func (p *program) stop() error {
	p.stdin.Close()
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("our program failed: %w", err)
	}
	return nil
}

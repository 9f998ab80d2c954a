package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// answer is the one line printed for each line read.
type answer struct {
	OK      bool   `json:"ok"`
	Command string `json:"command"`
	Error   string `json:"error,omitempty"`
}

// obey carries out lines of the form "COMMAND N" until input ends; N is the number of a cluster.
//
//	stop N      the apiserver ends as at SIGTERM; its port refuses connections
//	start N     it comes back on the same port with the same data; answered when it is ready
//	restart N   stop and start
//	stall N     with --front: connections stay open and carry nothing
//	cut N       with --front: connections are reset, new ones are closed
//	resume N    with --front: the end of stall and cut
func obey(p *plane, input io.Reader, output io.Writer) {
	encoder := json.NewEncoder(output)
	lines := bufio.NewScanner(input)
	for lines.Scan() {
		command := strings.TrimSpace(lines.Text())
		if command == "" {
			continue
		}
		a := answer{OK: true, Command: command}
		if err := p.command(command); err != nil {
			a.OK, a.Error = false, err.Error()
		}
		if encoder.Encode(a) != nil {
			return
		}
	}
}

func (p *plane) command(line string) error {
	words := strings.Fields(line)
	if len(words) != 2 {
		return errors.New("want: COMMAND N")
	}
	n, err := strconv.Atoi(words[1])
	if err != nil || n < 1 || n > len(p.clusters) {
		return fmt.Errorf("no cluster %q: there are 1 to %d", words[1], len(p.clusters))
	}
	c := p.clusters[n-1]
	switch words[0] {
	case "stop":
		return c.stop()
	case "start":
		return c.start()
	case "restart":
		if err := c.stop(); err != nil {
			return err
		}
		return c.start()
	case "stall":
		return c.setFront(frontStall)
	case "cut":
		return c.setFront(frontCut)
	case "resume":
		return c.setFront(frontPass)
	}
	return fmt.Errorf("no command %q: stop, start, restart, stall, cut, resume", words[0])
}

func (c *cluster) stop() error {
	stopping.Store(true)
	defer stopping.Store(false)
	return c.apiserver.stop()
}

func (c *cluster) start() error {
	if err := c.apiserver.start(); err != nil {
		return err
	}
	return c.waitReady()
}

func (c *cluster) setFront(mode frontMode) error {
	if c.front == nil {
		return errors.New("there is no proxy before the apiserver: start with --front")
	}
	c.front.set(mode)
	return nil
}

package main

import (
	"io"
	"sync"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/proto"
)

// answers writes whole lines, from the renderer and from the watchdog, and counts them.
type answers struct {
	mutex sync.Mutex
	w     io.Writer
	left  int64 // bytes of output still allowed
	done  int   // targets answered
}

func (a *answers) line(value any) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.write(encode(value))
}

// answer writes a target's answer, or a short error in its place when the output would grow too large.
func (a *answers) answer(answer proto.Answer) {
	line := encode(answer)
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if int64(len(line)) > a.left {
		line = encode(proto.Answer{ID: answer.ID, Warnings: []string{}, Read: answer.Read, Missing: answer.Missing,
			Error: fault.New(fault.ObjectLimit, "", "the output of this job would exceed its limit; render fewer targets at once")})
	}
	a.left -= int64(len(line))
	a.write(line)
	a.done++
}

// abort answers every target that is not answered yet with one error, and returns holding the lock: no
// line can follow.
func (a *answers) abort(targets []proto.Target, why *fault.Error) {
	a.mutex.Lock()
	for _, target := range targets[a.done:] {
		a.write(encode(proto.Answer{ID: target.ID, Error: why, Warnings: []string{}, Read: []string{}, Missing: []string{}}))
	}
}

// write ignores errors: when stdout is gone the hub is gone, and the sandbox ends with it.
func (a *answers) write(line []byte) { _, _ = a.w.Write(line) }

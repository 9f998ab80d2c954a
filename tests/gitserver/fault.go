package main

import (
	"io"
	"sync"
)

// fault is the order that a server obeys now; empty or "serve": none.
type fault struct {
	mutex sync.Mutex
	order string
}

func (f *fault) set(order string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.order = order
}

func (f *fault) get() (what, argument string, number int64) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return splitFault(f.order)
}

// flipped changes one bit of the byte after `left` others.
type flipped struct {
	to   io.Writer
	left int64
}

func (f *flipped) Write(p []byte) (int, error) {
	if f.left >= 0 && f.left < int64(len(p)) {
		p = append([]byte(nil), p...)
		p[f.left] ^= 1
	}
	f.left -= int64(len(p))
	return f.to.Write(p)
}

// limited passes on `left` bytes, then calls `spent` instead, which does not need to return.
type limited struct {
	to    io.Writer
	left  int64
	spent func()
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(len(p)) <= l.left {
		l.left -= int64(len(p))
		return l.to.Write(p)
	}
	n, err := l.to.Write(p[:l.left])
	l.left = 0
	if err == nil {
		l.spent()
		err = io.ErrClosedPipe
	}
	return n, err
}

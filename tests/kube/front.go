package main

import (
	"errors"
	"io"
	"net"
	"sync"
)

// front is a TCP proxy before an apiserver, for faults that a client sees on the wire:
//
//	pass   bytes go through (the start)
//	stall  connections stay open and new ones are accepted, but no byte moves
//	cut    open connections are reset and new ones are closed at once
type front struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	changed *sync.Cond // signalled when mode changes
	mode    frontMode
	open    map[*net.TCPConn]struct{}
}

type frontMode int

const (
	frontPass frontMode = iota
	frontStall
	frontCut
)

func newFront(listen, target string) (*front, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	f := &front{listener: listener, target: target, open: map[*net.TCPConn]struct{}{}}
	f.changed = sync.NewCond(&f.mu)
	go f.serve()
	return f, nil
}

func (f *front) address() string { return f.listener.Addr().String() }

func (f *front) set(mode frontMode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mode = mode
	if mode == frontCut {
		for conn := range f.open {
			conn.SetLinger(0) // close with RST
			conn.Close()
		}
	}
	f.changed.Broadcast()
}

func (f *front) close() {
	f.listener.Close()
	f.set(frontCut)
}

func (f *front) serve() {
	for {
		conn, err := f.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go f.join(conn.(*net.TCPConn))
		}
	}
}

func (f *front) join(client *net.TCPConn) {
	defer client.Close()
	if !f.admit(client) {
		return
	}
	defer f.forget(client)
	conn, err := net.Dial("tcp", f.target)
	if err != nil {
		return
	}
	server := conn.(*net.TCPConn)
	defer server.Close()
	if !f.admit(server) {
		return
	}
	defer f.forget(server)
	go f.pump(server, client)
	f.pump(client, server)
}

// admit takes conn into the set that cut resets; false when the front is cut now.
func (f *front) admit(conn *net.TCPConn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mode == frontCut {
		conn.SetLinger(0)
		return false
	}
	f.open[conn] = struct{}{}
	return true
}

func (f *front) forget(conn *net.TCPConn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, conn)
}

// waitWhileStalled returns false when the connection has to end.
func (f *front) waitWhileStalled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.mode == frontStall {
		f.changed.Wait()
	}
	return f.mode == frontPass
}

// pump moves bytes one way. At the end of the input it closes both, so the other way ends too.
func (f *front) pump(to, from *net.TCPConn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !f.waitWhileStalled() {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err == io.EOF {
				f.waitWhileStalled()
			}
			return
		}
	}
}

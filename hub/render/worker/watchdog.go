package main

import (
	"os"
	"runtime/metrics"
	"syscall"
	"time"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/proto"
)

const (
	watchInterval  = 20 * time.Millisecond
	exitTimeout    = 3
	exitMemory     = 4
	maxAddressRoom = 4 << 30 // address space: Go reserves far more than it uses
	maxOpenFiles   = 64
)

// limitProcess: no core dumps, no file larger than nothing, few descriptors, bounded address space.
func limitProcess() error {
	for _, limit := range []struct {
		resource int
		value    uint64
	}{
		{syscall.RLIMIT_CORE, 0}, {syscall.RLIMIT_FSIZE, 0}, {syscall.RLIMIT_NOFILE, maxOpenFiles},
		{syscall.RLIMIT_AS, maxAddressRoom},
	} {
		value := &syscall.Rlimit{Cur: limit.value, Max: limit.value}
		if err := syscall.Setrlimit(limit.resource, value); err != nil {
			return err
		}
	}
	return nil
}

// watchdog ends the process when the job uses too much time or memory. It answers the open targets
// first, so that the hub can tell its users which limit was hit; the hub's own deadline and watchdog
// stand behind it.
type watchdog struct{ quit chan struct{} }

func startWatchdog(request *proto.Request, out *answers) *watchdog {
	w := &watchdog{quit: make(chan struct{})}
	go w.run(request, out, time.Now().Add(time.Duration(request.Limits.TimeoutMs)*time.Millisecond))
	return w
}

func (w *watchdog) stop() { close(w.quit) }

func (w *watchdog) run(request *proto.Request, out *answers, deadline time.Time) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-w.quit:
			return
		case now := <-ticker.C:
			if now.After(deadline) {
				out.abort(request.Targets, fault.New(fault.RenderTimeout, "",
					"rendering took longer than %d ms", request.Limits.TimeoutMs))
				os.Exit(exitTimeout)
			}
			if used := memoryInUse(); used > request.Limits.MemoryBytes {
				out.abort(request.Targets, fault.New(fault.RenderMemory, "",
					"rendering needs more than %d MiB of memory", request.Limits.MemoryBytes>>20))
				os.Exit(exitMemory)
			}
		}
	}
}

// memoryInUse is what the Go runtime holds from the system.
func memoryInUse() int64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

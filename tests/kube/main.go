// Testplane starts real kube-apiservers for tests: N clusters on one embedded etcd, in one process.
//
//	testplane --clusters 3 --dir DIR [--audit] [--kcm] [--kubelet] [--front]
//
// It writes DIR/<n>.kubeconfig for n = 1..N (token of a user in system:masters), with --audit also
// DIR/<n>.audit.jsonl, and prints one JSON line when every cluster is ready:
//
//	{"ready":true,"clusters":[{"kubeconfig":…,"server":…,"uid":…}]}
//
// uid is that of the namespace kube-system. Then it obeys lines on stdin (control.go) and ends at
// SIGTERM, SIGINT or the end of stdin; nothing of it runs on. Logs are in DIR.
//
// Without --kcm namespaces are never really deleted and owned objects never collected; without
// --kubelet pods stay Pending.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

type config struct {
	clusters int
	dir      string
	portBase int
	audit    bool
	kcm      bool
	kubelet  bool
	front    bool
}

// stopping is set when an apiserver is told to end: its hooks may then fail, which klog takes as fatal.
var stopping atomic.Bool

func main() {
	var cfg config
	var useStdin bool
	flag.IntVar(&cfg.clusters, "clusters", 1, "number of clusters")
	flag.StringVar(&cfg.dir, "dir", "", "directory for kubeconfigs, logs and data (made when missing)")
	flag.IntVar(&cfg.portBase, "port-base", 0, "port of cluster 1, the next ones count up; 0 takes free ports")
	flag.BoolVar(&cfg.audit, "audit", false, "write DIR/<n>.audit.jsonl")
	flag.BoolVar(&cfg.kcm, "kcm", false, "run a kube-controller-manager for each cluster")
	flag.BoolVar(&cfg.kubelet, "kubelet", false, "make pods Ready, as one pretended node for each cluster")
	flag.BoolVar(&cfg.front, "front", false, "put a TCP proxy before each apiserver, for stall and cut")
	flag.BoolVar(&useStdin, "stdin", true, "obey lines on stdin, and end with it")
	flag.Parse()
	if cfg.dir == "" || cfg.clusters < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "testplane: --dir DIR and --clusters N (1 or more) are needed, and no other arguments")
		os.Exit(2)
	}
	if err := run(cfg, useStdin); err != nil {
		fmt.Fprintln(os.Stderr, "testplane:", err)
		os.Exit(1)
	}
}

func run(cfg config, useStdin bool) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	dir, err := filepath.Abs(cfg.dir)
	if err != nil {
		return err
	}
	cfg.dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	closeLog, err := logTo(filepath.Join(dir, "apiservers.log"))
	if err != nil {
		return err
	}
	defer closeLog()

	ended := make(chan error, 1)
	p := &plane{config: cfg}
	go func() { ended <- p.start() }()
	select {
	case err = <-ended:
	case <-signals:
		p.abandon()
		return nil
	}
	defer p.stop()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(p.ready()); err != nil {
		return err
	}

	input := make(chan struct{})
	if useStdin {
		go func() {
			defer close(input)
			obey(p, os.Stdin, os.Stdout)
		}()
	}
	select {
	case <-signals:
	case <-input:
	case err = <-p.etcd.Err():
		err = fmt.Errorf("etcd ended: %w", err)
	}
	return err
}

// logTo sends the log of all apiservers to one file and takes away their right to end the process
// while one of them is being stopped on purpose.
func logTo(path string) (closeLog func(), err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	if err := flags.Parse([]string{"-logtostderr=false", "-alsologtostderr=false", "-stderrthreshold=FATAL"}); err != nil {
		return nil, err
	}
	klog.SetOutput(file)
	klog.OsExit = func(code int) {
		if stopping.Load() {
			runtime.Goexit()
		}
		fmt.Fprintln(os.Stderr, "testplane: an apiserver failed, see", path)
		os.Exit(code)
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	return func() {
		klog.Flush()
		file.Close()
	}, nil
}

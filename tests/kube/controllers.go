package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const controllersStopTimeout = 5 * time.Second

// Those that workloads, owner references and namespaces need. Nodes, volumes and clouds are left
// out: nothing here runs on a machine.
var controllerNames = []string{
	"deployment-controller", "replicaset-controller", "statefulset-controller",
	"daemonset-controller", "job-controller", "cronjob-controller",
	"garbage-collector-controller", "namespace-controller", "disruption-controller",
	"serviceaccount-controller", "serviceaccount-token-controller",
	"root-ca-certificate-publisher-controller", "clusterrole-aggregation-controller",
	"endpoints-controller", "endpointslice-controller", "resourcequota-controller",
	"ttl-after-finished-controller",
}

// controllers is a running kube-controller-manager: a program of its own, because feature gates
// and metrics registries are global to a process.
type controllers struct {
	process *os.Process
	ended   chan error // gets one value
}

// startControllers runs the program that stands beside this one. Its log is DIR/<n>/controllers.log.
func startControllers(c *cluster) (*controllers, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	kubeconfig := c.credentials.file("controllers.kubeconfig")
	if err := c.writeKubeconfig(kubeconfig, "https://"+c.apiserver.address, controllerUser); err != nil {
		return nil, err
	}
	log, err := os.Create(c.credentials.file("controllers.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(filepath.Dir(self), "kube-controller-manager"),
		"--kubeconfig="+kubeconfig,
		"--controllers="+strings.Join(controllerNames, ","),
		"--service-account-private-key-file="+c.credentials.file("service-account.key"),
		"--root-ca-file="+c.credentials.file("ca.crt"),
		"--use-service-account-credentials=false", // one token user: its work is one name in the audit log
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500", "--kube-api-burst=1000",
	)
	cmd.Stdout, cmd.Stderr = log, log
	// It must not outlive this process, even when that is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	started := make(chan error, 1)
	k := &controllers{ended: make(chan error, 1)}
	go func() {
		// The death signal is sent when the starting thread ends, so that thread has to stay.
		runtime.LockOSThread()
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("start kube-controller-manager (scripts/setup builds it): %w", err)
			return
		}
		k.process = cmd.Process
		started <- nil
		k.ended <- cmd.Wait()
	}()
	return k, <-started
}

func (k *controllers) stop() {
	k.process.Signal(syscall.SIGTERM)
	select {
	case <-k.ended:
	case <-time.After(controllersStopTimeout):
		k.process.Kill()
		<-k.ended
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

const planeStopTimeout = 5 * time.Second

// plane is everything that runs: started once, stopped once.
type plane struct {
	config
	etcd        *embed.Etcd
	clusters    []*cluster
	controllers []*controllers
	kubelets    []*kubelet
}

type readyLine struct {
	Ready    bool          `json:"ready"`
	Clusters []clusterLine `json:"clusters"`
}

type clusterLine struct {
	Kubeconfig string `json:"kubeconfig"`
	Server     string `json:"server"`
	UID        string `json:"uid"`
	Audit      string `json:"audit,omitempty"`
}

// start brings everything up. The apiservers are built one after the other, because their options
// touch globals of the process; their start hooks then run side by side.
func (p *plane) start() (err error) {
	if err := os.RemoveAll(filepath.Join(p.dir, "etcd")); err != nil {
		return err
	}
	if p.etcd, err = startEtcd(p.dir); err != nil {
		return err
	}
	for n := 1; n <= p.config.clusters; n++ {
		c, err := p.addCluster(n)
		if err != nil {
			return fmt.Errorf("start apiserver %d: %w", n, err)
		}
		p.clusters = append(p.clusters, c)
	}
	for _, c := range p.clusters {
		if err := p.populate(c); err != nil {
			return err
		}
	}
	return nil
}

func (p *plane) addCluster(n int) (*cluster, error) {
	c := &cluster{n: n, dir: p.dir}
	var err error
	if c.credentials, err = newCredentials(c.path("")); err != nil {
		return nil, err
	}
	port := 0
	if p.portBase > 0 {
		port = p.portBase + n - 1
	}
	cfg := apiserverConfig{
		etcdURL:     "http://" + p.etcd.Clients[0].Addr().String(),
		etcdPrefix:  "/c" + strconv.Itoa(n),
		credentials: c.credentials,
		port:        port,
		controllers: p.kcm,
	}
	if p.front {
		cfg.port = 0
	}
	if p.audit {
		cfg.auditLog = c.path(".audit.jsonl")
		if err := os.RemoveAll(cfg.auditLog); err != nil {
			return nil, err
		}
	}
	if c.apiserver, err = newApiserver(cfg); err != nil {
		return nil, err
	}
	if err := c.apiserver.start(); err != nil {
		return nil, err
	}
	if p.front {
		listen := "127.0.0.1:" + strconv.Itoa(port)
		if c.front, err = newFront(listen, c.apiserver.address); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// populate waits for c and starts what works in it.
func (p *plane) populate(c *cluster) error {
	if err := c.waitReady(); err != nil {
		return err
	}
	if p.kcm {
		k, err := startControllers(c)
		if err != nil {
			return err
		}
		p.controllers = append(p.controllers, k)
	}
	if p.kubelet {
		k, err := startKubelet(c)
		if err != nil {
			return err
		}
		p.kubelets = append(p.kubelets, k)
	}
	return c.writeKubeconfig(c.path(".kubeconfig"), c.server(), adminUser)
}

func (p *plane) ready() readyLine {
	line := readyLine{Ready: true}
	for _, c := range p.clusters {
		one := clusterLine{Kubeconfig: c.path(".kubeconfig"), Server: c.server(), UID: c.uid}
		if p.audit {
			one.Audit = c.path(".audit.jsonl")
		}
		line.Clusters = append(line.Clusters, one)
	}
	return line
}

// stop ends everything, also after a start that failed half way. Nobody reads the data again, so
// servers that are slow to end are left to the end of the process.
func (p *plane) stop() {
	stopping.Store(true)
	for _, k := range p.kubelets {
		k.stop()
	}
	var all sync.WaitGroup
	for _, k := range p.controllers {
		all.Go(k.stop)
	}
	for _, c := range p.clusters {
		if c.front != nil {
			c.front.close()
		}
		if c.apiserver.running() {
			all.Go(func() { c.apiserver.stop() })
		}
	}
	ended := make(chan struct{})
	go func() {
		all.Wait()
		p.etcd.Close()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(planeStopTimeout):
	}
	p.abandon()
}

// abandon removes what would be left over if the process ended now. Controller managers end with
// this process by themselves.
func (p *plane) abandon() { os.RemoveAll(filepath.Join(p.dir, "etcd")) }

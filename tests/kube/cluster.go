package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	readyTimeout = 2 * time.Minute
	readyPoll    = 50 * time.Millisecond
)

// cluster is one apiserver with what stands around it. Its number n counts from 1; its files are
// DIR/<n>.kubeconfig, DIR/<n>.audit.jsonl and the directory DIR/<n>.
type cluster struct {
	n           int
	dir         string
	credentials *credentials
	apiserver   *apiserver
	front       *front // nil: clients connect to the apiserver itself
	uid         string // of the namespace kube-system
}

func (c *cluster) path(suffix string) string {
	return filepath.Join(c.dir, strconv.Itoa(c.n)+suffix)
}

// server is the address that the kubeconfig names.
func (c *cluster) server() string {
	if c.front != nil {
		return "https://" + c.front.address()
	}
	return "https://" + c.apiserver.address
}

// config makes a client configuration that goes to the apiserver directly, past the front.
func (c *cluster) config(user string) *rest.Config {
	return &rest.Config{
		Host:            "https://" + c.apiserver.address,
		BearerToken:     c.credentials.tokens[user],
		TLSClientConfig: rest.TLSClientConfig{CAData: c.credentials.caPEM},
		UserAgent:       user,
		QPS:             -1,
	}
}

// writeKubeconfig gives user a kubeconfig file for server.
func (c *cluster) writeKubeconfig(path, server, user string) error {
	name := "test-" + strconv.Itoa(c.n)
	cfg := clientcmdapi.NewConfig()
	cfg.Clusters[name] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: c.credentials.caPEM}
	cfg.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: c.credentials.tokens[user]}
	cfg.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: user}
	cfg.CurrentContext = name
	return clientcmd.WriteToFile(*cfg, path)
}

// waitReady returns when the apiserver says ready and the namespaces of every cluster are there.
func (c *cluster) waitReady() error {
	client, err := kubernetes.NewForConfig(c.config(adminUser))
	if err != nil {
		return err
	}
	ctx := context.Background()
	var last error
	err = wait.PollUntilContextTimeout(ctx, readyPoll, readyTimeout, true, func(ctx context.Context) (bool, error) {
		select {
		case <-c.apiserver.done:
			return false, fmt.Errorf("it ended: %v", c.apiserver.err)
		default:
		}
		if _, last = client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); last != nil {
			return false, nil
		}
		namespaces := client.CoreV1().Namespaces()
		if _, last = namespaces.Get(ctx, "default", metav1.GetOptions{}); last != nil {
			return false, nil
		}
		system, err := namespaces.Get(ctx, "kube-system", metav1.GetOptions{})
		if last = err; err == nil {
			c.uid = string(system.UID)
		}
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("apiserver %d was not ready in %s: %w (last answer: %v)", c.n, readyTimeout, err, last)
	}
	return nil
}

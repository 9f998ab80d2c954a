package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

const stopTimeout = 30 * time.Second

// auditPolicy records every request once it is answered (and a watch also when it starts), without
// bodies: enough to count reads and writes by user and user agent.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules: [{level: Metadata}]
`

// apiserver is one kube-apiserver in this process. It can be stopped and started again on the same
// port with the same data; start and stop are not safe to call at the same time.
type apiserver struct {
	flags   []string
	address string // 127.0.0.1:port; the port is chosen at the first start
	cancel  context.CancelFunc
	done    chan struct{} // closed when the server has ended
	err     error         // why, valid after done
}

type apiserverConfig struct {
	etcdURL     string
	etcdPrefix  string
	credentials *credentials
	auditLog    string // empty: no audit
	port        int    // 0: any
	controllers bool   // a controller manager will run
}

func newApiserver(cfg apiserverConfig) (*apiserver, error) {
	c := cfg.credentials
	disabled := "TaintNodesByCondition" // nothing would take the taint of a new node away
	if !cfg.controllers {
		disabled += ",ServiceAccount" // nothing makes the accounts that it waits for
	}
	flags := []string{
		"--etcd-servers=" + cfg.etcdURL,
		"--etcd-prefix=" + cfg.etcdPrefix,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged=true",
		"--authorization-mode=RBAC",
		"--token-auth-file=" + c.file("tokens.csv"),
		"--tls-cert-file=" + c.file("server.crt"),
		"--tls-private-key-file=" + c.file("server.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + c.file("service-account.key"),
		"--service-account-key-file=" + c.file("service-account.key"),
		"--disable-admission-plugins=" + disabled,
		"--profiling=false",
	}
	if cfg.auditLog != "" {
		policy := c.file("audit-policy.yaml")
		if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
			return nil, err
		}
		// Blocking: the line is in the file before the next request of the same client.
		flags = append(flags, "--audit-policy-file="+policy, "--audit-log-path="+cfg.auditLog,
			"--audit-log-mode=blocking", "--audit-log-maxsize=4096")
	}
	return &apiserver{flags: flags, address: fmt.Sprintf("127.0.0.1:%d", cfg.port)}, nil
}

func (a *apiserver) running() bool { return a.cancel != nil }

// start returns when the server accepts connections; it is ready some hooks later.
func (a *apiserver) start() error {
	if a.running() {
		return errors.New("is running already")
	}
	listener, err := net.Listen("tcp", a.address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	run, err := prepareApiserver(ctx, listener, a.flags)
	if err != nil {
		cancel()
		listener.Close()
		return err
	}
	a.address = listener.Addr().String()
	a.cancel = cancel
	a.done = make(chan struct{})
	done := a.done
	go func() {
		defer close(done)
		a.err = run(ctx)
	}()
	return nil
}

// stop ends the server as SIGTERM would: open watches end, requests in flight are answered.
func (a *apiserver) stop() error {
	if !a.running() {
		return errors.New("is not running")
	}
	a.cancel()
	a.cancel = nil
	select {
	case <-a.done:
		return a.err
	case <-time.After(stopTimeout):
		return fmt.Errorf("still running %s after it was told to stop", stopTimeout)
	}
}

// prepareApiserver does what the kube-apiserver command does up to its last step, with a listener
// of our own instead of a port number.
func prepareApiserver(ctx context.Context, listener net.Listener,
	args []string) (func(context.Context) error, error) {
	s := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range s.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	s.SecureServing.Listener = listener
	s.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, err
	}
	completed, err := s.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if errs := completed.Validate(); len(errs) != 0 {
		return nil, utilerrors.NewAggregate(errs)
	}
	config, err := app.NewConfig(completed)
	if err != nil {
		return nil, err
	}
	chain, err := config.Complete()
	if err != nil {
		return nil, err
	}
	server, err := app.CreateServerChain(chain)
	if err != nil {
		return nil, err
	}
	prepared, err := server.PrepareRun()
	if err != nil {
		return nil, err
	}
	return prepared.Run, nil
}

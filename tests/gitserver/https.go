package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
)

type connectionKey struct{}

// webServer is git http-backend behind TLS.
type webServer struct {
	root         string
	certificates map[string]*tls.Certificate
	fault        fault
	current      atomic.Pointer[tls.Certificate]
}

// use makes new connections see this certificate.
func (s *webServer) use(certificate string) { s.current.Store(s.certificates[certificate]) }

func (s *webServer) listen(name string) (int, error) {
	s.use("good")
	listener, port, err := loopback()
	if err != nil {
		return 0, err
	}
	backend, err := gitProgram("git-http-backend")
	if err != nil {
		return 0, err
	}
	git := &cgi.Handler{
		Path: backend,
		Env:  []string{"GIT_PROJECT_ROOT=" + s.root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1"},
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(os.Stderr, name, r.Method, r.URL.Path, r.Header.Get("Authorization") != "")
			s.answer(w, r, git)
		}),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, c)
		},
		TLSConfig: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.current.Load(), nil
		}},
	}
	go func() { fail(server.ServeTLS(listener, "", "")) }()
	return port, nil
}

func (s *webServer) answer(w http.ResponseWriter, r *http.Request, git http.Handler) {
	if strings.HasPrefix(r.URL.Path, "/private/") {
		user, password, _ := r.BasicAuth()
		if user != "deploy" || password != "right" {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	what, argument, number := s.fault.get()
	switch {
	case what == "moved" && r.Method == http.MethodGet && !leadsHere(argument, r):
		w.Header().Set("Location", argument)
		w.WriteHeader(http.StatusFound)
		return
	case what == "status":
		w.WriteHeader(int(number))
		return
	case what == "flip" && r.Method == http.MethodPost:
		w = &brokenWriter{w, &flipped{to: w, left: number}}
	case (what == "cut" || what == "stall" || what == "short") && r.Method == http.MethodPost:
		w = s.broken(w, r, what, number)
	}
	git.ServeHTTP(w, r)
}

// broken ends the connection after so many bytes without a word in TLS or HTTP, or the answer, or
// sends no more.
func (s *webServer) broken(w http.ResponseWriter, r *http.Request, what string, bytes int64) http.ResponseWriter {
	return &brokenWriter{w, &limited{to: w, left: bytes, spent: func() {
		_ = http.NewResponseController(w).Flush()
		if what == "stall" {
			<-r.Context().Done()
			return
		}
		if what == "short" {
			return
		}
		_ = r.Context().Value(connectionKey{}).(*tls.Conn).NetConn().Close()
	}}}
}

type brokenWriter struct {
	http.ResponseWriter
	body io.Writer
}

func (w *brokenWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

func leadsHere(location string, r *http.Request) bool {
	to, err := url.Parse(location)
	return err == nil && to.Path == r.URL.Path && (to.Host == "" || to.Host == r.Host)
}

// gitProgram finds a program of Git that is not in PATH.
func gitProgram(name string) (string, error) {
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "", fmt.Errorf("git --exec-path: %w", err)
	}
	return strings.TrimSpace(string(path)) + "/" + name, nil
}

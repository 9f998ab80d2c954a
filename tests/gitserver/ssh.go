package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sshServer starts one sshd for each connection, as inetd does, so that it needs no port of its own.
type sshServer struct {
	dir   string
	fault fault
}

func (s *sshServer) listen() (int, error) {
	listener, port, err := loopback()
	if err != nil {
		return 0, err
	}
	if err := s.configure(port); err != nil {
		return 0, err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				fail(err)
			}
			go s.connected(connection.(*net.TCPConn))
		}
	}()
	return port, nil
}

func (s *sshServer) configure(port int) error {
	if os.Geteuid() == 0 {
		// Where sshd locks its half without privileges into; a system with sshd running has it.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return err
		}
	}
	for _, key := range [][2]string{{"host_key", ""}, {"other_host_key", ""}, {"key", ""}, {"other-key", ""}, {"locked-key", "secret"}} {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", key[1], "-C", "", "-f", s.dir+"/"+key[0]).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ssh-keygen: %w: %s", err, out)
		}
	}
	for file, key := range map[string]string{"known_hosts": "host_key.pub", "other-known_hosts": "other_host_key.pub"} {
		public, err := os.ReadFile(s.dir + "/" + key)
		if err != nil {
			return err
		}
		line := fmt.Sprintf("[127.0.0.1]:%d %s\n", port, strings.TrimSpace(string(public)))
		if err := os.WriteFile(s.dir+"/"+file, []byte(line), 0o600); err != nil {
			return err
		}
	}
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	config := "HostKey " + dir + "/host_key\nAuthorizedKeysFile " + dir + "/key.pub " + dir + "/locked-key.pub\n" +
		"StrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n" +
		"KbdInteractiveAuthentication no\nPidFile none\nPrintMotd no\n"
	return os.WriteFile(s.dir+"/sshd_config", []byte(config), 0o600)
}

func (s *sshServer) connected(client *net.TCPConn) {
	defer client.Close()
	ours, theirs, err := pair()
	if err != nil {
		fail(err)
	}
	defer ours.Close()
	self, err := os.Executable()
	if err != nil {
		fail(err)
	}
	// Beside this program, by its absolute path: it starts itself again.
	command := exec.Command(filepath.Join(filepath.Dir(self), "sshd"), "-i", "-e", "-f", s.dir+"/sshd_config")
	command.Stdin, command.Stdout = theirs, theirs
	log, err := os.OpenFile(s.dir+"/sshd.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fail(err)
	}
	defer log.Close()
	command.Stderr = log
	if err := command.Start(); err != nil {
		fail(err)
	}
	theirs.Close()
	go func() {
		_, _ = io.Copy(ours, client)
		_ = ours.CloseWrite()
	}()
	var to io.Writer = client
	if what, _, bytes := s.fault.get(); what == "cut" || what == "stall" {
		to = &limited{to: client, left: bytes, spent: func() {
			if what == "stall" {
				_, _ = io.Copy(io.Discard, ours)
			}
		}}
	}
	_, _ = io.Copy(to, ours)
	client.Close()
	ours.Close()
	_ = command.Wait()
}

// pair is a connection of this process with itself; sshd wants a socket that has an address.
func pair() (*net.TCPConn, *os.File, error) {
	listener, _, err := loopback()
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	ours, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	accepted, err := listener.Accept()
	if err != nil {
		return nil, nil, err
	}
	defer accepted.Close()
	theirs, err := accepted.(*net.TCPConn).File()
	return ours.(*net.TCPConn), theirs, err
}

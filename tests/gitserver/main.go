// Gitserver serves the repositories below one directory over https and ssh on loopback, and breaks
// off, stalls or redirects when it is told to.
//
//	gitserver --root DIR --dir DIR
//
// https://127.0.0.1:PORT/PATH is `git http-backend`; below /private/ it wants user "deploy" and the
// password of the file token. ssh://USER@127.0.0.1:PORT/ABSOLUTE/PATH is OpenSSH's sshd for the user
// that runs it. In --dir it makes what a client needs, named as a credentials directory has it:
//
//	ca.pem other-ca.pem        the authority of the certificate, and a stranger
//	token other-token          the password, and a wrong one
//	key other-key locked-key   a key that may log in, one that may not, one with a passphrase
//	known_hosts                the host key of the server, under its name and port
//	other-known_hosts          the same name with another key
//
// It prints "https PORT other PORT ssh PORT" when it listens ("other" is a second https server, for
// redirects) and then answers each line on stdin with "ok":
//
//	https serve | https cut BYTES | https stall BYTES | https short BYTES | https flip BYTES
//	https status CODE | https moved LOCATION
//	ssh serve | ssh cut BYTES | ssh stall BYTES
//	certificate good | expired | other-host | self-signed | other-ca
//
// They count bytes of the pack's answer over https, and of all that sshd sends over ssh. Cut ends the
// connection there, short ends the answer as if it were whole, flip changes one bit there.
// Moved answers requests for anything but LOCATION. It logs a line for each https request to stderr,
// and ends at the end of stdin.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

func main() {
	root := flag.String("root", "", "directory of the repositories")
	dir := flag.String("dir", "", "directory for keys and certificates (made when missing)")
	flag.Parse()
	if *root == "" || *dir == "" {
		fail(fmt.Errorf("--root and --dir are needed"))
	}
	if err := serve(*root, *dir); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "gitserver:", err)
	os.Exit(1)
}

func serve(root, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	certificates, err := makeCertificates(dir)
	if err != nil {
		return err
	}
	for name, password := range map[string]string{"token": "right", "other-token": "wrong"} {
		if err := os.WriteFile(dir+"/"+name, []byte(password+"\n"), 0o600); err != nil {
			return err
		}
	}
	web := &webServer{root: root, certificates: certificates}
	webPort, err := web.listen("https")
	if err != nil {
		return err
	}
	other := &webServer{root: root, certificates: certificates}
	otherPort, err := other.listen("other")
	if err != nil {
		return err
	}
	shell := &sshServer{dir: dir}
	sshPort, err := shell.listen()
	if err != nil {
		return err
	}
	fmt.Printf("https %d other %d ssh %d\n", webPort, otherPort, sshPort)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		server, order, _ := strings.Cut(lines.Text(), " ")
		switch server {
		case "https":
			web.fault.set(order)
		case "ssh":
			shell.fault.set(order)
		case "certificate":
			web.use(order)
		default:
			return fmt.Errorf("unknown order %q", lines.Text())
		}
		fmt.Println("ok")
	}
	return nil
}

func loopback() (net.Listener, int, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, 0, err
	}
	return listener, listener.Addr().(*net.TCPAddr).Port, nil
}

// splitFault gives the words of "cut 1000": what, and how many bytes or which argument.
func splitFault(order string) (what, argument string, number int64) {
	what, argument, _ = strings.Cut(order, " ")
	number, _ = strconv.ParseInt(argument, 10, 64)
	return what, argument, number
}

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names of the token users. All are in system:masters; the names tell them apart in the audit log.
const (
	adminUser      = "admin"
	controllerUser = "system:kube-controller-manager"
	kubeletUser    = "testplane-kubelet"
)

// credentials are what one cluster needs to trust and be trusted: its own CA, a serving
// certificate for loopback, a key for service account tokens and one bearer token per user.
// Every cluster has its own, so that a kubeconfig of one is refused by all others.
type credentials struct {
	dir    string // holds the files below, mode 0700
	caPEM  []byte
	tokens map[string]string // user -> token
}

func (c *credentials) file(name string) string { return filepath.Join(c.dir, name) }

func newCredentials(dir string) (*credentials, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	c := &credentials{dir: dir, tokens: map[string]string{}}
	if err := c.writeCertificates(); err != nil {
		return nil, err
	}
	if _, err := c.writeKey("service-account.key"); err != nil {
		return nil, err
	}
	return c, c.writeTokens()
}

func (c *credentials) writeCertificates() error {
	caKey, err := c.writeKey("ca.key")
	if err != nil {
		return err
	}
	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "test plane " + filepath.Base(c.dir)},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if c.caPEM, err = c.writeCertificate("ca.crt", ca, ca, &caKey.PublicKey, caKey); err != nil {
		return err
	}
	key, err := c.writeKey("server.key")
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    ca.NotBefore,
		NotAfter:     ca.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost", "kubernetes", "kubernetes.default.svc"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	_, err = c.writeCertificate("server.crt", leaf, ca, &key.PublicKey, caKey)
	return err
}

func (c *credentials) writeKey(name string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return key, os.WriteFile(c.file(name), block, 0o600)
}

func (c *credentials) writeCertificate(name string, template, parent *x509.Certificate,
	public *ecdsa.PublicKey, signer *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return block, os.WriteFile(c.file(name), block, 0o644)
}

// writeTokens makes tokens.csv in the format of --token-auth-file: token,user,uid,"group".
func (c *credentials) writeTokens() error {
	var lines []byte
	for _, user := range []string{adminUser, controllerUser, kubeletUser} {
		var random [16]byte
		if _, err := rand.Read(random[:]); err != nil {
			return err
		}
		c.tokens[user] = hex.EncodeToString(random[:])
		lines = fmt.Appendf(lines, "%s,%s,%s,\"system:masters\"\n", c.tokens[user], user, user)
	}
	return os.WriteFile(c.file("tokens.csv"), lines, 0o600)
}

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// makeCertificates writes ca.pem and other-ca.pem; the server's certificates are by what is wrong with them.
func makeCertificates(dir string) (map[string]*tls.Certificate, error) {
	ca, err := makeAuthority(dir + "/ca.pem")
	if err != nil {
		return nil, err
	}
	stranger, err := makeAuthority(dir + "/other-ca.pem")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	kinds := []struct {
		name   string
		issuer *authority
		host   string
		until  time.Time
	}{
		{"good", ca, "127.0.0.1", now.Add(time.Hour)},
		{"expired", ca, "127.0.0.1", now.Add(-time.Hour)},
		{"other-host", ca, "192.0.2.1", now.Add(time.Hour)},
		{"self-signed", nil, "127.0.0.1", now.Add(time.Hour)},
		{"other-ca", stranger, "127.0.0.1", now.Add(time.Hour)},
	}
	made := map[string]*tls.Certificate{}
	for _, kind := range kinds {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(now.UnixNano()),
			Subject:      pkix.Name{CommonName: "git"},
			NotBefore:    now.Add(-24 * time.Hour),
			NotAfter:     kind.until,
			KeyUsage:     x509.KeyUsageDigitalSignature,
			ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			IPAddresses:  []net.IP{net.ParseIP(kind.host)},
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		issuer := kind.issuer
		if issuer == nil {
			issuer = &authority{template, key}
		}
		der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, &key.PublicKey, issuer.key)
		if err != nil {
			return nil, err
		}
		made[kind.name] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	return made, nil
}

func makeAuthority(file string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: file},
		NotBefore:             time.Now().Add(-24 * time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return &authority{template, key}, os.WriteFile(file, block, 0o600)
}

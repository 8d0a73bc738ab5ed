// SPDX-License-Identifier: Apache-2.0

package piv_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"sync"
	"testing"
	"time"

	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/readers"
)

const (
	testPIN = "123456"
	testPUK = "12345678"
)

// daemon is the real pcscd: its client library reads the socket's name once per process.
var daemon *readers.Daemon

func TestMain(m *testing.M) {
	code, err := withDaemon(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withDaemon(m *testing.M) (code int, err error) {
	if daemon, err = readers.Start(context.Background()); err != nil {
		return 1, err
	}
	defer func() { _ = daemon.Close() }()
	if err := os.Setenv(readers.SocketVariable, daemon.Socket()); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// makeKeys are made once: RSA takes its time.
var makeKeys = sync.OnceValue(func() map[string]crypto.Signer {
	p256, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, err2 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	rsa2048, err3 := rsa.GenerateKey(rand.Reader, 2048)
	if err1 != nil || err2 != nil || err3 != nil {
		panic("no keys")
	}
	return map[string]crypto.Signer{"P-256": p256, "P-384": p384, "RSA-2048": rsa2048}
})

func selfSigned(t testing.TB, key crypto.Signer, name string) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// config has the named kind of key under 9C and 9A, P-256 elsewhere.
func config(t testing.TB, kind string) piv.Config {
	t.Helper()
	keys := makeKeys()
	cfg := piv.Config{PIN: testPIN, PUK: testPUK, Certificates: map[byte][]byte{}, Keys: map[byte]crypto.Signer{
		piv.Authentication: keys[kind], piv.DigitalSignature: keys[kind],
		piv.KeyManagement: keys["P-256"], piv.CardAuthentication: keys["P-256"],
	}}
	for ref, key := range cfg.Keys {
		cfg.Certificates[ref] = selfSigned(t, key, fmt.Sprintf("Key %02X", ref))
	}
	return cfg
}

// newCard makes a card under power.
func newCard(t testing.TB, kind string, change func(*piv.Config)) *piv.Card {
	t.Helper()
	cfg := config(t, kind)
	if change != nil {
		change(&cfg)
	}
	c, err := piv.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.PowerOn()
	return c
}

// SPDX-License-Identifier: Apache-2.0

package pkcs11_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/tokens"
)

// rig is what every test here uses; SoftHSM reads its configuration once per process, so there is one store.
type rig struct {
	store  *tokens.Store
	faulty *faultmodule.Compiled
	gost   *gostRig
	ids    map[string]*pki.Identity // by name, see makeRig
}

var theRig *rig // written before the tests start

const (
	tokenVera = "zaver vera"
	tokenOdd  = "odd"
	userPIN   = "12345678"
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "zaver-pkcs11-*")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if theRig, err = makeRig(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, "set-up:", err)
			return 1
		}
		os.Setenv("SOFTHSM2_CONF", theRig.store.Config())
		return m.Run()
	}())
}

func makeRig(ctx context.Context, dir string) (*rig, error) {
	authority, err := pki.Start(pki.Config{})
	if err != nil {
		return nil, err
	}
	defer authority.Close()
	r := &rig{ids: make(map[string]*pki.Identity)}
	for name, kind := range map[string]pki.KeyKind{"rsa": pki.RSA2048, "p256": pki.P256, "p384": pki.P384,
		"bare": pki.P256, "moved": pki.P256, "first": pki.P256, "second": pki.P256, "lonely": pki.P256} {
		if r.ids[name], err = authority.Make(pki.Order{Person: people.TokenHolder(), Keys: kind}); err != nil {
			return nil, err
		}
	}
	if r.faulty, err = faultmodule.Compile(ctx, dir); err != nil {
		return nil, err
	}
	if r.gost, err = makeGOST(ctx, dir, authority); err != nil {
		return nil, err
	}
	if r.store, err = tokens.New(filepath.Join(dir, "store")); err != nil {
		return nil, err
	}
	if err := r.store.Add(ctx, tokens.For(people.TokenHolder(), r.ids["rsa"], r.ids["p256"], r.ids["p384"])); err != nil {
		return nil, err
	}
	return r, r.store.Add(ctx, tokens.Token{Label: tokenOdd, PIN: userPIN, SOPIN: "87654321", Entries: []tokens.Entry{
		{ID: []byte{1}, Label: "a certificate without a key", Certificate: r.ids["bare"].DER},
		{ID: []byte{2}, Label: "a key without a certificate", Key: r.ids["lonely"].Key},
		{ID: []byte{3}, Label: "a key under one ID", Key: r.ids["moved"].Key},
		{ID: []byte{4}, Label: "its certificate under another", Certificate: r.ids["moved"].DER},
		{ID: []byte{6}, Label: "one of two keys with one ID", Key: r.ids["first"].Key},
		{ID: []byte{6}, Label: "the other of two keys", Key: r.ids["second"].Key},
		{ID: []byte{6}, Label: "the other's certificate", Certificate: r.ids["second"].DER},
		{ID: []byte{7}, Label: "the same once more", Certificate: r.ids["second"].DER},
	}})
}

func (r *rig) certificate(t *testing.T, name string) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(r.ids[name].DER)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// install puts a copy of the fault module with orders of its own into the test's folder.
func (r *rig) install(t testing.TB, orders ...faultmodule.Order) *faultmodule.Module {
	t.Helper()
	m, err := r.faulty.Install(filepath.Join(t.TempDir(), "fault.so"), r.store.Module(), orders...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newPIN(t testing.TB, s string) *pin.PIN {
	p := pin.New([]byte(s))
	t.Cleanup(p.Wipe)
	return p
}

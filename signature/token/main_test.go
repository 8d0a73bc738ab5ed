// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/tokens"
)

// asWorker makes this test binary run as a worker process.
const asWorker = "pkcs11-worker"

// asHardened makes it print how a hardened process stands.
const asHardened = "show-hardened"

func showHardened() int {
	if err := token.Harden(); err != nil {
		fmt.Println(err)
		return 1
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	var core unix.Rlimit
	err = errors.Join(err, unix.Getrlimit(unix.RLIMIT_CORE, &core))
	fmt.Println(dumpable, core.Cur, core.Max, err)
	return 0
}

// rig is made once: three good tokens in one SoftHSM store, and the compiled fault module.
type rig struct {
	store  *tokens.Store
	faulty *faultmodule.Compiled
	gost   *gostRig
	ids    map[string]*pki.Identity
}

var theRig *rig // written before the tests start

const (
	tokenVera   = "zaver vera"
	tokenOdd    = "variants"
	tokenSecond = "second"
	userPIN     = "12345678"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asWorker {
		os.Exit(token.ServeWorker(os.Stdin, os.Stdout))
	}
	if len(os.Args) == 2 && os.Args[1] == asHardened {
		os.Exit(showHardened())
	}
	if len(os.Args) == 3 && os.Args[1] == asHostile {
		os.Exit(serveHostile(os.Args[2]))
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "zaver-token-*")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if theRig, err = makeRig(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, "set-up:", err)
			return 1
		}
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
	for name, o := range map[string]pki.Order{
		"rsa": {Keys: pki.RSA2048}, "p256": {Keys: pki.P256}, "p384": {Keys: pki.P384}, "second": {Keys: pki.P256},
		"expired": {Variant: pki.Expired}, "early": {Variant: pki.NotYetValid}, "usage": {Variant: pki.WrongUsage}, "keyless": {}, "lonely": {},
	} {
		o.Person = people.TokenHolder()
		if r.ids[name], err = authority.Make(o); err != nil {
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
	vera := tokens.For(people.TokenHolder(), r.ids["rsa"], r.ids["p256"], r.ids["p384"])
	second := tokens.For(people.TokenHolder(), r.ids["second"])
	second.Label = tokenSecond
	odd := tokens.For(people.TokenHolder(), r.ids["expired"], r.ids["early"], r.ids["usage"])
	odd.Label = tokenOdd
	odd.Entries = append(odd.Entries,
		tokens.Entry{ID: []byte{8}, Label: "authority", Certificate: authority.Authority(pki.CA).DER()},
		tokens.Entry{ID: []byte{9}, Label: "keyless", Certificate: r.ids["keyless"].DER},
		tokens.Entry{ID: []byte{10}, Label: "lonely", Key: r.ids["lonely"].Key})
	for _, t := range []tokens.Token{vera, second, odd} {
		if err := r.store.Add(ctx, t); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// host makes a Host over the given libraries, with what the test changes in its configuration.
func (r *rig) host(t testing.TB, change func(*token.Config), modules ...string) *token.Host {
	t.Helper()
	cfg := token.Config{Modules: modules, Worker: []string{"/proc/self/exe", asWorker}, Env: r.store.Env()}
	if self, err := os.Executable(); err == nil {
		cfg.Worker[0] = self
	}
	if change != nil {
		change(&cfg)
	}
	h, err := token.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// parsed is one of the rig's certificates.
func (r *rig) parsed(t testing.TB, name string) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(r.ids[name].DER)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ownStore gives a test that runs beside others tokens of its own: every login makes SoftHSM rewrite the token's file.
func (r *rig) ownStore(t *testing.T) func(*token.Config) {
	t.Helper()
	dir, err := os.MkdirTemp("", "zaver-store-*") // SoftHSM reads no path with the "=" of a test's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := r.store.Clone(dir)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *token.Config) { c.Env = s.Env() }
}

func (r *rig) install(t testing.TB, orders ...faultmodule.Order) *faultmodule.Module {
	t.Helper()
	m, err := r.faulty.Install(filepath.Join(t.TempDir(), "fault.so"), r.store.Module(), orders...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// credential finds one of the rig's certificates in a listing.
func (r *rig) credential(t testing.TB, list []token.Token, name string) token.Credential {
	t.Helper()
	for _, tok := range list {
		for _, c := range tok.Credentials {
			if c.Certificate != nil && string(c.Certificate.Raw) == string(r.ids[name].DER) {
				return c
			}
		}
	}
	t.Fatalf("certificate %q is not listed on %d tokens", name, len(list))
	return token.Credential{}
}

func list(t testing.TB, h *token.Host) []token.Token {
	t.Helper()
	tokens, problems := h.List(context.Background())
	for _, p := range problems {
		t.Fatalf("list: %s: %v", p.Code, p.Err)
	}
	return tokens
}

func sign(ctx context.Context, h *token.Host, c token.Credential, p *pin.PIN) error {
	k := c.Certificate.PublicKey
	a, err := algo.ForKey(k.Kind(), k.Bits())
	if err != nil {
		return err
	}
	digest := a.Digest.Sum([]byte("statement"))
	sig, err := h.Sign(ctx, c.Ref, p, a, digest)
	if err != nil {
		return err
	}
	return k.Verify(a, digest, sig)
}

func newPIN(t testing.TB, s string) *pin.PIN {
	p := pin.New([]byte(s))
	t.Cleanup(p.Wipe)
	return p
}

func codeOf(err error) string {
	var own *token.Error
	var pinErr *pin.Error
	var unsettled *pin.Unsettled
	switch {
	case err == nil:
		return ""
	case errors.As(err, &unsettled):
		return unsettled.Code()
	case errors.As(err, &own):
		return own.Code
	case errors.As(err, &pinErr):
		return pinErr.Code()
	}
	return err.Error()
}

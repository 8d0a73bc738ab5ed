// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/signature/pin"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// gostRig is a token with GOST keys that it made itself, and certificates for them.
type gostRig struct {
	compiled *gosttoken.Compiled
	store    *gosttoken.Store
	token    gosttoken.Token
	ids      map[mint.Kind]*pki.Identity
}

func gostKinds() []mint.Kind {
	return []mint.Kind{mint.GOST256A, mint.GOST256TCA, mint.GOST512A, mint.GOST512C, mint.GOST2001A}
}

func makeGOST(ctx context.Context, dir string, authority *pki.PKI) (*gostRig, error) {
	c, err := gosttoken.Compile(ctx, dir)
	if err != nil {
		return nil, err
	}
	g := &gostRig{compiled: c, ids: make(map[mint.Kind]*pki.Identity)}
	if g.store, err = c.Store(filepath.Join(dir, "gost")); err != nil {
		return nil, err
	}
	g.token = gosttoken.For(people.TokenHolder(), gostKinds()...)
	return g, g.store.Issue(ctx, g.token, func(i int, key mint.SPKI) ([]byte, error) {
		id, err := authority.Make(pki.Order{Person: people.TokenHolder(), PublicKey: key})
		if err != nil {
			return nil, err
		}
		g.ids[gostKinds()[i]] = id
		return id.DER, nil
	})
}

// copyOf gives a test tokens of its own.
func (g *gostRig) copyOf(t testing.TB, options ...gosttoken.Option) *gosttoken.Store {
	t.Helper()
	s, err := g.store.Clone(g.compiled, filepath.Join(t.TempDir(), "store"), options...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// credential finds the certificate of a kind in a listing.
func (g *gostRig) credential(t testing.TB, found []token.Token, kind mint.Kind) token.Credential {
	t.Helper()
	for _, tok := range found {
		for _, c := range tok.Credentials {
			if c.Certificate != nil && bytes.Equal(c.Certificate.Raw, g.ids[kind].DER) {
				return c
			}
		}
	}
	t.Fatalf("certificate of %s is not listed on %d tokens", kind, len(found))
	return token.Credential{}
}

// TestGOST lists and signs through worker processes, whichever half the module puts first.
func TestGOST(t *testing.T) {
	for name, options := range map[string][]gosttoken.Option{"s before r": nil, "r before s": {gosttoken.OrderRS}} {
		t.Run(name, func(t *testing.T) {
			g := theRig.gost
			h := theRig.host(t, nil, g.copyOf(t, options...).Module())
			found := list(t, h)
			if len(found) != 1 || len(found[0].Credentials) != len(gostKinds()) || found[0].Model != "GOST 2012" {
				t.Fatalf("listed %+v", found)
			}
			for _, kind := range gostKinds() {
				c := g.credential(t, found, kind)
				if kind == mint.GOST2001A {
					if c.Usable || c.Reason != token.ReasonLegacy {
						t.Errorf("a key of 2001: usable %t, %q", c.Usable, c.Reason)
					}
					a, err := algo.ByName("gost2001")
					if err != nil {
						t.Fatal(err)
					}
					if _, err := h.Sign(t.Context(), c.Ref, newPIN(t, g.token.PIN), a, make([]byte, 32)); codeOf(err) != token.CodeUnsupported {
						t.Errorf("a signature by a key of 2001: %v", err)
					}
					continue
				}
				if !c.Usable {
					t.Errorf("%s can't be used: %s", kind, c.Reason)
				}
				if err := sign(t.Context(), h, c, newPIN(t, g.token.PIN)); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		})
	}
}

// TestGOSTTries walks down to the last try, which is not spent unless the person was told, and to the lock.
func TestGOSTTries(t *testing.T) {
	g := theRig.gost
	h := theRig.host(t, nil, g.copyOf(t).Module())
	shown := g.credential(t, list(t, h), mint.GOST256A)
	try := func(c token.Credential, number, want string) {
		t.Helper()
		if got := codeOf(sign(t.Context(), h, c, newPIN(t, number))); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	try(shown, "00000000", "pin.wrong")
	try(shown, "00000000", "pin.wrong")
	try(shown, g.token.PIN, token.CodeLastTry)
	told := g.credential(t, list(t, h), mint.GOST256A)
	try(told, g.token.PIN, "")
	try(shown, "00000000", "pin.wrong")
	try(shown, "00000000", "pin.wrong")
	told = g.credential(t, list(t, h), mint.GOST256A)
	try(told, "00000000", "pin.blocked")
	try(told, g.token.PIN, "pin.blocked")
	if found := list(t, h); found[0].Problem != pin.ReasonBlocked || !found[0].Tries.Blocked() {
		t.Errorf("a locked token says %q, %v", found[0].Problem, found[0].Tries)
	}
}

// TestGOSTKeypad takes the PIN on the token.
func TestGOSTKeypad(t *testing.T) {
	g := theRig.gost
	h := theRig.host(t, nil, g.copyOf(t, gosttoken.Pad(g.token.PIN)).Module())
	found := list(t, h)
	if !found[0].ProtectedPath {
		t.Error("the keypad is not told")
	}
	if err := sign(t.Context(), h, g.credential(t, found, mint.GOST512A), nil); err != nil {
		t.Error(err)
	}
	h = theRig.host(t, nil, g.copyOf(t, gosttoken.PadCancel).Module())
	if got := codeOf(sign(t.Context(), h, g.credential(t, list(t, h), mint.GOST512A), nil)); got != "pin.cancelled" {
		t.Errorf("red key: %q", got)
	}
}

// TestGOSTFaults lets the module crash, and answer with what no order of halves can mend.
func TestGOSTFaults(t *testing.T) {
	g := theRig.gost
	for order, want := range map[faultmodule.Order]string{
		faultmodule.Crash("C_Sign"):      token.CodeCrashed,
		faultmodule.DER:                  token.CodeModule,
		faultmodule.Fail("C_Sign", 0x32): token.CodeRemoved,
		faultmodule.Swapped:              "",
	} {
		m, err := theRig.faulty.Install(filepath.Join(t.TempDir(), "fault.so"), g.copyOf(t).Module(), order)
		if err != nil {
			t.Fatal(err)
		}
		h := theRig.host(t, nil, m.Path())
		if got := codeOf(sign(t.Context(), h, g.credential(t, list(t, h), mint.GOST256A), newPIN(t, g.token.PIN))); got != want {
			t.Errorf("%s: %q, want %q", order, got, want)
		}
	}
}

// hand makes a credential a cms.Signer, as the agent does.
type hand struct {
	host *token.Host
	ref  token.CredentialRef
	pin  *pin.PIN
}

func (h hand) SignDigest(ctx context.Context, a algo.Algorithm, digest []byte) ([]byte, error) {
	return h.host.Sign(ctx, h.ref, h.pin, a, digest)
}

// TestGOSTToCMS goes all the way: token, CAdES-BES, and OpenSSL's GOST engine that accepts it, and refuses it when a byte of it is changed.
func TestGOSTToCMS(t *testing.T) {
	g, ssl := theRig.gost, gostpeer.New(t)
	h := theRig.host(t, nil, g.copyOf(t, gosttoken.OrderRS).Module())
	found := list(t, h)
	for _, kind := range []mint.Kind{mint.GOST256A, mint.GOST256TCA, mint.GOST512A, mint.GOST512C} {
		t.Run(string(kind), func(t *testing.T) {
			c := g.credential(t, found, kind)
			chain := g.ids[kind].Chain
			der, err := cms.Sign(t.Context(), cms.Request{
				Content: []byte("Я подтверждаю личность."), Certificate: c.Certificate, Chain: parsed(t, chain[:len(chain)-1]), SigningTime: time.Now(),
				Signer: hand{h, c.Ref, newPIN(t, g.token.PIN)},
			})
			if err != nil {
				t.Fatal(err)
			}
			trust := gostpeer.Verifying{Anchors: chain[len(chain)-1:]}
			if err := ssl.VerifyCMS(der, nil, trust); err != nil {
				t.Errorf("OpenSSL refuses: %v", err)
			}
			if at := bytes.Index(der, []byte("подтверждаю")); at < 0 {
				t.Error("no content inside")
			} else {
				der[at+1] ^= 1
			}
			if err := ssl.VerifyCMS(der, nil, trust); err == nil {
				t.Error("OpenSSL accepts changed content")
			}
		})
	}
}

func parsed(t *testing.T, list [][]byte) (out []*cert.Certificate) {
	t.Helper()
	for _, der := range list {
		c, err := cert.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// BenchmarkGOST is the time from the PIN to a checked signature, as BenchmarkSign has it for other keys.
func BenchmarkGOST(b *testing.B) {
	g := theRig.gost
	h := theRig.host(b, nil, g.copyOf(b).Module())
	for _, kind := range []mint.Kind{mint.GOST256A, mint.GOST512A} {
		c := g.credential(b, list(b, h), kind)
		work := func() {
			if err := sign(b.Context(), h, c, newPIN(b, g.token.PIN)); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(string(kind)+"/warm", func(b *testing.B) { measure(b, func() { list(b, h) }, work) })
		b.Run(string(kind)+"/cold", func(b *testing.B) { measure(b, func() {}, work) })
	}
}

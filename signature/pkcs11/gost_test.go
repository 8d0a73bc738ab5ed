// SPDX-License-Identifier: Apache-2.0

package pkcs11_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/signature/pkcs11"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// gostRig is a token with a key on each parameter set, and certificates for them.
type gostRig struct {
	compiled *gosttoken.Compiled
	store    *gosttoken.Store
	token    gosttoken.Token
	wrapped  *gosttoken.Store // the same kinds, public keys in an OCTET STRING
	certs    map[*gosttoken.Store]map[mint.Kind]*cert.Certificate
}

func makeGOST(ctx context.Context, dir string, authority *pki.PKI) (*gostRig, error) {
	c, err := gosttoken.Compile(ctx, dir)
	if err != nil {
		return nil, err
	}
	g := &gostRig{compiled: c, certs: make(map[*gosttoken.Store]map[mint.Kind]*cert.Certificate)}
	kinds := append(mint.GOSTKinds(), mint.GOST2001A)
	g.token = gosttoken.For(people.TokenHolder(), kinds...)
	issue := func(s *gosttoken.Store) error {
		g.certs[s] = make(map[mint.Kind]*cert.Certificate)
		return s.Issue(ctx, g.token, func(i int, key mint.SPKI) ([]byte, error) {
			id, err := authority.Make(pki.Order{Person: people.TokenHolder(), PublicKey: key})
			if err != nil {
				return nil, err
			}
			g.certs[s][kinds[i]], err = cert.Parse(id.DER)
			return id.DER, err
		})
	}
	if g.store, err = c.Store(filepath.Join(dir, "gost")); err != nil {
		return nil, err
	}
	if err := issue(g.store); err != nil {
		return nil, err
	}
	if g.wrapped, err = c.Store(filepath.Join(dir, "gost-wrapped"), gosttoken.Wrapped); err != nil {
		return nil, err
	}
	return g, issue(g.wrapped)
}

// copyOf gives a test a store of its own with the tokens of another.
func (g *gostRig) copyOf(t *testing.T, s *gosttoken.Store, options ...gosttoken.Option) *gosttoken.Store {
	t.Helper()
	out, err := s.Clone(g.compiled, filepath.Join(t.TempDir(), "store"), options...)
	if err != nil {
		t.Fatal(err)
	}
	g.certs[out] = g.certs[s]
	return out
}

// gostSign signs as the agent does and verifies.
func gostSign(t *testing.T, s *pkcs11.Session, c *cert.Certificate, id []byte, p *pin.PIN) error {
	t.Helper()
	a, err := algo.ForKey(c.PublicKey.Kind(), c.PublicKey.Bits())
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.Key(id, c.PublicKey)
	if err != nil {
		return err
	}
	digest := a.Input([]byte("statement"))
	sig, err := k.Sign(a, digest, p)
	if err != nil {
		return err
	}
	return c.PublicKey.Verify(a, digest, sig)
}

// TestGOST signs with every parameter set on tokens of every habit, twice in a module, so that the remembered order of halves is used, too.
func TestGOST(t *testing.T) {
	g := theRig.gost
	for _, tt := range []struct {
		name    string
		store   *gosttoken.Store
		options []gosttoken.Option
		pad     bool
	}{
		{"s before r", g.store, nil, false},
		{"r before s", g.store, []gosttoken.Option{gosttoken.OrderRS}, false},
		{"s before r, lowest octets first", g.store, []gosttoken.Option{gosttoken.OrderSRLittle}, false},
		{"r before s, lowest octets first", g.store, []gosttoken.Option{gosttoken.OrderRSLittle}, false},
		{"wrapped public keys", g.wrapped, nil, false},
		{"wrapped, r before s", g.wrapped, []gosttoken.Option{gosttoken.OrderRS}, false},
		{"keypad", g.store, []gosttoken.Option{gosttoken.Pad(userPIN)}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := open(t, g.copyOf(t, tt.store, tt.options...).Module())
			err := m.Session(slotOf(t, m, g.token.Label), func(s *pkcs11.Session) error {
				var p *pin.PIN
				if !tt.pad {
					p = newPIN(t, userPIN)
				}
				if err := s.Login(p); err != nil {
					return err
				}
				for i, kind := range mint.GOSTKinds() {
					for _, id := range [][]byte{{byte(i + 1)}, nil} { // by CKA_ID, then by public key alone
						if err := gostSign(t, s, g.certs[tt.store][kind], id, p); err != nil {
							t.Errorf("%s under ID %x: %v", kind, id, err)
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestGOSTObjects reads what the token shows without a PIN.
func TestGOSTObjects(t *testing.T) {
	g := theRig.gost
	for name, store := range map[string]*gosttoken.Store{"bare": g.store, "wrapped": g.wrapped} {
		t.Run(name, func(t *testing.T) {
			m := open(t, store.Module())
			slots, err := m.Slots()
			if err != nil || len(slots) != 1 {
				t.Fatalf("slots %v, %v; want one, and not the blank one", slots, err)
			}
			_ = m.Session(slots[0], func(s *pkcs11.Session) error {
				keys, err := s.PublicKeys()
				if err != nil || len(keys) != len(g.token.Entries) {
					t.Fatalf("%d keys, %v", len(keys), err)
				}
				for _, k := range keys {
					kind := g.token.Entries[k.ID[0]-1].Kind
					c := g.certs[store][kind]
					public, err := cert.ParsePublicKey(k.SPKI)
					if err != nil || !public.Equal(c.PublicKey) || k.Kind != c.PublicKey.Kind() {
						t.Errorf("%s: kind %v, %v; the certificate has another key", kind, k.Kind, err)
					}
				}
				if _, err := s.Key([]byte{1}, g.certs[store][mint.GOST256A].PublicKey); !errors.Is(err, pkcs11.ErrNoKey) {
					t.Errorf("private keys before the login: %v", err)
				}
				return nil
			})
		})
	}
}

// TestGOSTOtherKey holds that a key is never lent for another's certificate, that of 2001 for 2012 included.
func TestGOSTOtherKey(t *testing.T) {
	g := theRig.gost
	m := open(t, g.copyOf(t, g.store).Module())
	err := m.Session(slotOf(t, m, g.token.Label), func(s *pkcs11.Session) error {
		if err := s.Login(newPIN(t, userPIN)); err != nil {
			return err
		}
		for _, kind := range []mint.Kind{mint.GOST256A, mint.GOST512A} {
			other, err := cert.ParsePublicKey(mint.NewKey(kind).SPKI)
			if err != nil {
				return err
			}
			for id := range len(g.token.Entries) {
				if _, err := s.Key([]byte{byte(id + 1)}, other); !errors.Is(err, pkcs11.ErrNoKey) {
					t.Errorf("a strange %s key under ID %d: %v, want ErrNoKey", kind, id+1, err)
				}
			}
		}
		old := g.certs[g.store][mint.GOST2001A]
		a, err := algo.ByName("gost2001")
		if err != nil {
			return err
		}
		k, err := s.Key(nil, old.PublicKey)
		if err != nil {
			return err
		}
		if _, err := k.Sign(a, make([]byte, 32), nil); !errors.Is(err, algo.ErrUnsupported) {
			t.Errorf("a key of 2001: %v, want ErrUnsupported", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestGOSTPIN counts tries over sessions: three wrong ones lock.
func TestGOSTPIN(t *testing.T) {
	g := theRig.gost
	store := g.copyOf(t, g.store)
	for i, want := range []pin.Error{
		{Reason: pin.ReasonWrong, Tries: pin.Unknown()},
		{Reason: pin.ReasonWrong, Tries: pin.Left(1)},
		{Reason: pin.ReasonBlocked, Tries: pin.Blocked()},
		{Reason: pin.ReasonBlocked, Tries: pin.Blocked()},
	} {
		m := open(t, store.Module())
		err := m.Session(slotOf(t, m, g.token.Label), func(s *pkcs11.Session) error { return s.Login(newPIN(t, "00000000")) })
		var got *pin.Error
		if !errors.As(err, &got) || got.Reason != want.Reason || got.Tries != want.Tries {
			t.Errorf("try %d: %v, want %s with %v", i+1, err, want.Reason, want.Tries)
		}
		m.Close()
	}
	m := open(t, g.copyOf(t, g.store, gosttoken.PadCancel).Module())
	err := m.Session(slotOf(t, m, g.token.Label), func(s *pkcs11.Session) error { return s.Login(nil) })
	var got *pin.Error
	if !errors.As(err, &got) || got.Reason != pin.ReasonCancelled {
		t.Errorf("red key: %v", err)
	}
}

// TestGOSTOneSign counts C_Sign: the order of halves is found out without a second signature.
func TestGOSTOneSign(t *testing.T) {
	g := theRig.gost
	store := g.copyOf(t, g.store)
	for _, tt := range []struct {
		name   string
		orders []faultmodule.Order
		fails  bool
	}{
		{"good", nil, false},
		{"halves exchanged on the way", []faultmodule.Order{faultmodule.Swapped}, false},
		{"no signature at all", []faultmodule.Order{faultmodule.DER}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fault, err := theRig.faulty.Install(filepath.Join(t.TempDir(), "fault.so"), store.Module(), tt.orders...)
			if err != nil {
				t.Fatal(err)
			}
			m := open(t, fault.Path())
			err = m.Session(slotOf(t, m, g.token.Label), func(s *pkcs11.Session) error {
				p := newPIN(t, userPIN)
				if err := s.Login(p); err != nil {
					return err
				}
				return gostSign(t, s, g.certs[store][mint.GOST256A], []byte{1}, p)
			})
			if (err != nil) != tt.fails {
				t.Error(err)
			}
			calls, err := fault.Calls()
			if err != nil {
				t.Fatal(err)
			}
			signs := 0
			for _, c := range calls {
				if c == "C_Sign" {
					signs++
				}
			}
			if signs != 2 || slices.Contains(calls, "C_Digest") { // the binding asks for the length first
				t.Errorf("%d calls of C_Sign: %v", signs, calls)
			}
		})
	}
}

// TestGOSTRemoved takes the token out of an open session, before the login and after it.
func TestGOSTRemoved(t *testing.T) {
	g := theRig.gost
	for _, early := range []bool{true, false} {
		store := g.copyOf(t, g.store)
		m := open(t, store.Module())
		err := m.Session(slotOf(t, m, g.token.Label), func(s *pkcs11.Session) error {
			p := newPIN(t, userPIN)
			if !early {
				if err := s.Login(p); err != nil {
					t.Fatal(err)
				}
			}
			if err := store.PlugIn(); err != nil {
				t.Fatal(err)
			}
			if early {
				return s.Login(p)
			}
			return gostSign(t, s, g.certs[g.store][mint.GOST256A], []byte{1}, p)
		})
		if !errors.Is(err, pkcs11.ErrRemoved) {
			t.Errorf("before the login %t: %v, want ErrRemoved", early, err)
		}
	}
}

// TestGOSTOtherName finds the key of CryptoPro-A for a certificate that calls the same curve tc26-256-B (RFC 7836 section 5.1).
func TestGOSTOtherName(t *testing.T) {
	g := theRig.gost
	m := open(t, g.copyOf(t, g.store).Module())
	spki := g.certs[g.store][mint.GOST256A].PublicKey.SPKI()
	public, err := cert.ParsePublicKey(mint.GOSTSPKI(mint.GOST256TCB, spki[len(spki)-64:]))
	if err != nil {
		t.Fatal(err)
	}
	err = m.Session(slotOf(t, m, g.token.Label), func(s *pkcs11.Session) error {
		p := newPIN(t, userPIN)
		if err := s.Login(p); err != nil {
			return err
		}
		return gostSign(t, s, &cert.Certificate{PublicKey: public}, nil, p)
	})
	if err != nil {
		t.Error(err)
	}
}

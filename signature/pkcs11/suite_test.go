// SPDX-License-Identifier: Apache-2.0

package pkcs11_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/signature/pkcs11"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/people"
)

// TestSuite is what every good module must pass; here SoftHSM itself, and the fault module with orders that a good client overcomes.
func TestSuite(t *testing.T) {
	targets := map[string]func(*testing.T) string{
		"softhsm":     func(*testing.T) string { return theRig.store.Module() },
		"no faults":   func(t *testing.T) string { return theRig.install(t).Path() },
		"slots":       func(t *testing.T) string { return theRig.install(t, faultmodule.SlotsSplit).Path() },
		"growing":     func(t *testing.T) string { return theRig.install(t, faultmodule.SlotsGrowing).Path() },
		"slots twice": func(t *testing.T) string { return theRig.install(t, faultmodule.SlotsTwice).Path() },
		"objects":     func(t *testing.T) string { return theRig.install(t, faultmodule.Empty, faultmodule.Duplicate).Path() },
		"points":      func(t *testing.T) string { return theRig.install(t, faultmodule.BarePoint).Path() },
		"DER":         func(t *testing.T) string { return theRig.install(t, faultmodule.DER).Path() },
		"always": func(t *testing.T) string {
			return theRig.install(t, faultmodule.AlwaysAuthenticate(userPIN, false)...).Path()
		},
		"always, hidden": func(t *testing.T) string {
			return theRig.install(t, faultmodule.AlwaysAuthenticate(userPIN, true)...).Path()
		},
		"pad": func(t *testing.T) string { return theRig.install(t, faultmodule.Pad(userPIN)).Path() },
	}
	for name, path := range targets {
		t.Run(name, func(t *testing.T) {
			m := open(t, path(t))
			t.Run("certificates", func(t *testing.T) { suiteCertificates(t, m) })
			for _, key := range []string{"rsa", "p256", "p384"} {
				t.Run(key, func(t *testing.T) { suiteSign(t, m, tokenVera, key) })
			}
		})
	}
}

func open(t *testing.T, path string) *pkcs11.Module {
	t.Helper()
	m, err := pkcs11.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func slotOf(t testing.TB, m *pkcs11.Module, label string) uint {
	t.Helper()
	slots, err := m.Slots()
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots {
		if token, err := m.Token(slot); err == nil && token.Label == label {
			return slot
		}
	}
	t.Fatalf("no token %q in %d slots", label, len(slots))
	return 0
}

func suiteCertificates(t *testing.T, m *pkcs11.Module) {
	slots, err := m.Slots()
	if err != nil || len(slots) != 2 {
		t.Fatalf("slots %v, %v; want two tokens, and not the uninitialised one", slots, err)
	}
	want := [][]byte{theRig.ids["rsa"].DER, theRig.ids["p256"].DER, theRig.ids["p384"].DER}
	err = m.Session(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error {
		got, err := s.Certificates()
		if err != nil {
			return err
		}
		slices.SortFunc(got, func(a, b pkcs11.Certificate) int { return bytes.Compare(a.ID, b.ID) })
		if len(got) != len(want) {
			t.Fatalf("%d certificates, want %d", len(got), len(want))
		}
		for i, c := range got {
			if !bytes.Equal(c.DER, want[i]) || !bytes.Equal(c.ID, []byte{byte(i + 1)}) {
				t.Errorf("certificate %d with ID %x is another", i, c.ID)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func suiteSign(t *testing.T, m *pkcs11.Module, label, key string) {
	c := theRig.certificate(t, key)
	a, err := algo.ForKey(c.PublicKey.Kind(), c.PublicKey.Bits())
	if err != nil {
		t.Fatal(err)
	}
	digest := a.Digest.Sum([]byte("statement"))
	err = m.Session(slotOf(t, m, label), func(s *pkcs11.Session) error {
		id := idOf(t, s, c)
		p := newPIN(t, userPIN)
		if s.Token().ProtectedPath {
			p = nil
		}
		if err := s.Login(p); err != nil {
			return err
		}
		k, err := s.Key(id, c.PublicKey)
		if err != nil {
			return err
		}
		sig, err := k.Sign(a, digest, p)
		if err != nil {
			return err
		}
		return c.PublicKey.Verify(a, digest, sig)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func idOf(t *testing.T, s *pkcs11.Session, c *cert.Certificate) []byte {
	t.Helper()
	list, err := s.Certificates()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		if bytes.Equal(o.DER, c.Raw) {
			return o.ID
		}
	}
	t.Fatal("certificate is not on the token")
	return nil
}

func TestKeyMatching(t *testing.T) {
	m := open(t, theRig.store.Module())
	for _, name := range []string{"moved", "second"} {
		t.Run(name, func(t *testing.T) { suiteSign(t, m, tokenOdd, name) })
	}
	t.Run("none", func(t *testing.T) {
		err := m.Session(slotOf(t, m, tokenOdd), func(s *pkcs11.Session) error {
			if err := s.Login(newPIN(t, userPIN)); err != nil {
				return err
			}
			// The ID of another key must not lend that key: it shows another public half.
			for _, id := range [][]byte{nil, {1}, {2}, {3}, {6}} {
				if _, err := s.Key(id, theRig.certificate(t, "bare").PublicKey); !errors.Is(err, pkcs11.ErrNoKey) {
					t.Errorf("key under ID %x: %v, want ErrNoKey", id, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("duplicates", func(t *testing.T) {
		_ = m.Session(slotOf(t, m, tokenOdd), func(s *pkcs11.Session) error {
			certs, err := s.Certificates()
			if err != nil || len(certs) != 3 {
				t.Errorf("%d certificates, %v; want 3, the repeated one once", len(certs), err)
			}
			keys, err := s.PublicKeys()
			if err != nil || len(keys) != 4 {
				t.Errorf("%d public keys, %v; want 4", len(keys), err)
			}
			return nil
		})
	})
}

func TestEndlessSearch(t *testing.T) {
	m := open(t, theRig.install(t, faultmodule.Endless).Path())
	err := m.Session(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error {
		certs, err := s.Certificates()
		if len(certs) != 0 {
			t.Errorf("%d certificates out of nothing", len(certs))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPINErrors also counts logins: what can be known beforehand must cost no try.
func TestPINErrors(t *testing.T) {
	tests := []struct {
		name   string
		orders []faultmodule.Order
		pin    string
		want   pin.Error
		logins int
	}{
		{"wrong, no counter", nil, "00000000", pin.Error{Reason: pin.ReasonWrong, Tries: pin.Unknown()}, 1},
		{"wrong, two left", []faultmodule.Order{faultmodule.Tries(3)}, "00000000", pin.Error{Reason: pin.ReasonWrong, Tries: pin.Unknown()}, 1},
		{"wrong, one left", []faultmodule.Order{faultmodule.Tries(2)}, "00000000", pin.Error{Reason: pin.ReasonWrong, Tries: pin.Left(1)}, 1},
		{"wrong, none left", []faultmodule.Order{faultmodule.Tries(1)}, "00000000", pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked()}, 1},
		{"wrong, silent module", []faultmodule.Order{faultmodule.Tries(2), faultmodule.Silent}, "00000000", pin.Error{Reason: pin.ReasonWrong, Tries: pin.Unknown()}, 1},
		{"too short", []faultmodule.Order{faultmodule.Tries(3)}, "123", pin.Error{Reason: pin.ReasonFormat, Tries: pin.Unknown()}, 0},
		{"empty", nil, "", pin.Error{Reason: pin.ReasonFormat, Tries: pin.Unknown()}, 0},
		{"locked by flag", []faultmodule.Order{faultmodule.FlagLocked}, userPIN, pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked()}, 0},
		{"locked without a flag", []faultmodule.Order{faultmodule.Tries(0), faultmodule.Silent}, userPIN, pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked()}, 1},
		{"must change", []faultmodule.Order{faultmodule.FlagChange}, userPIN, pin.Error{Reason: pin.ReasonMustChange, Tries: pin.Unknown()}, 0},
		{"expired", []faultmodule.Order{faultmodule.Fail("C_Login", 0xA3)}, userPIN, pin.Error{Reason: pin.ReasonMustChange, Tries: pin.Unknown()}, 1},
		{"not initialised", []faultmodule.Order{faultmodule.FlagNoPIN}, userPIN, pin.Error{Reason: pin.ReasonNotInitialised, Tries: pin.Unknown()}, 0},
		{"not initialised, no flag", []faultmodule.Order{faultmodule.Fail("C_Login", 0x102)}, userPIN, pin.Error{Reason: pin.ReasonNotInitialised, Tries: pin.Unknown()}, 1},
		{"length range", []faultmodule.Order{faultmodule.Fail("C_Login", 0xA2)}, userPIN, pin.Error{Reason: pin.ReasonFormat, Tries: pin.Unknown()}, 1},
		{"red key on the pad", []faultmodule.Order{faultmodule.PadCancel}, "", pin.Error{Reason: pin.ReasonCancelled, Tries: pin.Unknown()}, 1},
		{"wrong on the pad", []faultmodule.Order{faultmodule.Pad("00000000"), faultmodule.Tries(2)}, "", pin.Error{Reason: pin.ReasonWrong, Tries: pin.Left(1)}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fault := theRig.install(t, tt.orders...)
			m := open(t, fault.Path())
			err := m.Session(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error { return s.Login(newPIN(t, tt.pin)) })
			var got *pin.Error
			if !errors.As(err, &got) {
				t.Fatalf("login: %v, want *pin.Error", err)
			}
			if got.Reason != tt.want.Reason || got.Tries != tt.want.Tries || got.Ref != pkcs11.PINRef {
				t.Errorf("got %s, tries %v, of %q; want %s, tries %v", got.Reason, got.Tries, got.Ref, tt.want.Reason, tt.want.Tries)
			}
			if n := count(t, fault, "C_Login"); n != tt.logins {
				t.Errorf("%d logins, want %d", n, tt.logins)
			}
		})
	}
}

func count(t *testing.T, m *faultmodule.Module, call string) (n int) {
	t.Helper()
	calls, err := m.Calls()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if c == call {
			n++
		}
	}
	return n
}

func TestTokenFlags(t *testing.T) {
	type state struct {
		Tries    pin.Tries
		CountLow bool
		Problem  pin.Reason
		Pad      bool
	}
	tests := []struct {
		name   string
		orders []faultmodule.Order
		want   state
	}{
		{"nothing said", nil, state{Tries: pin.Unknown()}},
		{"low", []faultmodule.Order{faultmodule.FlagLow}, state{Tries: pin.Unknown(), CountLow: true}},
		{"final", []faultmodule.Order{faultmodule.FlagFinal}, state{Tries: pin.Left(1)}},
		{"low and final", []faultmodule.Order{faultmodule.FlagLow, faultmodule.FlagFinal}, state{Tries: pin.Left(1), CountLow: true}},
		{"locked", []faultmodule.Order{faultmodule.FlagLocked}, state{Tries: pin.Blocked(), Problem: pin.ReasonBlocked}},
		{"all three", []faultmodule.Order{faultmodule.FlagLow, faultmodule.FlagFinal, faultmodule.FlagLocked}, state{Tries: pin.Blocked(), CountLow: true, Problem: pin.ReasonBlocked}},
		{"must change", []faultmodule.Order{faultmodule.FlagChange}, state{Tries: pin.Unknown(), Problem: pin.ReasonMustChange}},
		{"no PIN", []faultmodule.Order{faultmodule.FlagNoPIN}, state{Tries: pin.Unknown(), Problem: pin.ReasonNotInitialised}},
		{"pad", []faultmodule.Order{faultmodule.Pad(userPIN)}, state{Tries: pin.Unknown(), Pad: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := open(t, theRig.install(t, tt.orders...).Path())
			token, err := m.Token(slotOf(t, m, tokenVera))
			if err != nil {
				t.Fatal(err)
			}
			got := state{token.Tries, token.CountLow, token.Problem, token.ProtectedPath}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b pin.Tries) bool { return a == b })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCloses counts what was opened: every way out of a session must log out and close.
func TestCloses(t *testing.T) {
	tests := []struct {
		name    string
		pin     string
		orders  []faultmodule.Order
		logouts int
	}{
		{"after success", userPIN, nil, 1},
		{"after a wrong PIN", "00000000", nil, 0},
		{"after a failure to sign", userPIN, []faultmodule.Order{faultmodule.Fail("C_Sign", 0x30)}, 1},
		{"after removal", userPIN, []faultmodule.Order{faultmodule.Fail("C_Sign", 0x32)}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fault := theRig.install(t, tt.orders...)
			m := open(t, fault.Path())
			c := theRig.certificate(t, "p256")
			a, _ := algo.ForKey(c.PublicKey.Kind(), c.PublicKey.Bits())
			_ = m.Session(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error {
				p := newPIN(t, tt.pin)
				if err := s.Login(p); err != nil {
					return err
				}
				k, err := s.Key([]byte{2}, c.PublicKey)
				if err != nil {
					t.Fatal(err)
				}
				_, err = k.Sign(a, make([]byte, a.Digest.Size), p)
				return err
			})
			calls, err := fault.Calls()
			if err != nil {
				t.Fatal(err)
			}
			n := make(map[string]int)
			for _, call := range calls {
				n[call]++
			}
			if n["C_Logout"] != tt.logouts || n["C_OpenSession"] != 1 || n["C_CloseSession"] != 1 || n["C_FindObjectsInit"] != n["C_FindObjectsFinal"] {
				t.Errorf("calls %v; want %d logouts, one session opened and closed, every search ended", n, tt.logouts)
			}
		})
	}
}

func TestRemoved(t *testing.T) {
	for _, rv := range []uint{0x32, 0xE0, 0xB0, 0xB3} {
		t.Run(fmt.Sprintf("%#x", rv), func(t *testing.T) {
			m := open(t, theRig.install(t, faultmodule.Fail("C_Login", rv)).Path())
			err := m.Session(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error { return s.Login(newPIN(t, userPIN)) })
			if !errors.Is(err, pkcs11.ErrRemoved) {
				t.Errorf("%v, want ErrRemoved", err)
			}
		})
	}
}

// TestKeyWithoutID has nothing to go by but the public half, which only RSA private keys show themselves.
func TestKeyWithoutID(t *testing.T) {
	suiteSign(t, open(t, theRig.install(t, faultmodule.NoKeyID).Path()), tokenVera, "rsa")
}

func TestOpenErrors(t *testing.T) {
	for _, path := range []string{"/nonexistent.so", "/etc/passwd"} {
		if _, err := pkcs11.Open(path, ""); err == nil {
			t.Errorf("%s opened as a module", path)
		}
	}
	if _, err := pkcs11.Open(theRig.install(t, faultmodule.Fail("C_Initialize", 0x30)).Path(), ""); err == nil {
		t.Error("a module that can't be initialised was opened")
	}
}

func TestUnfitAlgorithm(t *testing.T) {
	m := open(t, theRig.store.Module())
	c := theRig.certificate(t, "p256")
	other, _ := algo.ForKey(algo.RSA, 2048)
	fit, _ := algo.ForKey(algo.ECDSA, 256)
	_ = m.Session(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error {
		p := newPIN(t, userPIN)
		if err := s.Login(p); err != nil {
			t.Fatal(err)
		}
		k, err := s.Key([]byte{2}, c.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Sign(other, make([]byte, 32), p); !errors.Is(err, algo.ErrUnsupported) {
			t.Errorf("RSA algorithm for an ECDSA key: %v", err)
		}
		if _, err := k.Sign(fit, make([]byte, 20), p); !errors.Is(err, algo.ErrUnsupported) {
			t.Errorf("digest of another length: %v", err)
		}
		return nil
	})
}

// TestPSS signs by RSASSA-PSS with the salt that the algorithm names, else one as long as the digest; the certificate's check takes no other length.
func TestPSS(t *testing.T) {
	c := theRig.certificate(t, "rsa")
	m := open(t, theRig.store.Module())
	for _, a := range algo.All() {
		if !a.PSS || a.Legacy {
			continue
		}
		for _, salt := range []int{algo.AnySalt, 0, 20, a.Digest.Size} {
			t.Run(fmt.Sprintf("%s salt %d", a.Name, salt), func(t *testing.T) {
				a := a
				a.SaltLength = salt
				digest := a.Digest.Sum([]byte("statement"))
				err := m.Session(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error {
					p := newPIN(t, userPIN)
					if err := s.Login(p); err != nil {
						return err
					}
					k, err := s.Key([]byte{1}, c.PublicKey)
					if err != nil {
						return err
					}
					sig, err := k.Sign(a, digest, p)
					if err != nil {
						return err
					}
					if salt == algo.AnySalt {
						a.SaltLength = a.Digest.Size
					}
					return c.PublicKey.Verify(a, digest, sig)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestFaultsOverPINs changes and sets PINs in a module that answers with each value of section 5.1 that means something to a person.
func TestFaultsOverPINs(t *testing.T) {
	for _, tt := range []struct {
		call string
		rv   uint
		want string // code and PIN, or what the error matches
	}{
		{"C_SetPIN", 0xA0, "pin.wrong user"}, {"C_SetPIN", 0xA1, "pin.format new"}, {"C_SetPIN", 0xA2, "pin.format new"}, {"C_SetPIN", 0x1B8, "pin.format new"},
		{"C_SetPIN", 0xA4, "pin.blocked user"}, {"C_SetPIN", 0x50, "pin.cancelled user"}, {"C_SetPIN", 0x32, "removed"}, {"C_SetPIN", 0x54, "unsupported"},
		{"C_SetPIN", 0xE2, "unsupported"}, {"C_SetPIN", 0x30, "error"},
		{"C_Login", 0xA0, "pin.wrong user"}, {"C_Login", 0xA4, "pin.blocked user"}, {"C_Login", 0xA3, ""}, // an expired PIN may be changed
		{"C_Login(so)", 0xA0, "pin.wrong so"}, {"C_Login(so)", 0xA4, "pin.blocked so"}, {"C_Login(so)", 0xA3, "pin.must_change so"}, {"C_Login(so)", 0x103, "unsupported"},
		{"C_Login(so)", 0xE0, "removed"}, {"C_Login(so)", 0x200, "pin.cancelled so"},
		{"C_InitPIN", 0xA1, "pin.format new"}, {"C_InitPIN", 0xA2, "pin.format new"}, {"C_InitPIN", 0x1B8, "pin.format new"}, {"C_InitPIN", 0x50, "pin.cancelled new"},
		{"C_InitPIN", 0x32, "removed"}, {"C_InitPIN", 0x54, "unsupported"}, {"C_InitPIN", 0x30, "error"},
	} {
		t.Run(fmt.Sprintf("%s %#x", tt.call, tt.rv), func(t *testing.T) {
			m := open(t, theRig.install(t, faultmodule.Fail(tt.call, tt.rv)).Path())
			begun := 0
			begin := func() error { begun++; return nil }
			err := m.Change(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error {
				if tt.call == "C_SetPIN" || tt.call == "C_Login" {
					return s.SetPIN(newPIN(t, userPIN), newPIN(t, userPIN), begin)
				}
				return s.InitPIN(newPIN(t, people.TokenHolder().PINs.SO), newPIN(t, userPIN), begin)
			})
			var p *pin.Error
			got := "error"
			switch {
			case err == nil:
				got = ""
			case errors.As(err, &p):
				got = p.Code() + " " + p.Ref
			case errors.Is(err, pkcs11.ErrRemoved):
				got = "removed"
			case errors.Is(err, pkcs11.ErrUnsupported):
				got = "unsupported"
			}
			if got != tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
			if sets := tt.call == "C_SetPIN" || tt.call == "C_InitPIN" || tt.want == ""; (begun == 1) != sets || begun > 1 {
				t.Errorf("said %d times that a PIN is being set", begun)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"bytes"
	"context"
	"crypto"
	"os"
	"path/filepath"
	"testing"

	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/nsstoken"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/tpmtoken"
	"zaver/softhsm-fixtures/vpcd"
)

const (
	soPIN    = "87654321"
	freshPIN = "24681357"
	wrongPIN = "00000000"
)

// vehicle is one module with one token of its own that the suite may use up.
type vehicle struct {
	module   string
	with     token.Setup
	label    string
	der      []byte // a certificate with its key
	pin, so  string
	wrong    string             // what a wrong PIN is
	unblocks bool               // C_InitPIN works
	pull     func(t *testing.T) // takes the token out
	mend     func(t *testing.T) // puts a token right that a dead worker was using; may be nil
	holds    bool               // the module holds on to a token that it has opened: the next worker sees that it is gone
}

// vehicles are all modules of the suite; each call makes a new token.
func vehicles() map[string]func(testing.TB) vehicle {
	return map[string]func(testing.TB) vehicle{
		"softhsm": softhsmVehicle, "fault module": faultVehicle, "nss": nssVehicle, "tpm2": tpmVehicle, "gost": gostVehicle, "opensc over piv": pivVehicle,
	}
}

func softhsmVehicle(t testing.TB) vehicle {
	s, err := theRig.store.Clone(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return vehicle{module: s.Module(), with: token.Setup{Env: s.Env()}, label: tokenVera, der: theRig.ids["p256"].DER,
		pin: userPIN, so: people.TokenHolder().PINs.SO, wrong: "pin.wrong", unblocks: true,
		pull: func(t *testing.T) { empty(t, filepath.Join(filepath.Dir(s.Config()), "tokens")) }}
}

func faultVehicle(t testing.TB) vehicle {
	v := softhsmVehicle(t)
	v.module = theRig.install(t, faultmodule.Tries(3), faultmodule.SOTries(3), faultmodule.LoginFirst, faultmodule.SlotsSplit, faultmodule.Empty,
		faultmodule.Duplicate, faultmodule.Chatty).Path()
	return v
}

func nssVehicle(t testing.TB) vehicle {
	library, err := nsstoken.Library()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "nss")
	s, err := nsstoken.New(t.Context(), dir, userPIN, theRig.ids["p256"])
	if err != nil {
		t.Fatal(err)
	}
	return vehicle{module: library, with: token.Setup{Parameters: s.Parameters()}, label: nsstoken.Label, der: theRig.ids["p256"].DER, pin: userPIN, wrong: "pin.wrong", holds: true,
		pull: func(*testing.T) { os.RemoveAll(dir) }}
}

func tpmVehicle(t testing.TB) vehicle {
	dir, err := os.MkdirTemp("", "tpm-*") // sockets want a short path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	tpm, err := tpmtoken.Start(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tpm.Close(); err != nil {
			t.Error(err)
		}
	})
	der, err := tpm.Add(t.Context(), tpmtoken.Token{Label: "tpm", PIN: userPIN, SOPIN: soPIN, Issue: issue})
	if err != nil {
		t.Fatal(err)
	}
	return vehicle{module: tpm.Module(), with: token.Setup{Env: tpm.Env()}, label: "tpm", der: der, pin: userPIN, so: soPIN, wrong: "pin.wrong", unblocks: true,
		mend: func(t *testing.T) {
			if err := tpm.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		pull: func(t *testing.T) { _ = tpm.Close() }}
}

func gostVehicle(t testing.TB) vehicle {
	s := theRig.gost.copyOf(t)
	return vehicle{module: s.Module(), label: theRig.gost.token.Label, der: theRig.gost.ids[mint.GOST256A].DER, pin: theRig.gost.token.PIN, so: theRig.gost.token.SOPIN,
		wrong: "pin.wrong", unblocks: true, pull: func(t *testing.T) {
			if err := s.PlugIn([]*gosttoken.Store(nil)...); err != nil {
				t.Fatal(err)
			}
		}}
}

// pivVehicle is OpenSC's module over a PIV card in a virtual reader of a daemon of its own. Its key for signatures wants the PIN for every use.
func pivVehicle(t testing.TB) vehicle {
	daemon, err := readers.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := daemon.Close(); err != nil {
			t.Error(err)
		}
	})
	id := theRig.ids["p256"]
	c, err := piv.New(piv.Config{PIN: userPIN, PUK: soPIN, PINTries: 5, Keys: map[byte]crypto.Signer{piv.DigitalSignature: id.Key},
		Certificates: map[byte][]byte{piv.DigitalSignature: id.DER}})
	if err != nil {
		t.Fatal(err)
	}
	slot := vpcd.NewSlot(daemon.Slot(0))
	if err := slot.Insert(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(slot.Remove)
	module, err := filepath.EvalSymlinks("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so")
	if err != nil {
		t.Fatal(err)
	}
	v := vehicle{module: module, with: token.Setup{Env: []string{daemon.Env()}}, der: id.DER, pin: userPIN, so: soPIN, wrong: "pin.wrong",
		pull: func(t *testing.T) { // the daemon, too, must have seen it
			slot.Remove()
			empty := theRig.host(t, func(c *token.Config) { c.Env = []string{daemon.Env()} }, module)
			waitFor(t, func() bool {
				found, problems := empty.List(t.Context())
				return len(found) == 0 && len(problems) == 0
			})
		}}
	v.label = v.await(t)
	return v
}

// await lists until the daemon has told the module of the card, and returns the name of its token.
func (v vehicle) await(t testing.TB) (label string) {
	t.Helper()
	h := v.host(t, v.module)
	waitFor(t, func() bool {
		found, _ := h.List(t.Context())
		for _, tok := range found {
			for _, c := range tok.Credentials {
				if c.Certificate != nil && bytes.Equal(c.Certificate.Raw, v.der) {
					label = tok.Label
				}
			}
		}
		return label != ""
	})
	return label
}

// issue certifies a key that a token has made.
func issue(public crypto.PublicKey) ([]byte, error) {
	authority, err := pki.Start(pki.Config{})
	if err != nil {
		return nil, err
	}
	defer authority.Close()
	id, err := authority.Make(pki.Order{Person: people.TokenHolder(), PublicKey: public})
	if err != nil {
		return nil, err
	}
	return id.DER, nil
}

func empty(t *testing.T, dir string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

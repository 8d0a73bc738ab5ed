// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/cards"
	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/tokens"
	"zaver/softhsm-fixtures/uec"
)

// mute is a card that does not answer to reset.
type mute struct{}

func (mute) ATR() []byte                     { return make([]byte, 40) }
func (mute) PowerOn()                        {}
func (mute) PowerOff()                       {}
func (mute) Reset()                          {}
func (mute) Transmit([]byte) ([]byte, error) { return nil, uec.ErrPulled }

// stranger is a card with no application that anybody knows.
type stranger struct{ mute }

func (stranger) ATR() []byte                     { return []byte{0x3B, 0x80, 0x80, 0x01, 0x01} }
func (stranger) Transmit([]byte) ([]byte, error) { return []byte{0x6A, 0x82}, nil }

// wantsCard is a computer whose person wants to use a card; there is no token driver.
func wantsCard(x *computer) { x.config.Method = agent.MethodUEC }

func TestReaderAndCardFaults(t *testing.T) {
	with := func(v pki.Variant, change func(*uec.Card)) func(*testing.T, *computer) {
		return func(t *testing.T, x *computer) {
			wantsCard(x)
			c := uecCard(t, v, nil)
			if change != nil {
				change(c)
			}
			x.insert(c)
		}
	}
	inject(t, []injected{
		{name: "no reader", code: doctor.CodeReaderNone, damage: func(t *testing.T, x *computer) {
			wantsCard(x)
			x.must(daemon.Unplug(t.Context()))
			t.Cleanup(func() { x.must(daemon.Plug(context.Background())) })
		}},
		{name: "no card", code: doctor.CodeCardNone, damage: func(_ *testing.T, x *computer) { wantsCard(x) }},
		{name: "mute card", code: doctor.CodeCardMute, damage: func(t *testing.T, x *computer) {
			wantsCard(x)
			x.must(slot.Insert(t.Context(), mute{}))
			t.Cleanup(func() { // else the next test may take this card for its own
				slot.Remove()
				waitFor(t, func(r pcsc.Reader) bool { return r.Name == daemon.Reader(0) && !r.Present })
			})
			waitFor(t, func(r pcsc.Reader) bool { return r.Mute })
		}},
		{name: "unknown card", code: doctor.CodeCardUnknown, damage: func(_ *testing.T, x *computer) {
			wantsCard(x)
			x.insert(stranger{})
		}},
		{name: "expired card", code: doctor.CodeCardExpired, damage: with(pki.Good, func(c *uec.Card) {
			c.SetValidity(time.Now().AddDate(-3, 0, 0), time.Now().AddDate(0, 0, -2))
		})},
		{name: "future card", code: doctor.CodeCardExpired, damage: with(pki.Good, func(c *uec.Card) {
			c.SetValidity(time.Now().AddDate(0, 0, 2), time.Now().AddDate(3, 0, 0))
		})},
		{name: "held by another program", code: doctor.CodeCardBusy, damage: func(t *testing.T, x *computer) {
			with(pki.Good, nil)(t, x)
			other, err := pcsc.New(pcsc.Config{}).Connect(t.Context(), daemon.Reader(0))
			x.must(err)
			unlock, err := other.Lock(t.Context())
			x.must(err)
			t.Cleanup(func() { _ = unlock(false); other.Close() })
		}},
		{name: "card hangs", code: "doctor.card.hung", damage: func(t *testing.T, x *computer) {
			wantsCard(x)
			c := uecCard(t, pki.Good, nil)
			c.Inject(uec.Fault{Action: uec.Hang})
			x.insert(c)
			t.Cleanup(c.Release)
		}},
		{name: "card talks nonsense", code: doctor.CodeCardFault, damage: with(pki.Good, func(c *uec.Card) {
			c.Inject(uec.Fault{INS: 0xA4, Action: uec.Answer, Answer: uec.Garbage()})
		})},
		{name: "no terminal key", code: doctor.CodeCardTerminal, damage: func(t *testing.T, x *computer) {
			with(pki.Good, nil)(t, x)
			profiles, err := card.BuiltinProfiles()
			x.must(err)
			x.config.Cards = cards.New(cards.Service(pcsc.New(pcsc.Config{})), profiles, nil, nil)
		}},
		{name: "PIN blocked", code: doctor.CodePINBlocked, damage: with(pki.Good, func(c *uec.Card) { c.SetTries(uec.PIN2, 0) })},
		{name: "last try", code: doctor.CodePINLastTry, state: doctor.Warning, damage: with(pki.Good, func(c *uec.Card) { c.SetTries(uec.PIN2, 1) })},
		{name: "certificate expired", code: doctor.CodeCertificateExpired, damage: with(pki.Expired, nil)},
		{name: "certificate not yet valid", code: doctor.CodeCertificateNotYet, damage: with(pki.NotYetValid, nil)},
		{name: "certificate not for signing", code: doctor.CodeCertificateUsage, damage: with(pki.WrongUsage, nil)},
	})
}

func TestModuleFaults(t *testing.T) {
	named := func(f func(t *testing.T, x *computer) string) func(*testing.T, *computer) {
		return func(t *testing.T, x *computer) { x.use(store.Env(), f(t, x), store.Module()) }
	}
	faults := func(orders ...faultmodule.Order) func(*testing.T, *computer) {
		return named(func(_ *testing.T, x *computer) string { return x.fault(orders...) })
	}
	inject(t, []injected{
		{name: "none", code: doctor.CodeModuleNone, damage: func(_ *testing.T, x *computer) { x.use(nil) }},
		{name: "missing", code: doctor.CodeModuleMissing, damage: named(func(_ *testing.T, x *computer) string { return x.home + "/librtpkcs11ecp.so" })},
		{name: "open to all", code: doctor.CodeModuleExposed, damage: named(func(t *testing.T, x *computer) string {
			path := x.file(x.home+"/driver.so", "", 0o644)
			if err := os.Chmod(path, 0o666); err != nil {
				t.Fatal(err)
			}
			return path
		})},
		{name: "text file", code: doctor.CodeModuleForeign, damage: named(func(_ *testing.T, x *computer) string { return x.file(x.home+"/driver.so", "#!/bin/sh\n", 0o755) })},
		{name: "empty file", code: doctor.CodeModuleForeign, damage: named(func(_ *testing.T, x *computer) string { return x.file(x.home+"/driver.so", "", 0o755) })},
		{name: "other processor", code: doctor.CodeModuleArchitecture, damage: named(otherProcessor)},
		{name: "library missing", code: doctor.CodeModuleLibrary, damage: named(lacksLibrary)},
		{name: "not a token driver", code: doctor.CodeModuleForeign, damage: named(func(t *testing.T, x *computer) string {
			return compile(t, x.home+"/plain.so", "int nothing(void) { return 0; }")
		})},
		{name: "truncated", code: doctor.CodeModuleForeign, damage: named(func(t *testing.T, x *computer) string {
			b, err := os.ReadFile(store.Module())
			x.must(err)
			return x.file(x.home+"/driver.so", string(b[:100]), 0o755)
		})},
		{name: "crashes at once", code: doctor.CodeModuleCrashed, damage: faults(faultmodule.Crash("C_Initialize"))},
		{name: "crashes at the slots", code: doctor.CodeModuleCrashed, damage: faults(faultmodule.Crash("C_GetSlotList"))},
		{name: "ends the process", code: doctor.CodeModuleCrashed, damage: faults(faultmodule.Exit("C_GetTokenInfo"))},
		{name: "hangs at once", code: doctor.CodeModuleHung, damage: faults(faultmodule.Hang("C_Initialize"))},
		{name: "hangs at the objects", code: doctor.CodeModuleHung, damage: faults(faultmodule.Hang("C_FindObjects"))},
		{name: "refuses to begin beside a good one", code: doctor.CodeModuleFailed, state: doctor.Warning, damage: faults(faultmodule.Fail("C_Initialize", 5))},
		{name: "refuses to begin, and is the only one", code: doctor.CodeModuleFailed, damage: func(_ *testing.T, x *computer) {
			x.use(store.Env(), x.fault(faultmodule.Fail("C_Initialize", 5)))
		}},
	})
}

// otherProcessor is the driver with another machine in its ELF header.
func otherProcessor(_ *testing.T, x *computer) string {
	b, err := os.ReadFile(store.Module())
	x.must(err)
	const machineAt, sparc = 18, 43
	b[machineAt], b[machineAt+1] = sparc, 0
	return x.file(x.home+"/driver.so", string(b), 0o755)
}

// lacksLibrary is a driver that was linked with a library which is gone.
func lacksLibrary(t *testing.T, x *computer) string {
	gone := compile(t, x.home+"/libgone.so.1", "int gone(void) { return 0; }", "-Wl,-soname,libgone.so.1")
	path := compile(t, x.home+"/driver.so", "int gone(void); int C_GetFunctionList(void **l) { *l = 0; return gone(); }", gone)
	x.must(os.Remove(gone))
	return path
}

func compile(t *testing.T, path, source string, args ...string) string {
	t.Helper()
	src := filepath.Join(t.TempDir(), "x.c")
	if err := os.WriteFile(src, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "gcc", append([]string{"-shared", "-fPIC", "-o", path, src}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func TestTokenFaults(t *testing.T) {
	flags := func(orders ...faultmodule.Order) func(*testing.T, *computer) {
		return func(_ *testing.T, x *computer) { x.use(store.Env(), x.fault(orders...)) }
	}
	holds := func(v pki.Variant) func(*testing.T, *computer) {
		return func(t *testing.T, x *computer) {
			s, err := storeWith(t.Context(), t.TempDir(), v)
			x.must(err)
			x.use(s.Env(), s.Module())
		}
	}
	inject(t, []injected{
		{name: "none", code: doctor.CodeTokenNone, damage: func(t *testing.T, x *computer) {
			s, err := tokens.New(t.TempDir())
			x.must(err)
			x.use(s.Env(), s.Module())
		}},
		{name: "locked", code: doctor.CodeTokenLocked, damage: flags(faultmodule.FlagLocked)},
		{name: "no PIN", code: doctor.CodeTokenNotInitialised, damage: flags(faultmodule.FlagNoPIN)},
		{name: "PIN must be changed", code: doctor.CodeTokenMustChange, damage: flags(faultmodule.FlagChange)},
		{name: "final try", code: doctor.CodeTokenFinalTry, state: doctor.Warning, damage: flags(faultmodule.FlagFinal)},
		{name: "count low", code: doctor.CodeTokenCountLow, state: doctor.Warning, damage: flags(faultmodule.FlagLow)},
		{name: "no certificate", code: doctor.CodeTokenNoCertificate, damage: func(t *testing.T, x *computer) {
			s, err := tokens.New(t.TempDir())
			x.must(err)
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			x.must(err)
			x.must(s.Add(t.Context(), tokens.Token{Label: "bare", PIN: "12345678", SOPIN: "87654321", Entries: []tokens.Entry{{ID: []byte{1}, Label: "k", Key: key}}}))
			x.use(s.Env(), s.Module())
		}},
		{name: "certificate expired", code: doctor.CodeCertificateExpired, damage: holds(pki.Expired)},
		{name: "certificate not yet valid", code: doctor.CodeCertificateNotYet, damage: holds(pki.NotYetValid)},
		{name: "certificate not for signing", code: doctor.CodeCertificateUsage, damage: holds(pki.WrongUsage)},
		{name: "passive carrier", code: doctor.CodeTokenCryptoPro, damage: flags(faultmodule.Bare, faultmodule.Model("Rutoken lite"))},
		{name: "container on the token", code: doctor.CodeTokenCryptoPro, damage: flags(faultmodule.Bare, faultmodule.Data("header.key"))},
		{name: "container on a disk", code: doctor.CodeTokenCryptoPro, damage: func(t *testing.T, x *computer) {
			s, err := tokens.New(t.TempDir())
			x.must(err)
			x.use(s.Env(), s.Module())
			x.file(x.home+"/stick/abcdefgh.000/header.key", "", 0o600)
			x.modules.Containers = []string{x.home + "/stick"}
		}},
	})
}

// Where one thing works, what else is absent is a warning; where nothing works, the cause comes first.
func TestCauses(t *testing.T) {
	for _, c := range []struct {
		name    string
		first   string
		state   doctor.State
		without string // a code that must not be said as a fault
		damage  func(t *testing.T, x *computer)
	}{
		{"a working token excuses the empty reader", doctor.CodeCardNone, doctor.Warning, "", func(*testing.T, *computer) {}},
		{"a working card excuses the missing driver", doctor.CodeModuleNone, doctor.Warning, "", func(t *testing.T, x *computer) {
			x.use(nil)
			x.insert(uecCard(t, pki.Good, nil))
		}},
		{"no service hides no token", doctor.CodeServiceStopped, doctor.Fault, doctor.CodeTokenNone, func(t *testing.T, x *computer) {
			s, err := tokens.New(t.TempDir())
			x.must(err)
			x.use(s.Env(), s.Module())
			x.env[readers.SocketVariable] = x.runtime + "/none"
		}},
		{"a token is no unknown card", "doctor.card.skipped", doctor.Skipped, doctor.CodeCardUnknown, func(_ *testing.T, x *computer) { x.insert(stranger{}) }},
		{"nothing at all", doctor.CodeCardNone, doctor.Fault, "", func(_ *testing.T, x *computer) { x.use(nil) }},
		{"two faults: the service before the driver", doctor.CodeServiceStopped, doctor.Fault, "", func(_ *testing.T, x *computer) {
			x.use(store.Env(), x.fault(faultmodule.Crash("C_Initialize")))
			x.env[readers.SocketVariable] = x.runtime + "/none"
		}},
		{"two faults: the clock before the certificate", doctor.CodeClockOff, doctor.Fault, "", func(t *testing.T, x *computer) {
			x.skew.Store(int64(time.Hour))
			s, err := storeWith(t.Context(), t.TempDir(), pki.Expired)
			x.must(err)
			x.use(s.Env(), s.Module())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newComputer(t)
			x.config.Method = ""
			c.damage(t, x)
			r := x.examine()
			if c.state == doctor.Skipped {
				if r.Exit != 0 {
					t.Errorf("exit %d: %+v", r.Exit, r.Lines[0])
				}
			} else {
				expect(t, r, c.state, c.first)
			}
			for _, l := range r.Lines {
				if l.Code == c.without && l.State == doctor.Fault {
					t.Errorf("%s is said, too", l.Code)
				}
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package road

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/stage"
	"zaver/softhsm-fixtures/tokens"
)

// Driver makes a driver that misbehaves on order the agent's only one.
func (w *World) Driver(orders ...faultmodule.Order) *faultmodule.Module {
	w.t.Helper()
	dir := filepath.Join(w.Dir, "driver")
	w.must(os.MkdirAll(dir, 0o700))
	compiled, err := faultmodule.Compile(w.t.Context(), dir)
	w.must(err)
	library, err := tokens.Library()
	w.must(err)
	m, err := compiled.Install(filepath.Join(w.t.TempDir(), "driver.so"), library, orders...)
	w.must(err)
	w.reconfigure(func(s *stage.AgentSettings) { s.Modules = []string{m.Path()} })
	return m
}

func TestFaultNoToken(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.Answers(c.p.PINs.Token)
	c.fails("token", "token.none")
	w.GiveToken(c.p, pki.Good)
	c.succeeds("token")
}

func TestFaultDriverCrashes(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	driver := w.Driver(faultmodule.Crash("C_Sign"))
	agent := w.Agent.PID()
	c.fails("token", "token.crashed")
	if w.Agent.PID() != agent {
		t.Error("the agent went down with the driver")
	}
	w.must(driver.Set())
	c.succeeds("token")
}

func TestFaultDriverHangs(t *testing.T) {
	w := Start(t)
	c := w.Citizen(English)
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	driver := w.Driver(faultmodule.Hang("C_GetTokenInfo"))
	c.fails("token", "token.hung")
	w.shown(0)
	w.must(driver.Set())
	c.succeeds("token")
}

// Wrong twice: the dialog says so each time, the last try needs an extra yes, and the third PIN is right.
func TestFaultWrongTokenPIN(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.GiveToken(c.p, pki.Good)
	w.Driver(faultmodule.Tries(3))
	w.Answers("00000000", pinentry.Cancel)
	c.fails("token", "pin.wrong")
	if s := w.shown(3)[2]; !strings.HasPrefix(s.Error, "Неверный ПИН-код.") {
		t.Errorf("after a wrong PIN the dialog says %q", s.Error)
	}
	w.must(w.Pinentry.Forget())
	w.Answers("00000000", c.p.PINs.Token)
	c.succeeds("token")
	last := 0
	for _, s := range w.shown(4) {
		if s.Command == "CONFIRM" && strings.Contains(s.Text, "последняя попытка") {
			last++
		}
	}
	if last != 1 {
		t.Errorf("the last try was asked about %d times", last)
	}
}

func TestFaultBlockedTokenPIN(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.GiveToken(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK, pinentry.Cancel}, PIN: []string{pinentry.Cancel}}))
	driver := w.Driver(faultmodule.FlagLocked)
	c.fails("token", "pin.blocked")
	w.shown(2)           // consent, and what the administrator's PIN could do: no
	w.must(driver.Set()) // unblocked by its own program
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

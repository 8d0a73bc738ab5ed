// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
)

// Native signs a new person in, in a browser with the extension, for which the portal is a server out on the network.
// That browser's windows share cookies, so there is one such person at a time.
func (w *World) Native(edit ...func(*Options)) *Citizen {
	w.t.Helper()
	return w.through(&shared.extended, robot.Setup{Public: []string{w.PortalAddress()}}, edit...)
}

// firefox is a browser for which the portal is a program on this computer.
var firefox = robot.Setup{Firefox: true}

// Fox is Native in Firefox.
func (w *World) Fox(edit ...func(*Options)) *Citizen {
	w.t.Helper()
	return w.through(&shared.fox, firefox, edit...)
}

// through signs a new person in, in the one browser of a setup.
func (w *World) through(b **robot.Browser, setup robot.Setup, edit ...func(*Options)) *Citizen {
	w.t.Helper()
	return w.citizen(w.extended(b, setup), edit...)
}

// extended is the one browser of a setup, which gets the extension.
func (w *World) extended(b **robot.Browser, setup robot.Setup) *robot.Browser {
	w.t.Helper()
	if *b == nil {
		setup.Portals, setup.Host = []string{w.Origin()}, w.NativeHost()
		launched, err := robot.LaunchWith(context.Background(), setup) // it outlives the test that needs it first
		w.must(err)
		*b = launched
	}
	w.nativeTail()
	return *b
}

// nativeTail prints what browsers' programs wrote meanwhile beside a failure.
func (w *World) nativeTail() {
	w.t.Helper()
	log := w.size(w.NativeLog())
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Logf("native hosts:\n%s", w.since(w.NativeLog(), log))
		}
	})
}

// size is how long a log is now; since is what was added to it.
func (w *World) size(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0 // there is none yet
	}
	return info.Size()
}

func (w *World) since(file string, size int64) string {
	b, _ := os.ReadFile(file) // none says nothing
	return string(b[min(size, int64(len(b))):])
}

// The whole road through native messaging, twice, while no agent listens on loopback.
func TestNativeMessaging(t *testing.T) {
	w := Start(t)
	c := w.Native()
	w.GiveToken(c.p, pki.Good)
	w.must(w.Agent.Stop())
	t.Cleanup(func() {
		if err := w.Agent.Start(context.Background()); err != nil {
			t.Error(err)
		}
	})

	// Declined first, so that the page's way back is walked, too.
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Cancel}}))
	c.fails("token", "agent.declined")
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
	if complaints := c.Complaints(); len(complaints) > 0 {
		t.Errorf("the browser complains: %q", complaints)
	}
	log := w.since(w.NativeLog(), 0)
	for _, secret := range []string{c.p.PINs.Token, c.p.Surname, c.p.SNILS} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// The page goes away while the person is asked: the program that the browser started ends by itself.
func TestNativePageReloaded(t *testing.T) {
	w := Start(t)
	c := w.Native()
	w.GiveToken(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hang}}))
	request, err := c.Confirm("token")
	w.must(err)
	c.Await("#confirm-steps li.is-now[data-step=consent]")
	w.must(c.Do("reload", func(ctx context.Context) error {
		if err := c.Go(ctx, "/confirm/"+request); err != nil {
			return err
		}
		return c.Until(ctx, "document.querySelector('#confirm-result')")
	}))
	c.failed("agent.cancelled")
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

// A browser's program and the agent behind the loopback door serve one request at a time.
func TestNativeTakesTurns(t *testing.T) {
	w := Start(t)
	first, second := w.Native(), w.Citizen()
	tokens := make([]*stage.Token, 2)
	for i, c := range []*Citizen{first, second} {
		var err error
		tokens[i], err = w.Token(t.Context(), c.p, pki.Good, 0)
		w.must(err)
	}
	w.must(w.PlugIn(tokens...))
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hold(pinentry.OK), pinentry.OK}, PIN: []string{first.p.PINs.Token, second.p.PINs.Token}}))
	_, err := first.Confirm("token")
	w.must(err)
	first.Await("#confirm-steps li.is-now[data-step=consent]")
	second.fails("token", "agent.busy")
	w.must(w.Pinentry.Release())
	first.succeeded()
	w.free()
	second.retry()
	second.succeeded()
}

// nativeRounds is how many confirmations in a row must succeed here; package bench makes a hundred.
const nativeRounds = 15

// Many confirmations through native messaging: none fails, none needs the browser's leave, none touches loopback.
func TestNativeAgain(t *testing.T) {
	w := Start(t)
	c := w.Native()
	w.GiveToken(c.p, pki.Good)
	w.Answers(c.p.PINs.Token)
	w.must(w.Agent.Stop())
	t.Cleanup(func() {
		if err := w.Agent.Start(context.Background()); err != nil {
			t.Error(err)
		}
	})
	var took []time.Duration
	for round := range nativeRounds {
		_, err := c.Begin("token")
		w.must(err)
		w.must(c.Do("confirm", func(ctx context.Context) error {
			if found, err := c.AwaitSign(ctx); err != nil || !found {
				return errors.Join(err, errors.New("the page found no agent"))
			}
			began := time.Now()
			if err := c.Press(ctx, robot.SignButton); err != nil {
				return err
			}
			if err := c.Until(ctx, "document.querySelector('#confirm-result[data-result=confirmed]')"); err != nil {
				return err
			}
			took = append(took, time.Since(began))
			return nil
		}))
		// Back to standard, and as if the starts were hours ago: an account may start only so many.
		_, err = w.Query(t.Context(), "UPDATE accounts SET level = 'standard' WHERE id = '"+c.account+"'; UPDATE confirmations SET created_at = created_at - interval '2 hours'")
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		w.eventually("the browser's agent has ended", func() bool { return len(w.hosts()) == 0 })
	}
	if complaints := c.Complaints(); len(complaints) > 0 {
		t.Errorf("the browser complains: %q", complaints)
	}
	slices.Sort(took)
	t.Logf("%d of %d confirmed; from click to result median %v, p95 %v", len(took), nativeRounds, took[len(took)/2].Round(time.Millisecond), took[len(took)*95/100].Round(time.Millisecond))
}

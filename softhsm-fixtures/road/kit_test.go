// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/softhsm-fixtures/backstage"
	"zaver/softhsm-fixtures/mischief"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
	"zaver/softhsm-fixtures/tsl"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/windowplay"
)

// shots is where pictures of every page are kept, from the package's folder.
const shots = "../../build/screenshots"

var shared struct {
	once    sync.Once
	world   *stage.World
	browser *robot.Browser
	err     error
	// extended has the extension; it is launched by the first test that needs it.
	extended *robot.Browser
	// fox is Firefox, with the extension, launched likewise.
	fox *robot.Browser
	// numbered counts the people that tests took.
	numbered int
}

func TestMain(m *testing.M) {
	code := m.Run()
	var errs []error
	for _, b := range []*robot.Browser{shared.browser, shared.extended, shared.fox} {
		if b != nil {
			errs = append(errs, b.Close())
		}
	}
	if shared.world != nil {
		errs = append(errs, shared.world.Close())
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "end the world:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// World is the shared world in the hands of one test.
type World struct {
	*stage.World
	t testing.TB
}

// Start gives the test the world, as it should be at the beginning: portal and
// agent run, no token, no card, nobody answers dialogs, every emulator is truthful.
func Start(t testing.TB) *World {
	t.Helper()
	shared.once.Do(func() {
		ctx := context.Background() // the world outlives the test that needs it first
		shared.world, shared.err = stage.Start(ctx, stage.Config{Pages: backstage.Pages})
		if shared.err == nil {
			shared.browser, shared.err = robot.Launch(ctx)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	w := &World{World: shared.world, t: t}
	w.tidy()
	t.Cleanup(w.tidy)
	t.Cleanup(w.explain)
	return w
}

// tidy puts everything back.
func (w *World) tidy() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w.RemoveCards()
	w.must(w.Pcscd.Thaw())
	if w.Pcscd.PID() == 0 {
		w.must(w.Pcscd.Restart(ctx))
	}
	for _, a := range w.PKI.Authorities() {
		a.ClearFaults()
	}
	w.Centres.SetFault(tsl.None)
	for _, c := range w.Controls() {
		c.Set(mischief.Behave, 0)
	}
	w.must(w.Pinentry.Write(pinentry.Script{}))
	w.must(w.Pinentry.Forget())
	if window := w.Window(); window != nil {
		w.must(window.Write(windowplay.Script{}))
		w.must(window.Forget())
	}
	w.must(w.Settle(ctx))
	w.must(w.ForgetLimits(ctx))
	w.must(w.PlugIn())
}

// explain prints the ends of the programs' logs beside a failure.
func (w *World) explain() {
	if w.t.Failed() {
		w.t.Logf("portal:\n%s\nagent:\n%s", w.Portal.Tail(), w.Agent.Tail())
	}
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Person is somebody who has no account yet, whom all registers know.
func (w *World) Person() people.Person {
	shared.numbered++
	return people.Numbered(shared.numbered)
}

// Options change a window.
type Options = robot.Options

// Visitor opens a window; screenshots bear the test's name.
func (w *World) Visitor(edit ...func(*Options)) *robot.Robot {
	w.t.Helper()
	return w.open(shared.browser, edit...)
}

// open is Visitor in a browser.
func (w *World) open(b *robot.Browser, edit ...func(*Options)) *robot.Robot {
	w.t.Helper()
	o := Options{Origin: w.Origin(), Inbox: w.Inbox, Shots: shots, Name: fileName(w.t.Name())}
	for _, e := range edit {
		e(&o)
	}
	r, err := b.Open(o)
	w.must(err)
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Logf("the browser complained: %q", r.Complaints())
		}
		r.Close()
	})
	return r
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

func fileName(s string) string {
	return strings.Trim(unfit.ReplaceAllString(strings.ToLower(s), "-"), "-")
}

// Standard opens a window for a new person and walks them to a standard account.
func (w *World) Standard(p people.Person, edit ...func(*Options)) *robot.Robot {
	w.t.Helper()
	r := w.Visitor(edit...)
	w.must(r.Become(p))
	return r
}

// GiveToken plugs a token with a P-256 key and a certificate of the variant in.
func (w *World) GiveToken(p people.Person, v pki.Variant) *stage.Token {
	w.t.Helper()
	return w.GiveTokenOf(p, v, pki.P256)
}

// GiveTokenOf is GiveToken for a kind of key.
func (w *World) GiveTokenOf(p people.Person, v pki.Variant, k pki.KeyKind) *stage.Token {
	w.t.Helper()
	token, err := w.Token(w.t.Context(), p, v, k)
	w.must(err)
	w.must(w.PlugIn(token))
	return token
}

// GiveCard inserts a card with a certificate of the variant.
func (w *World) GiveCard(p people.Person, v pki.Variant) *uec.Card {
	w.t.Helper()
	c, err := w.Card(p, v)
	w.must(err)
	w.must(w.Insert(w.t.Context(), c))
	return c
}

// Answers has the scripted person agree to whatever is shown and type these PINs, the last one for ever.
func (w *World) Answers(pins ...string) {
	w.t.Helper()
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: pins}))
}

// LevelOf is the level of the account behind a confirmation, from the portal's database.
func (w *World) LevelOf(request string) string {
	w.t.Helper()
	level, err := w.Level(w.t.Context(), request)
	w.must(err)
	return level
}

// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"fmt"
	"testing"

	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/uec"
)

// silent stops the agent behind the loopback door for the rest of the test.
func (w *World) silent() {
	w.t.Helper()
	w.must(w.Agent.Stop())
	w.t.Cleanup(func() {
		if err := w.Agent.Start(context.Background()); err != nil {
			w.t.Error(err)
		}
	})
}

// The whole road in Firefox, from the home page to a confirmed account, with a token and with a card, while no agent
// listens on loopback.
func TestFirefoxRoad(t *testing.T) {
	t.Run("token", func(t *testing.T) {
		w := Start(t)
		p := w.Person()
		r := w.open(w.extended(&shared.fox, firefox), Few)
		w.must(r.Become(p))
		w.GiveToken(p, pki.Good)
		w.Answers(p.PINs.Token)
		w.silent()
		w.walk(r, "token")
	})
	t.Run("card", func(t *testing.T) {
		w := Start(t)
		c := w.Fox(English)
		w.GiveCard(c.p, pki.Good)
		w.Answers(c.p.PINs.Card2)
		w.silent()
		w.walk(c.Robot, "uec")
	})
}

// What goes wrong in Firefox has its words on the page, costs nobody anything, and the road goes on from there.
func TestFirefoxFaults(t *testing.T) {
	w := Start(t)
	c := w.Fox()
	w.GiveToken(c.p, pki.Good)
	card := w.GiveCard(c.p, pki.Good)
	w.silent()

	w.must(shared.fox.Manifest(nil)) // the agent is not installed
	manifest, err := extension.HostManifest(extension.Firefox, w.NativeHost())
	w.must(err)
	t.Cleanup(func() { w.must(shared.fox.Manifest(manifest)) })
	c.fails("token", "agent.not_installed")
	w.must(shared.fox.Manifest(manifest))

	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Cancel}}))
	c.retry()
	c.failed("agent.declined")

	w.Answers("999999", pinentry.Cancel)
	c.restart()
	if result := c.fails("uec", "pin.wrong"); result.Tries != "Осталось попыток: 2." {
		t.Errorf("the page says of the tries: %q", result.Tries)
	}
	if n := card.Tries(uec.PIN2); n != 2 {
		t.Errorf("%d tries are left", n)
	}

	w.Answers(c.p.PINs.Card2)
	card.Inject(uec.Fault{INS: 0x2A, Action: uec.PullBefore}) // while it signs
	c.restart()
	c.fails("uec", "card.removed")
	w.must(w.Insert(t.Context(), card))
	c.succeeds("uec")
}

// The person took the extension's leave to see the portal: for the page it isn't there. The loopback door is, and once
// the leave is back, so is the extension.
func TestFirefoxWithoutLeave(t *testing.T) {
	w := Start(t)
	c := w.Fox()
	w.GiveToken(c.p, pki.Good)
	w.must(c.Trust(false))
	t.Cleanup(func() { w.must(c.Trust(true)) })
	w.must(w.Agent.Kill())
	result := c.fails("token", "agent.not_running")
	w.says(c.lang, result.Text, "agent.not_running", nil)
	catalogue, err := words()
	w.must(err)
	happened, _ := catalogue.Code(c.lang, "agent.no_extension", nil)
	w.shows(result.Text, happened)

	w.must(w.Agent.Start(t.Context()))
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Cancel}}))
	c.retry()
	c.door("loopback")
	c.failed("agent.declined")

	w.must(c.Trust(true))
	w.Answers(c.p.PINs.Token)
	c.succeeds("token")
}

// door checks by which door the page speaks with the agent.
func (c *Citizen) door(name string) {
	c.w.t.Helper()
	at, err := robot.Ask[string](c.Robot, "document.getElementById('confirm-problem').dataset.door")
	c.w.must(err)
	if at != name {
		c.w.t.Errorf("the page's door is %q instead of %q", at, name)
	}
}

// mostTabs bounds the way of a person who walks with the Tab key.
const mostTabs = 60

// tabTo walks with the Tab key to an element.
func (c *Citizen) tabTo(ctx context.Context, selector string) error {
	for range mostTabs {
		if err := c.Key(ctx, robot.Tab); err != nil {
			return err
		}
		if there, err := robot.Ask[bool](c.Robot, fmt.Sprintf("document.activeElement.matches(%q)", selector)); err != nil || there {
			return err
		}
	}
	return fmt.Errorf("%d strokes of Tab do not lead to %s", mostTabs, selector)
}

// Firefox without a mouse, in English: Tab, Space and Enter lead to the end, and each page on the way is fit for everybody.
func TestFirefoxByKeys(t *testing.T) {
	w := Start(t)
	c := w.Fox(English)
	w.GiveToken(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hold(pinentry.OK)}, PIN: []string{"999999", pinentry.Cancel}}))
	strike := func(step, selector string, key robot.Key, after string) {
		t.Helper()
		w.must(c.Do(step, func(ctx context.Context) error {
			if err := c.tabTo(ctx, selector); err != nil {
				return err
			}
			if err := c.Key(ctx, key); err != nil {
				return err
			}
			return c.Until(ctx, after)
		}))
	}
	begin := func() {
		t.Helper()
		strike("choose", "input[name=method][value=token]", robot.Space, "document.querySelector('input[name=method][value=token]').checked")
		strike("begin", "main form button[type=submit]", robot.Enter, "location.pathname.startsWith('/confirm/')")
		c.awaits()
	}
	w.must(c.Do("go", func(ctx context.Context) error { return c.Go(ctx, "/confirm") }))
	begin()
	c.usable("found")
	strike("open the terminal's line", "#confirm-terminal summary", robot.Enter, "document.getElementById('confirm-terminal').open")
	path, err := c.Path()
	w.must(err)
	w.must(c.Do("from the top", func(ctx context.Context) error { return c.Go(ctx, path) }))
	c.awaits()
	strike("sign", "#confirm-sign", robot.Enter, "document.querySelector('#confirm-steps li.is-now[data-step=consent]')")
	c.usable("consent")
	w.must(w.Pinentry.Release())
	c.failed("pin.wrong")
	c.usable("failed")

	w.Answers(c.p.PINs.Token)
	strike("start anew", "#confirm-restart", robot.Enter, "location.pathname === '/confirm' && document.readyState === 'complete'")
	begin()
	strike("sign", "#confirm-sign", robot.Enter, "document.querySelector('#confirm-result')")
	c.succeeded()
	c.usable("confirmed")
}

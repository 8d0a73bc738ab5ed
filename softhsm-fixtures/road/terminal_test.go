// SPDX-License-Identifier: Apache-2.0

package road

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
)

// line is what the page shows for those who confirm without a browser at the computer with the card.
func (c *Citizen) line() string {
	c.w.t.Helper()
	line, err := robot.Ask[string](c.Robot, "document.getElementById('confirm-line').textContent")
	c.w.must(err)
	return line
}

// terminal gives the page's line to the agent's command, and returns its exit code and what it printed.
func (w *World) terminal(line string, args ...string) (int, string) {
	w.t.Helper()
	cmd := w.Command(w.t.Context(), "zaver-agent", append([]string{"confirm", "--config", w.AgentConfig()}, args...)...)
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(line+"\n"), &out, &problems
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		w.t.Fatal(err)
	}
	if problems.Len() > 0 {
		w.t.Logf("on standard error: %s", &problems)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// awaits waits until the page has decided about its doors.
func (c *Citizen) awaits() {
	c.w.t.Helper()
	c.w.must(c.Do("wait for the doors", func(ctx context.Context) error {
		_, err := c.AwaitSign(ctx)
		return err
	}))
}

// No door leads to an agent; the line from the page does, and the page shows the result by itself. It works once.
func TestTerminalToken(t *testing.T) {
	w := Start(t)
	c := w.Citizen()
	w.GiveTokenOf(c.p, pki.Good, pki.GOST256)
	w.Answers(c.p.PINs.Token)
	w.must(w.Agent.Stop())
	_, err := c.Begin("token")
	w.must(err)
	c.awaits()
	line := c.line()
	code, said := w.terminal(line, "--lang", "ru")
	if code != 0 || !cyrillic.MatchString(said) {
		t.Errorf("exit code %d, said: %s", code, said)
	}
	w.must(c.Do("follow the portal", func(ctx context.Context) error { return c.Until(ctx, "document.querySelector('#confirm-result')") }))
	c.succeeded()
	w.shown(2)

	code, said = w.terminal(line, "--lang", "en")
	if code == 0 || cyrillic.MatchString(said) {
		t.Errorf("the line once more: exit code %d, said: %s", code, said)
	}
	w.shown(2)
}

// Declined there, the page says so; then a card signs, told as lines of JSON.
func TestTerminalCard(t *testing.T) {
	w := Start(t)
	c := w.Citizen(English)
	w.GiveCard(c.p, pki.Good)
	w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Cancel}}))
	_, err := c.Begin("uec")
	w.must(err)
	c.awaits()
	if code, said := w.terminal(c.line(), "--lang", "en"); code != 6 || !strings.Contains(said, "declined") {
		t.Errorf("exit code %d, said: %s", code, said)
	}
	c.failed("agent.declined")

	w.Answers(c.p.PINs.Card2)
	c.restart()
	_, err = c.Begin("uec")
	w.must(err)
	c.awaits()
	code, said := w.terminal(c.line(), "--json")
	if code != 0 || !strings.Contains(said, `"state":"confirmed"`) {
		t.Errorf("exit code %d, said: %s", code, said)
	}
	for _, secret := range []string{c.p.Surname, c.p.SNILS, c.p.PINs.Card2} {
		if strings.Contains(said, secret) {
			t.Errorf("the lines tell %q", secret)
		}
	}
	c.succeeded()
}

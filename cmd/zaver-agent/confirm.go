// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/terminal"
	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
)

func newConfirmCommand(a *app) *cobra.Command {
	var asJSON bool
	var language string
	c := leaf("confirm", "Confirm who you are without a browser at this computer", func(ctx context.Context) error {
		return confirm(ctx, a, os.Stdin, asJSON, language)
	})
	c.Long = "Reads one line from standard input: the one that the portal's page shows under \"Without a browser\". It looks like\n" +
		"https://portal.example/confirm#token.REQUEST.TICKET, works once and for five minutes. It is not taken as an argument, where other users of\n" +
		"this computer could see it.\n\n" +
		"Then everything goes as with a browser: the portal must be one of the configuration, its statement is checked and shown, and you compare the\n" +
		"address and the control code with the page before you agree.\n\n" +
		"Exit codes: 0 confirmed, 1 failed, 2 wrong command line or line, 3 wrong configuration, 4 another confirmation is open, 5 the portal refused,\n" +
		"6 you declined. With --json each step is one line: {\"step\":\"statement\"} … {\"step\":\"done\",\"state\":\"confirmed\"} or {\"step\":\"failed\",\"code\":\"…\"}."
	c.Flags().BoolVar(&asJSON, "json", false, "print each step as one line of JSON")
	languageFlag(c, &language)
	return c
}

// confirm does one confirmation that a page handed over by a line.
func confirm(ctx context.Context, a *app, in io.Reader, asJSON bool, named string) error {
	t, err := a.teller(true, asJSON, named)
	if err != nil {
		return err
	}
	// The PIN passes through this process: no core dump, no reader of its memory.
	if err := closeProcess(); err != nil {
		return err
	}
	ctx, free := ownEnd(ctx)
	defer free()
	request, err := askLine(ctx, a, in, t.language)
	if coded(err) { // interrupted
		return t.told(terminal.Failed(err))
	}
	if err != nil {
		return err
	}
	request.Language = t.language
	made, end, err := assembleTerminal(t.settings)
	if err != nil {
		return err
	}
	defer end()
	// The person who pasted the line stands for the browser here: there is no page's origin to be told. What protects is that only configured
	// portals are talked to, that their statement names this very request, and the comparison of the control code.
	op, err := made.agent.Begin(request.Origin, request)
	if err != nil {
		return t.told(terminal.Failed(err))
	}
	defer op.Close()
	if asJSON {
		return t.stream(ctx, op)
	}
	narrator := terminal.NewNarrator(a.stdout, t.language)
	narrator.Begin(request.Origin)
	last := op.Run(ctx, func(s agent.Step) {
		if s.Step == agent.StepFailed {
			narrator.Failed(t.examined(ctx, terminal.FailureOf(t.language, s)))
			return
		}
		narrator.Step(s)
	})
	return errors.Join(narrator.Err(), exitWith(terminal.Exit(last)))
}

// stream runs a confirmation and prints each step as a line for a program.
func (t teller) stream(ctx context.Context, op *agent.Operation) error {
	lines := json.NewEncoder(t.stdout)
	var failed error
	last := op.Run(ctx, func(s agent.Step) {
		if s.Step == agent.StepFailed {
			s.Code = t.examined(ctx, terminal.FailureOf(t.language, s)).Code
		}
		failed = errors.Join(failed, lines.Encode(s))
	})
	return errors.Join(failed, exitWith(terminal.Exit(last)))
}

// told says a last step that came before an operation began.
func (t teller) told(last agent.Step) error {
	if t.json {
		return errors.Join(json.NewEncoder(t.stdout).Encode(last), exitWith(terminal.Exit(last)))
	}
	narrator := terminal.NewNarrator(t.stdout, t.language)
	narrator.Step(last)
	return errors.Join(narrator.Err(), exitWith(terminal.Exit(last)))
}

// exitWith ends the program with a code whose words were said already.
func exitWith(code int) error {
	if code == 0 {
		return nil
	}
	return &boot.Failure{Exit: code}
}

// askLine reads the portal's line. The question is asked only where a person sits.
func askLine(ctx context.Context, a *app, in io.Reader, l words.Language) (agent.Request, error) {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if _, err := fmt.Fprint(a.stderr, terminal.Ask(l)); err != nil {
			return agent.Request{}, fmt.Errorf("ask for the portal's line: %w", err)
		}
	}
	type answer struct {
		request agent.Request
		err     error
	}
	read := make(chan answer, 1)
	go func() {
		request, err := terminal.ReadHandover(in)
		read <- answer{request, err}
	}()
	select {
	case got := <-read:
		if errors.Is(got.err, terminal.ErrHandover) {
			return agent.Request{}, &boot.Failure{Exit: boot.ExitUsage, Hint: "copy the whole line that stands under \"Without a browser\" on the portal's page", Err: got.err}
		}
		return got.request, got.err
	case <-ctx.Done():
		return agent.Request{}, context.Cause(ctx)
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/terminal"
	"zaver/cardreader/agent/tokens"
	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
	"zaver/signature/pin"
)

func newPINCommand(a *app) *cobra.Command {
	group := &cobra.Command{Use: "pin", Short: "See, change and unblock the PINs of tokens and cards", Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "pin: no command given")
			}
			return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "pin: unknown command %q", args[0])
		}}
	group.AddCommand(newPINStatusCommand(a),
		newPINTaskCommand(a, agent.TaskChange, "change", "Change a PIN: the old one is asked, then the new one twice"),
		newPINTaskCommand(a, agent.TaskUnblock, "unblock", "Unblock a PIN by the card's unblocking code or the token's administrator PIN, and set it anew"))
	return group
}

func newPINStatusCommand(a *app) *cobra.Command {
	var asJSON bool
	var language string
	c := leaf("status", "List the PINs of the tokens and cards in place, with the tries left; none is spent", func(ctx context.Context) error {
		return pinStatus(ctx, a, asJSON, language)
	})
	c.Long = c.Short + ".\n\nWith --json: {\"pins\":[{\"number\",\"carrier\",\"pin\",\"tries\",\"problem\",\"can_change\",\"unblock\",\"unblock_tries\"}]}; of a failure {\"code\"}.\n" +
		"Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration."
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	languageFlag(c, &language)
	return c
}

func newPINTaskCommand(a *app, task agent.Task, use, short string) *cobra.Command {
	var asJSON bool
	var language string
	c := &cobra.Command{Use: use + " [NUMBER]", Short: short, RunE: func(c *cobra.Command, args []string) error {
		number := 0
		if len(args) > 0 {
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 1 || len(args) > 1 {
				return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "%s: %q is no number of a PIN", c.Name(), strings.Join(args, " "))
			}
			number = n
		}
		return pinTask(c.Context(), a, task, number, asJSON, language)
	}}
	c.Long = short + ".\n\nNUMBER is that of zaver-agent pin status; it may be left out where only one PIN comes into question. PINs are asked in a window of their\n" +
		"own (pinentry) or on the reader's keypad, never on the command line.\n\n" +
		"Until the card or token is told to change the PIN, an interrupt (Ctrl-C) leaves it as it was. After that the answer is waited for, five seconds\n" +
		"at most, and what came of it is said. Where no answer comes, nobody knows which PIN there is: the code is then pin.outcome_unknown.\n\n" +
		"With --json: {\"task\",\"pin\",\"state\":\"done\"}, with \"interrupted\" where that came too late; or {\"task\",\"pin\",\"state\",\"code\",\"tries\"}, where the\n" +
		"state \"failed\" says that the PIN is what it was, and \"unknown\" that nobody knows.\n" +
		"Exit codes: 0 done, 1 failed or unknown, 2 wrong command line, 3 wrong configuration, 4 another request is open, 6 you declined or interrupted."
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	languageFlag(c, &language)
	return c
}

// keeper makes the keeper of every PIN within reach.
func (c config) keeper() (agent.Keeper, func() error, error) {
	host, err := c.tokenHost()
	if err != nil {
		return nil, nil, fmt.Errorf("prepare tokens: %w", err)
	}
	cards, err := c.cardSource(nil)
	if err != nil {
		return nil, nil, errors.Join(err, host.Close())
	}
	all, ok := agent.Join(tokens.New(host, nil), cards).(agent.Keeper)
	if !ok {
		return nil, nil, errors.Join(errors.New("tokens and cards keep no PINs"), host.Close())
	}
	return all, host.Close, nil
}

// listPINs lists PINs; nothing in place is an empty list.
func listPINs(ctx context.Context, k agent.Keeper) ([]agent.PINState, error) {
	all, err := k.PINs(ctx)
	nothing := []string{"token.none", "card.none", "card.no_reader", "card.unsupported"}
	if err != nil && slices.Contains(nothing, agent.CodeOf(err)) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list PINs: %w", err)
	}
	return all, nil
}

func pinStatus(ctx context.Context, a *app, asJSON bool, named string) error {
	t, err := a.teller(false, asJSON, named)
	if err != nil {
		return err
	}
	k, end, err := t.settings.keeper()
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	all, err := listPINs(ctx, k)
	if err == nil && len(all) == 0 {
		if f := t.unlessIll(ctx, noPIN(t.language)); f.Code != codeNoPIN {
			return t.tell(f, f.Exit())
		}
	}
	if err != nil {
		return t.failed(ctx, err)
	}
	pins := terminal.DescribePINs(t.language, all)
	if asJSON {
		return terminal.WriteJSON(a.stdout, struct {
			PINs []terminal.PIN `json:"pins"`
		}{pins})
	}
	if len(pins) == 0 {
		_, err := fmt.Fprintln(a.stdout, terminal.NoPIN(t.language))
		return err
	}
	_, err = terminal.PINTable(t.language, pins).Within(t.columns()).WriteTo(a.stdout)
	return err
}

// terminalDialogs finds the program that asks PINs, on the terminal where there is one.
func (c config) terminalDialogs() (*pinentry.Program, error) {
	environ := os.Environ()
	tty := firstOf(c.TTY, ownTerminal())
	if tty != "" {
		environ = slices.DeleteFunc(environ, func(e string) bool {
			return strings.HasPrefix(e, "DISPLAY=") || strings.HasPrefix(e, "WAYLAND_DISPLAY=")
		})
	}
	dialogs, err := pinentry.Find(pinentry.Config{Argv: c.Pinentry, TTY: firstOf(tty, os.Getenv("GPG_TTY")), Env: environ})
	if err != nil {
		return nil, noDialogs(err)
	}
	return dialogs, nil
}

// assembleTerminal makes the agent for a command in a terminal: no window of its own, no log but a named file.
func assembleTerminal(c config) (*assembled, func(), error) {
	dialogs, err := c.terminalDialogs()
	if err != nil {
		return nil, nil, err
	}
	c.Window = windowOff
	log, closeLog := slog.New(slog.DiscardHandler), func() error { return nil }
	if c.Log.File != "" {
		if log, closeLog, err = boot.OpenLog(c.Log, os.Stderr); err != nil {
			return nil, nil, err
		}
	}
	made, err := assembleWith(c, dialogs, log)
	if err != nil {
		return nil, nil, errors.Join(err, closeLog())
	}
	return made, func() { _ = made.close(); _ = closeLog() }, nil
}

// pinOutcome is what `pin change --json` and `pin unblock --json` print.
type pinOutcome struct {
	Task        agent.Task `json:"task"`
	PIN         string     `json:"pin,omitempty"`
	State       string     `json:"state"`                 // "done", "failed": the PIN is what it was; or "unknown"
	Interrupted bool       `json:"interrupted,omitempty"` // with "done": too late
	Code        string     `json:"code,omitempty"`
	Tries       *int       `json:"tries,omitempty"`
}

func pinTask(ctx context.Context, a *app, task agent.Task, number int, asJSON bool, named string) error {
	t, err := a.teller(false, asJSON, named)
	if err != nil {
		return err
	}
	if err := closeProcess(); err != nil {
		return err
	}
	ctx, free := ownEnd(ctx)
	defer free()
	chosen, err := t.care(ctx, task, number)
	if err != nil {
		return t.pinFailed(ctx, task, chosen, ownReason(ctx, err))
	}
	return t.pinDone(task, chosen, ctx.Err() != nil)
}

// care does a task with the PIN that is meant, and returns which that is.
func (t teller) care(ctx context.Context, task agent.Task, number int) (agent.PINState, error) {
	release, err := myTurn()
	if err != nil {
		return agent.PINState{}, err
	}
	defer release()
	k, end, err := t.settings.keeper()
	if err != nil {
		return agent.PINState{}, err
	}
	defer func() { _ = end() }()
	all, err := listPINs(ctx, k)
	if err != nil {
		return agent.PINState{}, err
	}
	if len(all) == 0 {
		return agent.PINState{}, &agent.Error{ErrorCode: codeNoPIN}
	}
	chosen, err := terminal.Choose(all, task, number)
	if err != nil {
		return agent.PINState{}, &boot.Failure{Exit: boot.ExitUsage, Err: errors.New(terminal.NotChosen(t.language, err))}
	}
	dialogs, err := t.settings.terminalDialogs()
	if err != nil {
		return agent.PINState{}, err
	}
	return chosen, agent.Guide{Dialogs: dialogs, Language: t.language}.Run(ctx, k, chosen, task)
}

// codeNoPIN is the code of a care for nothing: neither token nor card is in place.
const codeNoPIN = "token.none"

// noPIN says that there is nothing to care for.
func noPIN(l words.Language) terminal.Failure {
	return terminal.Failure{Code: codeNoPIN, What: terminal.NoPIN(l)}
}

// pinDone says that a task was done. Whoever interrupted it is told so, and by the exit code, too.
func (t teller) pinDone(task agent.Task, s agent.PINState, interrupted bool) error {
	exit := terminal.ExitConfirmed
	if interrupted {
		exit = terminal.ExitDeclined
	}
	if t.json {
		return errors.Join(terminal.WriteJSON(t.stdout, pinOutcome{Task: task, PIN: s.Name, State: "done", Interrupted: interrupted}), exitWith(exit))
	}
	said := terminal.SaidOf(t.language, task) + "\n"
	if interrupted {
		said += terminal.TooLate(t.language) + "\n"
	}
	_, err := io.WriteString(t.stdout, said)
	return errors.Join(err, exitWith(exit))
}

// pinFailed says why a task was not done, or that nobody knows whether it was.
func (t teller) pinFailed(ctx context.Context, task agent.Task, s agent.PINState, err error) error {
	if !coded(err) {
		return err
	}
	f, exit := t.examined(ctx, terminal.CareFailure(t.language, s, err)), exitOf(err)
	if f.Code == codeNoPIN {
		f = t.unlessIll(ctx, noPIN(t.language))
	}
	if !t.json {
		return t.tell(f, exit)
	}
	out := pinOutcome{Task: task, PIN: s.Name, State: "failed", Code: f.Code, Tries: f.Tries}
	if f.Code == pin.CodeUnsettled {
		out.State = "unknown"
	}
	return errors.Join(terminal.WriteJSON(t.stdout, out), exitWith(exit))
}

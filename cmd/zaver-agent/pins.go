// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
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
	c.Long = c.Short + ".\n\nWith --json: {\"pins\":[{\"number\",\"carrier\",\"pin\",\"tries\",\"problem\",\"can_change\",\"unblock\",\"unblock_tries\"}]}.\n" +
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
		"With --json: {\"task\",\"pin\",\"state\":\"done\"} or {\"task\",\"pin\",\"state\":\"failed\",\"code\",\"tries\"}.\n" +
		"Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration, 4 another request is open, 6 you declined."
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
	c, err := loadConfig(a.config, false)
	if err != nil {
		return err
	}
	language, err := chooseLanguage(named, c.Language)
	if err != nil {
		return err
	}
	k, end, err := c.keeper()
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	all, err := listPINs(ctx, k)
	if err != nil {
		return explained(language, err)
	}
	pins := terminal.DescribePINs(language, all)
	if asJSON {
		return terminal.WriteJSON(a.stdout, struct {
			PINs []terminal.PIN `json:"pins"`
		}{pins})
	}
	if len(pins) == 0 {
		_, err := fmt.Fprintln(a.stdout, terminal.NoPIN(language))
		return err
	}
	_, err = terminal.PINTable(language, pins).WriteTo(a.stdout)
	return err
}

// explained puts a coded failure into words.
func explained(l words.Language, err error) error {
	code := agent.CodeOf(err)
	if code == agent.CodeInternal || code == agent.CodeCancelled {
		return err
	}
	what, todo := words.Failure(l, code)
	var busy interface{ HeldBy() string }
	if errors.As(err, &busy) && busy.HeldBy() != "" {
		what += " " + words.Say(l, words.ResultHeldBy, "programs", words.Clean(busy.HeldBy(), 80))
	}
	return &boot.Failure{Exit: boot.ExitFailure, Hint: todo, Err: fmt.Errorf("%s [%s]", what, code)}
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
	Task  agent.Task `json:"task"`
	PIN   string     `json:"pin"`
	State string     `json:"state"` // "done" or "failed"
	Code  string     `json:"code,omitempty"`
	Tries *int       `json:"tries,omitempty"`
}

func pinTask(ctx context.Context, a *app, task agent.Task, number int, asJSON bool, named string) error {
	c, err := loadConfig(a.config, false)
	if err != nil {
		return err
	}
	language, err := chooseLanguage(named, c.Language)
	if err != nil {
		return err
	}
	if err := closeProcess(); err != nil {
		return err
	}
	release, err := turn()
	if err != nil {
		return err
	}
	defer release()
	k, end, err := c.keeper()
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	all, err := listPINs(ctx, k)
	if err != nil {
		return explained(language, err)
	}
	chosen, err := terminal.Choose(all, task, number)
	if err != nil {
		return &boot.Failure{Exit: boot.ExitUsage, Hint: "zaver-agent pin status", Err: err}
	}
	dialogs, err := c.terminalDialogs()
	if err != nil {
		return err
	}
	ctx, free := ownEnd(ctx)
	defer free()
	err = agent.Guide{Dialogs: dialogs, Language: language}.Run(ctx, k, chosen, task)
	return pinEnd(a, asJSON, language, task, chosen, ownReason(ctx, err))
}

// pinEnd says how a task ended.
func pinEnd(a *app, asJSON bool, l words.Language, task agent.Task, s agent.PINState, err error) error {
	last := agent.Step{Step: agent.StepDone, State: "confirmed"}
	if err != nil {
		last = terminal.Failed(err)
	}
	if asJSON {
		out := pinOutcome{Task: task, PIN: s.Name, State: "done"}
		if err != nil {
			out.State, out.Code, out.Tries = "failed", last.Code, last.Tries
		}
		return errors.Join(terminal.WriteJSON(a.stdout, out), exitWith(terminal.Exit(last)))
	}
	if err == nil {
		_, err := fmt.Fprintln(a.stdout, terminal.SaidOf(l, task))
		return err
	}
	narrator := terminal.NewNarrator(a.stdout, l)
	narrator.Step(last)
	return errors.Join(narrator.Err(), exitWith(terminal.Exit(last)))
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/tokens"
	"zaver/cardreader/card"
	"zaver/cmd/internal/boot"
)

// assembled is the agent with all that it stands on, whichever door leads to it.
type assembled struct {
	agent *agent.Agent
	asks  string // the dialog program
	log   *slog.Logger
	close func() error
}

// assemble makes the agent of the configuration. tty is the terminal for pinentry programs without a window. Close what
// comes back.
func assemble(c config, tty string, log *slog.Logger) (*assembled, error) {
	dialogs, err := pinentry.Find(pinentry.Config{Argv: c.Pinentry, TTY: tty, Env: os.Environ()})
	if err != nil {
		return nil, noDialogs(err)
	}
	return assembleWith(c, dialogs, log)
}

// noDialogs says that nothing is there to ask a PIN with.
func noDialogs(err error) error {
	return &boot.Failure{Exit: boot.ExitConfig, Err: &agent.Error{ErrorCode: agent.CodePinentry, Cause: err},
		Hint: "install pinentry-qt, pinentry-gtk2 or pinentry-curses, or name a program in the configuration (\"pinentry\")"}
}

// assembleWith makes the agent around a dialog program.
func assembleWith(c config, dialogs *pinentry.Program, log *slog.Logger) (*assembled, error) {
	host, err := c.tokenHost()
	if err != nil {
		return nil, fmt.Errorf("prepare tokens: %w", err)
	}
	cards, err := c.cardSource(log)
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	a, err := agent.New(agent.Config{Portals: c.portals(), Dialogs: dialogs, Language: c.Language, Log: log, Turn: turn,
		Window: c.openWindow(log), Sources: map[agent.Method]agent.Source{
			agent.MethodToken: agent.Join(tokens.New(host, log), cards.Of(card.KindSignature)), agent.MethodUEC: cards.Of(card.KindUEC)}})
	if err != nil {
		return nil, errors.Join(&boot.Failure{Exit: boot.ExitConfig, Err: err}, host.Close())
	}
	return &assembled{agent: a, asks: dialogs.Path(), log: log, close: host.Close}, nil
}

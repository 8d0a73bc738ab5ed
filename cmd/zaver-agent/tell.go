// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"

	"golang.org/x/term"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/terminal"
	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
)

// teller tells a person or a program what became of a command.
type teller struct {
	*app
	settings config
	language words.Language
	json     bool // a program reads standard output
}

// teller reads the configuration, which must be there where portals are needed, and chooses the language.
func (a *app) teller(needsPortals, asJSON bool, named string) (teller, error) {
	c, err := loadConfig(a.config, needsPortals)
	if err != nil {
		return teller{}, err
	}
	language, err := chooseLanguage(named, c.Language)
	return teller{a, c, language, asJSON}, err
}

// failed says why a command failed. What has no code is left to the end of the program.
func (t teller) failed(ctx context.Context, err error) error {
	if !coded(err) {
		return err
	}
	return t.tell(t.examined(ctx, terminal.FailureOf(t.language, terminal.Failed(err))), exitOf(err))
}

// coded says whether there are words for an error.
func coded(err error) bool {
	code := agent.CodeOf(err)
	return err != nil && code != agent.CodeInternal && code != agent.CodeCancelled
}

// exitOf is the exit code that an error asks for, else that of its code.
func exitOf(err error) int {
	if f, ok := errors.AsType[*boot.Failure](err); ok {
		return f.Exit
	}
	return terminal.Exit(terminal.Failed(err))
}

// tell says a failure where it belongs: to a program on standard output, to a person on standard error.
func (t teller) tell(f terminal.Failure, exit int) error {
	if t.json {
		return errors.Join(terminal.WriteJSON(t.stdout, f), exitWith(exit))
	}
	return errors.Join(f.WriteText(t.stderr, t.language), exitWith(exit))
}

// examined has the doctor say what is wrong with the smart-card service, where a failure may be that.
func (t teller) examined(ctx context.Context, f terminal.Failure) terminal.Failure {
	if slices.Contains([]string{"card.no_service", "card.no_access", "card.no_reader"}, f.Code) {
		return t.unlessIll(ctx, f)
	}
	return f
}

// unlessIll is f, or what is wrong with the smart-card service: where it can't be asked, nobody knows what is in place.
func (t teller) unlessIll(ctx context.Context, f terminal.Failure) terminal.Failure {
	cfg := doctor.Config{Language: t.language, Env: os.Getenv}
	if source, err := t.settings.cardSource(nil); err == nil {
		cfg.Cards = source
	}
	if line, ill := doctor.Service(ctx, cfg); ill {
		f.Code, f.What, f.Do = line.Code, line.Text, line.Remedy
	}
	return f
}

// columns is how wide the terminal is, 0 where a file or a program gets the output.
func (t teller) columns() int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := t.stdout.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return n
		}
	}
	return 0
}

// myTurn is turn for a command in a terminal: whoever is at it already is named by agent.busy.
func myTurn() (release func(), err error) {
	release, err = turn()
	if f, held := errors.AsType[*boot.Failure](err); held && f.Exit == boot.ExitRunning {
		return nil, &agent.Error{ErrorCode: agent.CodeBusy, Cause: err}
	}
	return release, err
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/cards"
	"zaver/cardreader/agent/terminal"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/cmd/internal/boot"
	"zaver/signature/pin"
)

// cardProfiles returns the profiles of the configured folder, and the built-in ones behind them. A file that can't be used is one
// of the problems, and the others serve still.
func (c config) cardProfiles() ([]*card.Profile, []*card.ProfileError, error) {
	var own fs.FS
	if c.Profiles != "" {
		own = os.DirFS(c.Profiles)
	}
	profiles, problems, err := card.AllProfiles(own)
	if err != nil {
		return nil, nil, &boot.Failure{Exit: boot.ExitConfig, Err: fmt.Errorf("load card profiles: %w", err)}
	}
	return profiles, problems, nil
}

// cardSource makes the source of cards. The log, unless nil, is told of the profiles that can't be used.
func (c config) cardSource(log *slog.Logger) (*cards.Source, error) {
	profiles, problems, err := c.cardProfiles()
	if err != nil {
		return nil, err
	}
	for _, p := range problems {
		if log != nil {
			log.Warn("card profile can't be used", "file", p.File, "line", p.Line, "field", p.Field, "reason", p.Reason)
		}
	}
	var options []card.Option
	if c.Terminal != "" {
		terminal, err := card.LoadTerminal(c.Terminal)
		if err != nil {
			return nil, boot.Fail(boot.ExitConfig, "give the file of whoever runs the cards' system, mode 0600", "terminal %s: %w", c.Terminal, err)
		}
		options = append(options, card.WithTerminal(terminal))
	}
	pads, err := c.padRules()
	if err != nil {
		return nil, err
	}
	return cards.New(cards.Service(pcsc.New(pcsc.Config{NoPads: c.NoPads, PadRules: pads})), profiles, nil, log, options...), nil
}

// padRules returns the built-in rules for keypads, and the configured ones behind them.
func (c config) padRules() ([]pcsc.PadRule, error) {
	rules, err := pcsc.BuiltinPadRules()
	if err != nil || c.PadRules == "" {
		return rules, err
	}
	file, err := os.ReadFile(c.PadRules)
	if err != nil {
		return nil, &boot.Failure{Exit: boot.ExitConfig, Err: fmt.Errorf("load rules for keypads: %w", err)}
	}
	own, err := pcsc.ParsePadRules(file)
	if err != nil {
		return nil, &boot.Failure{Exit: boot.ExitConfig, Err: fmt.Errorf("%s: %w", c.PadRules, err)}
	}
	return append(rules, own...), nil
}

// cardRow is one reader, as `cards --json` prints it.
type cardRow struct {
	Reader    string                `json:"reader"`
	Present   bool                  `json:"present"`
	Card      string                `json:"card,omitempty"`
	Tries     *pin.Tries            `json:"tries,omitempty"`
	Reason    string                `json:"reason,omitempty"`
	Signature *terminal.Certificate `json:"certificate,omitempty"`
}

// profileRow is one card profile that can't be used, as `cards --json` prints it.
type profileRow struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason"`
}

func profileRows(problems []*card.ProfileError) []profileRow {
	var rows []profileRow
	for _, p := range problems {
		rows = append(rows, profileRow{File: p.File, Line: p.Line, Field: p.Field, Reason: p.Reason})
	}
	return rows
}

func listCards(ctx context.Context, a *app, asJSON bool, named string) error {
	t, err := a.teller(false, asJSON, named)
	if err != nil {
		return err
	}
	source, err := t.settings.cardSource(nil)
	if err != nil {
		return err
	}
	_, problems, err := t.settings.cardProfiles()
	if err != nil {
		return err
	}
	for _, p := range problems { // before anything else can fail: it may be why a card is not known
		if _, err := fmt.Fprintf(a.stderr, "card profile %s\n", p); err != nil {
			return err
		}
	}
	readers, err := source.Look(ctx)
	if errors.Is(err, &card.Error{Reason: card.NoReader}) {
		if f := t.examined(ctx, terminal.FailureOf(t.language, terminal.Failed(err))); f.Code != agent.CodeOf(err) {
			return t.tell(f, f.Exit())
		}
		err = nil
	}
	if err != nil {
		return t.failed(ctx, err)
	}
	rows := cardRows(ctx, source, t.language, readers)
	if err := ctx.Err(); err != nil { // what a card made of being called off is no fault of it
		return err
	}
	return t.printCards(rows, problems)
}

// cardRows reads the cards in the readers.
func cardRows(ctx context.Context, source *cards.Source, l words.Language, readers []pcsc.Reader) []cardRow {
	rows := []cardRow{}
	for _, r := range readers {
		row := cardRow{Reader: r.Name, Present: r.Present, Reason: "card.none"}
		if r.Present {
			found, err := source.Read(ctx, r)
			row.Reason = found.Code
			if err != nil {
				row.Reason = agent.CodeOf(err)
			} else {
				row.Card, row.Tries, row.Signature = found.Titles[l], &found.Tries, terminal.Describe(found.Certificate)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func (t teller) printCards(rows []cardRow, problems []*card.ProfileError) error {
	if t.json {
		return terminal.WriteJSON(t.stdout, struct {
			Readers  []cardRow    `json:"readers"`
			Profiles []profileRow `json:"profile_problems,omitempty"`
		}{rows, profileRows(problems)})
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(t.stdout, terminal.NoReader(t.language))
		return err
	}
	table := terminal.NewCertificates(t.language, true)
	for _, r := range rows {
		table.Row(r.Reader, r.Tries, r.Signature, r.Reason)
	}
	_, err := table.Table().Within(t.columns()).WriteTo(t.stdout)
	return err
}

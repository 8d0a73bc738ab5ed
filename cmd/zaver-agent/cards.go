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
	c, err := loadConfig(a.config, false)
	if err != nil {
		return err
	}
	language, err := chooseLanguage(named, c.Language)
	if err != nil {
		return err
	}
	source, err := c.cardSource(nil)
	if err != nil {
		return err
	}
	_, problems, err := c.cardProfiles()
	if err != nil {
		return err
	}
	for _, p := range problems { // before anything else can fail: it may be why a card is not known
		if _, err := fmt.Fprintf(a.stderr, "card profile %s\n", p); err != nil {
			return err
		}
	}
	rows := []cardRow{}
	readers, err := source.Look(ctx)
	if err != nil && !errors.Is(err, &card.Error{Reason: card.NoReader}) {
		return explained(language, err)
	}
	for _, r := range readers {
		row := cardRow{Reader: r.Name, Present: r.Present, Reason: "card.none"}
		if r.Present {
			found, err := source.Read(ctx, r)
			row.Reason = found.Code
			if err != nil {
				row.Reason = agent.CodeOf(err)
			} else {
				row.Card, row.Tries, row.Signature = found.Titles[language], &found.Tries, terminal.Describe(found.Certificate)
			}
		}
		rows = append(rows, row)
	}
	if asJSON {
		return terminal.WriteJSON(a.stdout, struct {
			Readers  []cardRow    `json:"readers"`
			Profiles []profileRow `json:"profile_problems,omitempty"`
		}{rows, profileRows(problems)})
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(a.stdout, terminal.NoReader(language))
		return err
	}
	table := terminal.NewCertificates(language, true)
	for _, r := range rows {
		table.Row(r.Reader, r.Tries, r.Signature, r.Reason)
	}
	_, err = table.Table().WriteTo(a.stdout)
	return err
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"zaver/cardreader/agent/terminal"
	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
	"zaver/signature/pin"
	"zaver/signature/token"
)

// tokenRow is one certificate of one token, as `tokens --json` prints it.
type tokenRow struct {
	Token     string                `json:"token"`
	Model     string                `json:"model,omitempty"`
	Serial    string                `json:"serial,omitempty"`
	Module    string                `json:"module"`
	Tries     pin.Tries             `json:"tries"`
	Usable    bool                  `json:"usable"`
	Reason    string                `json:"reason,omitempty"`
	Signature *terminal.Certificate `json:"certificate,omitempty"`
}

// moduleRow is a driver that could not be asked.
type moduleRow struct {
	Module string `json:"module"`
	Code   string `json:"code"`
	Error  string `json:"error"`
}

func listTokens(ctx context.Context, a *app, asJSON bool, named string) error {
	t, err := a.teller(false, asJSON, named)
	if err != nil {
		return err
	}
	host, err := t.settings.tokenHost()
	if err != nil {
		return fmt.Errorf("prepare tokens: %w", err)
	}
	defer func() { _ = host.Close() }()
	found, problems := host.List(ctx)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("list tokens: %w", err)
	}
	rows, failed := tokenRows(found), []moduleRow{}
	for _, p := range problems {
		failed = append(failed, moduleRow{p.Module, p.Code, fmt.Sprint(p.Err)})
	}
	none := error(nil)
	if len(rows) == 0 && len(host.Modules()) == 0 {
		what, todo := terminal.NoModule(t.language)
		none = &boot.Failure{Exit: boot.ExitFailure, Hint: todo, Err: errors.New(what)}
	}
	if asJSON {
		return errors.Join(terminal.WriteJSON(a.stdout, struct {
			Tokens  []tokenRow  `json:"tokens"`
			Modules []moduleRow `json:"failed_modules"`
		}{rows, failed}), none)
	}
	if none != nil {
		return none
	}
	if err := printTokens(a.stdout, t.language, t.columns(), rows); err != nil {
		return err
	}
	for _, m := range failed {
		if _, err := fmt.Fprintln(a.stdout, terminal.Module(t.language, m.Module, m.Code)); err != nil {
			return err
		}
	}
	return nil
}

func tokenRows(found []token.Token) []tokenRow {
	rows := []tokenRow{}
	for _, t := range found {
		row := tokenRow{Token: t.Label, Model: t.Model, Serial: t.Serial, Module: t.Module, Tries: t.Tries}
		if len(t.Credentials) == 0 {
			row.Reason = token.ReasonNoCertificate
			rows = append(rows, row)
		}
		for _, c := range t.Credentials {
			row.Usable, row.Reason, row.Signature = c.Usable && t.Problem == "", c.Reason, terminal.Describe(c.Certificate)
			if c.Usable && t.Problem != "" {
				row.Reason = (&pin.Error{Reason: t.Problem}).Code()
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func printTokens(w io.Writer, l words.Language, columns int, rows []tokenRow) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, terminal.NoToken(l))
		return err
	}
	table := terminal.NewCertificates(l, false)
	for _, r := range rows {
		table.Row(r.Token, &r.Tries, r.Signature, r.Reason)
	}
	_, err := table.Table().Within(columns).WriteTo(w)
	return err
}

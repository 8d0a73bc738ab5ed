// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/signature/token"
)

// tokenRow is one certificate of one token, as `tokens --json` prints it.
type tokenRow struct {
	Token     string          `json:"token"`
	Model     string          `json:"model,omitempty"`
	Serial    string          `json:"serial,omitempty"`
	Module    string          `json:"module"`
	Tries     pin.Tries       `json:"tries"`
	Usable    bool            `json:"usable"`
	Reason    string          `json:"reason,omitempty"`
	Signature *certificateRow `json:"certificate,omitempty"`
}

// certificateRow is what is said of a certificate.
type certificateRow struct {
	Holder    string    `json:"holder"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	SHA256    string    `json:"sha256"`
}

func describe(c *cert.Certificate) *certificateRow {
	if c == nil {
		return nil
	}
	h := c.Holder()
	name := h.Name.String()
	if name == "" {
		name = h.CommonName
	}
	print := c.Fingerprint()
	return &certificateRow{Holder: name, Issuer: c.Issuer.CommonName(), NotBefore: c.NotBefore, NotAfter: c.NotAfter, SHA256: hex.EncodeToString(print[:])}
}

// moduleRow is a driver that could not be asked.
type moduleRow struct {
	Module string `json:"module"`
	Code   string `json:"code"`
	Error  string `json:"error"`
}

func listTokens(ctx context.Context, a *app, asJSON bool) error {
	c, err := loadConfig(a.config, false)
	if err != nil {
		return err
	}
	host, err := c.tokenHost()
	if err != nil {
		return fmt.Errorf("prepare tokens: %w", err)
	}
	defer func() { _ = host.Close() }()
	found, problems := host.List(ctx)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("list tokens: %w", err)
	}
	out := struct {
		Tokens  []tokenRow  `json:"tokens"`
		Modules []moduleRow `json:"failed_modules"`
	}{tokenRows(found), []moduleRow{}}
	for _, p := range problems {
		out.Modules = append(out.Modules, moduleRow{p.Module, p.Code, fmt.Sprint(p.Err)})
	}
	if asJSON {
		return printJSON(a.stdout, out)
	}
	if err := printTokens(a.stdout, out.Tokens); err != nil {
		return err
	}
	for _, m := range out.Modules {
		if _, err := fmt.Fprintf(a.stdout, "module %s: %s (%s)\n", m.Module, words.Reason(words.English, m.Code), m.Code); err != nil {
			return err
		}
	}
	if len(out.Tokens) == 0 && len(host.Modules()) == 0 {
		return boot.Fail(boot.ExitFailure, "install the token's driver, or name its file in the configuration (\"modules\")", "no PKCS #11 module found")
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
			row.Usable, row.Reason, row.Signature = c.Usable && t.Problem == "", c.Reason, describe(c.Certificate)
			if c.Usable && t.Problem != "" {
				row.Reason = (&pin.Error{Reason: t.Problem}).Code()
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func printTokens(w io.Writer, rows []tokenRow) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "no token found")
		return err
	}
	table := newTable("TOKEN")
	for _, r := range rows {
		table.row(r.Token, r.Tries.String(), r.Signature, r.Reason)
	}
	return table.print(w)
}

// table is what people read: a row for each certificate. Its values come from certificates, tokens and readers, so
// they are cleaned: a terminal would obey them otherwise.
type table struct {
	cells *tabwriter.Writer
	text  bytes.Buffer
}

func newTable(first string) *table {
	t := &table{}
	t.cells = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	t.write(first, "TRIES", "HOLDER", "ISSUER", "VALID TO", "STATE")
	return t
}

// row says "usable" where there is no reason against it.
func (t *table) row(first, tries string, c *certificateRow, reason string) {
	state := "usable"
	if reason != "" {
		state = words.Reason(words.English, reason)
	}
	holder, issuer, last := "-", "-", "-"
	if c != nil {
		holder, issuer, last = c.Holder, c.Issuer, c.NotAfter.Local().Format(time.DateOnly)
	}
	t.write(first, tries, holder, issuer, last, state)
}

const widestCell = 80 // letters

func (t *table) write(cells ...string) {
	for i, cell := range cells {
		cells[i] = words.Clean(cell, widestCell)
	}
	_, _ = io.WriteString(t.cells, strings.Join(cells, "\t")+"\n") // a buffer takes everything
}

func (t *table) print(w io.Writer) error {
	if err := t.cells.Flush(); err != nil {
		return err
	}
	_, err := t.text.WriteTo(w)
	return err
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

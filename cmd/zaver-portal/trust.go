// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"zaver/cmd/internal/boot"
	"zaver/portal/assemble"
	"zaver/portal/trustlist"
	"zaver/signature/trust"
)

// trustListConfig says where the list of accredited centres comes from.
type trustListConfig struct {
	// URL is the address of the list; https, except on this machine.
	URL string `json:"url"`
	// EveryHours is how often it is asked for; 0 means 6.
	EveryHours int `json:"every_hours"`
	// WarnAfterDays is the age from which a list counts as stale; 0 means 7.
	WarnAfterDays int `json:"warn_after_days"`
	// Signers are SHA-256 fingerprints of certificates that may sign the list although no anchor issued them itself.
	Signers []string `json:"signers"`
	// CA is a PEM file with the roots of the list's server, for its TLS; empty means the system's roots.
	CA string `json:"ca"`
}

// wrong names the field at fault, with what to do; empty when there is none.
func (c trustListConfig) wrong() (field, hint string) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return "url", "give the https address of the list"
	case c.EveryHours < 0 || c.EveryHours > 7*24:
		return "every_hours", "1 to 168"
	case c.WarnAfterDays < 0 || c.WarnAfterDays > 365:
		return "warn_after_days", "1 to 365"
	}
	for _, s := range c.Signers {
		if _, err := trust.ParseFingerprint(s); err != nil {
			return "signers", "each is a SHA-256 in hexadecimal"
		}
	}
	return "", ""
}

// trustList turns the configuration into what the portal is made of.
func (c config) trustList() (assemble.TrustList, error) {
	t := c.TrustList
	if t == nil {
		return assemble.TrustList{}, nil
	}
	out := assemble.TrustList{URL: t.URL, Every: time.Duration(t.EveryHours) * time.Hour, WarnAfter: time.Duration(t.WarnAfterDays) * 24 * time.Hour}
	for _, s := range t.Signers {
		sum, err := trust.ParseFingerprint(s)
		if err != nil {
			return out, fmt.Errorf("read signers of the trust list: %w", err)
		}
		out.Signers = append(out.Signers, sum)
	}
	if t.CA == "" {
		return out, nil
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return out, boot.Fail(boot.ExitConfig, "trust_list.ca names a PEM file", "read roots of the trust list's server: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return out, boot.Fail(boot.ExitConfig, "trust_list.ca names a PEM file", "%s holds no certificate", t.CA)
	}
	out.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute}
	return out, nil
}

const trustUsage = "zaver-portal trust show|list|refresh|import FILE|restore SET -config FILE"

// trustCommand does one of the commands about the list of accredited centres.
func trustCommand(ctx context.Context, args []string, out io.Writer) (err error) {
	if len(args) == 0 {
		return boot.Fail(boot.ExitUsage, trustUsage, "trust: what to do with it?")
	}
	var target string
	var asJSON bool
	c, rest, err := load("trust "+args[0], args[1:], func(f *flag.FlagSet) {
		f.StringVar(&target, "o", "", "file to write")
		f.BoolVar(&asJSON, "json", false, "answer in JSON")
	})
	if err != nil {
		return err
	}
	want, ok := map[string]int{"show": 0, "list": 0, "refresh": 0, "import": 1, "restore": 1}[args[0]]
	if !ok || len(rest) != want {
		return boot.Fail(boot.ExitUsage, trustUsage, "trust %s: wrong arguments", args[0])
	}
	service, done, err := c.openTrust(ctx)
	if err != nil {
		return err
	}
	defer func() { err = join(err, done()) }()
	t := trustTool{service: service, out: out, json: asJSON}
	switch args[0] {
	case "show":
		return t.show(ctx)
	case "list":
		return t.list(ctx)
	case "refresh":
		return t.ended(service.Refresh(ctx))
	case "import":
		return t.importFile(ctx, rest[0])
	default:
		return t.restore(ctx, rest[0], target)
	}
}

// openTrust opens the database and the set in force, without a portal.
func (c config) openTrust(ctx context.Context) (*trustlist.Service, func() error, error) {
	made := assemble.Config{Now: time.Now}
	var err error
	if made.Trust, err = trust.Load(c.Trust); err != nil {
		return nil, nil, boot.Fail(boot.ExitConfig, "the folder holds PEM certificates and their description", "load trust anchors: %w", err)
	}
	if made.TrustList, err = c.trustList(); err != nil {
		return nil, nil, err
	}
	log, closeLog, err := boot.OpenLog(c.Log, io.Discard)
	if err != nil {
		return nil, nil, err
	}
	opened, _, closeStore, err := c.open(ctx, guest, log)
	if err != nil {
		return nil, nil, join(err, closeLog())
	}
	done := func() error { return join(closeStore(), closeLog()) }
	made.Store, made.Log = opened, log
	service, err := assemble.NewTrustList(made)
	if err == nil {
		err = service.Load(ctx)
	}
	if err != nil {
		return nil, nil, join(err, done())
	}
	return service, done, nil
}

// trustTool answers in words or in JSON.
type trustTool struct {
	service *trustlist.Service
	out     io.Writer
	json    bool
}

func (t trustTool) asJSON(v any) error {
	e := json.NewEncoder(t.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (t trustTool) show(ctx context.Context) error {
	status := t.service.Status()
	tries, err := t.service.Tries(ctx)
	if err != nil {
		return err
	}
	if t.json {
		return t.asJSON(struct {
			trustlist.Status
			Tried     *time.Time `json:"tried,omitempty"`
			Succeeded *time.Time `json:"succeeded,omitempty"`
			Failure   string     `json:"failure,omitempty"`
		}{status, moment(tries.Last), moment(tries.Succeeded), tries.Failure})
	}
	w := tabwriter.NewWriter(t.out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "set\t%s\nanchors\t%d\ncertificates of centres\t%d\n", status.SetID, status.Anchors, status.Centres)
	if status.List == nil {
		_, _ = fmt.Fprintln(w, "list\tnone")
	} else {
		_, _ = fmt.Fprintf(w, "list\tversion %d of %s, %d centres\n", status.List.Version, day(status.List.Date), status.List.Centres)
	}
	if status.Stale {
		_, _ = fmt.Fprintln(w, "warning\t"+trustlist.CodeStale)
	}
	if !tries.Last.IsZero() {
		_, _ = fmt.Fprintf(w, "last try\t%s %s\n", day(tries.Last), tries.Failure)
	}
	return w.Flush()
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// shownLists bounds the answer of "list".
const shownLists = 1000

func (t trustTool) list(ctx context.Context) error {
	lists, err := t.service.Lists(ctx, shownLists)
	if err != nil {
		return err
	}
	type line struct {
		trust.ListRef
		Accepted time.Time       `json:"accepted"`
		Source   string          `json:"source"`
		Signer   string          `json:"signer"`
		Findings []trust.Finding `json:"findings"`
	}
	lines := make([]line, 0, len(lists))
	for _, a := range lists {
		lines = append(lines, line{a.ListRef, a.At, a.Source, hex.EncodeToString(a.Signer[:]), a.Findings})
	}
	if t.json {
		return t.asJSON(lines)
	}
	w := tabwriter.NewWriter(t.out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "version\tpublished\taccepted\tcentres\tfindings\tfrom")
	for _, l := range lines {
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%s\n", l.Version, day(l.Date), day(l.Accepted), l.Centres, len(l.Findings), l.Source)
	}
	return w.Flush()
}

func (t trustTool) importFile(ctx context.Context, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return boot.Fail(boot.ExitFailure, "name the file of the list", "read list: %w", err)
	}
	defer file.Close()
	document, err := io.ReadAll(io.LimitReader(file, trust.MaxListBytes+1))
	if err != nil {
		return fmt.Errorf("read list: %w", err)
	}
	return t.ended(t.service.Import(ctx, document, "file"))
}

// ended tells how a refresh or an import went.
func (t trustTool) ended(o trustlist.Outcome, err error) error {
	if code := trustlist.CodeOf(err); code != "" {
		return boot.Fail(boot.ExitFailure, "the list in force stays", "%s: %w", code, err)
	}
	if t.json {
		return t.asJSON(struct {
			New      bool            `json:"new"`
			List     trust.ListRef   `json:"list"`
			Set      string          `json:"set"`
			Findings []trust.Finding `json:"findings"`
		}{o.New, o.List, o.SetID, append([]trust.Finding{}, o.Findings...)})
	}
	word := "is in force already"
	if o.New {
		word = "is in force now"
	}
	_, err = fmt.Fprintf(t.out, "zaver-portal: version %d of %s, %d centres, %s (set %s)\n", o.List.Version, day(o.List.Date), o.List.Centres, word, o.SetID)
	for _, f := range o.Findings {
		_, err = fmt.Fprintf(t.out, "  %s  %s  %s\n", f.Code, f.Centre, f.Detail)
	}
	return err
}

// restore writes a set to a file that verify reads.
func (t trustTool) restore(ctx context.Context, id, target string) error {
	set, err := t.service.Restore(ctx, id)
	if errors.Is(err, trustlist.ErrNoSet) {
		return boot.Fail(boot.ExitFailure, "evidence names the set that it was judged under", "no set %q was ever in force here", id)
	}
	if err != nil {
		return err
	}
	content, err := set.Marshal()
	if err != nil {
		return err
	}
	if target == "" {
		target = "trust-" + filepath.Base(set.ID()) + ".json"
	}
	file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return boot.Fail(boot.ExitFailure, "give another name with -o", "%s exists already", target)
	}
	if err != nil {
		return fmt.Errorf("write set: %w", err)
	}
	_, err = file.Write(content)
	if err := join(err, file.Close()); err != nil {
		return fmt.Errorf("write set: %w", err)
	}
	_, err = fmt.Fprintln(t.out, "zaver-portal: wrote", target)
	return err
}

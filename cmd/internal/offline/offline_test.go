// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/cmd/internal/offline"
	"zaver/portal/text"
	"zaver/softhsm-fixtures/gostpeer"
)

// desk is an auditor's folder.
type desk struct {
	t     *testing.T
	dir   string
	now   time.Time
	words *text.Catalogue
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	words, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t, t.TempDir(), time.Now().Add(time.Minute), words} // OpenSSL dates by the second
}

func (d *desk) file(name string, b []byte) string {
	d.t.Helper()
	name = filepath.Join(d.dir, name)
	if err := os.WriteFile(name, b, 0o600); err != nil {
		d.t.Fatal(err)
	}
	return name
}

// run runs verify with the words of a line.
func (d *desk) run(in string, args ...string) (exit int, out, errs string) {
	var o, e bytes.Buffer
	exit = offline.Run(d.t.Context(), args, offline.World{
		In: strings.NewReader(in), Out: &o, Errs: &e, Now: func() time.Time { return d.now }, Words: d.words, Lang: "en",
	})
	return exit, o.String(), e.String()
}

// want runs verify and demands the exit code and the codes of findings.
func (d *desk) want(exit int, codes string, args ...string) {
	d.t.Helper()
	got, out, errs := d.run("", args...)
	if got != exit {
		d.t.Errorf("%s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, exit, out, errs)
	}
	for _, code := range strings.Fields(codes) {
		if !strings.Contains(out, "["+code) {
			d.t.Errorf("%s: no %s in\n%s%s", strings.Join(args, " "), code, out, errs)
		}
	}
}

// What OpenSSL with its GOST engine makes on every parameter set is valid here,
// with CRL and OCSP, and not when one of them speaks against it.
func TestGOSTOfOpenSSL(t *testing.T) {
	p := gostpeer.New(t)
	root := p.Root("gost256-A", "Корень")
	responder := root.Issue("gost256-A", "OCSP", gostpeer.Responder)
	for _, kind := range []string{
		"gost256-A", "gost256-B", "gost256-C", "gost256-XA", "gost256-XB", "gost256-TCA", "gost256-TCB", "gost256-TCC", "gost256-TCD",
		"gost512-A", "gost512-B", "gost512-C", "rsa2048", "p256",
	} {
		t.Run(kind, func(t *testing.T) {
			d := newDesk(t)
			holder := root.Issue(kind, "", gostpeer.Signer)
			anchor := d.file("root.cer", root.DER)
			document := []byte("Документ\n")
			content := d.file("document.txt", document)
			signature := d.file("document.p7s", holder.SignCMS(gostpeer.CMS{Content: document, Detached: true}))
			crl := d.file("root.crl", root.CRL())
			ocsp := d.file("leaf.ocsp", root.OCSP(responder, "", holder))
			leaf := d.file("leaf.cer", holder.DER)
			d.want(0, "sig.ok sig.chain_ok sig.not_revoked", "cms", signature, "--content", content, "--anchors", anchor, "--crl", crl)
			d.want(0, "sig.ok sig.not_revoked", "cms", signature, "--content", content, "--anchors", anchor, "--ocsp", ocsp)
			d.want(0, "sig.chain_ok sig.not_revoked", "chain", leaf, "--anchors", anchor, "--crl", crl)
			d.want(2, "cms.detached", "cms", signature, "--anchors", anchor)
			d.want(1, "sig.invalid cms.message_digest", "cms", signature, "--content", leaf, "--anchors", anchor)
			d.want(1, "sig.cert_expired", "chain", leaf, "--anchors", anchor, "--at", d.now.AddDate(9, 0, 0).Format(time.RFC3339))
			d.want(2, "sig.revocation_unknown", "cms", signature, "--content", content, "--anchors", anchor, "--profile", "qualified")
			root.Revoke(holder, d.now.Add(-time.Hour), "keyCompromise")
			d.want(1, "sig.cert_revoked", "chain", leaf, "--anchors", anchor, "--crl", d.file("later.crl", root.CRL()))
		})
	}
}

func TestBatch(t *testing.T) {
	p, d := gostpeer.New(t), newDesk(t)
	root := p.Root("gost512-A", "Root")
	leaf := d.file("leaf.cer", root.Issue("gost512-A", "", gostpeer.Signer).DER)
	anchor := d.file("root.cer", root.DER)
	lines := []string{
		`{"id":1,"verify":"chain","file":` + quote(leaf) + `,"anchors":[` + quote(anchor) + `]}`,
		`{"id":"two","verify":"chain","file":` + quote(leaf) + `,"anchors":[` + quote(leaf) + `],"policy":["1.2.3"],"explicit_policy":true}`,
		``,
		`{"verify":"chain","file":"none","anchors":[` + quote(anchor) + `]}`,
		`{"verify":"chain","surprise":1}`,
		`nonsense`,
		`{"id":7,"verify":"cms","file":` + quote(anchor) + `,"anchors":[` + quote(anchor) + `]}`,
	}
	exit, out, errs := d.run(strings.Join(lines, "\n"), "batch")
	if exit != 0 || errs != "" {
		t.Fatalf("exit %d: %s", exit, errs)
	}
	var got []string
	for line := range strings.Lines(out) {
		var a struct {
			ID     any
			Exit   int
			Report *struct{ Verdict string }
			Error  string
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		word := "error"
		if a.Report != nil {
			word = a.Report.Verdict
		}
		b, _ := json.Marshal([]any{a.ID, a.Exit, word}) // of plain values
		got = append(got, string(b))
	}
	want := []string{`[1,0,"valid"]`, `["two",1,"invalid"]`, `[null,3,"error"]`, `[null,3,"error"]`, `[null,3,"error"]`, `[7,1,"invalid"]`}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v\nwant %v\n%s", got, want, out)
	}
}

func quote(s string) string { b, _ := json.Marshal(s); return string(b) } // a string always marshals

// The report is there in both languages, as JSON and as a page.
func TestForms(t *testing.T) {
	p, d := gostpeer.New(t), newDesk(t)
	root := p.Root("gost256-TCA", "Корень")
	leaf := d.file("leaf.pem", root.Issue("gost256-TCA", "", gostpeer.Signer).DER)
	anchor := d.file("root.cer", root.DER)
	page := filepath.Join(d.dir, "report.html")
	exit, out, _ := d.run("", "chain", leaf, "--anchors", anchor, "--lang", "ru", "--html", page)
	if exit != 0 || !strings.Contains(out, "ДЕЙСТВИТЕЛЬНА") {
		t.Errorf("exit %d\n%s", exit, out)
	}
	html, err := os.ReadFile(page)
	if err != nil || !bytes.Contains(html, []byte("Действительна")) || bytes.Contains(html, []byte("[report.")) {
		t.Errorf("page: %v\n%s", err, html)
	}
	exit, out, _ = d.run("", "chain", leaf, "--anchors", anchor, "--json")
	var report struct {
		Verdict string
		Signers []struct{ Path []string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || exit != 0 || report.Verdict != "valid" || len(report.Signers[0].Path) != 2 {
		t.Errorf("exit %d, %v\n%s", exit, err, out)
	}
}

func TestUsage(t *testing.T) {
	d := newDesk(t)
	garbage := d.file("garbage", []byte("garbage"))
	for _, args := range []string{
		"", "cms", "cms x", "chain " + garbage, "chain --anchors " + garbage, "cms x --anchors y --at never", "chain x --anchors y --profile best",
		"chain x --anchors " + garbage, "chain x --lang de --anchors y", "evidence " + garbage, "cms x --what",
	} {
		if exit, out, errs := d.run("", strings.Fields(args)...); exit != 3 || errs == "" || out != "" {
			t.Errorf("%q: exit %d, %q, %q", args, exit, out, errs)
		}
	}
	if exit, out, _ := d.run("", "help"); exit != 0 || !strings.Contains(out, "exit code: 0 valid") {
		t.Errorf("help: exit %d, %s", exit, out)
	}
}

// Every code of a finding about evidence has words.
func TestEveryCodeHasWords(t *testing.T) {
	d := newDesk(t)
	for _, code := range offline.Codes() {
		for _, lang := range text.Languages() {
			if !d.words.Has(lang, code) || !d.words.Has(lang, code+".do") {
				t.Errorf("%s has no words in %s", code, lang)
			}
		}
	}
}

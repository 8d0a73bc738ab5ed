// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zaver/portal/evidence"
	"zaver/signature/cert"
	"zaver/signature/challenge"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
)

// Codes of the findings about evidence. They are stable.
const (
	codeFilesOK       = "evidence.files"          // ok: the files are those of the digest
	codeFilesChanged  = "evidence.files_changed"  // fail: a file is missing or another
	codeOwnAnchor     = "evidence.own_anchor"     // info: the anchor is the one in the evidence
	codeStatementOK   = "evidence.statement"      // ok: the statement is the portal's, and it was signed
	codeStatement     = "evidence.statement_bad"  // fail: not the portal's statement, or another was signed
	codeTimeClaimed   = "evidence.time_claimed"   // unknown: no timestamp, the time is the portal's word
	codeReportSame    = "evidence.report"         // ok: the report of then comes to the same
	codeReportDiffers = "evidence.report_differs" // warn: it does not
)

// Codes returns every code that this package adds to those of verify.
func Codes() []string {
	return []string{
		codeFilesOK, codeFilesChanged, codeOwnAnchor, codeStatementOK, codeStatement, codeTimeClaimed, codeReportSame, codeReportDiffers,
	}
}

// maxEntries bounds the files of one evidence archive.
const maxEntries = evidence.MaxParts + 8

// bundle is an exported evidence bundle by the names of its files.
type bundle map[string][]byte

// openBundle reads the zip archive or the folder.
func openBundle(name string) (bundle, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, usagef("evidence: %v", err)
	}
	if info.IsDir() {
		return openFolder(name)
	}
	file, err := read(askEvidence, name)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, usagef("evidence: %s is neither a folder nor a zip archive", name)
	}
	if len(z.File) > maxEntries {
		return nil, usagef("evidence: more than %d files", maxEntries)
	}
	b := bundle{}
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		data, err := unpack(f)
		if err != nil {
			return nil, usagef("evidence: %s: %v", f.Name, err)
		}
		if base := filepath.Base(f.Name); b[base] == nil {
			b[base] = data
		} else {
			return nil, usagef("evidence: %s is there twice", base)
		}
	}
	return b, nil
}

func unpack(f *zip.File) (_ []byte, err error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	data, err := io.ReadAll(io.LimitReader(r, evidence.MaxPart+1))
	if err == nil && len(data) > evidence.MaxPart {
		err = fmt.Errorf("larger than %d MiB", evidence.MaxPart>>20)
	}
	return data, err
}

func openFolder(name string) (bundle, error) {
	files, err := folder(askEvidence, name)
	if err != nil {
		return nil, err
	}
	if len(files) > maxEntries {
		return nil, usagef("evidence: more than %d files in %s", maxEntries, name)
	}
	b := bundle{}
	for _, f := range files {
		if b[filepath.Base(f)], err = read(askEvidence, f); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// proof audits the evidence of one confirmation: its files, the statement, and
// the signature by nothing but what lies in the evidence.
func proof(ctx context.Context, r Request, t verify.Terms) (*verify.Audit, error) {
	b, err := openBundle(r.File)
	if err != nil {
		return nil, err
	}
	var findings []verify.Finding
	add := func(code string, s verify.Severity, format string, args ...any) {
		findings = append(findings, verify.Finding{Code: code, Severity: s, Detail: fmt.Sprintf(format, args...)})
	}
	decision, err := b.decision()
	if err != nil {
		return nil, err
	}
	b.checkFiles(add)
	b.checkStatement(decision, add)
	if t.Set == nil {
		if err := b.ownAnchor(&t, decision, add); err != nil {
			return nil, err
		}
	}
	if r.Profile == "" && decision.Method != "uec" {
		t.Profile = verify.ProfileQualified
	}
	if err := b.answers(&t); err != nil {
		return nil, err
	}
	audit := b.signature(ctx, t, decision, add)
	audit.Add(findings...)
	return audit, nil
}

type adder func(code string, s verify.Severity, format string, args ...any)

func (b bundle) decision() (evidence.Decision, error) {
	var d evidence.Decision
	if b[evidence.NameDecision] == nil || b[evidence.NameCMS] == nil {
		return d, usagef("evidence: neither %s nor %s inside: is this an exported archive?", evidence.NameDecision, evidence.NameCMS)
	}
	if err := json.Unmarshal(b[evidence.NameDecision], &d); err != nil {
		return d, usagef("evidence: %s: %v", evidence.NameDecision, err)
	}
	return d, nil
}

// checkFiles holds every file against the manifest.
func (b bundle) checkFiles(add adder) {
	manifest := b[evidence.NameManifest]
	bad := []string{}
	listed := 0
	for _, l := range strings.Split(strings.TrimSuffix(string(manifest), "\n"), "\n") {
		sum, name, ok := strings.Cut(l, "  ")
		got := sha256.Sum256(b[name])
		if !ok || b[name] == nil || hex.EncodeToString(got[:]) != sum {
			bad = append(bad, fmt.Sprintf("%q", name))
		}
		listed++
	}
	digest := sha256.Sum256(manifest)
	if len(bad) > 0 || listed == 0 {
		add(codeFilesChanged, verify.Fail, "missing or changed: %s", strings.Join(bad, ", "))
		return
	}
	add(codeFilesOK, verify.OK, "%d files; digest for the audit log: %s", listed, hex.EncodeToString(digest[:]))
}

// checkStatement demands that the portal issued what lies there as the statement.
func (b bundle) checkStatement(d evidence.Decision, add adder) {
	v, err := challenge.NewVerifier(d.StatementKey)
	if err == nil {
		var s challenge.Statement
		if s, err = challenge.Open(b[evidence.NameStatement], v); err == nil && s.Request != d.Request {
			err = errors.New("statement of another request")
		}
	}
	if err != nil {
		add(codeStatement, verify.Fail, "%v", err)
		return
	}
	add(codeStatementOK, verify.OK, "signed by the portal's key %s", d.StatementKey)
}

// ownAnchor trusts the root inside: who has no list of their own is told which it is.
func (b bundle) ownAnchor(t *verify.Terms, d evidence.Decision, add adder) error {
	if b[evidence.NameRoot] == nil {
		return nil
	}
	list, err := cert.ParsePEM(b[evidence.NameRoot])
	if err != nil {
		return usagef("evidence: %s: %v", evidence.NameRoot, err)
	}
	kind := trust.Qualified
	if d.Method == "uec" {
		kind = trust.UEC
	}
	if t.Set, err = trust.NewSet([]trust.Anchor{{Certificate: list[0], Kind: kind}}); err != nil {
		return fmt.Errorf("trust the root inside: %w", err)
	}
	add(codeOwnAnchor, verify.Info, "SHA-256 %s: compare it with a list that you trust, or give --anchors", hash(list[0]))
	return nil
}

// answers takes the kept answers and certificates into the terms.
func (b bundle) answers(t *verify.Terms) error {
	if pem := b[evidence.NameIssuers]; pem != nil {
		list, err := cert.ParsePEM(pem)
		if err != nil {
			return usagef("evidence: %s: %v", evidence.NameIssuers, err)
		}
		t.Untrusted = append(t.Untrusted, list...)
	}
	a := &revocation.Archive{Certificates: t.Untrusted}
	for name, data := range b {
		if strings.HasSuffix(name, ".ocsp") || strings.HasSuffix(name, ".crl") {
			a.Answers = append(a.Answers, data)
		}
	}
	t.Revocation = a
	if t.Set != nil {
		a.Anchors = t.Set.Certificates()
	}
	return nil
}

// signature judges the signature at the time that a timestamp proves. Without
// one it is judged at the time that the portal claims, and left undecided.
func (b bundle) signature(ctx context.Context, t verify.Terms, d evidence.Decision, add adder) *verify.Audit {
	file := b[evidence.NameLongTerm]
	if file == nil {
		file = b[evidence.NameCMS]
	}
	audit := verify.Document(ctx, file, nil, t)
	proved := false
	for _, r := range audit.Signers {
		for _, s := range r.Timestamps {
			proved = proved || s.Holds
		}
	}
	if !proved {
		add(codeTimeClaimed, verify.Unknown, "no timestamp proves the time; the portal says %s", d.Judged.UTC().Format(time.RFC3339))
		claimed := t
		claimed.At = d.Judged
		audit = verify.Document(ctx, file, nil, claimed)
		audit.At = t.At
	}
	if !bytes.Equal(audit.Content, b[evidence.NameStatement]) {
		add(codeStatement, verify.Fail, "another text than %s was signed", evidence.NameStatement)
	}
	b.compare(audit, add)
	return audit
}

// compare holds what is found now against what the portal found then.
func (b bundle) compare(a *verify.Audit, add adder) {
	var then verify.Report
	if err := json.Unmarshal(b[evidence.NameReport], &then); err != nil || len(a.Signers) != 1 {
		add(codeReportDiffers, verify.Warn, "the portal's report cannot be compared")
		return
	}
	if was, is := then.Verdict(), a.Signers[0].Verdict(); was != is {
		add(codeReportDiffers, verify.Warn, "the portal found it %s, now it is %s", was, is)
		return
	}
	add(codeReportSame, verify.OK, "the portal found the same: %s", then.Verdict())
}

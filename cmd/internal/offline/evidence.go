// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zaver/portal/evidence"
	"zaver/signature/cert"
	"zaver/signature/challenge"
	"zaver/signature/cms"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
)

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
	b.checkFiles(r.Digest, add)
	statement := b.checkStatement(decision, add)
	if decision.State != stateConfirmed {
		add(codeRefused, verify.Fail, "the portal's decision: %s %s", decision.State, strings.Join(decision.Codes, ", "))
	}
	if t.Set == nil {
		b.ownAnchor(&t, decision, add)
	}
	if r.Profile == "" && decision.Method != "uec" {
		t.Profile = verify.ProfileQualified
	}
	b.answers(&t, add)
	audit := b.signature(ctx, t, decision, add)
	b.checkSigner(audit, statement, add)
	if len(audit.Signers) == 1 && audit.Signers[0].Has(verify.CodeLegacyAlgorithm) {
		add(verify.CodeLegacyAlgorithm, verify.Fail, "no confirmation may rest on it")
	}
	audit.Add(findings...)
	return audit, nil
}

// stateConfirmed is the state of a decision that raised an account.
const stateConfirmed = "confirmed"

type adder func(code string, s verify.Severity, format string, args ...any)

func (b bundle) decision() (evidence.Decision, error) {
	var d evidence.Decision
	if b[evidence.NameDecision] == nil || b[evidence.NameCMS] == nil {
		return d, usagef("evidence: not both %s and %s inside: is this an exported archive?", evidence.NameDecision, evidence.NameCMS)
	}
	if err := json.Unmarshal(b[evidence.NameDecision], &d); err != nil {
		return d, usagef("evidence: %s: %v", evidence.NameDecision, err)
	}
	return d, nil
}

// beside are files of an export that the manifest does not list: made anew with each export.
var beside = []string{evidence.NameReadme, evidence.NameManifest, evidence.NameEngine, evidence.NameComplete}

// checkFiles holds every file against the manifest, and the manifest against the
// digest that the asker knows from elsewhere.
func (b bundle) checkFiles(digest string, add adder) {
	manifest := b[evidence.NameManifest]
	bad := []string{}
	listed := map[string]bool{}
	for l := range strings.Lines(string(manifest)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(l, "\n"), "  ")
		got := sha256.Sum256(b[name])
		if !ok || b[name] == nil || listed[name] || hex.EncodeToString(got[:]) != sum {
			bad = append(bad, fmt.Sprintf("%q", name))
		}
		listed[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if len(manifest) > 0 && !listed[name] && !slices.Contains(beside, name) {
			add(codeSkipped, verify.Warn, "%q is no part of the evidence", name)
			delete(b, name)
		}
	}
	for _, name := range []string{evidence.NameStatement, evidence.NameCMS, evidence.NameDecision} {
		if !listed[name] {
			bad = append(bad, fmt.Sprintf("no %q", name))
		}
	}
	if len(bad) > 0 {
		add(codeFilesChanged, verify.Fail, "missing or changed: %s", strings.Join(bad[:min(len(bad), 8)], ", "))
		return
	}
	b.checkBeside(add)
	sum := sha256.Sum256(manifest)
	if got := hex.EncodeToString(sum[:]); digest != "" && !strings.EqualFold(digest, got) {
		add(codeDigest, verify.Fail, "digest %s, asked for %s", got, strings.ToLower(digest))
	} else {
		add(codeFilesOK, verify.OK, "%d files; digest for the audit log: %s", len(listed), got)
	}
}

// checkBeside holds the files that the manifest does not list against those that an export makes of the
// others: people follow the one and give the others to OpenSSL, which may load code that they name.
func (b bundle) checkBeside(add adder) {
	manifest := b[evidence.NameManifest]
	var parts []evidence.Part
	for l := range strings.Lines(string(manifest)) {
		_, name, _ := strings.Cut(strings.TrimSuffix(l, "\n"), "  ")
		parts = append(parts, evidence.Part{Name: name, Data: b[name]})
	}
	files, err := evidence.Export(parts, sha256.Sum256(manifest))
	if err != nil {
		add(codeFilesChanged, verify.Fail, "%v", err)
		return
	}
	for _, name := range beside {
		own := slices.IndexFunc(files, func(p evidence.Part) bool { return p.Name == name })
		if b[name] == nil || own >= 0 && bytes.Equal(b[name], files[own].Data) {
			continue
		}
		if name == evidence.NameComplete && !sameSignature(b[name], b[evidence.NameCMS]) {
			add(codeFilesChanged, verify.Fail, "%s holds another signature than %s", name, evidence.NameCMS)
			continue
		}
		add(codeSkipped, verify.Warn, "%q is not as this program writes it, and nothing proves it: do not use it", name)
	}
}

// checkStatement demands that whoever has the key in the decision issued what lies
// there as the statement. Whose key that is, only a second channel tells.
func (b bundle) checkStatement(d evidence.Decision, add adder) (s challenge.Statement) {
	v, err := challenge.NewVerifier(d.StatementKey)
	if err == nil {
		if s, err = challenge.Open(b[evidence.NameStatement], v); err == nil && s.Request != d.Request {
			err = errors.New("statement of another request")
		}
	}
	if err != nil {
		add(codeStatement, verify.Fail, "%v", err)
		return challenge.Statement{}
	}
	add(codeStatementOK, verify.OK, "signed by the portal's key %s: compare it with the one that the portal publishes", d.StatementKey)
	return s
}

// checkSigner compares whom the statement names with who has signed.
func (b bundle) checkSigner(a *verify.Audit, s challenge.Statement, add adder) {
	if len(a.Signers) != 1 || a.Signers[0].Signer == nil {
		return
	}
	c := a.Signers[0].Signer
	if own := b["certificate-0-signer.cer"]; own != nil && !bytes.Equal(own, c.Raw) {
		add(codeFilesChanged, verify.Fail, "certificate-0-signer.cer is not the signer's certificate")
	}
	// A certificate without the number is that of anyone: the portal confirms nobody by it.
	h := c.Holder()
	if s.SNILS != "" && s.SNILS != h.SNILS {
		add(codeOther, verify.Fail, "statement and certificate have different SNILS")
	}
	if s.OGRN != "" && s.OGRN != h.OGRN {
		add(codeOther, verify.Fail, "statement and certificate have different OGRN")
	}
}

// ownAnchor trusts the root inside: who has no list of their own is told which it is.
func (b bundle) ownAnchor(t *verify.Terms, d evidence.Decision, add adder) {
	if b[evidence.NameRoot] == nil {
		return
	}
	list, err := cert.ParsePEM(b[evidence.NameRoot])
	if err != nil || len(list) != 1 {
		add(codeFilesChanged, verify.Fail, "%s is not one certificate: %v", evidence.NameRoot, err)
		return
	}
	kind := trust.Qualified
	if d.Method == "uec" {
		kind = trust.UEC
	}
	if t.Set, err = trust.NewSet([]trust.Anchor{{Certificate: list[0], Kind: kind}}); err != nil {
		add(codeFilesChanged, verify.Fail, "%s: %v", evidence.NameRoot, err)
		return
	}
	add(codeOwnAnchor, verify.Warn, "SHA-256 %s: compare it with a list that you trust, or give --anchors", hash(list[0]))
}

// answers takes the kept answers and certificates into the terms, after those that were given.
func (b bundle) answers(t *verify.Terms, add adder) {
	if pem := b[evidence.NameIssuers]; pem != nil {
		list, err := cert.ParsePEM(pem)
		if err != nil {
			add(codeFilesChanged, verify.Fail, "%s: %v", evidence.NameIssuers, err)
		}
		t.Untrusted = append(t.Untrusted, list...)
	}
	a := &revocation.Archive{Certificates: t.Untrusted}
	if given, ok := t.Revocation.(*revocation.Archive); ok {
		a.Answers = append(a.Answers, given.Answers...)
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if strings.HasSuffix(name, ".ocsp") || strings.HasSuffix(name, ".crl") {
			a.Answers = append(a.Answers, b[name])
		}
	}
	t.Revocation = a
	if t.Set != nil {
		a.Anchors = t.Set.Certificates()
	}
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
		if d.Judged.Before(t.At) {
			claimed.At = d.Judged
		}
		audit = verify.Document(ctx, file, nil, claimed)
		audit.At = t.At
	}
	if !bytes.Equal(audit.Content, b[evidence.NameStatement]) {
		add(codeStatement, verify.Fail, "another text than %s was signed", evidence.NameStatement)
	}
	if b[evidence.NameLongTerm] != nil && !sameSignature(b[evidence.NameCMS], file) {
		add(codeFilesChanged, verify.Fail, "%s does not extend %s", evidence.NameLongTerm, evidence.NameCMS)
	}
	b.compare(audit, add)
	return audit
}

// sameSignature says whether two files hold the same signature of one signer.
func sameSignature(a, b []byte) bool {
	x, errX := cms.Open(a, cms.Options{})
	y, errY := cms.Open(b, cms.Options{})
	return errX == nil && errY == nil && len(x.Signers) == 1 && len(y.Signers) == 1 &&
		bytes.Equal(x.Signer.Signature, y.Signer.Signature) && bytes.Equal(x.Signer.RawSignedAttributes, y.Signer.RawSignedAttributes)
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

// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var judged = time.Date(2026, 11, 22, 13, 0, 0, 0, time.FixedZone("", 3*3600))

func bundle() Bundle {
	return Bundle{
		Decision: Decision{
			Request: "request-1", Account: "account-1", Method: "token", State: "confirmed", Level: "confirmed",
			Holder: "person", Judged: judged, TrustSet: "abc", StatementKey: "portal+1+x",
		},
		Statement: []byte("zaver.statement/v1\n"), CMS: []byte{0x30, 1}, Anchored: true,
		Path: [][]byte{{1}, {2}, {3}}, Report: []byte(`{"findings":[]}`),
		Revocations: []Answer{{Source: "ocsp", DER: []byte{4}}, {Source: "crl", DER: []byte{5}}},
	}
}

func names(parts []Part) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = p.Name
	}
	return out
}

func TestC10PartsAndDigest(t *testing.T) {
	parts, err := bundle().Parts()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"statement.txt", "signature.p7s", "certificate-0-signer.cer", "certificate-1-issuer.cer", "certificate-2-issuer.cer",
		"issuers.pem", "root.pem", "revocation-0-signer.ocsp", "revocation-1-issuer.crl", "report.json", "decision.json",
	}
	if d := cmp.Diff(want, names(parts)); d != "" {
		t.Fatal(d)
	}
	for _, p := range parts {
		personal := p.Name == NameStatement || p.Name == NameCMS || p.Name == NameSigner || p.Name == NameReport ||
			p.Name == NameDecision || strings.HasSuffix(p.Name, ".ocsp")
		if p.Shared == personal {
			t.Errorf("%s: shared %v", p.Name, p.Shared)
		}
	}
	d, err := Open(parts, Digest(parts))
	if err != nil {
		t.Fatal(err)
	}
	if d.Request != "request-1" || !d.Judged.Equal(judged) || d.Judged.Location() != time.UTC {
		t.Fatalf("decision came back as %+v", d)
	}
	again, err := bundle().Parts()
	if err != nil || Digest(again) != Digest(parts) {
		t.Fatalf("the same bundle has another digest (%v)", err)
	}
}

func TestC10AnyChangeChangesTheDigest(t *testing.T) {
	parts, err := bundle().Parts()
	if err != nil {
		t.Fatal(err)
	}
	digest := Digest(parts)
	for i := range parts {
		changed := append([]Part(nil), parts...)
		changed[i].Data = append([]byte{'x'}, changed[i].Data...)
		if _, err := Open(changed, digest); !errors.Is(err, ErrBundle) {
			t.Errorf("%s changed: %v", parts[i].Name, err)
		}
		less := append(append([]Part(nil), parts[:i]...), parts[i+1:]...)
		if _, err := Open(less, digest); !errors.Is(err, ErrBundle) {
			t.Errorf("%s taken away: %v", parts[i].Name, err)
		}
	}
	parts[0], parts[1] = parts[1], parts[0]
	if _, err := Open(parts, digest); !errors.Is(err, ErrBundle) {
		t.Errorf("order changed: %v", err)
	}
}

func TestIncompleteOrForeignParts(t *testing.T) {
	for name, change := range map[string]func(*Bundle){
		"no statement": func(b *Bundle) { b.Statement = nil },
		"no signature": func(b *Bundle) { b.CMS = nil },
		"no request":   func(b *Bundle) { b.Decision.Request = "" },
		"no state":     func(b *Bundle) { b.Decision.State = "" },
		"too large":    func(b *Bundle) { b.CMS = make([]byte, MaxPart+1) },
		"too many":     func(b *Bundle) { b.Path = make([][]byte, MaxParts) },
		"bad source":   func(b *Bundle) { b.Revocations[0].Source = "/../x" },
	} {
		b := bundle()
		change(&b)
		if _, err := b.Parts(); !errors.Is(err, ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "../x", "a/b", "A", ".x", "SHA256SUMS", "a b"} {
		if nameOK(name) {
			t.Errorf("%q is taken for a name", name)
		}
	}
	twice := []Part{{Name: "a"}, {Name: "a"}}
	if _, err := Open(twice, Digest(twice)); !errors.Is(err, ErrBundle) {
		t.Errorf("twice: %v", err)
	}
	foreign := []Part{{Name: NameDecision, Data: []byte(`{"format":"other"}`)}}
	if _, err := Open(foreign, Digest(foreign)); !errors.Is(err, ErrBundle) {
		t.Errorf("foreign: %v", err)
	}
}

func TestC10Export(t *testing.T) {
	parts, err := bundle().Parts()
	if err != nil {
		t.Fatal(err)
	}
	files, err := Export(parts, Digest(parts))
	if err != nil {
		t.Fatal(err)
	}
	if files[0].Name != NameReadme || files[len(files)-1].Name != NameManifest {
		t.Fatalf("files %v", names(files))
	}
	text := string(files[0].Data)
	for _, want := range []string{
		Command(judged, NameCMS, false), "-attime 1795341600", "openssl ocsp -respin revocation-0-signer.ocsp", "openssl crl -inform DER -in revocation-1-issuer.crl",
		"cmp signed.txt statement.txt", "request-1", "portal+1+x",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("README lacks %q", want)
		}
	}
	var a, b bytes.Buffer
	if err := errors.Join(WriteZip(&a, files, judged), WriteZip(&b, files, judged.UTC())); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the archive depends on more than its files")
	}
	z, err := zip.NewReader(bytes.NewReader(a.Bytes()), int64(a.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(data, files[i].Data) {
			t.Errorf("%s came back changed (%v)", f.Name, err)
		}
	}
}

func TestExportOfARefusalWithoutPath(t *testing.T) {
	b := bundle()
	b.Path, b.Anchored, b.Revocations = b.Path[:1], false, nil
	b.Decision.State, b.Decision.Level, b.Decision.Codes = "refused", "", []string{"chain.no_anchor"}
	parts, err := b.Parts()
	if err != nil {
		t.Fatal(err)
	}
	files, err := Export(parts, Digest(parts))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(files[0].Data); strings.Contains(text, "root.pem -") || !strings.Contains(text, "-noverify") || !strings.Contains(text, "chain.no_anchor") {
		t.Errorf("README of a refusal:\n%s", text)
	}
}

// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/portal/evidence"
	"zaver/signature/challenge"
	"zaver/signature/cms"
	"zaver/signature/ident"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

const vera = "15847620194"

// trial makes the evidence of one confirmation.
type trial struct {
	family
	tsa     *mint.Party
	private string
	at      time.Time
	bundle  evidence.Bundle
	digest  string
}

// newTrial lays out a confirmed one, with a timestamp and all that proves it; change spoils it before.
func newTrial(t *testing.T, change func(*trial)) *trial {
	t.Helper()
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	root := mint.Root("Root", mint.GOST2012256)
	ca := mint.CA("CA", mint.GOST2012256, root)
	leaf := mint.Certificate{
		Subject: mint.DN("CN=Светлова Вера", "SN=Светлова", "GN=Вера", "SNILS="+vera), Key: mint.NewKey(mint.GOST2012256),
		Extensions: (*trial)(nil).tools(),
	}.Sign(ca)
	tsa := mint.Certificate{Subject: mint.CN("TSA"), Key: mint.NewKey(mint.GOST2012256), Extensions: []mint.Extension{
		mint.SKI(), mint.AKI(), mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.TimeStamping).Crit(),
	}}.Sign(root)
	private, public, err := challenge.GenerateKey("portal.example")
	if err != nil {
		t.Fatal(err)
	}
	x := &trial{family: family{root, ca, leaf}, tsa: tsa, private: private, at: at}
	x.bundle.Decision = evidence.Decision{
		Request: "request-0123456789", Account: "a", Method: "token", State: "confirmed", Level: "confirmed", Judged: at, StatementKey: public,
	}
	x.bundle.Statement = x.statement(t, vera)
	if change != nil {
		change(x)
	}
	x.sign(t)
	return x
}

func (x *trial) statement(t *testing.T, snils string) []byte {
	t.Helper()
	signer, err := challenge.NewSigner(x.private)
	if err != nil {
		t.Fatal(err)
	}
	s := challenge.Statement{
		Purpose: challenge.ConfirmIdentity, Origin: "https://portal.example", Request: "request-0123456789", Nonce: [32]byte{1},
		Issued: x.at.Add(-time.Minute), Expires: x.at.Add(time.Minute), Account: "v•••@example.org", Holder: "Светлова Вера", SNILS: ident.SNILS(snils), ControlCode: "1234",
	}
	b, err := challenge.Sign(s, signer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sign fills in signatures and answers unless change did.
func (x *trial) sign(t *testing.T) {
	list := mint.CRL{ThisUpdate: x.at.Add(-time.Hour), NextUpdate: x.at.Add(time.Hour)}
	crls := [][]byte{list.Sign(x.ca), list.Sign(x.root)}
	one := mint.Signer{By: x.leaf, At: x.at}
	m := mint.SignedData{Content: x.bundle.Statement, Signers: []mint.Signer{one}, Certificates: der(x.leaf, x.ca)}
	if x.bundle.CMS == nil {
		x.bundle.CMS = m.DER()
	}
	if x.bundle.LongTerm == nil {
		x.bundle.LongTerm = x.extend(t, crls)
	}
	x.bundle.Path, x.bundle.Anchored = der(x.leaf, x.ca, x.root), true
	x.bundle.Revocations = []evidence.Answer{{Source: "crl", DER: crls[0]}, {Source: "crl", DER: crls[1]}}
	report, err := json.Marshal(&verify.Report{At: x.at, Findings: []verify.Finding{{Code: verify.CodeOK, Severity: verify.OK}}})
	if err != nil {
		t.Fatal(err)
	}
	x.bundle.Report = report
}

// extend makes the signature of the bundle one with a timestamp and lists inside, without touching
// what was signed.
func (x *trial) extend(t *testing.T, crls [][]byte) []byte {
	t.Helper()
	b, err := extended(x.bundle.CMS, x.tsa, x.at, crls)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// files are those of the export.
func (x *trial) files(t *testing.T) []evidence.Part {
	t.Helper()
	parts, err := x.bundle.Parts()
	if err != nil {
		t.Fatal(err)
	}
	sum := evidence.Digest(parts)
	x.digest = hex.EncodeToString(sum[:])
	files, err := evidence.Export(parts, sum)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// zipped is the export as an archive.
func (d *desk) zipped(name string, files []evidence.Part) string {
	d.t.Helper()
	var b bytes.Buffer
	if err := evidence.WriteZip(&b, files, time.Now()); err != nil {
		d.t.Fatal(err)
	}
	return d.file(name, b.Bytes())
}

// tools are the extensions of a qualified certificate.
func (*trial) tools() []mint.Extension {
	return mint.Extensions(mint.LeafExtensions(), mint.SubjectSignTool("Средство"), mint.IssuerSignTool("Средство", "УЦ", "1", "2"), mint.KC(1), mint.IdentificationKind(0))
}

func TestEvidence(t *testing.T) {
	d := newDesk(t)
	x := newTrial(t, nil)
	files := x.files(t)
	zipped, root := d.zipped("good.zip", files), d.file("root.cer", x.root.DER)
	const all = "evidence.files evidence.statement evidence.report sig.timestamp sig.not_revoked sig.qualified"
	d.want(0, all+" evidence.own_anchor", "evidence", zipped)
	d.want(0, all, "evidence", zipped, "--anchors", root)
	d.want(0, all, "evidence", zipped, "--anchors", root, "--at", "2036-11-22")
	d.want(0, all, "evidence", zipped, "--digest", strings.ToUpper(x.digest))
	d.want(1, "evidence.digest", "evidence", zipped, "--digest", strings.Repeat("0", 64))
	d.want(1, "chain.no_anchor", "evidence", zipped, "--anchors", d.file("other.cer", mint.Root("Alien", mint.P256).DER))
	d.want(2, "sig.timestamp_unusable evidence.time_claimed", "evidence", zipped, "--anchors", root, "--at", "2020-06-01") // before it all

	dir := filepath.Join(d.dir, "unpacked")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range files {
		d.file(filepath.Join("unpacked", p.Name), p.Data)
	}
	d.want(0, all, "evidence", dir)
	d.file("unpacked/signed.txt", []byte("what openssl wrote"))
	d.want(0, all+" input.skipped", "evidence", dir)

	// Any change of any file that the manifest lists shows.
	listed := map[string]bool{}
	for _, p := range files {
		if p.Name == evidence.NameManifest {
			for line := range strings.Lines(string(p.Data)) {
				_, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
				listed[name] = true
			}
		}
	}
	for i, p := range files {
		if !listed[p.Name] {
			continue
		}
		changed := append([]evidence.Part(nil), files...)
		changed[i].Data = append(bytes.Clone(p.Data), '\n')
		name := d.zipped("changed.zip", changed)
		if exit, out, errs := d.run("", "evidence", name); exit == 0 || exit == 2 || exit == 1 && !strings.Contains(out, "evidence.files_changed") {
			t.Errorf("%s changed: exit %d\n%s%s", p.Name, exit, out, errs)
		}
		name = d.zipped("missing.zip", append(append([]evidence.Part(nil), files[:i]...), files[i+1:]...))
		if exit, out, errs := d.run("", "evidence", name); exit == 0 || exit == 2 || exit == 1 && !strings.Contains(out, "evidence.files_changed") {
			t.Errorf("%s missing: exit %d\n%s%s", p.Name, exit, out, errs)
		}
	}
}

// TestForgedEvidence is evidence made anew around something that does not hold: the manifest fits.
func TestForgedEvidence(t *testing.T) {
	for _, c := range []struct {
		name, codes string
		exit        int
		change      func(*testing.T, *trial)
	}{
		{"refused", "evidence.refused", 1, func(_ *testing.T, x *trial) {
			x.bundle.Decision.State, x.bundle.Decision.Codes = "refused", []string{"confirm.name_differs"}
		}},
		{"another person", "evidence.other_person", 1, func(t *testing.T, x *trial) { x.bundle.Statement = x.statement(t, "12738509473") }},
		{"a signer without a number", "evidence.other_person", 1, func(_ *testing.T, x *trial) {
			x.leaf = mint.Certificate{Subject: mint.DN("CN=Светлова Вера", "SN=Светлова", "GN=Вера"), Key: mint.NewKey(mint.GOST2012256), Extensions: x.tools()}.Sign(x.ca)
		}},
		{"another portal's key", "evidence.statement_bad", 1, func(t *testing.T, x *trial) {
			_, x.bundle.Decision.StatementKey, _ = challenge.GenerateKey("portal.example")
		}},
		{"another request", "evidence.statement_bad", 1, func(_ *testing.T, x *trial) { x.bundle.Decision.Request = "request-9876543210" }},
		{"another text signed", "evidence.statement_bad", 1, func(_ *testing.T, x *trial) {
			x.bundle.CMS = mint.SignedData{Content: []byte("other"), Signers: []mint.Signer{{By: x.leaf, At: x.at}}, Certificates: der(x.leaf, x.ca)}.DER()
		}},
		{"another signature extended", "evidence.files_changed", 1, func(_ *testing.T, x *trial) {
			m := mint.SignedData{Content: x.bundle.Statement, Signers: []mint.Signer{{By: x.leaf, At: x.at.Add(-time.Second)}}, Certificates: der(x.leaf, x.ca)}
			x.bundle.LongTerm = must(extended(m.DER(), x.tsa, x.at, nil))
		}},
		{"no timestamp", "evidence.time_claimed", 2, func(_ *testing.T, x *trial) {
			x.bundle.LongTerm = []byte{}
		}},
		{"method changed to escape the profile", "sig.legacy_algorithm", 1, func(_ *testing.T, x *trial) {
			x.bundle.Decision.Method = "uec"
			x.leaf = mint.Certificate{Subject: x.leaf.Name, Key: mint.NewKey(mint.GOST2001A), Extensions: mint.LeafExtensions()}.Sign(x.ca)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			x := newTrial(t, func(x *trial) { c.change(t, x) })
			zipped := d.zipped("forged.zip", x.files(t))
			d.want(c.exit, c.codes+" evidence.files", "evidence", zipped)
			d.want(c.exit, c.codes+" evidence.files", "evidence", zipped, "--at", "2036-11-22")
		})
	}
}

// TestFilesBeside: what the manifest does not list is not evidence, but people read it and give it to OpenSSL.
func TestFilesBeside(t *testing.T) {
	d := newDesk(t)
	x := newTrial(t, nil)
	y := newTrial(t, func(y *trial) { y.bundle.LongTerm = []byte{} })
	other := mint.SignedData{Content: y.bundle.Statement, Signers: []mint.Signer{{By: y.leaf, At: y.at.Add(-time.Second)}}}.DER()
	for _, c := range []struct {
		name  string
		x     *trial
		file  string
		data  []byte
		exit  int
		codes string
	}{
		{"instructions", x, evidence.NameReadme, []byte("sh evil.sh"), 0, "evidence.files input.skipped"},
		{"configuration of OpenSSL", x, evidence.NameEngine, []byte("dynamic_path = evil.so"), 0, "evidence.files input.skipped"},
		{"a complete signature where none is made", x, evidence.NameComplete, x.bundle.CMS, 0, "evidence.files input.skipped"},
		{"another complete signature", y, evidence.NameComplete, other, 1, "evidence.files_changed"},
	} {
		files := c.x.files(t)
		files = append(slices.DeleteFunc(files, func(p evidence.Part) bool { return p.Name == c.file }), evidence.Part{Name: c.file, Data: c.data})
		d.want(c.exit, c.codes, "evidence", d.zipped("beside.zip", files))
	}
	if exit, out, _ := d.run("", "evidence", d.zipped("good.zip", y.files(t))); exit != 2 || strings.Contains(out, "input.skipped") {
		t.Errorf("exit %d, %s", exit, out)
	}
}

// Archives that are none, or too much.
func TestBadArchives(t *testing.T) {
	d := newDesk(t)
	archive := func(add func(z *zip.Writer)) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		add(z)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	put := func(z *zip.Writer, name string, size int) {
		w := must(z.Create(name))
		chunk := make([]byte, 1<<20)
		for ; size > 0; size -= len(chunk) {
			must(w.Write(chunk[:min(size, len(chunk))]))
		}
	}
	for name, b := range map[string][]byte{
		"text":  []byte("text"),
		"empty": archive(func(*zip.Writer) {}),
		"bomb":  archive(func(z *zip.Writer) { put(z, "root.pem", 33<<20) }),
		"bombs": archive(func(z *zip.Writer) {
			for _, n := range strings.Fields("a b c d e") {
				put(z, n, 30<<20)
			}
		}),
		"many": archive(func(z *zip.Writer) {
			for i := range 500 {
				put(z, strings.Repeat("x", i+1), 1)
			}
		}),
		"twice":   archive(func(z *zip.Writer) { put(z, "decision.json", 1); put(z, "a/../decision.json", 1) }),
		"no JSON": archive(func(z *zip.Writer) { put(z, "decision.json", 9); put(z, "signature.p7s", 9) }),
	} {
		t.Log(name)
		if exit, out, errs := d.run("", "evidence", d.file("bad.zip", b)); exit != 3 || out != "" || errs == "" {
			t.Errorf("%s: exit %d, %s%s", name, exit, out, errs)
		}
	}
}

// extended puts a timestamp and lists into a signature, as the portal does.
func extended(signature []byte, tsa *mint.Party, at time.Time, crls [][]byte) ([]byte, error) {
	signed, err := cms.Open(signature, cms.Options{})
	if err != nil {
		return nil, err
	}
	token := mint.TST{Message: signed.Signer.Signature, Time: at}.Token(tsa)
	if signature, err = cms.WithTimestamp(signature, token); err != nil {
		return nil, err
	}
	return cms.WithValues(signature, nil, crls, nil)
}

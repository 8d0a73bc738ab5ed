// SPDX-License-Identifier: Apache-2.0

package road

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zaver/signature/cms"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/tokens"
	"zaver/softhsm-fixtures/uec"
)

// TestEvidenceHoldsForOthers exports the proof of a confirmation while the
// portal serves, and has OpenSSL judge it against the test root.
func TestEvidenceHoldsForOthers(t *testing.T) {
	w := Start(t)
	p := w.Person()
	r := w.Standard(p)
	w.GiveToken(p, pki.Good)
	w.Answers(p.PINs.Token)
	request := w.walk(r, "token")

	archive := filepath.Join(t.TempDir(), "evidence.zip")
	w.must(w.Evidence(t.Context(), request, archive))
	if level := w.LevelOf(request); level != "confirmed" {
		t.Errorf("the export left level %q", level)
	}
	dir := unpack(t, archive)
	root := filepath.Join(t.TempDir(), "root.pem")
	w.must(os.WriteFile(root, w.PKI.Authority(pki.Root).PEM(), 0o600))
	verify := func(in string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "openssl", "cms", "-verify", "-cades", "-inform", "DER", "-in", in, "-CAfile", root,
			"-purpose", "any", "-out", filepath.Join(dir, "signed.txt"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	signature := one(t, dir, "signature-lt.p7s")
	if out, err := verify(signature); err != nil {
		t.Fatalf("openssl: %v: %s", err, out)
	}
	signed, err := os.ReadFile(filepath.Join(dir, "signed.txt"))
	w.must(err)
	if !strings.HasPrefix(string(signed), "zaver.statement/v1") || !strings.Contains(string(signed), request) {
		t.Errorf("signed: %q", signed)
	}
	// The same with one bit of the signature changed must not hold.
	b, err := os.ReadFile(signature)
	w.must(err)
	read, err := cms.Open(b, cms.Options{})
	w.must(err)
	read.Signer.Signature[len(read.Signer.Signature)-1] ^= 1 // a part of b
	w.must(os.WriteFile(signature, b, 0o600))
	if out, err := verify(signature); err == nil {
		t.Errorf("openssl takes a forged signature: %s", out)
	}
}

func unpack(t *testing.T, archive string) string {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v %v", pattern, found, err)
	}
	return found[0]
}

// TestPeersSeeTheSame holds what the agent lists against OpenSC's tools: the
// same card through the same daemon, the same certificate on the same token.
func TestPeersSeeTheSame(t *testing.T) {
	w := Start(t)
	p := w.Person()
	token := w.GiveToken(p, pki.Good)
	card := w.GiveCard(p, pki.Good)

	run := func(name string, args ...string) string {
		t.Helper()
		out, err := w.Command(t.Context(), name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
		return string(out)
	}
	reader := w.Pcscd.Reader(0)
	w.seen(0) // the tool's own --wait never ends where the card is there already
	if out := run("opensc-tool", "--reader", reader, "--atr"); !strings.Contains(strings.ToLower(out), colons(card.ATR())) {
		t.Errorf("opensc-tool reads the ATR %s", out)
	}
	selectCard := "00:a4:04:00:" + colons([]byte{byte(len(uec.AID()))}) + ":" + colons(uec.AID()) + ":00"
	if out := run("opensc-tool", "--card-driver", "default", "--reader", reader, "--send-apdu", selectCard); !strings.Contains(out, "SW1=0x90") {
		t.Errorf("opensc-tool selects the application: %s", out)
	}
	if agent := run("zaver-agent", "cards", "--config", w.AgentConfig(), "--json"); !strings.Contains(agent, reader) || !strings.Contains(agent, p.FullName()) {
		t.Errorf("zaver-agent cards: %s", agent)
	}

	module, err := tokens.Library()
	w.must(err)
	label := "zaver " + p.Key
	if peer := run("pkcs11-tool", "--module", module, "--list-token-slots"); !strings.Contains(peer, label) {
		t.Errorf("pkcs11-tool lists %s", peer)
	}
	der := filepath.Join(t.TempDir(), "certificate.der")
	run("pkcs11-tool", "--module", module, "--token-label", label, "--read-object", "--type", "cert", "--id", "01", "--output-file", der)
	read, err := os.ReadFile(der)
	w.must(err)
	print := sha256.Sum256(read)
	if mine := run("zaver-agent", "tokens", "--config", w.AgentConfig(), "--json"); !strings.Contains(mine, label) || !strings.Contains(mine, hex.EncodeToString(print[:])) {
		t.Errorf("zaver-agent tokens: %s", mine)
	}
	if !bytes.Equal(read, token.DER) {
		t.Error("pkcs11-tool reads another certificate")
	}
}

func colons(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = hex.EncodeToString([]byte{c})
	}
	return strings.Join(parts, ":")
}

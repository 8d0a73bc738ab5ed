// SPDX-License-Identifier: Apache-2.0

package gosttoken_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/gost/streebog"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
)

var compiled *gosttoken.Compiled // written before the tests start

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "zaver-gosttoken-*")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if compiled, err = gosttoken.Compile(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, "set-up:", err)
			return 1
		}
		return m.Run()
	}())
}

func store(t *testing.T, options ...gosttoken.Option) *gosttoken.Store {
	t.Helper()
	s, err := compiled.Store(filepath.Join(t.TempDir(), "store"), options...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// peer is OpenSC's pkcs11-tool; it fails the test, or returns what it said when it fails.
func peer(t *testing.T, s *gosttoken.Store, fails bool, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "pkcs11-tool", append([]string{"--module", s.Module()}, args...)...).CombinedOutput()
	if (err != nil) != fails {
		t.Fatalf("pkcs11-tool %v: %v: %s", args, err, out)
	}
	return string(out)
}

const (
	thePIN = "12345678"
	soPIN  = "87654321"
)

// mechanism is OpenSC's name for signing a ready digest.
func mechanism(bits int) string {
	if bits == 512 {
		return "GOSTR3410_512"
	}
	return "GOSTR3410"
}

func digest(bits int, message []byte) []byte {
	if bits == 512 {
		d := streebog.Sum512(message)
		return d[:]
	}
	d := streebog.Sum256(message)
	return d[:]
}

// TestPeers has pkcs11-tool sign on a token and OpenSSL's GOST engine verify: every parameter set of 2012, by a ready digest and by a digest
// made on the token.
func TestPeers(t *testing.T) {
	ssl := gostpeer.New(t)
	s := store(t)
	token := gosttoken.For(people.TokenHolder(), mint.GOSTKinds()...)
	keys, err := s.Add(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	message := ssl.File([]byte("statement"))
	for i, kind := range mint.GOSTKinds() {
		t.Run(string(kind), func(t *testing.T) {
			bits := kind.ParamSet().Bits()
			public := ssl.File(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: keys[i]}))
			login := []string{"--token-label", token.Label, "--login", "--pin", token.PIN, "--id", fmt.Sprintf("%02x", i+1)}
			ready, sig := ssl.File(digest(bits, []byte("statement"))), filepath.Join(ssl.Dir(), "sig")
			peer(t, s, false, append(login, "--sign", "--mechanism", mechanism(bits), "--input-file", ready, "--output-file", sig)...)
			if out, err := ssl.Run("pkeyutl", "-verify", "-pubin", "-inkey", public, "-in", ready, "-sigfile", sig); err != nil {
				t.Errorf("ready digest: %v: %s", err, out)
			}
			inner := fmt.Sprintf("GOSTR3410-WITH-GOSTR3411-12-%d", bits)
			peer(t, s, false, append(login, "--sign", "--mechanism", inner, "--input-file", message, "--output-file", sig)...)
			if out, err := ssl.Run("dgst", fmt.Sprintf("-md_gost12_%d", bits), "-verify", public, "-signature", sig, message); err != nil {
				t.Errorf("digest on the token: %v: %s", err, out)
			}
			b, err := os.ReadFile(sig)
			if err != nil {
				t.Fatal(err)
			}
			verify(t, keys[i], []byte("statement"), b)
		})
	}
}

// verify is our own check.
func verify(t *testing.T, spki, message, sig []byte) {
	t.Helper()
	public, err := cert.ParsePublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	a, err := algo.ForKey(public.Kind(), public.Bits())
	if err != nil {
		t.Fatal(err)
	}
	if err := public.Verify(a, a.Input(message), sig); err != nil {
		t.Error(err)
	}
}

// TestMadeByPeer lets pkcs11-tool alone make a token, keys and a certificate object.
func TestMadeByPeer(t *testing.T) {
	s := store(t)
	if out := peer(t, s, false, "--list-slots"); !strings.Contains(out, "uninitialized") {
		t.Errorf("a blank token is wanted: %s", out)
	}
	peer(t, s, false, "--init-token", "--slot", "0", "--label", "by peer", "--so-pin", soPIN)
	peer(t, s, false, "--slot", "0", "--init-pin", "--login", "--login-type", "so", "--so-pin", soPIN, "--pin", thePIN)
	login := []string{"--token-label", "by peer", "--login", "--pin", thePIN}
	peer(t, s, false, append(login, "--keypairgen", "--key-type", "GOSTR3410-2012-256:B", "--id", "01", "--label", "k")...)
	peer(t, s, false, append(login, "--keypairgen", "--key-type", "GOSTR3410-2012-512:A", "--id", "02", "--label", "l")...)
	der := mint.Root("peer", mint.GOST256A).DER
	path := filepath.Join(t.TempDir(), "c.der")
	if err := os.WriteFile(path, der, 0o600); err != nil {
		t.Fatal(err)
	}
	peer(t, s, false, append(login, "--write-object", path, "--type", "cert", "--id", "01", "--label", "c")...)
	objects := peer(t, s, false, append(login, "--list-objects")...)
	for _, want := range []string{"Private Key Object; GOSTR3410-2012-256", "Public Key Object; GOSTR3410-2012-512", "Certificate Object",
		"sensitive, always sensitive, never extractable, local"} {
		if !strings.Contains(objects, want) {
			t.Errorf("no %q in %s", want, objects)
		}
	}
	if open := peer(t, s, false, "--token-label", "by peer", "--list-objects"); strings.Contains(open, "Private") || !strings.Contains(open, "Certificate") {
		t.Errorf("without login: %s", open)
	}
	mechanisms := peer(t, s, false, "--slot", "0", "--list-mechanisms")
	for _, want := range []string{"GOSTR3410,", "GOSTR3410_512,", "GOSTR3410-WITH-GOSTR3411-12-256", "GOSTR3411-12-512", "GOSTR3410-512-KEY-PAIR-GEN"} {
		if !strings.Contains(mechanisms, want) {
			t.Errorf("no %q in %s", want, mechanisms)
		}
	}
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, []byte("message"), 0o600); err != nil {
		t.Fatal(err)
	}
	peer(t, s, false, "--token-label", "by peer", "--hash", "--mechanism", "GOSTR3411-12-256", "--input-file", in, "--output-file", in+".hash")
	if b, err := os.ReadFile(in + ".hash"); err != nil || string(b) != string(digest(256, []byte("message"))) {
		t.Errorf("digest on the token: %x, %v", b, err)
	}
}

// TestTries counts PINs over processes, as flags show it.
func TestTries(t *testing.T) {
	s := store(t)
	if _, err := s.Add(t.Context(), gosttoken.Token{Label: "t", PIN: thePIN, SOPIN: soPIN}); err != nil {
		t.Fatal(err)
	}
	wrong := func(says string) {
		t.Helper()
		if out := peer(t, s, true, "--token-label", "t", "--login", "--pin", "00000000", "--list-objects"); !strings.Contains(out, says) {
			t.Errorf("no %s in %s", says, out)
		}
	}
	flags := func(want, not string) {
		t.Helper()
		if out := peer(t, s, false, "--list-slots"); !strings.Contains(out, want) || not != "" && strings.Contains(out, not) {
			t.Errorf("flags %s: %q wanted, %q not", out, want, not)
		}
	}
	flags("PIN initialized", "count low")
	wrong("CKR_PIN_INCORRECT")
	flags("user PIN count low", "final user PIN try")
	peer(t, s, false, "--token-label", "t", "--login", "--pin", thePIN, "--list-objects")
	flags("PIN initialized", "count low")
	wrong("CKR_PIN_INCORRECT")
	wrong("CKR_PIN_INCORRECT")
	flags("final user PIN try", "locked")
	wrong("CKR_PIN_INCORRECT")
	flags("user PIN locked", "")
	if out := peer(t, s, true, "--token-label", "t", "--login", "--pin", thePIN, "--list-objects"); !strings.Contains(out, "CKR_PIN_LOCKED") {
		t.Errorf("the right PIN of a locked token: %s", out)
	}
	peer(t, s, false, "--token-label", "t", "--init-pin", "--login", "--login-type", "so", "--so-pin", soPIN, "--pin", "11112222")
	peer(t, s, false, "--token-label", "t", "--login", "--pin", "11112222", "--change-pin", "--new-pin", "33334444")
	peer(t, s, false, "--token-label", "t", "--login", "--pin", "33334444", "--list-objects")
	flags("PIN initialized", "count low")
}

// TestImport takes keys that were made outside, one of 2001 among them.
func TestImport(t *testing.T) {
	s := store(t)
	token := gosttoken.Token{Label: "imported", PIN: thePIN, SOPIN: soPIN}
	kinds := []mint.Kind{mint.GOST256A, mint.GOST256TCA, mint.GOST512A, mint.GOST512C, mint.GOST2001A}
	for i, k := range kinds {
		token.Entries = append(token.Entries, gosttoken.Entry{ID: []byte{byte(i + 1)}, Label: string(k), Key: mint.NewKey(k)})
	}
	keys, err := s.Add(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range token.Entries {
		if string(keys[i]) != string(e.Key.SPKI) {
			t.Errorf("%s: the token shows another public key", e.Label)
		}
	}
}

// TestForms has the token wrap its public keys, turn its signatures round and take the PIN on a keypad.
func TestForms(t *testing.T) {
	s := store(t, gosttoken.OrderRS, gosttoken.Wrapped)
	token := gosttoken.For(people.TokenHolder(), mint.GOST256TCA, mint.GOST512A)
	keys, err := s.Add(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	objects := peer(t, s, false, "--token-label", token.Label, "--list-objects")
	for _, want := range []string{"VALUE:      0440", "VALUE:      048180"} {
		if !strings.Contains(objects, want) {
			t.Errorf("no %q in %s", want, objects)
		}
	}
	if err := s.Set(gosttoken.OrderRS, gosttoken.Pad(thePIN)); err != nil {
		t.Fatal(err)
	}
	if out := peer(t, s, false, "--list-slots"); !strings.Contains(out, "PIN pad present") {
		t.Errorf("no keypad in %s", out)
	}
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, digest(256, []byte("m")), 0o600); err != nil {
		t.Fatal(err)
	}
	peer(t, s, false, "--token-label", token.Label, "--login", "--id", "01", "--sign", "--mechanism", "GOSTR3410", "--input-file", in, "--output-file", in+".sig")
	sig, err := os.ReadFile(in + ".sig")
	if err != nil || len(sig) != 64 {
		t.Fatalf("%d bytes, %v", len(sig), err)
	}
	verify(t, keys[0], []byte("m"), append(sig[32:], sig[:32]...))
	if err := s.Set(gosttoken.PadCancel); err != nil {
		t.Fatal(err)
	}
	if out := peer(t, s, true, "--token-label", token.Label, "--login", "--list-objects"); !strings.Contains(out, "CKR_FUNCTION_CANCELED") {
		t.Errorf("red key: %s", out)
	}
}

// TestPlugIn exchanges the tokens of a store.
func TestPlugIn(t *testing.T) {
	computer, one, two := store(t), store(t), store(t)
	for s, label := range map[*gosttoken.Store]string{one: "one", two: "two"} {
		if _, err := s.Add(t.Context(), gosttoken.Token{Label: label, PIN: thePIN, SOPIN: soPIN}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		in   []*gosttoken.Store
		want []string
		not  []string
	}{
		{[]*gosttoken.Store{one}, []string{": one"}, []string{": two"}},
		{[]*gosttoken.Store{two, one}, []string{": two", ": one"}, nil},
		{nil, []string{"uninitialized"}, []string{": one", ": two"}},
	} {
		if err := computer.PlugIn(tt.in...); err != nil {
			t.Fatal(err)
		}
		out := peer(t, computer, false, "--list-slots")
		for _, w := range tt.want {
			if !strings.Contains(out, w) {
				t.Errorf("no %q in %s", w, out)
			}
		}
		for _, n := range tt.not {
			if strings.Contains(out, n) {
				t.Errorf("%q in %s", n, out)
			}
		}
	}
}

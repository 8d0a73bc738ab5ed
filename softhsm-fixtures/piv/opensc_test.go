// SPDX-License-Identifier: Apache-2.0

package piv_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/vpcd"
)

// module is OpenSC's PKCS#11 module.
const module = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"

// opensc runs one of OpenSC's programs, which nobody here wrote.
func opensc(t *testing.T, ok bool, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), daemon.Env(), "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if (err == nil) != ok {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// insert puts the card into the first reader, once the daemon has seen the one before go, and waits until it has seen this one.
func insert(t *testing.T, c *piv.Card) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	in := false
	for seen := range pcsc.New(pcsc.Config{}).Watch(ctx) {
		for _, r := range seen.Readers {
			switch {
			case r.Name != daemon.Reader(0):
			case in && r.Present && !r.Mute:
				return
			case !in && !r.Present:
				in = true
				if err := reader().Insert(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(reader().Remove)
			}
		}
	}
	t.Fatal("the reader sees no card")
}

var theSlot *vpcd.Slot

func reader() *vpcd.Slot {
	if theSlot == nil {
		theSlot = vpcd.NewSlot(daemon.Slot(0))
	}
	return theSlot
}

// open opens the card in the first reader by our own code.
func open(t *testing.T) *card.Card {
	t.Helper()
	conn, err := pcsc.New(pcsc.Config{}).Connect(t.Context(), daemon.Reader(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	profiles, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	c, err := card.Open(t.Context(), conn, conn.ATR(), profiles)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOpenSC has OpenSC read and use the virtual card, and our code the same card.
func TestOpenSC(t *testing.T) {
	for _, kind := range []string{"P-256", "RSA-2048"} {
		t.Run(kind, func(t *testing.T) {
			cfg := config(t, kind)
			cfg.GUID = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
			c, err := piv.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			insert(t, c)
			t.Run("name", testName)
			t.Run("certificates", func(t *testing.T) { testCertificates(t, cfg) })
			t.Run("objects", func(t *testing.T) { testObjects(t, kind) })
			t.Run("signature by OpenSC", func(t *testing.T) { testOpenSCSigns(t, cfg.Keys) })
			t.Run("signature by us", func(t *testing.T) { testWeSign(t, cfg.Keys[piv.DigitalSignature]) })
			t.Run("tries", func(t *testing.T) { testTries(t, c) })
			t.Run("change and unblock", func(t *testing.T) { testChange(t, c) })
		})
	}
}

func testName(t *testing.T) {
	out := opensc(t, true, "opensc-tool", "--atr", "--name", "--serial")
	for _, want := range []string{"3b:89:01:5a:41:56:45:52:2d:50:49:56:b0", "Personal Identity Verification Card", "01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10"} {
		if !strings.Contains(out, want) {
			t.Errorf("opensc-tool does not say %q:\n%s", want, out)
		}
	}
	if out := opensc(t, true, "piv-tool", "--name", "--serial"); !strings.Contains(out, "Personal Identity Verification Card") || !strings.Contains(out, "01 02 03 04") {
		t.Errorf("piv-tool says\n%s", out)
	}
}

// numbers are the identifiers that OpenSC gives to the four keys.
var numbers = map[byte]string{piv.Authentication: "01", piv.DigitalSignature: "02", piv.KeyManagement: "03", piv.CardAuthentication: "04"}

func testCertificates(t *testing.T, cfg piv.Config) {
	list := opensc(t, true, "pkcs15-tool", "--list-certificates")
	if n := strings.Count(list, "X.509 Certificate"); n != 4 {
		t.Errorf("%d certificates:\n%s", n, list)
	}
	for ref, der := range cfg.Certificates {
		t.Run(fmt.Sprintf("%02X", ref), func(t *testing.T) {
			read, _ := pem.Decode([]byte(afterFirst(opensc(t, true, "pkcs15-tool", "--read-certificate", numbers[ref]), "-----BEGIN")))
			if read == nil || !bytes.Equal(read.Bytes, der) {
				t.Error("OpenSC reads another certificate")
			}
		})
	}
	t.Run("ours", func(t *testing.T) {
		got, err := open(t).Certificate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Raw, cfg.Certificates[piv.DigitalSignature]) {
			t.Error("we read another certificate than OpenSC")
		}
	})
}

func afterFirst(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	return mark + rest
}

func testObjects(t *testing.T, kind string) {
	out := opensc(t, true, "pkcs11-tool", "--module", module, "--login", "--pin", testPIN, "--list-objects")
	want := "Private Key Object; EC"
	if strings.HasPrefix(kind, "RSA") {
		want = "Private Key Object; RSA"
	}
	for _, want := range []string{want, "always authenticate", "Certificate Object", "SIGN key", "Key 9C"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q among\n%s", want, out)
		}
	}
}

// testOpenSCSigns signs by C_Sign with the always-authenticate key and the other one.
func testOpenSCSigns(t *testing.T, keys map[byte]crypto.Signer) {
	for _, ref := range []byte{piv.DigitalSignature, piv.Authentication} {
		t.Run(fmt.Sprintf("%02X", ref), func(t *testing.T) {
			dir := t.TempDir()
			in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
			if err := os.WriteFile(in, []byte("statement"), 0o600); err != nil {
				t.Fatal(err)
			}
			mechanism := "ECDSA-SHA256"
			if _, ok := keys[ref].(*rsa.PrivateKey); ok {
				mechanism = "SHA256-RSA-PKCS"
			}
			opensc(t, true, "pkcs11-tool", "--module", module, "--login", "--pin", testPIN, "--sign", "--id", numbers[ref], "-m", mechanism, "-i", in, "-o", out)
			signature, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256([]byte("statement"))
			if key, ok := keys[ref].(*ecdsa.PrivateKey); ok {
				r, s := new(big.Int).SetBytes(signature[:len(signature)/2]), new(big.Int).SetBytes(signature[len(signature)/2:])
				if !ecdsa.Verify(&key.PublicKey, digest[:], r, s) {
					t.Error("the signature does not hold")
				}
				return
			}
			if err := rsa.VerifyPKCS1v15(&keys[ref].(*rsa.PrivateKey).PublicKey, crypto.SHA256, digest[:], signature); err != nil {
				t.Error(err)
			}
		})
	}
}

func testWeSign(t *testing.T, key crypto.Signer) {
	c := open(t)
	certificate, err := c.Certificate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err := algo.ForKey(certificate.PublicKey.Kind(), certificate.PublicKey.Bits())
	if err != nil {
		t.Fatal(err)
	}
	digest := a.Digest.Sum([]byte("statement"))
	signature, err := c.Sign(t.Context(), pin.New([]byte(testPIN)), a, digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := certificate.PublicKey.Verify(a, digest, signature); err != nil {
		t.Error(err)
	}
}

// statusWord sends one command by opensc-tool and returns the status word.
func statusWord(t *testing.T, command string) string {
	t.Helper()
	out := opensc(t, true, "opensc-tool", "-s", "00A4040009A00000030800001000", "-s", command)
	words := regexp.MustCompile(`SW1=0x(..), SW2=0x(..)`).FindAllStringSubmatch(out, -1)
	if len(words) != 2 {
		t.Fatalf("opensc-tool answers\n%s", out)
	}
	return words[1][1] + words[1][2]
}

// testTries: OpenSC's wrong PIN costs a try that we see, ours one that OpenSC sees.
func testTries(t *testing.T, c *piv.Card) {
	same := func(n int) {
		t.Helper()
		tries, err := open(t).Tries(t.Context(), "PIN")
		if left, known := tries.Count(); err != nil || !known || left != n || c.Tries(piv.PIN) != n {
			t.Errorf("we read %v tries, %v; the card has %d; want %d", tries, err, c.Tries(piv.PIN), n)
		}
		if got := statusWord(t, "00200080"); got != fmt.Sprintf("63C%d", n) {
			t.Errorf("OpenSC reads %s; want %d tries", got, n)
		}
	}
	same(3)
	opensc(t, false, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "999999")
	same(2)
	if err := open(t).VerifyPIN(t.Context(), "PIN", pin.New([]byte("888888"))); err == nil {
		t.Error("a wrong PIN is right")
	}
	same(1)
	if out := opensc(t, true, "pkcs11-tool", "--module", module, "-L"); !strings.Contains(out, "final user PIN try") {
		t.Errorf("OpenSC's token flags do not warn:\n%s", out)
	}
	if err := open(t).VerifyPIN(t.Context(), "PIN", pin.New([]byte(testPIN))); err != nil {
		t.Error(err)
	}
	same(3)
}

// testChange: each side uses the PIN that the other one set.
func testChange(t *testing.T, c *piv.Card) {
	opensc(t, true, "pkcs15-tool", "--change-pin", "--auth-id", "01", "--pin", testPIN, "--new-pin", "654321")
	if err := open(t).ChangePIN(t.Context(), "PIN", pin.New([]byte("654321")), pin.New([]byte("777777"))); err != nil {
		t.Error("our change after OpenSC's: ", err)
	}
	opensc(t, true, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "777777")
	c.SetTries(piv.PIN, 0)
	if out := opensc(t, true, "pkcs11-tool", "--module", module, "-L"); !strings.Contains(out, "user PIN locked") {
		t.Errorf("OpenSC does not see a blocked PIN:\n%s", out)
	}
	if tries, err := open(t).Tries(t.Context(), "PIN"); err != nil || !tries.Blocked() {
		t.Errorf("we read %v, %v", tries, err)
	}
	opensc(t, true, "pkcs15-tool", "--unblock-pin", "--auth-id", "01", "--puk", testPUK, "--new-pin", "222222")
	c.SetTries(piv.PIN, 0)
	if err := open(t).UnblockPIN(t.Context(), "PIN", pin.New([]byte(testPUK)), pin.New([]byte(testPIN))); err != nil {
		t.Error("our unblocking: ", err)
	}
	opensc(t, true, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", testPIN)
}

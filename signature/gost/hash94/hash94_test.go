// SPDX-License-Identifier: Apache-2.0

package hash94

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testBox is the substitution of the examples in RFC 5831 (1.2.643.2.2.30.0),
// which no certificate may use.
var testBox = substitution([8][16]uint8{
	{0x4, 0xA, 0x9, 0x2, 0xD, 0x8, 0x0, 0xE, 0x6, 0xB, 0x1, 0xC, 0x7, 0xF, 0x5, 0x3},
	{0xE, 0xB, 0x4, 0xC, 0x6, 0xD, 0xF, 0xA, 0x2, 0x3, 0x8, 0x1, 0x0, 0x7, 0x5, 0x9},
	{0x5, 0x8, 0x1, 0xD, 0xA, 0x3, 0x4, 0x2, 0xE, 0xF, 0xC, 0x7, 0x6, 0x0, 0x9, 0xB},
	{0x7, 0xD, 0xA, 0x1, 0x0, 0x8, 0x9, 0xF, 0xE, 0x4, 0x6, 0xC, 0xB, 0x2, 0x5, 0x3},
	{0x6, 0xC, 0x7, 0x1, 0x5, 0xF, 0xD, 0x8, 0x4, 0xA, 0x9, 0xE, 0x0, 0x3, 0xB, 0x2},
	{0x4, 0xB, 0xA, 0x0, 0x7, 0x2, 0x1, 0xD, 0x3, 0x6, 0x8, 0x5, 0x9, 0xC, 0xF, 0xE},
	{0xD, 0xB, 0x4, 0x1, 0x3, 0xF, 0x5, 0x9, 0x0, 0xA, 0xE, 0x7, 0x6, 0x8, 0x2, 0xC},
	{0x1, 0xF, 0xD, 0x0, 0x5, 0x7, 0xA, 0x4, 0x9, 0x2, 0x3, 0xE, 0x6, 0xB, 0x8, 0xC},
})

func TestKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		box     *box
		message string
		digest  string
	}{
		{
			"RFC 5831 7.3.1", &testBox, "This is message, length=32 bytes",
			"b1c466d37519b82e8319819ff32595e047a28cb6f83eff1c6916a815a637fffa",
		},
		{
			"RFC 5831 7.3.2", &testBox, "Suppose the original message has length = 50 bytes",
			"471aba57a60a770d3a76130635c1fbea4ef14de51f78b4ae57dd893b62f55208",
		},
		{
			"CryptoPro, nothing", &cryptoPro, "",
			"981e5f3ca30c841487830f84fb433e13ac1101569b9c13584ac483234cd656c0",
		},
		{
			"CryptoPro, abc", &cryptoPro, "abc",
			"b285056dbf18d7392d7677369524dd14747459ed8143997e163b2986f92fd42c",
		},
		{
			"CryptoPro, 32 bytes", &cryptoPro, "This is message, length=32 bytes",
			"2cefc2f7b7bdc514e18ea57fa74ff357e7fa17d652c75f69cb1be7893ede48eb",
		},
		{
			"CryptoPro, 50 bytes", &cryptoPro, "Suppose the original message has length = 50 bytes",
			"c3730c5cbccacf915ac292676f21e8bd4ef75331d9405e5f1a61dc3130a65011",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &digest{box: c.box}
			d.Write([]byte(c.message))
			if got := hex.EncodeToString(d.Sum(nil)); got != c.digest {
				t.Errorf("got  %s\nwant %s", got, c.digest)
			}
		})
	}
}

// config loads OpenSSL's GOST engine, whatever the machine's own file says.
const config = `openssl_conf = init
[init]
engines = engines
[engines]
gost = gost_engine
[gost_engine]
engine_id = gost
default_algorithms = ALL
`

// TestOpenSSL compares all lengths from 1 to 130 bytes; half of the messages are
// ones, whose sum carries. The engine's answer for no bytes at all is not that
// of the published vectors, so they alone speak for it.
func TestOpenSSL(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "openssl.cnf")
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	messages := map[string][]byte{}
	var names []string
	for n := 1; n <= 130; n++ {
		m := bytes.Repeat([]byte{0xff}, n)
		if n%2 == 1 {
			for i := range m {
				m[i] = byte(i*i + n)
			}
		}
		name := fmt.Sprintf("m%d", n)
		messages[name], names = m, append(names, name)
		if err := os.WriteFile(filepath.Join(dir, name), m, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("openssl", append([]string{"dgst", "-md_gost94", "-r"}, names...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "OPENSSL_CONF="+conf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(names) {
		t.Fatalf("openssl answered %d lines for %d files", len(lines), len(names))
	}
	for _, line := range lines {
		digest, name, _ := strings.Cut(line, " *")
		if got := Sum(messages[name]); hex.EncodeToString(got[:]) != digest {
			t.Errorf("%d bytes: %x, openssl says %s", len(messages[name]), got, digest)
		}
	}
}

func TestWritesInPieces(t *testing.T) {
	message := make([]byte, 150)
	for i := range message {
		message[i] = byte(i * 5)
	}
	want := Sum(message)
	h := New()
	for cut := range len(message) {
		h.Reset()
		h.Write(message[:cut])
		first := Sum(message[:cut])
		if got := h.Sum([]byte("x")); !bytes.Equal(got[1:], first[:]) {
			t.Fatalf("Sum after %d bytes is %x, want %x", cut, got[1:], first)
		}
		h.Write(message[cut:])
		if got := h.Sum(nil); !bytes.Equal(got, want[:]) {
			t.Fatalf("cut at %d: %x, want %x", cut, got, want)
		}
	}
	if h.Size() != 32 || h.BlockSize() != 32 {
		t.Errorf("digests of %d bytes by blocks of %d", h.Size(), h.BlockSize())
	}
}

func BenchmarkSum(b *testing.B) {
	message := make([]byte, 8<<10)
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		Sum(message)
	}
}

// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	b, a := write(t, filepath.Join(dir, "b.crl"), "b"), write(t, filepath.Join(dir, "a.crl"), "a")
	x := write(t, filepath.Join(dir, "x[1].cer"), "x")
	write(t, filepath.Join(dir, ".hidden"), "h")
	if err := os.Mkdir(filepath.Join(dir, "deeper.crl"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, want string }{
		{dir, a + " " + b + " " + x},
		{filepath.Join(dir, "*.crl"), a + " " + b},
		{a, a},
		{x, x}, // a file whose name looks like a pattern is that file
	} {
		got, err := expand("--crl", []string{c.name})
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	for _, name := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "*.pem")} {
		if _, err := expand("--crl", []string{name}); !isUsage(err) {
			t.Errorf("%s: %v, want a usage error", name, err)
		}
	}
}

func TestBlocks(t *testing.T) {
	const one = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"
	for _, c := range []struct {
		text string
		want []block
	}{
		{"0\x00", []block{{DER: []byte("0\x00"), From: "f"}}},
		{"0\x0b-----BEGIN ", []block{{DER: []byte("0\x0b-----BEGIN "), From: "f"}}}, // DER that holds the word
		{"text\n" + one, []block{{DER: []byte("0\x00"), Type: "X509 CRL", From: "f"}}},
		{one + one, []block{{DER: []byte("0\x00"), Type: "X509 CRL", From: "f (block 1)"}, {DER: []byte("0\x00"), Type: "X509 CRL", From: "f (block 2)"}}},
	} {
		got, broken := split("f", []byte(c.text))
		if d := cmp.Diff(c.want, got); broken != 0 || d != "" {
			t.Errorf("%q: %d broken %s", c.text, broken, d)
		}
	}
	if list, broken := split("f", []byte(one+"-----BEGIN X509 CRL-----\nMA")); broken != 1 || len(list) != 1 {
		t.Errorf("broken block: %v, %d broken", list, broken)
	}
}

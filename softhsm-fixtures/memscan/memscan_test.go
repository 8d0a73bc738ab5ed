// SPDX-License-Identifier: Apache-2.0

package memscan_test

import (
	"bufio"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/softhsm-fixtures/memscan"
)

// keeper is the variable that makes this binary a process that keeps bytes.
const keeper = "ZAVER_MEMSCAN_KEEP"

func TestMain(m *testing.M) {
	if kept := os.Getenv(keeper); kept != "" {
		keep(kept)
	}
	os.Exit(m.Run())
}

// keep holds the bytes somewhere in the heap until standard input ends.
func keep(form string) {
	b, err := hex.DecodeString(form)
	if err != nil {
		os.Exit(2)
	}
	for i := range b { // the environment must not be what is found
		b[i] ^= 0x5A
	}
	if _, err := os.Stdout.WriteString("kept\n"); err != nil {
		os.Exit(2)
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the end of input is what is waited for
	os.Exit(int(b[0] & 1))
}

// holder starts a process that keeps the bytes.
func holder(t *testing.T, b []byte) int {
	t.Helper()
	masked := make([]byte, len(b))
	for i := range b {
		masked[i] = b[i] ^ 0x5A
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), keeper+"="+hex.EncodeToString(masked))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // its exit code says nothing
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "kept\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return cmd.Process.Pid
}

// Every form is found in a process that keeps it, under its own name, and the report does not repeat it.
func TestFindsEachForm(t *testing.T) {
	pin := memscan.Digits(10) // a constant would lie in this very program
	for _, form := range memscan.Forms(pin) {
		t.Run(form.Name, func(t *testing.T) {
			found, err := memscan.Process(holder(t, form.Bytes), memscan.Forms(pin))
			if err != nil {
				t.Fatal(err)
			}
			names := map[string]bool{}
			for _, f := range found {
				names[f.Form] = true
				if strings.Contains(f.String(), hex.EncodeToString(form.Bytes)) || strings.Contains(f.String(), pin) {
					t.Error("the report repeats the secret")
				}
			}
			if !names[form.Name] {
				t.Errorf("found %v", found)
			}
		})
	}
	if found, err := memscan.Process(holder(t, []byte("nothing")), memscan.Forms(pin)); err != nil || len(found) > 0 {
		t.Errorf("a process without it: %v, %v", found, err)
	}
}

func TestForms(t *testing.T) {
	got := map[string]string{}
	for _, f := range memscan.Forms("1234567") {
		got[f.Name] = hex.EncodeToString(f.Bytes)
	}
	want := map[string]string{"ASCII": "31323334353637", "UTF-16LE": "3100320033003400350036003700", "UTF-16BE": "0031003200330034003500360037",
		"ASCII with FF": "31323334353637ff", "BCD": "123456", "ISO 9564": "271234567fffffff"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if n := len(memscan.Forms("пароль-12")); n != 3 {
		t.Errorf("%d forms of what is no number", n)
	}
}

// A copy over the border of two reads is found, and one at the very end.
func TestBorders(t *testing.T) {
	pin := memscan.Digits(11)
	b := make([]byte, 3<<20)
	copy(b[1<<20-5:], pin)
	copy(b[len(b)-len(pin):], pin)
	file := filepath.Join(t.TempDir(), "deep", "file")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := memscan.Files(filepath.Dir(filepath.Dir(file)), memscan.Forms(pin))
	if err != nil || len(found) != 2 || found[0].Where != file {
		t.Errorf("%v, %v", found, err)
	}
}

func TestFamily(t *testing.T) {
	pid := holder(t, []byte("x"))
	family, err := memscan.Family(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range family {
		if p == pid {
			return
		}
	}
	t.Errorf("%v lacks %d", family, pid)
}

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

// place has the bytes kept in the program's data.
const place = "ZAVER_MEMSCAN_DATA"

func TestMain(m *testing.M) {
	if kept := os.Getenv(keeper); kept != "" {
		keep(kept)
	}
	os.Exit(m.Run())
}

// inData lies in a part of the program's file that the process may write to.
var inData = [64]byte{'h', 'e', 'r', 'e'}

// keep holds the bytes somewhere in the heap, or in the program's own data, until standard input ends.
func keep(form string) {
	b, err := hex.DecodeString(form)
	if err != nil {
		os.Exit(2)
	}
	for i := range b { // the environment must not be what is found
		b[i] ^= 0x5A
	}
	if os.Getenv(place) != "" {
		copy(inData[16:], b)
		clear(b)
	}
	if _, err := os.Stdout.WriteString("kept\n"); err != nil {
		os.Exit(2)
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the end of input is what is waited for
	os.Exit(int(b[0]&1 | inData[16]&1))
}

// holder starts a process that keeps the bytes.
func holder(t *testing.T, b []byte, env ...string) int {
	t.Helper()
	masked := make([]byte, len(b))
	for i := range b {
		masked[i] = b[i] ^ 0x5A
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), keeper+"="+hex.EncodeToString(masked))
	cmd.Env = append(cmd.Env, env...)
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
	pin := memscan.Digits(14) // a constant would lie in this very program
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

// What a process brought along in its files is no copy; the same bytes anywhere else are, also where a file's bytes were written over.
func TestPassesOverProgramFiles(t *testing.T) {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	code := program[len(program)/4:][:32] // as good as any: the tool chain puts code first
	forms := []memscan.Form{{Name: "code", Bytes: code}}
	for name, c := range map[string]struct {
		kept  []byte
		env   []string
		found bool
	}{
		"only in the file":       {kept: []byte("nothing")},
		"in the heap, too":       {kept: code, found: true},
		"written over in a file": {kept: code, env: []string{place + "=1"}, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := memscan.Process(holder(t, c.kept, c.env...), forms)
			if err != nil || len(found) > 0 != c.found {
				t.Errorf("%v, %v", found, err)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/cardreader/cvc"
	"zaver/softhsm-fixtures/uec"
)

func TestParseTerminal(t *testing.T) {
	made := uec.Shared().NewTerminal(nil)
	got, err := card.ParseTerminal(made.File())
	if err != nil {
		t.Fatal(err)
	}
	if !got.MaySign() || got.Rights() != cvc.ReadHolder|cvc.ChangePIN|cvc.UseSigning {
		t.Errorf("rights %02X, may sign %v", got.Rights(), got.MaySign())
	}
	if err := got.Valid(time.Now()); err != nil {
		t.Error(err)
	}
	wantCard(t, got.Valid(time.Now().AddDate(2, 0, 0)), card.NoTerminal)
	wantCard(t, got.Valid(time.Now().AddDate(-2, 0, 0)), card.NoTerminal)
}

func TestTerminalFileFaults(t *testing.T) {
	shared, other := uec.Shared(), uec.NewRoot()
	foreign := other.NewTerminal(nil)
	text := func(old, new string) func(*uec.Terminal, string) string {
		return func(_ *uec.Terminal, file string) string {
			if !strings.Contains(file, old) {
				t.Fatalf("the file has no %q", old)
			}
			return strings.Replace(file, old, new, 1)
		}
	}
	part := func(change func(*uec.Terminal)) func(*uec.Terminal, string) string {
		return func(made *uec.Terminal, _ string) string {
			change(made)
			return string(made.File())
		}
	}
	tests := map[string]func(made *uec.Terminal, file string) string{
		"empty":                  func(*uec.Terminal, string) string { return "" },
		"not JSON":               func(*uec.Terminal, string) string { return "key = 1" },
		"an array":               func(*uec.Terminal, string) string { return "[]" },
		"cut":                    func(_ *uec.Terminal, file string) string { return file[:len(file)-3] },
		"text after the end":     func(_ *uec.Terminal, file string) string { return file + "{}" },
		"too long":               func(_ *uec.Terminal, file string) string { return file + strings.Repeat(" ", 8<<10) },
		"unknown member":         part(func(made *uec.Terminal) { made.Extra = map[string]string{"password": "x"} }),
		"member twice":           text(`"format"`, `"format": "zaver.terminal/v1", "format"`),
		"member in another case": text(`"operator"`, `"Operator"`),
		"another format":         part(func(made *uec.Terminal) { made.Format = "zaver.terminal/v2" }),
		"no root":                text(`"root"`, `"note"`),
		"root without a name":    part(func(made *uec.Terminal) { made.RootName = nil }),
		"long name of the root":  part(func(made *uec.Terminal) { made.RootName = make([]byte, 17) }),
		"root's key cut":         part(func(made *uec.Terminal) { made.RootKey = made.RootKey[1:] }),
		"root's key off curve":   part(func(made *uec.Terminal) { made.RootKey = bytes.Repeat([]byte{1}, 64) }),
		"another root":           part(func(made *uec.Terminal) { made.RootKey = foreign.RootKey }),
		"another root's name":    part(func(made *uec.Terminal) { made.RootName = []byte("X") }),
		"no operator":            part(func(made *uec.Terminal) { made.OperatorCVC = nil }),
		"another operator":       part(func(made *uec.Terminal) { made.OperatorCVC = foreign.OperatorCVC }),
		"operator twice":         part(func(made *uec.Terminal) { made.Own = made.OperatorCVC }),
		"another terminal":       part(func(made *uec.Terminal) { made.Own = foreign.Own }),
		"another key":            part(func(made *uec.Terminal) { made.Key = foreign.Key }),
		"own for operator":       part(func(made *uec.Terminal) { made.OperatorCVC = made.Own }),
		"bytes after":            part(func(made *uec.Terminal) { made.Own = append(made.Own, 0) }),
		"signature spoiled":      part(func(made *uec.Terminal) { made.Own[len(made.Own)-1] ^= 1 }),
		"short information": func(*uec.Terminal, string) string {
			return string(shared.NewTerminal(func(_, own *uec.CVC) { own.Subject = []byte("T") }).File())
		},
		"type of the operator": func(*uec.Terminal, string) string {
			return string(shared.NewTerminal(func(o, _ *uec.CVC) { o.Type = uec.TypeIssuer }).File())
		},
		"type of the terminal": func(*uec.Terminal, string) string {
			return string(shared.NewTerminal(func(_, own *uec.CVC) { own.Type = uec.TypeApplication }).File())
		},
		"key not hexadecimal": text(`"key": "`, `"key": "xx`),
		"key escaped":         text(`"key": "`, `"key": "\u0030`),
		"key a number": func(_ *uec.Terminal, file string) string {
			return strings.Replace(file, `"key": "`, `"key": 1, "x": "`, 1)
		},
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			made := shared.NewTerminal(nil)
			file := string(made.File())
			got, err := card.ParseTerminal([]byte(spoil(made, file)))
			if err == nil || got != nil {
				t.Fatal("taken")
			}
			// No error repeats the key.
			if key := keyIn(file); strings.Contains(err.Error(), key[8:24]) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
	for name, key := range map[string]string{"zero": strings.Repeat("00", 32), "order": strings.Repeat("FF", 32), "short": "01", "odd": "012", "empty": ""} {
		t.Run("key "+name, func(t *testing.T) {
			file := string(shared.NewTerminal(nil).File())
			if _, err := card.ParseTerminal([]byte(strings.Replace(file, keyIn(file), key, 1))); err == nil {
				t.Error("taken")
			}
		})
	}
}

// keyIn is the private key in a terminal file: the first member key, for members are sorted.
func keyIn(file string) string {
	_, rest, _ := strings.Cut(file, `"key": "`)
	key, _, _ := strings.Cut(rest, `"`)
	return key
}

func TestLoadTerminal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "terminal.json")
	file := uec.Shared().NewTerminal(nil).File()
	write := func(b []byte, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, b, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	write(file, 0o600)
	if _, err := card.LoadTerminal(path); err != nil {
		t.Fatal(err)
	}
	write(file, 0o400)
	if _, err := card.LoadTerminal(path); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644, 0o700, 0o602, 0o610} {
		write(file, mode)
		_, err := card.LoadTerminal(path)
		wantCard(t, err, card.NoTerminal)
	}
	write(append(file, make([]byte, 9<<10)...), 0o600)
	_, err := card.LoadTerminal(path)
	wantCard(t, err, card.NoTerminal)
	_, err = card.LoadTerminal(filepath.Join(dir, "none"))
	wantCard(t, err, card.NoTerminal)
	_, err = card.LoadTerminal(dir)
	wantCard(t, err, card.NoTerminal)
	// A pipe is not waited for.
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = card.LoadTerminal(pipe)
	wantCard(t, err, card.NoTerminal)
}

func FuzzParseTerminal(f *testing.F) {
	file := uec.Shared().NewTerminal(nil).File()
	f.Add(file)
	f.Add([]byte(`{"format":"zaver.terminal/v1","root":{"name":"00","key":""},"operator":"7F21","terminal":"","key":""}`))
	f.Add([]byte(`{"key":"\u0030"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := card.ParseTerminal(b)
		if (got == nil) == (err == nil) {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

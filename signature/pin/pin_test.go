// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

const digits = "73915826"

func TestNewWipesItsSource(t *testing.T) {
	src := []byte(digits)
	p := New(src)
	defer p.Wipe()
	if !bytes.Equal(src, make([]byte, len(digits))) {
		t.Error("New left the caller's bytes")
	}
	if p.Len() != len(digits) {
		t.Errorf("Len %d", p.Len())
	}
	if err := p.Use(func(b []byte) error {
		if string(b) != digits {
			t.Error("Use lends other bytes")
		}
		if cap(b) != len(b) {
			t.Error("an append by the borrower would write into the PIN")
		}
		return io.EOF
	}); !errors.Is(err, io.EOF) {
		t.Errorf("Use returned %v", err)
	}
}

func TestAppend(t *testing.T) {
	p := Empty()
	for i := range MaxLen {
		if err := p.Append(byte(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Append(1); !errors.Is(err, ErrTooLong) {
		t.Errorf("one more byte: %v", err)
	}
	if err := p.Use(func(b []byte) error {
		if len(b) != MaxLen || b[7] != 7 {
			t.Error("bytes lost")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	p.Wipe()
	if err := p.Append(1); !errors.Is(err, ErrWiped) {
		t.Errorf("append after wipe: %v", err)
	}
}

func TestTooLongIsNeverUsed(t *testing.T) {
	src := bytes.Repeat([]byte("1"), MaxLen+1)
	p := New(src)
	defer p.Wipe()
	if src[MaxLen] != 0 {
		t.Error("New left the caller's bytes")
	}
	err := p.Use(func([]byte) error { t.Error("a cut PIN was lent"); return nil })
	if !errors.Is(err, ErrTooLong) || !errors.Is(p.Append(1), ErrTooLong) || p.Len() != 0 {
		t.Errorf("got %v", err)
	}
}

func TestWipe(t *testing.T) {
	p := New([]byte(digits))
	p.Wipe()
	p.Wipe()
	called := false
	if err := p.Use(func([]byte) error { called = true; return nil }); !errors.Is(err, ErrWiped) || called {
		t.Errorf("Use after Wipe: %v, called %v", err, called)
	}
	if p.Len() != 0 {
		t.Errorf("Len %d", p.Len())
	}
	for _, p := range []*PIN{nil, {}} {
		p.Wipe()
		if p.Len() != 0 || !errors.Is(p.Append(1), ErrWiped) || !errors.Is(p.Use(nil), ErrWiped) {
			t.Error("nil or zero PIN holds something")
		}
	}
}

// TestReleaseWipes looks at heap memory, since unmapped pages cannot be read.
func TestReleaseWipes(t *testing.T) {
	b := []byte(digits)
	release(b)
	if !bytes.Equal(b, make([]byte, len(digits))) {
		t.Error("release left the bytes")
	}
}

func TestMemoryIsLocked(t *testing.T) {
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Count(maps, []byte(" lo "))
	p := New([]byte(digits))
	defer p.Wipe()
	if maps, err = os.ReadFile("/proc/self/smaps"); err != nil {
		t.Fatal(err)
	}
	after := bytes.Count(maps, []byte(" lo "))
	if after <= before || !bytes.Contains(maps, []byte(" dd ")) {
		t.Errorf("locked mappings %d before, %d after; dump excluded %v", before, after, bytes.Contains(maps, []byte(" dd ")))
	}
}

func TestScratch(t *testing.T) {
	for _, n := range []int{0, 1, 8, 5000} {
		b, free := Scratch(n)
		if len(b) != n || cap(b) != n || !bytes.Equal(b, make([]byte, n)) {
			t.Fatalf("%d bytes: %d of %d", n, len(b), cap(b))
		}
		for i := range b {
			b[i] = 1
		}
		if n == 8 && !locked(t, b) {
			t.Error("the bytes are not in locked memory")
		}
		free()
	}
}

// locked says whether the bytes lie in a mapping of this process that is locked and left out of core dumps.
func locked(t *testing.T, b []byte) bool {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	at, inside := uint64(uintptr(unsafe.Pointer(&b[0]))), false
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= at && at < to
		} else if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && inside {
			return strings.Contains(flags, " lo") && strings.Contains(flags, " dd")
		}
	}
	return false
}

func TestNothingShowsIt(t *testing.T) {
	p := New([]byte(digits))
	defer p.Wipe()
	shown := map[string]string{}
	for _, verb := range strings.Split("v +v #v s q x X d b o c U e g t p T w", " ") {
		for what, arg := range map[string]any{"pointer": p, "value": *p, "struct": struct{ P *PIN }{p}, "inside": struct{ P PIN }{*p}, "slice": []*PIN{p}} {
			shown[verb+" "+what] = fmt.Sprintf("%"+verb, arg)
		}
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "pin", p, "value", *p, "any", slog.AnyValue(p))
	}
	shown["slog"] = log.String()
	shown["error"] = fmt.Errorf("sign with %v: %w", p, &Error{Reason: ReasonWrong, Tries: Left(2)}).Error()
	for name, s := range shown {
		if strings.Contains(s, digits) || strings.Contains(strings.ToLower(s), hex.EncodeToString([]byte(digits))) || strings.Contains(s, "55 51 57") {
			t.Errorf("%s shows the PIN: %s", name, s)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, p); got != "[PIN]" {
			t.Errorf("%s: %q", verb, got)
		}
	}
}

func TestNeverMarshalled(t *testing.T) {
	p := New([]byte(digits))
	defer p.Wipe()
	var sink bytes.Buffer
	for name, err := range map[string]error{
		"json pointer": json.NewEncoder(&sink).Encode(p),
		"json value":   json.NewEncoder(&sink).Encode(*p),
		"json inside":  json.NewEncoder(&sink).Encode(map[string]any{"pin": p}),
		"xml":          xml.NewEncoder(&sink).Encode(p),
		"gob":          gob.NewEncoder(&sink).Encode(p),
	} {
		if err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if _, err := encoding.BinaryMarshaler(p).MarshalBinary(); err == nil {
		t.Error("binary: written")
	}
	if bytes.Contains(sink.Bytes(), []byte(digits)) {
		t.Error("the PIN was written")
	}
}

func TestConcurrentUseAndWipe(t *testing.T) {
	p := New([]byte(digits))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				err := p.Use(func(b []byte) error {
					if string(b) != digits {
						t.Error("lent after wiping")
					}
					return nil
				})
				if err != nil && !errors.Is(err, ErrWiped) {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(p.Wipe)
	wg.Wait()
}

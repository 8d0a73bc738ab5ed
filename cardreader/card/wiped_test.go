// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"zaver/cardreader/apdu"
)

// witness remembers where a command lay. One whose data may be a PIN is not
// kept: its memory is given back when the carrier has returned. Any other is,
// as a careless carrier would, so that nothing else comes to lie there.
type witness struct {
	at     uintptr
	masked []byte // the command, each byte turned over
	kept   []byte // the command, where its memory stays
	locked bool
	pin    bool // its data may be a PIN
}

func see(command []byte) witness {
	w := witness{at: uintptr(unsafe.Pointer(&command[0])), masked: bytes.Clone(command)}
	for i := range w.masked {
		w.masked[i] ^= 0xFF
	}
	w.locked, w.pin = lockedAt(w.at), apdu.CarriesPIN(command[1])
	if !w.pin {
		w.kept = command[:cap(command)]
	}
	return w
}

// lockedAt says whether the kernel keeps the page out of swap file and core dumps.
func lockedAt(at uintptr) bool {
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return false
	}
	inside := false
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= at && at < to
		} else if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && inside {
			return strings.Contains(flags, " lo") && strings.Contains(flags, " dd")
		}
	}
	return false
}

// left says whether anything of a command that was kept, or the whole of one
// that was not, still lies there; what was given back is gone.
func (w witness) left() bool {
	if w.kept != nil {
		return len(bytes.Trim(w.kept, "\x00")) > 0
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return true
	}
	defer func() { _ = memory.Close() }()
	b := make([]byte, len(w.masked))
	if _, err := memory.ReadAt(b, int64(w.at)); err != nil {
		return false
	}
	for i := range b {
		b[i] ^= 0xFF
	}
	return bytes.Equal(b, w.masked)
}

// wiped fails for every command that is still there, or that carried a PIN and lay where it could be swapped out.
func wiped(t *testing.T, seen []witness) {
	t.Helper()
	if len(seen) == 0 {
		t.Fatal("no commands")
	}
	pins := 0
	for i, w := range seen {
		if w.pin {
			pins++
		}
		if w.left() {
			t.Errorf("command %d was not wiped", i)
		}
		if w.pin && !w.locked {
			t.Errorf("command %d lay in memory that is not locked", i)
		}
	}
	if pins == 0 {
		t.Error("no command carried a PIN")
	}
}

// The search finds a command that is there, and tells locked memory from other.
func TestWitness(t *testing.T) {
	b := bytes.Repeat([]byte("not wiped"), 10)
	w := see(b)
	given := w
	given.kept = nil
	if !w.left() || !given.left() || w.locked {
		t.Errorf("left %t and %t, locked %t", w.left(), given.left(), w.locked)
	}
	clear(b[1:])
	if !w.left() {
		t.Error("a command of which one octet is left counts as wiped")
	}
	clear(b)
	if w.left() || given.left() {
		t.Error("a wiped command counts as left")
	}
}

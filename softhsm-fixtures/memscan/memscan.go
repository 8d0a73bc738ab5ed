// SPDX-License-Identifier: Apache-2.0

// Package memscan alone owns the search for a secret in what a process leaves behind: its memory, page by page as
// the kernel shows it, and files. It knows the forms in which a PIN travels, and never prints one.
//
// Only the superuser may read the memory of a process that has closed itself against readers. The functions may be
// called from several goroutines; a process that runs on meanwhile is seen as it changes.
package memscan

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf16"
)

// Form is one way in which a secret may lie somewhere.
type Form struct {
	Name  string
	Bytes []byte
}

// Forms are those of a PIN: as text in three encodings, as packed digits (at both halves of a byte), as the block of ISO 9564-1
// format 2, and as text padded with FF to eight bytes. Packed forms exist for decimal digits only.
func Forms(pin string) []Form {
	le, be := make([]byte, 0, 2*len(pin)), make([]byte, 0, 2*len(pin))
	for _, u := range utf16.Encode([]rune(pin)) {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	forms := []Form{{"ASCII", []byte(pin)}, {"UTF-16LE", le}, {"UTF-16BE", be}}
	if len(pin) < 8 {
		padded := append([]byte(pin), bytes.Repeat([]byte{0xFF}, 8-len(pin))...)
		forms = append(forms, Form{"ASCII with FF", padded})
	}
	if strings.Trim(pin, "0123456789") != "" || len(pin) < 2 {
		return forms
	}
	packed := pack(pin)
	forms = append(forms, Form{"BCD", packed[:len(pin)/2]})
	if inner := pin[1:]; len(inner) > 8 { // a whole copy; shorter ones are found by chance
		forms = append(forms, Form{"BCD, shifted", pack(inner)[:len(inner)/2]})
	}
	if len(pin) <= 14 {
		block := append([]byte{0x20 | byte(len(pin))}, packed...)
		forms = append(forms, Form{"ISO 9564", append(block, bytes.Repeat([]byte{0xFF}, 8-len(block))...)})
	}
	return forms
}

// Digits makes a PIN of n random digits, none like its neighbour, so that no copy is found by chance or by a run of equal bytes.
func Digits(n int) string {
	out := make([]byte, 0, n)
	for len(out) < n {
		d, err := rand.Int(rand.Reader, big.NewInt(10))
		if err != nil {
			panic(err)
		}
		if c := '0' + byte(d.Int64()); len(out) == 0 || out[len(out)-1] != c {
			out = append(out, c)
		}
	}
	return string(out)
}

// pack writes digits two in a byte, the last half filled with F.
func pack(digits string) []byte {
	out := make([]byte, 0, (len(digits)+1)/2)
	for i := 0; i < len(digits); i += 2 {
		low := byte(0x0F)
		if i+1 < len(digits) {
			low = digits[i+1] - '0'
		}
		out = append(out, (digits[i]-'0')<<4|low)
	}
	return out
}

// Found is one copy of a secret.
type Found struct {
	Where string // "process 12 (name)" or a file
	Area  string // the mapping's name, "[heap]", "anonymous"
	At    uint64 // address or offset
	Form  string
	// Locked says that the page never reaches the swap file: the kernel's flag of the mapping. Of files it is false.
	Locked bool
	// Around is what lies before and behind, up to 48 bytes each, with the secret itself blotted out.
	Around string
}

func (f Found) String() string {
	lock := ""
	if f.Locked {
		lock = ", locked"
	}
	return fmt.Sprintf("%s in %s, %s%s at %#x: %s", f.Form, f.Where, f.Area, lock, f.At, f.Around)
}

// most bounds what is reported of one place; chunk is how much is looked at at a time.
const (
	most   = 20
	chunk  = 1 << 20
	around = 48
)

// Process looks through every readable mapping of a process. An ended one holds nothing.
func Process(pid int, forms []Form) ([]Found, error) {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return nil, gone(err)
	}
	where := fmt.Sprintf("process %d (%s)", pid, strings.TrimSpace(string(name)))
	maps, err := mappings(pid)
	if err != nil {
		return nil, gone(err)
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, gone(err)
	}
	defer memory.Close()
	var found []Found
	for _, m := range maps {
		for _, f := range in(memory, m.from, m.to, forms) {
			f.Where, f.Area, f.Locked = where, m.area, m.locked
			found = append(found, f)
		}
		if len(found) >= most {
			break
		}
	}
	return found, nil
}

type mapping struct {
	from, to uint64
	area     string
	locked   bool
}

// mappings are the readable ones of a process, the kernel's own left out.
func mappings(pid int) ([]mapping, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return nil, err
	}
	var all []mapping
	readable := false
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if strings.HasSuffix(fields[0], ":") { // a property of the mapping above
			if readable && fields[0] == "VmFlags:" {
				all[len(all)-1].locked = slices.Contains(fields, "lo")
			}
			continue
		}
		m := mapping{area: "anonymous"}
		if len(fields) > 5 {
			m.area = strings.Join(fields[5:], " ")
		}
		readable = len(fields) >= 5 && strings.HasPrefix(fields[1], "r") && !slices.Contains([]string{"[vvar]", "[vsyscall]", "[vvar_vclock]"}, m.area)
		if !readable {
			continue
		}
		if m.from, m.to, err = span(fields[0]); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// gone forgives what an ended process causes.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return fmt.Errorf("look into a process: %w", err)
}

func span(s string) (from, to uint64, err error) {
	a, b, _ := strings.Cut(s, "-")
	if from, err = strconv.ParseUint(a, 16, 64); err == nil {
		to, err = strconv.ParseUint(b, 16, 64)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look into a process: mapping %q: %w", s, err)
	}
	return from, to, nil
}

// in looks from one address to another. What can't be read is passed over: it was given back, or is a device's.
func in(r io.ReaderAt, from, to uint64, forms []Form) []Found {
	var found []Found
	buf := make([]byte, chunk)
	for at := from; at < to; {
		n, err := r.ReadAt(buf[:min(uint64(len(buf)), to-at)], int64(at))
		found = append(found, match(buf[:n], at, forms)...)
		if len(found) >= most || err != nil || n == 0 {
			break
		}
		if at+uint64(n) >= to {
			break
		}
		// A copy may lie over the border: no form is as long as what is read twice.
		at += uint64(n) - around
	}
	clear(buf)
	return found
}

func match(b []byte, base uint64, forms []Form) []Found {
	var found []Found
	for _, f := range forms {
		for from := 0; len(f.Bytes) > 0; {
			i := bytes.Index(b[from:], f.Bytes)
			if i < 0 || len(found) >= most {
				break
			}
			i += from
			before, behind := b[max(0, i-around):i], b[i+len(f.Bytes):min(len(b), i+len(f.Bytes)+around)]
			found = append(found, Found{At: base + uint64(i), Form: f.Name, Around: fmt.Sprintf("%x‹%d bytes›%x", before, len(f.Bytes), behind)})
			from = i + len(f.Bytes)
		}
	}
	return found
}

// Family is a process and all that it started, directly or not, as far as they still run.
func Family(pid int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state ppid …; the name may have spaces and parentheses.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) < 2 {
			continue
		}
		parent, errParent := strconv.Atoi(fields[1])
		child, errChild := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if errParent == nil && errChild == nil {
			children[parent] = append(children[parent], child)
		}
	}
	family := []int{pid}
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i]]...)
	}
	return family, nil
}

// Files looks through every regular file in a folder and below it.
func Files(dir string, forms []Form) ([]Found, error) {
	var found []Found
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return gone(err)
		}
		found = append(found, Bytes(path, b, forms)...)
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("look into files: %w", err)
	}
	return found, nil
}

// Bytes looks through what was recorded elsewhere.
func Bytes(where string, b []byte, forms []Form) []Found {
	found := match(b, 0, forms)
	for i := range found {
		found[i].Where, found[i].Area = where, "bytes"
	}
	return found
}

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
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
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

// Digits makes a PIN of n random digits, none like its neighbour, so that no copy is found in a run of equal bytes. Every form of fourteen
// is six bytes long or longer; eight are four bytes when packed, and a process of ours holds one of ten thousand such rows by chance.
func Digits(n int) string { return random(n, "0123456789") }

// Letters is Digits for a device that takes no more than eight characters: letters are never packed.
func Letters(n int) string { return random(n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") }

func random(n int, of string) string {
	out := make([]byte, 0, n)
	for len(out) < n {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(of))))
		if err != nil {
			panic(err)
		}
		if c := of[i.Int64()]; len(out) == 0 || out[len(out)-1] != c {
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
	size   int
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
			found = append(found, Found{At: base + uint64(i), Form: f.Name, size: len(f.Bytes), Around: fmt.Sprintf("%x‹%d bytes›%x", before, len(f.Bytes), behind)})
			from = i + len(f.Bytes)
		}
	}
	return found
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

// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"

	"zaver/cardreader/cvc"
	"zaver/signature/gost"
)

// terminalFormat is the first member of every terminal file.
const terminalFormat = "zaver.terminal/v1"

// maxTerminalFile bounds a terminal file in bytes.
const maxTerminalFile = 8 << 10

// terminalFile is the file as written; bytes are hexadecimal.
type terminalFile struct {
	Format   string   `json:"format"`
	Root     rootFile `json:"root"`
	Operator string   `json:"operator"`
	Terminal string   `json:"terminal"`
	Key      secret   `json:"key"`
}

type rootFile struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// secret is the hexadecimal of a private key, kept as bytes so that it can be wiped.
type secret []byte

// UnmarshalJSON takes a string without escapes.
func (s *secret) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' || bytes.ContainsRune(b, '\\') {
		return errors.New("key is not a plain string")
	}
	*s = bytes.Clone(b[1 : len(b)-1])
	return nil
}

// LoadTerminal reads the terminal file at path. It holds a private key, so it
// must be a regular file that only its owner can read (mode 0600 or less; not
// asked of Windows, whose modes say nothing). Errors are *[Error] of reason
// [NoTerminal] and never repeat what the file holds.
func LoadTerminal(path string) (*Terminal, error) {
	t, err := loadTerminal(path)
	if err != nil {
		return nil, &Error{Reason: NoTerminal, Op: "load the terminal file", Cause: err}
	}
	return t, nil
}

func loadTerminal(path string) (*Terminal, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // to open a pipe would wait for its writer
		return nil, errors.Join(errors.New("not a regular file"), err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat() // of what was opened: the name may change hands meanwhile
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o177 != 0:
		return nil, fmt.Errorf("mode %04o: only its owner may read it (0600)", info.Mode().Perm())
	case info.Size() > maxTerminalFile:
		return nil, errors.New("the file is too long")
	}
	b := make([]byte, maxTerminalFile+1)
	defer clear(b)
	n, err := io.ReadFull(f, b)
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.Join(errors.New("the file is too long"), err)
	}
	return ParseTerminal(b[:n])
}

// ParseTerminal reads a terminal file: strict JSON of at most 8 KiB, no unknown
// and no repeated members, everything checked as [NewTerminal] does. The caller
// wipes b.
func ParseTerminal(b []byte) (*Terminal, error) {
	if len(b) > maxTerminalFile {
		return nil, errors.New("the file is too long")
	}
	if _, err := locate(b, reflect.TypeFor[terminalFile]()); err != nil {
		return nil, errors.New("the file is not strict JSON") // the cause may repeat a part of the key
	}
	var f terminalFile
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	err := dec.Decode(&f)
	defer clear(f.Key)
	if err != nil {
		return nil, errors.New("the file does not have the members of a terminal file")
	}
	if f.Format != terminalFormat {
		return nil, fmt.Errorf("format: not %q", terminalFormat)
	}
	root, err := f.Root.authority()
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	operator, err := certificateOf(f.Operator)
	if err != nil {
		return nil, fmt.Errorf("operator: %w", err)
	}
	own, err := certificateOf(f.Terminal)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	key, err := f.Key.key()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return NewTerminal(key, root, operator, own)
}

func (f rootFile) authority() (cvc.Authority, error) {
	name, err := hex.DecodeString(f.Name)
	if err != nil || len(name) == 0 || len(name) > 16 {
		return cvc.Authority{}, errors.New("name: not 1 to 16 bytes of hexadecimal")
	}
	raw, err := hex.DecodeString(f.Key)
	if err != nil {
		return cvc.Authority{}, errors.New("key: not hexadecimal")
	}
	key, err := gost.ParsePublicKey(cvc.Curve(), raw)
	return cvc.Authority{Name: name, Key: key}, err
}

func certificateOf(s string) (*cvc.Certificate, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, errors.New("not hexadecimal")
	}
	return cvc.Parse(b)
}

func (s secret) key() (*gost.PrivateKey, error) {
	raw := make([]byte, hex.DecodedLen(len(s)))
	defer clear(raw)
	if n, err := hex.Decode(raw, s); err != nil || n != len(raw) || len(s)%2 != 0 {
		return nil, errors.New("not hexadecimal")
	}
	return gost.NewPrivateKey(cvc.Curve(), raw)
}

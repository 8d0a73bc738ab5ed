// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"zaver/portal/keyfile"
	"zaver/signature/challenge"
)

// ErrKeyFile is wrapped when a key file is not one, or others than its owner may read it.
var ErrKeyFile = errors.New("key file can't be used")

// maxKeyFile bounds a key file in bytes.
const maxKeyFile = 4 << 10

// Key is an Ed25519 key that signs notes: statements, or the audit log's checkpoints.
type Key struct {
	Signer note.Signer
	// Public is the note verifier key ("name+hash+base64") that others pin.
	Public string
}

// LoadOrCreateKey reads the note key in the file at path and makes one called
// name, with mode 0600, where there is none. When several processes start at once
// all get the same key. The file has two lines, the private and the public key.
func LoadOrCreateKey(path, name string) (Key, error) {
	k, err := loadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	private, public, err := challenge.GenerateKey(name)
	if err != nil {
		return Key{}, fmt.Errorf("make note key: %w", err)
	}
	if err := keyfile.Create(path, []byte(private+"\n"+public+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
		return Key{}, err
	}
	return loadKey(path)
}

func loadKey(path string) (Key, error) {
	raw, err := keyfile.Read(path, maxKeyFile)
	if errors.Is(err, keyfile.ErrExposed) || errors.Is(err, keyfile.ErrTooLarge) {
		return Key{}, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if err != nil {
		return Key{}, err
	}
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	if len(lines) != 2 {
		return Key{}, fmt.Errorf("read %d lines of %s: %w", len(lines), path, ErrKeyFile)
	}
	k := Key{Public: lines[1]}
	if k.Signer, err = challenge.NewSigner(lines[0]); err != nil {
		return Key{}, fmt.Errorf("use key of %s: %w", path, ErrKeyFile)
	}
	v, err := challenge.NewVerifier(k.Public)
	if err != nil || v.KeyHash() != k.Signer.KeyHash() || v.Name() != k.Signer.Name() {
		return Key{}, fmt.Errorf("match the two keys of %s: %w", path, ErrKeyFile)
	}
	return k, nil
}

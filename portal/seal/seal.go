// SPDX-License-Identifier: Apache-2.0

// Package seal owns the portal's data keys: personal data are encrypted under
// them before they reach the database, and found again by keyed hash.
//
// The keys are two Tink key sets, one for encryption (XChaCha20-Poly1305: its
// random nonces never meet, however many values are sealed, while AES-GCM's
// would after the 2^32 of a few years) and one for look-up (HMAC-SHA-256), in one JSON file that only its owner may read. Every
// ciphertext and every hash begins with the id of its key, so new keys can be
// added and made primary while old rows stay readable. A *Keys is safe for
// concurrent use.
package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	"github.com/tink-crypto/tink-go/v2/tink"

	"zaver/portal/keyfile"
)

// maxFile bounds the key file in bytes.
const maxFile = 64 << 10

// Place names where a sealed value lives. It is bound into the ciphertext:
// a value moved to another row or column does not open.
type Place struct {
	Table, Column string
	// Row is the row's primary key in text form.
	Row string
}

// bytes is the associated data: each part with its length, so that no two
// places share it.
func (p Place) bytes() []byte {
	b := make([]byte, 0, 6+len(p.Table)+len(p.Column)+len(p.Row))
	for _, s := range []string{p.Table, p.Column, p.Row} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(s))) //nolint:gosec // names and ids, far below 64 KiB
		b = append(b, s...)
	}
	return b
}

// Keys seals, opens and hashes.
type Keys struct {
	aead tink.AEAD
	mac  tink.MAC
}

type file struct {
	Format string          `json:"format"`
	AEAD   json.RawMessage `json:"aead"`
	MAC    json.RawMessage `json:"mac"`
}

const format = "zaver.keys/v1"

// Load reads the key file at path. Errors: those of [keyfile.Read].
func Load(path string) (*Keys, error) {
	raw, err := keyfile.Read(path, maxFile)
	if err != nil {
		return nil, err
	}
	return parse(raw)
}

// LoadOrCreate reads the key file at path and makes one, with mode 0600, where
// there is none. When several processes start at once all get the same keys.
func LoadOrCreate(path string) (*Keys, error) {
	k, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	raw, err := generate()
	if err != nil {
		return nil, err
	}
	if err := keyfile.Create(path, raw); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return Load(path)
}

// Generate returns fresh keys that are kept nowhere, for tests.
func Generate() (*Keys, error) {
	raw, err := generate()
	if err != nil {
		return nil, err
	}
	return parse(raw)
}

func generate() ([]byte, error) {
	ea, err := keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make encryption key: %w", err)
	}
	ma, err := keyset.NewHandle(mac.HMACSHA256Tag256KeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make look-up key: %w", err)
	}
	var eb, mb bytes.Buffer
	if err := insecurecleartextkeyset.Write(ea, keyset.NewJSONWriter(&eb)); err != nil {
		return nil, fmt.Errorf("write encryption key: %w", err)
	}
	if err := insecurecleartextkeyset.Write(ma, keyset.NewJSONWriter(&mb)); err != nil {
		return nil, fmt.Errorf("write look-up key: %w", err)
	}
	return json.MarshalIndent(file{Format: format, AEAD: eb.Bytes(), MAC: mb.Bytes()}, "", "  ")
}

func parse(raw []byte) (*Keys, error) {
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("parse key file: %w", err)
	}
	if f.Format != format {
		return nil, fmt.Errorf("parse key file: format %q, want %q", f.Format, format)
	}
	eh, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.AEAD)))
	if err != nil {
		return nil, fmt.Errorf("parse encryption keys: %w", err)
	}
	mh, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.MAC)))
	if err != nil {
		return nil, fmt.Errorf("parse look-up keys: %w", err)
	}
	var k Keys
	if k.aead, err = aead.New(eh); err != nil {
		return nil, fmt.Errorf("use encryption keys: %w", err)
	}
	if k.mac, err = mac.New(mh); err != nil {
		return nil, fmt.Errorf("use look-up keys: %w", err)
	}
	return &k, nil
}

// Seal encrypts plain for its place.
func (k *Keys) Seal(at Place, plain []byte) ([]byte, error) {
	b, err := k.aead.Encrypt(plain, at.bytes())
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", at.Table, at.Column, err)
	}
	return b, nil
}

// Open decrypts what Seal made for the same place.
func (k *Keys) Open(at Place, sealed []byte) ([]byte, error) {
	b, err := k.aead.Decrypt(sealed, at.bytes())
	if err != nil {
		return nil, fmt.Errorf("open %s.%s: %w", at.Table, at.Column, err)
	}
	return b, nil
}

// Hash returns a keyed hash of value for exact look-up. Hashes made for
// different purposes do not match; the same purpose and value give the same
// bytes as long as the primary key stays.
func (k *Keys) Hash(purpose, value string) []byte {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(purpose)+len(value)), uint16(len(purpose))) //nolint:gosec // constants
	b = append(append(b, purpose...), value...)
	h, err := k.mac.ComputeMAC(b)
	if err != nil {
		// HMAC over a byte slice has no way to fail once the key set is
		// loaded; a hash that matches nothing is the safe answer all the same.
		fallback := sha256.Sum256([]byte(err.Error()))
		return fallback[:]
	}
	return h
}

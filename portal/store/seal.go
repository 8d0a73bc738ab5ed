// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"zaver/portal/account"
	"zaver/portal/seal"
)

// place names a sealed column of a row.
func place(table, column, row string) seal.Place {
	return seal.Place{Table: table, Column: column, Row: row}
}

// ErrOtherKeys says that the database was written with other keys than those
// given: its personal data can't be read, and nobody would be found again.
var ErrOtherKeys = errors.New("the database was written with other data keys")

const probe = "zaver"

// proveKeys holds the keys against what the first start left in the database.
func (s *Store) proveKeys(ctx context.Context) error {
	at := place("seal_probe", "sealed", probe)
	sealed, err := s.keys.Seal(at, []byte(probe))
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `INSERT INTO seal_probe (sealed, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING`, sealed, s.keys.Hash(hashProbe, probe))
	if err != nil {
		return fmt.Errorf("prove data keys: %w", err)
	}
	var hash []byte
	if err := s.queryRow(ctx, `SELECT sealed, hash FROM seal_probe`).Scan(&sealed, &hash); err != nil {
		return fmt.Errorf("prove data keys: %w", err)
	}
	if _, err := s.keys.Open(at, sealed); err != nil || !bytes.Equal(hash, s.keys.Hash(hashProbe, probe)) {
		return fmt.Errorf("prove data keys: %w", ErrOtherKeys)
	}
	return nil
}

// sealJSON encodes v and seals it for its place.
func sealJSON(k *seal.Keys, at seal.Place, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s.%s: %w", at.Table, at.Column, err)
	}
	return k.Seal(at, plain)
}

// openJSON opens what sealJSON made.
func openJSON(k *seal.Keys, at seal.Place, sealed []byte, v any) error {
	plain, err := k.Open(at, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("decode %s.%s: %w", at.Table, at.Column, err)
	}
	return nil
}

// maxDevice bounds what is kept of a browser's own description, in bytes.
const maxDevice = 200

// sealedClient is where a request came from, in the form that is sealed.
type sealedClient struct {
	Address string `json:"a"`
	Device  string `json:"d,omitempty"`
}

func sealClient(k *seal.Keys, at seal.Place, c account.Client) ([]byte, error) {
	return sealJSON(k, at, sealedClient{Address: c.Address, Device: c.Device[:min(len(c.Device), maxDevice)]})
}

func openClient(k *seal.Keys, at seal.Place, sealed []byte) (account.Client, error) {
	var c sealedClient
	err := openJSON(k, at, sealed, &c)
	return account.Client(c), err
}

// Purposes of keyed hashes.
const (
	hashContact = "contact"
	hashSNILS   = "snils"
	hashLimit   = "limit"
	hashProbe   = "probe"
)

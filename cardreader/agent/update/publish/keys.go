// SPDX-License-Identifier: Apache-2.0

// Package publish alone owns the publisher's side of updates: keys, and a repository of The Update Framework as a plain folder that any web
// server can serve. The client of these files is package client.
//
// Four roles sign, each with keys of its own: root (two of three) says who the others are, targets which packages there are, snapshot which list
// of packages is the newest, timestamp that this was so lately. Snapshots are consistent: what is replaced keeps its name, so that a client in
// the middle of a check never meets files of two states.
//
// One program at a time works on a repository, which its caller sees to. What a command signed is written all or not at all: journal.go says how. Files
// are replaced whole, what names the others behind them: timestamp.json, then a new root.
package publish

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"zaver/cardreader/agent/update"
)

// Roles, each with keys of its own.
const (
	Root      = metadata.ROOT
	Targets   = metadata.TARGETS
	Snapshot  = metadata.SNAPSHOT
	Timestamp = metadata.TIMESTAMP
)

// Roles returns the four roles.
func Roles() []string { return []string{Root, Targets, Snapshot, Timestamp} }

// roleKeys says how many keys a role has and how many must sign.
var roleKeys = map[string]struct{ keys, threshold int }{Root: {3, 2}, Targets: {1, 1}, Snapshot: {1, 1}, Timestamp: {1, 1}}

const (
	keyBlock  = "PRIVATE KEY" // PKCS #8
	maxKey    = 4096          // bytes of a key's file
	keySuffix = ".pem"
)

// Key is a private key of the publisher.
type Key struct {
	id     string // its name in the metadata
	public *metadata.Key
	signer signature.Signer
}

// Keys are those at hand, by ID. Which role a key has is the root's word, not the file's name.
type Keys map[string]Key

// Generate makes new keys for the roles in a folder of the publisher's alone: ROLE-1.pem, ROLE-2.pem … in PKCS #8, mode 0600. It replaces no
// file. Root keys belong on media of their own, apart from each other: move them there.
func Generate(dir string, roles ...string) (map[string]Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	made := map[string]Keys{}
	for _, role := range roles {
		count, ok := roleKeys[role]
		if !ok {
			return nil, fmt.Errorf("make keys: unknown role %q", role)
		}
		made[role] = Keys{}
		for n := 1; n <= count.keys; n++ {
			_, private, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return nil, fmt.Errorf("make keys: %w", err)
			}
			if err := writeKey(filepath.Join(dir, fmt.Sprintf("%s-%d%s", role, n, keySuffix)), private); err != nil {
				return nil, fmt.Errorf("make keys: %w", err)
			}
			k, err := newKey(private)
			if err != nil {
				return nil, fmt.Errorf("make keys: %w", err)
			}
			made[role][k.id] = k
		}
	}
	if err := update.SyncFolder(dir); err != nil { // a root may name them in a moment: they must not be lost when it is not
		return nil, fmt.Errorf("make keys: %w", err)
	}
	return made, nil
}

func writeKey(path string, private ed25519.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(f, &pem.Block{Type: keyBlock, Bytes: der}), f.Sync(), f.Close())
}

func newKey(private ed25519.PrivateKey) (Key, error) {
	public, err := metadata.KeyFromPublicKey(private.Public())
	if err != nil {
		return Key{}, err
	}
	id, err := public.ID()
	if err != nil {
		return Key{}, err
	}
	signer, err := signature.LoadED25519Signer(private)
	return Key{id: id, public: public, signer: signer}, err
}

// Load reads all keys (*.pem) in the folders. A file that others may read is refused: whoever read it can sign.
func Load(dirs ...string) (Keys, error) {
	keys := Keys{}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("load keys: %w", err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), keySuffix) {
				continue
			}
			k, err := readKey(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("load keys: %w", err)
			}
			keys[k.id] = k
		}
	}
	return keys, nil
}

func readKey(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, err
	}
	if info.Mode().Perm()&0o077 != 0 || info.Size() > maxKey {
		return Key{}, fmt.Errorf("%s: open to others (mode %04o), or too long", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Key{}, err
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != keyBlock || len(rest) > 0 {
		return Key{}, fmt.Errorf("%s: no single private key in PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return Key{}, fmt.Errorf("%s: not an Ed25519 key", path)
	}
	return newKey(private)
}

// with returns the keys of both.
func (k Keys) with(more Keys) Keys {
	out := Keys{}
	for _, each := range []Keys{k, more} {
		for id, key := range each {
			out[id] = key
		}
	}
	return out
}

// those returns the keys at hand that have the IDs, in the order of the IDs.
func (k Keys) those(ids []string) []Key {
	var out []Key
	for _, id := range slices.Sorted(slices.Values(ids)) {
		if key, ok := k[id]; ok {
			out = append(out, key)
		}
	}
	return out
}

// Signer is what signs with the key.
func (k Key) Signer() signature.Signer { return k.signer }

// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"zaver/portal/keyfile"
)

func keys(t *testing.T) *Keys {
	t.Helper()
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedOpensOnlyInItsPlace(t *testing.T) {
	k := keys(t)
	at := Place{"accounts", "name", "1"}
	sealed, err := k.Seal(at, []byte("Иванова"))
	if err != nil || bytes.Contains(sealed, []byte("Иванова")) {
		t.Fatalf("sealed = %q, %v", sealed, err)
	}
	if plain, err := k.Open(at, sealed); err != nil || string(plain) != "Иванова" {
		t.Errorf("opened = %q, %v", plain, err)
	}
	for _, other := range []Place{
		{"accounts", "name", "2"}, {"accounts", "phone", "1"}, {"contacts", "name", "1"}, {"accountsn", "ame", "1"}, {"", "", ""},
	} {
		if _, err := k.Open(other, sealed); err == nil {
			t.Errorf("opens at %+v", other)
		}
	}
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 1
		if _, err := k.Open(at, damaged); err == nil {
			t.Errorf("opens with byte %d changed", i)
		}
	}
	if _, err := keys(t).Open(at, sealed); err == nil {
		t.Error("opens under other keys")
	}
	if _, err := k.Open(at, nil); err == nil {
		t.Error("nothing opens")
	}
}

func TestHash(t *testing.T) {
	k := keys(t)
	base := k.Hash("contact", "+79001234567")
	if !bytes.Equal(base, k.Hash("contact", "+79001234567")) {
		t.Error("the same value hashes differently")
	}
	for name, other := range map[string][]byte{
		"purpose": k.Hash("snils", "+79001234567"), "value": k.Hash("contact", "+79001234568"),
		"border": k.Hash("contact+", "79001234567"), "keys": keys(t).Hash("contact", "+79001234567"),
	} {
		if bytes.Equal(base, other) {
			t.Errorf("another %s hashes the same", name)
		}
	}
}

// Tens of millions of people with their events are more values than random
// nonces of 96 bits allow under one key.
func TestFreshKeysHaveLongNonces(t *testing.T) {
	k := keys(t)
	sealed, err := k.Seal(Place{Table: "t", Column: "c", Row: "r"}, nil)
	const prefix, nonce, tag = 5, 24, 16
	if err != nil || len(sealed) != prefix+nonce+tag {
		t.Errorf("an empty value has %d bytes, %v", len(sealed), err)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	var (
		wg     sync.WaitGroup
		hashes [8]string
		errs   [8]error
	)
	for i := range hashes {
		wg.Go(func() {
			k, err := LoadOrCreate(path)
			if err == nil {
				hashes[i] = string(k.Hash("p", "v"))
			}
			errs[i] = err
		})
	}
	wg.Wait()
	for i := range hashes {
		if errs[i] != nil || hashes[i] != hashes[0] {
			t.Errorf("process %d: other keys, or %v", i, errs[i])
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	t.Run("readable by others", func(t *testing.T) {
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOrCreate(path); !errors.Is(err, keyfile.ErrExposed) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		for _, raw := range []string{"", "{}", `{"format":"zaver.keys/v1"}`, `{"format":"zaver.keys/v1","aead":{},"mac":{}}`, strings.Repeat("x", 1<<20)} {
			bad := filepath.Join(t.TempDir(), "keys.json")
			if err := os.WriteFile(bad, []byte(raw), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadOrCreate(bad); err == nil {
				t.Errorf("%.40q was taken for keys", raw)
			}
		}
	})
}

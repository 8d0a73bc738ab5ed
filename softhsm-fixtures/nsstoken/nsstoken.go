// SPDX-License-Identifier: Apache-2.0

// Package nsstoken alone owns certificate databases of NSS, which its module libsoftokn3.so shows as a token: a second implementation of PKCS#11 that
// nobody here wrote. A database is filled by openssl, certutil and pk12util.
//
// A Store belongs to one goroutine while it is made; after that its database may be used by many processes. PINs are strings here: they protect nothing.
package nsstoken

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"zaver/softhsm-fixtures/pki"
)

// Label is what NSS calls the token of a database.
const Label = "NSS Certificate DB"

// Store is a database in a directory.
type Store struct{ dir string }

var libraries = []string{"/usr/lib/x86_64-linux-gnu/libsoftokn3.so", "/usr/lib/aarch64-linux-gnu/libsoftokn3.so", "/usr/lib64/libsoftokn3.so"}

// Library finds NSS's module and resolves symbolic links in its path.
func Library() (string, error) {
	for _, path := range libraries {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real, nil
		}
	}
	return "", errors.New("find NSS: libsoftokn3.so is not installed (Debian package libnss3)")
}

// New makes a database in a directory that does not exist yet, with a PIN and the keys and certificates of some identities.
func New(ctx context.Context, dir, pin string, identities ...*pki.Identity) (*Store, error) {
	s := &Store{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make NSS database: %w", err)
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(pin+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("make NSS database: %w", err)
	}
	if err := run(ctx, "certutil", "-N", "-d", "sql:"+dir, "-f", password); err != nil {
		return nil, err
	}
	for i, id := range identities {
		bundle, err := bundle(ctx, dir, fmt.Sprintf("identity %d", i+1), password, id)
		if err != nil {
			return nil, err
		}
		if err := run(ctx, "pk12util", "-i", bundle, "-d", "sql:"+dir, "-k", password, "-w", password); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// bundle writes a PKCS#12 file, the only form in which NSS's tools take a key.
func bundle(ctx context.Context, dir, name, password string, id *pki.Identity) (string, error) {
	key, err := x509.MarshalPKCS8PrivateKey(id.Key)
	if err != nil {
		return "", fmt.Errorf("encode key: %w", err)
	}
	in, out := filepath.Join(dir, "bundle.pem"), filepath.Join(dir, "bundle.p12")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.DER})...)
	if err := os.WriteFile(in, both, 0o600); err != nil {
		return "", fmt.Errorf("write bundle: %w", err)
	}
	return out, run(ctx, "openssl", "pkcs12", "-export", "-in", in, "-name", name, "-out", out, "-passout", "file:"+password)
}

// Parameters are what C_Initialize must be told to find the database, in the field that the standard reserves.
func (s *Store) Parameters() string {
	return fmt.Sprintf("configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags=", s.dir)
}

func run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s (Debian: libnss3-tools, openssl): %w: %s", name, err, out.Bytes())
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

// Package tokens alone owns SoftHSM token directories: it finds SoftHSM's library and fills a directory with initialised tokens by
// SoftHSM's own tool, and writes certificates by OpenSC's, so that nothing in a token was made by the code under test.
//
// A Store belongs to one goroutine while tokens are added; after that its directory may be used by many processes.
// PINs are strings here: they protect nothing.
package tokens

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// Entry is a key, a certificate, or both under one CKA_ID.
type Entry struct {
	ID          []byte
	Label       string
	Key         crypto.Signer // nil: none is written
	Certificate []byte        // DER; nil: none is written
}

// Token is one token to be made.
type Token struct {
	Label   string // at most 32 bytes; unique within the store
	PIN     string // the user's
	SOPIN   string // the security officer's
	Entries []Entry
}

// Store is a directory of tokens with its configuration file.
type Store struct {
	dir     string
	library string
}

// libraries is where distributions put SoftHSM.
var libraries = []string{
	"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so",
}

// Library finds SoftHSM's PKCS#11 module and resolves symbolic links in its path.
func Library() (string, error) {
	for _, path := range libraries {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real, nil
		}
	}
	return "", errors.New("find SoftHSM: libsofthsm2.so is not installed (Debian package softhsm2)")
}

// New makes or opens a store in a directory, whose path must be absolute.
func New(dir string) (*Store, error) {
	library, err := Library()
	if err != nil {
		return nil, err
	}
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("make token store: %s is not absolute", dir)
	}
	s := &Store{dir: dir, library: library}
	if err := os.MkdirAll(filepath.Join(dir, "tokens"), 0o700); err != nil {
		return nil, fmt.Errorf("make token store: %w", err)
	}
	conf := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n", filepath.Join(dir, "tokens"))
	if err := os.WriteFile(s.Config(), []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("make token store: %w", err)
	}
	return s, nil
}

// Config is the path of SoftHSM's configuration file.
func (s *Store) Config() string { return filepath.Join(s.dir, "softhsm2.conf") }

// Module is the path of SoftHSM's library.
func (s *Store) Module() string { return s.library }

// Env is what a process needs in its environment to see these tokens.
func (s *Store) Env() []string { return []string{"SOFTHSM2_CONF=" + s.Config()} }

// Clone copies the store to another directory: a token that two processes write at the same time answers either of them with errors.
func (s *Store) Clone(dir string) (*Store, error) {
	c, err := New(dir)
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(dir, "tokens"), os.DirFS(filepath.Join(s.dir, "tokens"))); err != nil {
		return nil, fmt.Errorf("clone token store: %w", err)
	}
	return c, nil
}

// Ensure opens the store in a directory, or fills it with what contents returns when it was never filled to the end.
func Ensure(ctx context.Context, dir string, contents func() ([]Token, error)) (*Store, error) {
	s, err := New(dir)
	if err != nil {
		return nil, err
	}
	mark := filepath.Join(dir, "complete")
	if _, err := os.Stat(mark); err == nil {
		return s, nil
	}
	if err := os.RemoveAll(filepath.Join(dir, "tokens")); err != nil {
		return nil, fmt.Errorf("empty token store: %w", err)
	}
	if s, err = New(dir); err != nil {
		return nil, err
	}
	list, err := contents()
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		if err := s.Add(ctx, t); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		return nil, fmt.Errorf("complete token store: %w", err)
	}
	return s, nil
}

// Add makes a token.
func (s *Store) Add(ctx context.Context, t Token) error {
	if err := s.run(ctx, "softhsm2-util", "--init-token", "--free", "--label", t.Label, "--so-pin", t.SOPIN, "--pin", t.PIN); err != nil {
		return err
	}
	for _, e := range t.Entries {
		if e.Key != nil {
			if err := s.importKey(ctx, t, e); err != nil {
				return err
			}
		}
		if e.Certificate != nil {
			if err := s.importCertificate(ctx, t, e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) importKey(ctx context.Context, t Token, e Entry) error {
	der, err := x509.MarshalPKCS8PrivateKey(e.Key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	return s.withFile(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), func(path string) error {
		return s.run(ctx, "softhsm2-util", "--import", path, "--token", t.Label, "--label", e.Label, "--id", hex.EncodeToString(e.ID), "--pin", t.PIN, "--force")
	})
}

func (s *Store) importCertificate(ctx context.Context, t Token, e Entry) error {
	return s.withFile(e.Certificate, func(path string) error {
		return s.run(ctx, "pkcs11-tool", "--module", s.library, "--token-label", t.Label, "--login", "--pin", t.PIN,
			"--write-object", path, "--type", "cert", "--id", hex.EncodeToString(e.ID), "--label", e.Label)
	})
}

// List is what OpenSC's pkcs11-tool says about a token's certificates: a peer to compare with.
func (s *Store) List(ctx context.Context, label string) ([]byte, error) {
	return s.output(ctx, "pkcs11-tool", "--module", s.library, "--token-label", label, "--list-objects", "--type", "cert")
}

func (s *Store) withFile(b []byte, f func(path string) error) error {
	tmp, err := os.CreateTemp(s.dir, "import-*")
	if err != nil {
		return fmt.Errorf("write import file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("write import file: %w", err)
	}
	return f(tmp.Name())
}

func (s *Store) run(ctx context.Context, name string, args ...string) error {
	_, err := s.output(ctx, name, args...)
	return err
}

func (s *Store) output(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), s.Env()...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s %s: %w: %s%s", name, args[0], err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// For is a person's token with the given identities, whose keys must have been made by the PKI. CKA_IDs are 01, 02, and so on.
func For(p people.Person, identities ...*pki.Identity) Token {
	t := Token{Label: "zaver " + p.Key, PIN: p.PINs.Token, SOPIN: p.PINs.SO}
	for i, id := range identities {
		t.Entries = append(t.Entries, Entry{ID: []byte{byte(i + 1)}, Label: fmt.Sprintf("%s %d", p.Key, i+1), Key: id.Key, Certificate: id.DER})
	}
	return t
}

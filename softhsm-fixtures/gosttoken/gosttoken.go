// SPDX-License-Identifier: Apache-2.0

// Package gosttoken alone owns the PKCS#11 module with GOST R 34.10-2012 keys,
// which SoftHSM does not have: C over OpenSSL's GOST engine, compiled with gcc
// when a test or the demo needs it, with the constants that TC26 added to
// PKCS#11 and real tokens use.
//
// A [Store] is a copy of the module with its tokens beside it, in one folder;
// it is filled through the module's own functions by a program in C, so that
// nothing in a token was made by the code under test. A Store belongs to one
// goroutine while tokens are added; after that its module may be used by many
// processes. PINs are strings here: they protect nothing.
package gosttoken

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed src
var source embed.FS

// Option is how a copy of the module behaves.
type Option string

// Options without arguments.
const (
	OrderRS       Option = "order=rs"    // signatures come as r || s; else as s || r
	OrderSRLittle Option = "order=sr-le" // as s || r, each with its lowest octet first
	OrderRSLittle Option = "order=rs-le" // as r || s, each with its lowest octet first
	Wrapped       Option = "wrapped"     // CKA_VALUE of a public key is an OCTET STRING; for keys made from then on
	PadCancel     Option = "pad=cancel"  // protected authentication path; the person presses the red key
)

// Pad makes a protected authentication path on which the person types that PIN.
func Pad(pin string) Option { return Option("pad=" + pin) }

// Compiled is the module and the filling program as gcc made them.
type Compiled struct{ module, fill string }

// Compile compiles them into a directory.
func Compile(ctx context.Context, dir string) (*Compiled, error) {
	files, err := fs.ReadDir(source, "src")
	if err != nil {
		return nil, fmt.Errorf("compile the GOST token: %w", err)
	}
	src := filepath.Join(dir, "gosttoken-src")
	if err := os.MkdirAll(src, 0o700); err != nil {
		return nil, fmt.Errorf("compile the GOST token: %w", err)
	}
	var parts []string
	for _, f := range files {
		b, err := fs.ReadFile(source, "src/"+f.Name())
		if err != nil {
			return nil, fmt.Errorf("compile the GOST token: %w", err)
		}
		path := filepath.Join(src, f.Name())
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return nil, fmt.Errorf("compile the GOST token: %w", err)
		}
		if strings.HasSuffix(path, ".c") && f.Name() != "fill.c" {
			parts = append(parts, path)
		}
	}
	c := &Compiled{module: filepath.Join(dir, "gosttoken.so"), fill: filepath.Join(dir, "gosttoken-fill")}
	if err := gcc(ctx, append([]string{"-fPIC", "-shared", "-o", c.module}, append(parts, "-lcrypto", "-ldl", "-lpthread")...)...); err != nil {
		return nil, err
	}
	return c, gcc(ctx, "-o", c.fill, filepath.Join(src, "fill.c"), "-ldl")
}

func gcc(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "gcc", append([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the GOST token (Debian: gcc, libssl-dev): %w: %s", err, out)
	}
	return nil
}

// Store is a copy of the module with its tokens.
type Store struct {
	dir, fill string
}

// Store installs a copy of the module in a directory, whose path must be
// absolute, or opens what is there; tokens that are there stay.
func (c *Compiled) Store(dir string, options ...Option) (*Store, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("make GOST token store: %s is not absolute", dir)
	}
	s := &Store{dir: dir, fill: c.fill}
	b, err := os.ReadFile(c.module)
	if err == nil {
		err = os.MkdirAll(s.tokens(), 0o700)
	}
	if err == nil {
		// A process may have the old copy open: a new file takes its name.
		err = os.WriteFile(s.Module()+".new", b, 0o700)
	}
	if err == nil {
		err = os.Rename(s.Module()+".new", s.Module())
	}
	if err != nil {
		return nil, fmt.Errorf("make GOST token store: %w", err)
	}
	return s, s.Set(options...)
}

// Module is the path of the library.
func (s *Store) Module() string { return filepath.Join(s.dir, "libgosttoken.so") }

func (s *Store) tokens() string { return filepath.Join(s.dir, "tokens") }

// Set replaces all options; a process that has loaded the module keeps its own
// until it ends.
func (s *Store) Set(options ...Option) error {
	lines := []string{"store=" + s.tokens()}
	for _, o := range options {
		lines = append(lines, string(o))
	}
	if err := os.WriteFile(s.Module()+".conf", []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("set options of the GOST token: %w", err)
	}
	return nil
}

// Clone copies the tokens to another directory, with a module of their own.
func (s *Store) Clone(c *Compiled, dir string, options ...Option) (*Store, error) {
	out, err := c.Store(dir, options...)
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(out.tokens(), os.DirFS(s.tokens())); err != nil {
		return nil, fmt.Errorf("clone GOST token store: %w", err)
	}
	return out, nil
}

// PlugIn makes copies of the tokens of other stores the tokens of this one,
// instead of those before; none takes all out. A process that has one of those
// open gets CKR_DEVICE_REMOVED.
func (s *Store) PlugIn(from ...*Store) error {
	place, err := os.MkdirTemp(s.dir, "plugging-*")
	if err != nil {
		return fmt.Errorf("plug in GOST tokens: %w", err)
	}
	slot := 0
	for _, f := range from {
		found, err := filepath.Glob(filepath.Join(f.tokens(), "slot*"))
		if err != nil {
			return fmt.Errorf("plug in GOST tokens: %w", err)
		}
		for _, dir := range found {
			if err := os.CopyFS(filepath.Join(place, fmt.Sprintf("slot%d", slot)), os.DirFS(dir)); err != nil {
				return fmt.Errorf("plug in GOST tokens: %w", err)
			}
			slot++
		}
	}
	old := place + ".old"
	if err := os.Rename(s.tokens(), old); err != nil {
		return fmt.Errorf("plug in GOST tokens: %w", err)
	}
	if err := os.Rename(place, s.tokens()); err != nil {
		return fmt.Errorf("plug in GOST tokens: %w", err)
	}
	return os.RemoveAll(old)
}

// run obeys commands of the filling program and returns its answers, one for each.
func (s *Store) run(ctx context.Context, commands ...[]string) ([]string, error) {
	var in, stdout, stderr bytes.Buffer
	for _, c := range commands {
		in.WriteString(strings.Join(c, "\t") + "\n")
	}
	cmd := exec.CommandContext(ctx, s.fill, s.Module())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("fill the GOST token: %w: %s", err, stderr.Bytes())
	}
	answers := strings.Split(strings.TrimRight(stdout.String(), "\n"), "\n")
	if len(answers) != len(commands) {
		return nil, fmt.Errorf("fill the GOST token: %d answers to %d commands", len(answers), len(commands))
	}
	return answers, nil
}

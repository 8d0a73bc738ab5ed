// SPDX-License-Identifier: Apache-2.0

// Package gostpeer alone owns OpenSSL with its GOST engine as an independent peer for tests: it makes
// certificates, CRLs, OCSP answers, timestamps and signed data, and checks ours. Every call is a
// process of ten to twenty milliseconds. A missing engine fails the test; nothing is skipped.
//
// Kinds of keys are named as in package mint: gost256-A, gost256-TCA, gost512-C, gost2001-XA, rsa2048,
// p256, ed25519 and so on. A Peer belongs to one test; its methods may not run at the same time.
package gostpeer

import (
	"bytes"
	_ "embed"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed gost.cnf
var config []byte

// Peer is OpenSSL with a folder of its own.
type Peer struct {
	t     testing.TB
	dir   string
	files int
}

// New makes a peer with a temporary folder, and fails the test when OpenSSL has no GOST engine.
func New(t testing.TB) *Peer {
	t.Helper()
	p := &Peer{t: t, dir: t.TempDir()}
	p.must(os.WriteFile(p.config(), config, 0o600))
	if out, err := p.Run("dgst", "-md_gost12_256", p.config()); err != nil {
		t.Fatalf("OpenSSL with its GOST engine is needed (Debian: openssl, libengine-gost-openssl): %v\n%s", err, out)
	}
	return p
}

func (p *Peer) config() string { return filepath.Join(p.dir, "gost.cnf") }

// Dir is the peer's folder; it goes with the test.
func (p *Peer) Dir() string { return p.dir }

// Env is what a process needs to find the engine: OPENSSL_CONF.
func (p *Peer) Env() []string { return []string{"OPENSSL_CONF=" + p.config()} }

// Run runs openssl in the peer's folder and returns what it printed on both outputs.
func (p *Peer) Run(args ...string) (string, error) { return p.runIn(p.dir, args...) }

func (p *Peer) runIn(dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(p.t.Context(), "openssl", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), p.Env()...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("openssl %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return string(out), err
}

// run is Run where a failure is the test's.
func (p *Peer) run(args ...string) string {
	p.t.Helper()
	out, err := p.Run(args...)
	p.must(err)
	return out
}

func (p *Peer) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// name is a new file name in the folder.
func (p *Peer) name(suffix string) string {
	p.files++
	return filepath.Join(p.dir, fmt.Sprintf("%03d%s", p.files, suffix))
}

// File writes bytes to a new file of the folder and returns its path.
func (p *Peer) File(b []byte) string {
	p.t.Helper()
	path := p.name(".bin")
	p.must(os.WriteFile(path, b, 0o600))
	return path
}

func (p *Peer) read(path string) []byte {
	p.t.Helper()
	b, err := os.ReadFile(path)
	p.must(err)
	return b
}

// bundle writes DER objects as PEM blocks of one type to a new file.
func (p *Peer) bundle(kind string, list ...[]byte) string {
	p.t.Helper()
	var b []byte
	for _, der := range list {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return p.File(b)
}

func (p *Peer) der(path string) []byte {
	p.t.Helper()
	block, _ := pem.Decode(p.read(path))
	if block != nil {
		return block.Bytes
	}
	p.t.Fatalf("%s: no PEM", path)
	return nil
}

// newKey are the options of `openssl req` and `genpkey` for a kind of key.
func (p *Peer) newKey(kind string) (algorithm string, options []string) {
	p.t.Helper()
	family, set, _ := strings.Cut(kind, "-")
	switch {
	case strings.HasPrefix(family, "gost"):
		algorithm = map[string]string{"gost256": "gost2012_256", "gost512": "gost2012_512", "gost2001": "gost2001"}[family]
		options = []string{"-pkeyopt", "paramset:" + set}
	case strings.HasPrefix(family, "rsa"):
		algorithm, options = "RSA", []string{"-pkeyopt", "rsa_keygen_bits:" + family[3:]}
	case strings.HasPrefix(family, "p"):
		algorithm, options = "EC", []string{"-pkeyopt", "ec_paramgen_curve:P-" + family[1:], "-pkeyopt", "ec_param_enc:named_curve"}
	case family == "ed25519":
		algorithm = "ED25519"
	}
	if algorithm == "" {
		p.t.Fatalf("the peer makes no key of kind %q", kind)
	}
	return algorithm, options
}

// Digest is OpenSSL's name of the digest that goes with a kind of key.
func Digest(kind string) string {
	switch family, _, _ := strings.Cut(kind, "-"); family {
	case "gost256":
		return "md_gost12_256"
	case "gost512":
		return "md_gost12_512"
	case "gost2001":
		return "md_gost94"
	case "p384":
		return "sha384"
	case "p521":
		return "sha512"
	}
	return "sha256"
}

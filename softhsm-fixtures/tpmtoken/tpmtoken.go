// SPDX-License-Identifier: Apache-2.0

// Package tpmtoken alone owns an emulated TPM 2.0 (swtpm) and the tokens that tpm2-pkcs11 keeps in it. Keys are made in the TPM and never leave it;
// OpenSC's pkcs11-tool fills the tokens, so that nothing in them was made by the code under test.
//
// A TPM is a process with its state in a directory; one client after another may use it. PINs are strings here: they protect nothing.
package tpmtoken

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Token is one token to be made: a key on P-256 under CKA_ID 01, and a certificate for it.
type Token struct {
	Label, PIN, SOPIN string
	// Issue makes the certificate (DER) for the key that the TPM has made.
	Issue func(crypto.PublicKey) ([]byte, error)
}

// TPM is a running emulator.
type TPM struct {
	dir     string
	library string
	cmd     *exec.Cmd
	exited  chan struct{}
}

var libraries = []string{"/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1", "/usr/lib/aarch64-linux-gnu/libtpm2_pkcs11.so.1", "/usr/lib64/pkcs11/libtpm2_pkcs11.so"}

// Start runs an emulator with its state in a directory, whose path must be short (it holds sockets), and waits until it listens. Close must be called.
func Start(ctx context.Context, dir string) (*TPM, error) {
	t := &TPM{dir: dir, exited: make(chan struct{})}
	for _, path := range libraries {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			t.library = real
			break
		}
	}
	if t.library == "" {
		return nil, errors.New("find tpm2-pkcs11: libtpm2_pkcs11.so is not installed (Debian package libtpm2-pkcs11-1)")
	}
	for _, name := range []string{"state", "store"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return nil, fmt.Errorf("start swtpm: %w", err)
		}
	}
	socket := filepath.Join(dir, "tpm")
	t.cmd = exec.CommandContext(ctx, "swtpm", "socket", "--tpm2", "--tpmstate", "dir="+filepath.Join(dir, "state"),
		"--server", "type=unixio,path="+socket, "--ctrl", "type=unixio,path="+socket+".ctrl", "--flags", "not-need-init,startup-clear")
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start swtpm (Debian package swtpm): %w", err)
	}
	go func() {
		_ = t.cmd.Wait()
		close(t.exited)
	}()
	if err := t.await(socket, socket+".ctrl"); err != nil {
		return nil, err
	}
	return t, t.patient(ctx)
}

// patient lets a PIN be wrong more often than the three times after which a TPM locks all of its keys for hours.
func (t *TPM) patient(ctx context.Context) error {
	if err := t.tool(ctx, "tpm2_dictionarylockout", "--setup-parameters", "--max-tries", "100", "--recovery-time", "1", "--lockout-recovery-time", "1"); err != nil {
		return errors.Join(err, t.Close())
	}
	return nil
}

// Flush drops what a client that died has left in the TPM: the resource manager of a kernel does so, and the emulator has none.
func (t *TPM) Flush(ctx context.Context) error {
	for _, kind := range []string{"--transient-object", "--loaded-session", "--saved-session"} {
		if err := t.tool(ctx, "tpm2_flushcontext", kind); err != nil {
			return err
		}
	}
	return nil
}

func (t *TPM) tool(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, append([]string{"--tcti", "swtpm:path=" + filepath.Join(t.dir, "tpm")}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s (Debian package tpm2-tools): %w: %s", name, err, out)
	}
	return nil
}

// await returns when somebody listens at the sockets. Nothing tells when: swtpm makes them while it starts, and their files are there a moment before.
func (t *TPM) await(sockets ...string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		found, err := listening(sockets)
		if err != nil {
			return errors.Join(fmt.Errorf("start swtpm: %w", err), t.Close())
		}
		if found == len(sockets) {
			return nil
		}
		select {
		case <-tick.C:
		case <-t.exited:
			return errors.New("start swtpm: it ended at once")
		case <-late:
			return errors.Join(errors.New("start swtpm: no sockets"), t.Close())
		}
	}
}

// listening counts the sockets at which somebody listens; to connect would be to take the emulator's one connection.
func listening(sockets []string) (n int, err error) {
	const accepts = "00010000" // the kernel's flag of such a socket
	b, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		// Num: RefCount Protocol Flags Type St Inode Path
		if f := strings.Fields(line); len(f) == 8 && f[3] == accepts && slices.Contains(sockets, f[7]) {
			n++
		}
	}
	return n, nil
}

// Close ends the emulator.
func (t *TPM) Close() error {
	select {
	case <-t.exited:
		return nil
	default:
	}
	if err := t.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("end swtpm: %w", err)
	}
	<-t.exited
	return nil
}

// Module is the path of the library.
func (t *TPM) Module() string { return t.library }

// Env is what a process needs in its environment to see these tokens.
func (t *TPM) Env() []string {
	return []string{"TPM2_PKCS11_TCTI=swtpm:path=" + filepath.Join(t.dir, "tpm"), "TPM2_PKCS11_STORE=" + filepath.Join(t.dir, "store"), "TPM2_PKCS11_LOG_LEVEL=0", "TSS2_LOG=all+none"}
}

// Add makes a token and returns its certificate.
func (t *TPM) Add(ctx context.Context, tok Token) ([]byte, error) {
	user := []string{"--token-label", tok.Label, "--login", "--pin", tok.PIN}
	public, certificate := filepath.Join(t.dir, "public.der"), filepath.Join(t.dir, "certificate.der")
	for _, args := range [][]string{
		{"--init-token", "--slot-index", "0", "--label", tok.Label, "--so-pin", tok.SOPIN},
		{"--token-label", tok.Label, "--init-pin", "--login", "--login-type", "so", "--so-pin", tok.SOPIN, "--pin", tok.PIN},
		append(user[:len(user):len(user)], "--keypairgen", "--key-type", "EC:prime256v1", "--id", "01", "--label", "key"),
		append(user[:len(user):len(user)], "--read-object", "--type", "pubkey", "--id", "01", "--output-file", public),
	} {
		if err := t.run(ctx, args...); err != nil {
			return nil, err
		}
	}
	spki, err := os.ReadFile(public)
	if err != nil {
		return nil, fmt.Errorf("read the TPM's key: %w", err)
	}
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("read the TPM's key: %w", err)
	}
	der, err := tok.Issue(key)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(certificate, der, 0o600); err != nil {
		return nil, fmt.Errorf("write certificate: %w", err)
	}
	return der, t.run(ctx, append(user, "--write-object", certificate, "--type", "cert", "--id", "01", "--label", "certificate")...)
}

func (t *TPM) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "pkcs11-tool", append([]string{"--module", t.library}, args...)...)
	cmd.Env = append(os.Environ(), t.Env()...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run pkcs11-tool %v: %w: %s", args[0], err, out.Bytes())
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"zaver/signature/cert"
)

func testPublicKey(t testing.TB) cert.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	public, err := cert.ParsePublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// startWorker runs this test binary as a worker without a Host.
func startWorker(t *testing.T) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := start([]string{self, "pkcs11-worker"}, scrub(os.Environ(), nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

func (p *process) code(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(time.Minute):
		t.Fatal("the worker did not end")
		return -1
	}
}

func TestWorkerEndsWithHost(t *testing.T) {
	p := startWorker(t)
	if err := p.in.Close(); err != nil {
		t.Fatal(err)
	}
	if code := p.code(t); code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

func TestWorkerRefusesRubbish(t *testing.T) {
	for _, in := range []string{"GET / HTTP/1.1\r\n\r\n", "J\xff\xff\xff\xff", "J\x00\x00\x00\x02no"} {
		p := startWorker(t)
		if _, err := io.WriteString(p.in, in); err != nil {
			t.Fatal(err)
		}
		if code := p.code(t); code != exitMessage {
			t.Errorf("%q: exit code %d, want %d", in, code, exitMessage)
		}
	}
}

func TestWorkerServesOneModule(t *testing.T) {
	p := startWorker(t)
	ask := func(module string) string {
		err := p.call(t.Context(), request{Op: opList, Module: module}, secrets{}, func(*reply) {})
		var own *Error
		if !errors.As(err, &own) {
			t.Fatalf("%s: %v", module, err)
		}
		return own.Code
	}
	for _, module := range []string{"/nonexistent/a.so", "/nonexistent/b.so"} {
		if code := ask(module); code != CodeModule {
			t.Errorf("%s: %s", module, code)
		}
	}
}

// TestHelpersEndWithTheirWorker: what a module has started holds standard error open, so its end shows that none is left, however the worker came to its own.
func TestHelpersEndWithTheirWorker(t *testing.T) {
	for name, c := range map[string]struct {
		end    string
		finish func(*process)
	}{
		"it ends by itself": {"exit 0", func(*process) {}},
		"it crashes":        {"kill -SEGV $$", func(*process) {}},
		"it is retired":     {"read line", (*process).retire},
		"it is killed":      {"sleep 1000", (*process).kill},
	} {
		t.Run(name, func(t *testing.T) {
			diagnostics, theirs, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer diagnostics.Close()
			p, err := start([]string{"/bin/sh", "-c", "sleep 1000 </dev/null >/dev/null & echo up; " + c.end}, baseEnv, theirs)
			if err := errors.Join(err, theirs.Close()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
			if _, err := io.ReadFull(p.out, make([]byte, len("up\n"))); err != nil {
				t.Fatal(err)
			}
			c.finish(p)
			if err := diagnostics.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(diagnostics); err != nil {
				t.Errorf("a helper is left: %v", err)
			}
		})
	}
}

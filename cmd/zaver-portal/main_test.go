// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/cmd/internal/boot"
	"zaver/softhsm-fixtures/ports"
)

// folder makes a configuration in a folder that the database's user may enter.
func folder(t *testing.T, change map[string]any) (dir, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "zaver-portal-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	port, release, err := ports.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	writeTrust(t, filepath.Join(dir, "trust"))
	value := map[string]any{"listen": address, "origin": "http://" + address, "data_dir": "data", "trust": "trust", "registers": "http://127.0.0.1:9/smev"}
	for k, v := range change {
		value[k] = v
	}
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "portal.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, path
}

func writeTrust(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Centre"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"centre.pem":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"anchors.json": []byte(`{"anchors":[{"file":"centre.pem","kind":"qualified"}]}`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// output is a buffer that a running program and the test share.
type output struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func TestServeFromNothing(t *testing.T) {
	_, path := folder(t, nil)
	var keys, errs bytes.Buffer
	if code := run(t.Context(), []string{"key", "-config", path}, &keys, &errs); code != boot.ExitOK {
		t.Fatalf("key: %d %s", code, &errs)
	}
	var out, log output
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() { done <- run(ctx, []string{"serve", "-config", path}, &out, &log) }()
	origin := ""
	for deadline := time.After(5 * time.Minute); origin == ""; {
		select {
		case code := <-done:
			t.Fatalf("serve ended with %d\n%s", code, log.String())
		case <-deadline:
			t.Fatalf("not ready\n%s", log.String())
		case <-time.After(50 * time.Millisecond):
			_, origin, _ = strings.Cut(strings.TrimSpace(out.String()), "ready at ")
		}
	}
	for path, want := range map[string]string{"/readyz": "ready", "/": "<h1", "/agent/v1/key": strings.Fields(keys.String())[1]} {
		answer, err := http.Get(origin + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %v", path, answer.StatusCode, err)
		}
	}
	var second bytes.Buffer
	if code := run(t.Context(), []string{"serve", "-config", path}, io.Discard, &second); code != boot.ExitRunning {
		t.Errorf("a second portal: %d %s", code, &second)
	}
	// Nor one with another address and the same data: it would end the database under the first.
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(filepath.Dir(path), "beside.json")
	if err := os.WriteFile(beside, bytes.Replace(raw, []byte(`"listen":"127.0.0.1:`), []byte(`"listen":"127.0.0.2:`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	second.Reset()
	if code := run(t.Context(), []string{"serve", "-config", beside}, io.Discard, &second); code != boot.ExitRunning {
		t.Errorf("a second portal over the same data: %d %s", code, &second)
	}
	if answer, err := http.Get(origin + "/readyz"); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("the first portal after the second: %v, %v", answer, err)
	}
	stop()
	select {
	case code := <-done:
		if code != boot.ExitOK {
			t.Errorf("stopped with %d\n%s", code, log.String())
		}
	case <-time.After(2 * time.Minute):
		t.Error("does not stop")
	}
	var report bytes.Buffer
	if code := run(t.Context(), []string{"evidence", "export", "-config", path, "no-such-request"}, io.Discard, &report); code != boot.ExitFailure || !strings.Contains(report.String(), "no evidence") {
		t.Errorf("evidence of nothing: %d %s", code, &report)
	}
	if code := run(t.Context(), []string{"migrate", "-config", path}, io.Discard, &report); code != boot.ExitOK {
		t.Errorf("migrate: %d %s", code, &report)
	}
}

func TestConfigurationIsStrict(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"unknown field":  {"colour": "blue"},
		"plain http":     {"origin": "http://portal.example"},
		"default port":   {"origin": "https://portal.example:443", "proxies": []string{"127.0.0.1/32"}},
		"capital origin": {"origin": "https://Portal.example", "proxies": []string{"127.0.0.1/32"}},
		"origin path":    {"origin": "https://portal.example/x"},
		"listen":         {"listen": "8080"},
		"no data":        {"data_dir": ""},
		"no trust":       {"trust": ""},
		"no registers":   {"registers": "bus"},
		"port":           {"agent_port": 70000},
		"plain mail out": {"smtp": map[string]any{"host": "mail.example", "port": 25, "from": "a@b.example", "plain": true}},
		"network":        {"proxies": []string{"everybody"}},
		"no proxy named": {"origin": "https://portal.example"},
		"plain bus":      {"registers": "http://bus.example/smev"},
		"SMS centre":     {"smpp": map[string]any{"address": "smsc.example", "from": "zaver"}},
		"SMS sender":     {"smpp": map[string]any{"address": "smsc.example:2775", "from": "a name too long"}},
	} {
		_, path := folder(t, change)
		var errs bytes.Buffer
		if code := run(t.Context(), []string{"key", "-config", path}, io.Discard, &errs); code != boot.ExitConfig {
			t.Errorf("%s: %d %s", name, code, &errs)
		}
	}
}

// The SMS centre on another machine is spoken to over TLS.
func TestSMPPLeavesTheMachineOverTLS(t *testing.T) {
	for address, local := range map[string]bool{"127.0.0.1:2775": true, "[::1]:2775": true, "localhost:2775": true, "smsc.example:2775": false, "10.0.0.1:2775": false} {
		if got := (smppConfig{Address: address}).local(); got != local {
			t.Errorf("%s: local %v", address, got)
		}
	}
}

func TestSecretsAreNotForEverybody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	for mode, want := range map[os.FileMode]bool{0o600: true, 0o640: true, 0o644: false, 0o602: false} {
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte("hunter2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		got, err := secret(path)
		if (err == nil) != want || want && got != "hunter2" || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("mode %v: %q, %v", mode, got, err)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want int
		says string
	}{
		{nil, boot.ExitUsage, "usage"},
		{[]string{"help"}, boot.ExitOK, "usage"},
		{[]string{"version"}, boot.ExitOK, "zaver-portal"},
		{[]string{"dance"}, boot.ExitUsage, "dance"},
		{[]string{"serve"}, boot.ExitUsage, "-config"},
		{[]string{"serve", "-nonsense"}, boot.ExitUsage, "nonsense"},
		{[]string{"evidence"}, boot.ExitUsage, "evidence"},
		{[]string{"serve", "-config", "/nonexistent/portal.json"}, boot.ExitConfig, "portal.json"},
	} {
		var both bytes.Buffer
		if code := run(t.Context(), tt.args, &both, &both); code != tt.want || !strings.Contains(both.String(), tt.says) {
			t.Errorf("%v: %d %s", tt.args, code, &both)
		}
	}
}

func TestExampleIsValid(t *testing.T) {
	content, err := os.ReadFile("config.example.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "portal.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := load("serve", []string{"-config", path}, func(*flag.FlagSet) {}); err != nil {
		t.Error(err)
	}
}

// A folder of packages that holds none stops the start, instead of a help page that offers nothing.
func TestAgentPackages(t *testing.T) {
	if shelf, err := (config{}).packages(); shelf != nil || err != nil {
		t.Errorf("without a folder: %v, %v", shelf, err)
	}
	dir := t.TempDir()
	if _, err := (config{AgentPackages: dir}).packages(); err == nil || !strings.Contains(err.Error(), "no package of the agent") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "zaver-agent_1.0-1_amd64.deb"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	shelf, err := (config{AgentPackages: dir}).packages()
	if err != nil || len(shelf.Packages()) != 1 {
		t.Fatalf("got %v, %v", shelf.Packages(), err)
	}
	if err := shelf.Close(); err != nil {
		t.Error(err)
	}
}

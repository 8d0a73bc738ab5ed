// SPDX-License-Identifier: Apache-2.0

package boot_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"zaver/cmd/internal/boot"
)

type config struct {
	Name string `json:"name"`
	Port int    `json:"port"`
}

func TestLoadConfig(t *testing.T) {
	for _, c := range []struct {
		name, text, want string // want: part of the error; empty: accepted
		mode             fs.FileMode
	}{
		{"good", `{"name":"a","port":1}`, "", 0o600},
		{"readable by all", `{"name":"a"}`, "", 0o644},
		{"unknown field", "{\n\"colour\":\"a\"}", `agent.json:2: json: unknown field "colour"`, 0o600},
		{"wrong type", "{\n\n\"port\":\"x\"}", `agent.json:3: field "port" must be a int, not a string`, 0o600},
		{"cut", `{"name":`, "agent.json:1: unexpected EOF", 0o600},
		{"comma", "{\"name\":\"a\",\n}", "agent.json:2: invalid character", 0o600},
		{"two values", `{} {}`, "something stands behind", 0o600},
		{"empty", "", "EOF", 0o600},
		{"writable by all", `{}`, "everybody may change", 0o666},
	} {
		path := filepath.Join(t.TempDir(), "agent.json")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		var got config
		err := boot.LoadConfig(path, &got)
		var f *boot.Failure
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.As(err, &f) || f.Exit != boot.ExitConfig || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if err := boot.LoadConfig("/nonexistent.json", &config{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestReport(t *testing.T) {
	var b bytes.Buffer
	if code := boot.Report(&b, "zaver-agent", boot.Fail(boot.ExitRunning, "end it", "port %d is taken", 1)); code != boot.ExitRunning {
		t.Errorf("exit code %d", code)
	}
	if got := b.String(); got != "zaver-agent: port 1 is taken\nhint: end it\n" {
		t.Errorf("got %q", got)
	}
	b.Reset()
	if code := boot.Report(&b, "p", errors.New("x")); code != boot.ExitFailure || b.String() != "p: x\n" {
		t.Errorf("got %d %q", code, b.String())
	}
	if code := boot.Report(&b, "p", nil); code != boot.ExitOK {
		t.Errorf("got %d", code)
	}
}

// What a device or a file said reaches the terminal as text and as nothing else.
func TestReportIsHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"reader \x1b]0;owned\x07\x1b[2J": "reader ?]0;owned??[2J",
		"C1 \u009b2J":                    "C1 ?2J",
		"back\rover":                     "back?over",
		"turned \u202etxt":               "turned ?txt",
		"cut \xff":                       "cut ?",
		"Ошибка:\n\tстрока":              "Ошибка:\n\tстрока",
	} {
		var out strings.Builder
		boot.Report(&out, "p", &boot.Failure{Exit: 1, Hint: in, Err: errors.New(in)})
		if got := out.String(); got != "p: "+want+"\nhint: "+want+"\n" {
			t.Errorf("%q: got %q", in, got)
		}
	}
}

func TestOneInstance(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := boot.OneInstance(path)
	if err != nil {
		t.Fatal(err)
	}
	var f *boot.Failure
	if _, err := boot.OneInstance(path); !errors.As(err, &f) || f.Exit != boot.ExitRunning {
		t.Errorf("second: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := boot.OneInstance(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = again()
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := boot.OneInstance(link); err == nil {
		t.Error("a link was followed")
	}
}

func TestOpenLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, closeLog, err := boot.OpenLog(boot.Log{File: path, Level: "warn", JSON: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud")
	if err := closeLog(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(b), "quiet") || !strings.Contains(string(b), `"msg":"loud"`) {
		t.Errorf("got %s, %v", b, err)
	}
	if _, _, err := boot.OpenLog(boot.Log{Level: "shout"}, nil); err == nil {
		t.Error("unknown level accepted")
	}
}

func TestSignals(t *testing.T) {
	ctx, stop := boot.Signals(context.Background())
	defer stop()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Fatal("SIGTERM was not noticed")
	}
	// The second one must not end this process.
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

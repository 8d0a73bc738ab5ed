// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/pinentry"
)

// TestSocketActivation has systemd's own tool listen and start the agent when the page knocks, as the user unit does.
func TestSocketActivation(t *testing.T) {
	x := surround(t, pinentry.Script{})
	cmd := exec.Command("systemd-socket-activate", "--listen=127.0.0.1:"+strconv.Itoa(x.port), "--setenv=XDG_RUNTIME_DIR="+t.TempDir(),
		program, "run", "--config", writeConfig(t, x.config))
	for _, v := range append(os.Environ(), x.env...) {
		if !strings.HasPrefix(v, "XDG_RUNTIME_DIR=") {
			cmd.Env = append(cmd.Env, v)
			name, _, _ := strings.Cut(v, "=")
			cmd.Args = append(cmd.Args[:1:1], append([]string{"--setenv=" + name}, cmd.Args[1:]...)...)
		}
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "Listening on") {
	}
	go func() {
		for lines.Scan() { // a full pipe would stop the agent
		}
	}()
	steps := x.confirm()
	if len(steps) == 0 || steps[0].Step != "statement" {
		t.Errorf("steps: %v", steps)
	}
}

// TestReplacedProgramMakesWay: an agent that a service manager started ends after the first greeting that finds its file replaced, as an upgrade does,
// and no knock is lost till the next one answers.
func TestReplacedProgramMakesWay(t *testing.T) {
	x := surround(t, pinentry.Script{})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	x.port = l.Addr().(*net.TCPAddr).Port
	x.config["loopback"] = map[string]int{"port": x.port}
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	config, installed := writeConfig(t, x.config), filepath.Join(t.TempDir(), "zaver-agent")
	install := func() {
		t.Helper()
		b, err := os.ReadFile(program)
		if err == nil {
			err = os.WriteFile(installed+".new", b, 0o700)
		}
		if err == nil {
			err = os.Rename(installed+".new", installed)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	start := func() (ended <-chan error) {
		t.Helper()
		cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" run --config "$1"`, installed, config)
		cmd.Env = append(append(os.Environ(), x.env...), "LISTEN_FDS=1")
		cmd.ExtraFiles = []*os.File{socket}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done, gone := make(chan error, 1), make(chan struct{})
		go func() { done <- cmd.Wait(); close(gone) }()
		t.Cleanup(func() { _ = cmd.Process.Kill(); <-gone })
		return done
	}
	greet := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/v1/hello", x.port), nil)
		if err != nil {
			return err
		}
		req.Header.Set("Origin", x.portal.URL)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("hello: %s", resp.Status)
		}
		return nil
	}

	install()
	first := start()
	for range 3 { // as long as the file is its own it stays
		if err := greet(); err != nil {
			t.Fatal(err)
		}
	}
	install()
	if err := greet(); err != nil {
		t.Errorf("the greeting that finds it replaced: %v", err)
	}
	select {
	case err := <-first:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the old program stays")
	}
	greeted := make(chan error, 1)
	go func() { greeted <- greet() }() // before anybody is there to answer
	second := start()
	if err := <-greeted; err != nil {
		t.Errorf("the next one: %v", err)
	}
	select {
	case err := <-second:
		t.Errorf("the next one ended, too: %v", err)
	default:
	}
}

// SPDX-License-Identifier: Apache-2.0

package robot_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/nativemsg/extension"
)

// firefox is one headless Firefox with a home of its own, steered over its remote protocol "Marionette":
// "length:[0,id,command,parameters]" over TCP.
type firefox struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	id   int
	home string
	log  *strings.Builder
}

// patience bounds the start of Firefox and each of its answers.
const patience = 60 * time.Second

func startFirefox(t *testing.T, prepare func(home string)) *firefox {
	t.Helper()
	path := ""
	for _, name := range []string{"firefox-esr", "firefox"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("no Firefox found (Debian: apt-get install firefox-esr)")
	}
	f := &firefox{t: t, home: t.TempDir(), log: &strings.Builder{}}
	prepare(f.home)
	profile := filepath.Join(f.home, "profile")
	must(t, os.MkdirAll(profile, 0o700))
	must(t, os.WriteFile(filepath.Join(profile, "user.js"), []byte(`user_pref("marionette.port", 0);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("extensions.background.idle.timeout", 500);
`), 0o600))
	cmd := exec.Command(path, "--headless", "--no-remote", "--marionette", "--profile", profile)
	cmd.Env = append(os.Environ(), "HOME="+f.home, "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=", "MOZ_DISABLE_CONTENT_SANDBOX=1")
	cmd.Stderr = f.log
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	f.connect(profile)
	f.do("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{}}})
	return f
}

func (f *firefox) connect(profile string) {
	f.t.Helper()
	tick, late := time.NewTicker(50*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(filepath.Join(profile, "MarionetteActivePort")); err == nil {
			if f.conn, err = net.Dial("tcp", "127.0.0.1:"+strings.TrimSpace(string(b))); err == nil {
				break
			}
		}
		select {
		case <-tick.C:
		case <-late:
			f.t.Fatalf("Firefox does not listen: %s", f.log)
		}
	}
	f.t.Cleanup(func() { _ = f.conn.Close() })
	f.in = bufio.NewReader(f.conn)
	f.read() // its greeting
}

func (f *firefox) read() []byte {
	f.t.Helper()
	must(f.t, f.conn.SetReadDeadline(time.Now().Add(patience)))
	length, err := f.in.ReadString(':')
	must(f.t, err)
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	must(f.t, err)
	body := make([]byte, n)
	_, err = io.ReadFull(f.in, body)
	must(f.t, err)
	return body
}

func (f *firefox) do(command string, parameters any) json.RawMessage {
	f.t.Helper()
	f.id++
	body, err := json.Marshal([]any{0, f.id, command, parameters})
	must(f.t, err)
	_, err = fmt.Fprintf(f.conn, "%d:%s", len(body), body)
	must(f.t, err)
	var answer []json.RawMessage
	must(f.t, json.Unmarshal(f.read(), &answer))
	if len(answer) != 4 || string(answer[2]) != "null" {
		f.t.Fatalf("%s: %s", command, answer)
	}
	return answer[3]
}

func (f *firefox) ask(script string) string {
	f.t.Helper()
	var v struct{ Value string }
	must(f.t, json.Unmarshal(f.do("WebDriver:ExecuteScript", map[string]any{"script": "return String(" + script + ")", "args": []any{}}), &v))
	return v.Value
}

func (f *firefox) until(script string) {
	f.t.Helper()
	tick, late := time.NewTicker(50*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for f.ask("!!("+script+")") != "true" {
		select {
		case <-tick.C:
		case <-late:
			f.t.Fatalf("%s did not become true: %s\n%s", script, f.ask("document.querySelector('main').innerText"), f.log)
		}
	}
}

func (f *firefox) click(selector string) {
	f.t.Helper()
	var found struct{ Value map[string]string }
	must(f.t, json.Unmarshal(f.do("WebDriver:FindElement", map[string]any{"using": "css selector", "value": selector}), &found))
	for _, id := range found.Value {
		f.do("WebDriver:ElementClick", map[string]any{"id": id})
	}
}

// The same extension in Firefox: it finds the program by its own manifest, demands a click, and the request arrives.
func TestFirefox(t *testing.T) {
	s := newSite(t, "127.0.0.1")
	s.think = 4 * time.Second // far longer than Firefox lets an idle background live
	d := s.listen()
	f := startFirefox(t, func(home string) {
		manifest, err := extension.HostManifest(extension.Firefox, s.program())
		must(t, err)
		path := extension.UserManifest(extension.Firefox, home)
		// A new home keeps profiles below .config; the manifest's place is the old one all the same.
		must(t, os.MkdirAll(filepath.Join(home, ".config", "mozilla", "firefox"), 0o700))
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, manifest, 0o600))
	})
	folder := filepath.Join(f.home, "extension")
	must(t, extension.Write(folder, extension.Firefox, []string{s.origin()}))
	var installed struct{ Value string }
	must(t, json.Unmarshal(f.do("Addon:Install", map[string]any{"path": folder, "temporary": true}), &installed))
	if installed.Value != extension.GeckoID {
		t.Errorf("Firefox knows the extension as %q", installed.Value)
	}
	f.do("WebDriver:Navigate", map[string]any{"url": s.origin() + "/confirm/" + request})
	f.until("document.querySelector('#confirm-ready:not([hidden]) #confirm-sign') || document.querySelector('#confirm-problem:not([hidden])')")
	if door := f.ask("document.getElementById('confirm-door').textContent"); !strings.Contains(door, "расширение") {
		t.Fatalf("the page says of the door: %q; problem %s\n%s", door, f.ask("document.getElementById('confirm-problem').dataset.code"), f.log)
	}

	// Without a click there is no request, whatever the page says.
	var refused struct{ Value string }
	must(t, json.Unmarshal(f.do("WebDriver:ExecuteAsyncScript", map[string]any{"args": []any{}, "script": "const done = arguments[0]; " + fmt.Sprintf(say, order(s, nil)) + ".then(done)"}), &refused))
	if refused.Value != `{"code":"agent.gesture"}` || s.fetched.Load() != 0 {
		t.Errorf("without a click: %s", refused.Value)
	}

	f.click("#confirm-sign")
	f.until("document.querySelector('#confirm-problem:not([hidden])')")
	if code := f.ask("document.getElementById('confirm-problem').dataset.code"); code != "confirm.unknown" || s.fetched.Load() != 1 {
		t.Errorf("the page says %s, the portal was asked %d times", code, s.fetched.Load())
	}
	if n := d.came.Load(); n != 0 {
		t.Errorf("%d requests to loopback", n)
	}
}

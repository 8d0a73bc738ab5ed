// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/nativemsg"
	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
)

// browser is what a browser does with the program.
type browser struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.ReadCloser
	log *bytes.Buffer
}

const caller = "chrome-extension://" + extension.ChromiumID + "/"

func (x *surroundings) browse(args ...string) *browser {
	x.t.Helper()
	if args == nil {
		args = []string{caller}
	}
	b := &browser{t: x.t, log: &bytes.Buffer{}}
	b.cmd = exec.Command(program, append([]string{"native-host", "--config", writeConfig(x.t, x.config), "--"}, args...)...)
	b.cmd.Env, b.cmd.Stderr = append(os.Environ(), x.env...), b.log
	var err error
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		x.t.Fatal(err)
	}
	if b.out, err = b.cmd.StdoutPipe(); err != nil {
		x.t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = b.cmd.Process.Kill(); _ = b.cmd.Wait() })
	return b
}

func (b *browser) say(message any) {
	b.t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := nativemsg.WriteFrame(b.in, body); err != nil {
		b.t.Fatalf("%v\n%s", err, b.log)
	}
}

// hear reads one frame; "" at the end.
func (b *browser) hear() string {
	b.t.Helper()
	body, err := nativemsg.ReadFrame(b.out, nativemsg.MaxOut)
	if errors.Is(err, io.EOF) {
		return ""
	}
	if err != nil {
		b.t.Fatalf("standard output holds something else than frames: %v\n%s", err, b.log)
	}
	return string(body)
}

// steps reads to the end.
func (b *browser) steps() []agent.Step {
	b.t.Helper()
	var out []agent.Step
	for {
		body := b.hear()
		if body == "" {
			return out
		}
		var s agent.Step
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			b.t.Fatal(err)
		}
		out = append(out, s)
	}
}

func (b *browser) exit() int {
	b.t.Helper()
	done := make(chan struct{})
	go func() { _ = b.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		b.t.Fatalf("the program does not end\n%s", b.log)
	}
	return b.cmd.ProcessState.ExitCode()
}

func (x *surroundings) order() map[string]string {
	return map[string]string{"do": "confirm", "sender": x.portal.URL, "origin": x.portal.URL, "request": requestID, "ticket": ticket, "method": "token", "lang": "ru"}
}

// The whole road in the process that a browser starts.
func TestNativeRoad(t *testing.T) {
	vera := people.TokenHolder()
	x := surround(t, pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{vera.PINs.Token}})
	b := x.browse()
	b.say(map[string]string{"do": "hello", "sender": x.portal.URL})
	if got := b.hear(); !strings.Contains(got, `"agent":"zaver"`) || !strings.Contains(got, `"protocol":1`) {
		t.Errorf("greeting: %s", got)
	}
	b.say(x.order())
	steps := b.steps()
	if len(steps) == 0 || steps[len(steps)-1].State != "confirmed" {
		t.Fatalf("got %+v\n%s", steps, b.log)
	}
	signed, err := cms.Parse(<-x.got)
	if err != nil {
		t.Fatal(err)
	}
	if p := signed.Check(); len(p) > 0 || !bytes.Equal(signed.Content, x.text) {
		t.Errorf("problems %v", p)
	}
	if code := b.exit(); code != 0 {
		t.Errorf("exit %d\n%s", code, b.log)
	}
	x.discreet(b.log.String())
}

// Firefox says who calls in its own way.
func TestNativeFirefox(t *testing.T) {
	x := surround(t, pinentry.Script{})
	b := x.browse("/home/a/.mozilla/native-messaging-hosts/ru.zaver.agent.json", extension.GeckoID)
	b.say(map[string]string{"do": "hello", "sender": x.portal.URL})
	if got := b.hear(); !strings.Contains(got, `"agent":"zaver"`) {
		t.Errorf("greeting: %s\n%s", got, b.log)
	}
	_ = b.in.Close()
	if code := b.exit(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// The page is closed while the person is asked: dialog and program end.
func TestNativeBrowserLeaves(t *testing.T) {
	for name, leave := range map[string]func(b *browser){
		"the input ends": func(b *browser) { _ = b.in.Close() },
		"cancel":         func(b *browser) { b.say(map[string]string{"do": "cancel"}) },
		"all pipes end":  func(b *browser) { _ = b.out.Close(); _ = b.in.Close() }, // no signal may end it before the portal is told
	} {
		t.Run(name, func(t *testing.T) {
			x := surround(t, pinentry.Script{Confirm: []string{pinentry.Hang}})
			b := x.browse()
			b.say(x.order())
			for {
				var s agent.Step
				if err := json.Unmarshal([]byte(b.hear()), &s); err != nil {
					t.Fatal(err)
				}
				if s.Step == agent.StepConsent {
					break
				}
			}
			leave(b)
			if code := b.exit(); code != 0 {
				t.Errorf("exit %d\n%s", code, b.log)
			}
			if out, err := exec.Command("pgrep", "-f", x.script.Argv()[2]).Output(); err == nil {
				t.Errorf("dialog left: %s", out)
			}
		})
	}
}

// One turn for all processes: two browsers, and the loopback door.
func TestNativeTurn(t *testing.T) {
	x := surround(t, pinentry.Script{Confirm: []string{pinentry.Hang}})
	x.start()
	first := x.browse()
	first.say(x.order())
	if got := first.hear(); got != `{"step":"statement"}` {
		t.Fatalf("first: %s\n%s", got, first.log)
	}
	second := x.browse()
	second.say(x.order())
	if got := second.hear(); got != `{"code":"agent.busy"}` {
		t.Errorf("second browser: %s", got)
	}
	if steps := x.confirm(); len(steps) != 1 || steps[0].Code != agent.CodeBusy {
		t.Errorf("loopback: %+v", steps)
	}
	_ = first.in.Close()
	first.exit()
	third := x.browse()
	third.say(x.order())
	if got := third.hear(); got != `{"step":"statement"}` {
		t.Errorf("after the first: %s", got)
	}
	_ = third.in.Close()
	third.exit() // killed, it would leave a dialog that writes into a folder which is removed
}

// A browser shows nobody what a program says: the page learns the cause as a code. A browser may be late with its question, and drops the
// answer of a program that is gone by then: the program reads on until it is hung up on.
func TestNativeSaysWhyNot(t *testing.T) {
	x := surround(t, pinentry.Script{})
	for _, c := range []struct {
		name, code string
		exit       int
		args       []string
		change     func(map[string]any)
	}{
		{"another extension", agent.CodeForbidden, 2, []string{"chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"}, nil},
		{"nobody", agent.CodeForbidden, 2, []string{}, nil},
		{"no portals", agent.CodeConfig, 3, nil, func(c map[string]any) { delete(c, "portals") }},
		{"unknown field", agent.CodeConfig, 3, nil, func(c map[string]any) { c["colour"] = 1 }},
		{"false key", agent.CodeConfig, 3, nil, func(c map[string]any) {
			c["portals"] = []map[string]string{{"name": "a", "origin": "https://a", "key": "x"}}
		}},
		{"no pinentry", agent.CodePinentry, 3, nil, func(c map[string]any) { c["pinentry"] = []string{"/nonexistent"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := *x
			y.t, y.config = t, map[string]any{}
			for k, v := range x.config {
				y.config[k] = v
			}
			if c.change != nil {
				c.change(y.config)
			}
			b := y.browse(c.args...)
			if got := b.hear(); got != `{"code":"`+c.code+`"}` {
				t.Errorf("got %s", got)
			}
			if len(c.args) > 0 || c.args == nil {
				for range 500 { // more than a pipe holds
					b.say(x.order())
				}
				_ = b.in.Close()
			}
			if code := b.exit(); code != c.exit || b.log.Len() == 0 {
				t.Errorf("exit %d, log %q", code, b.log)
			}
		})
	}
}

func tree(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if path != dir {
			rest, _ := filepath.Rel(dir, path)
			out = append(out, rest)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// install writes what browsers look for, in this person's folders alone; uninstall leaves nothing behind.
func TestInstall(t *testing.T) {
	x := surround(t, pinentry.Script{})
	config := writeConfig(t, x.config)
	for _, c := range []struct {
		name string
		home []string // folders that are there before
		args []string
		want []extension.Browser
		conf string // the place for settings below the home folder, where it is not .config
	}{
		{"nobody used a browser", nil, nil, extension.Browsers(), ""},
		{"one that is there", []string{".config/chromium"}, nil, []extension.Browser{extension.Chromium}, ""},
		{"two that are there", []string{".mozilla", ".config/yandex-browser"}, nil, []extension.Browser{extension.Yandex, extension.Firefox}, ""},
		{"a new Firefox", []string{".config/mozilla"}, nil, []extension.Browser{extension.Firefox}, ""},
		{"one that is named", []string{".config/chromium"}, []string{"--browser", "firefox"}, []extension.Browser{extension.Firefox}, ""},
		{"two that are named", nil, []string{"--browser", "chrome,chromium"}, []extension.Browser{extension.Chrome, extension.Chromium}, ""},
		{"settings in another place", []string{"etc/chromium", ".config/yandex-browser"}, nil, []extension.Browser{extension.Chromium}, "etc"},
		{"a new Firefox, settings in another place", []string{"etc/mozilla"}, nil, []extension.Browser{extension.Firefox}, "etc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := t.TempDir()
			for _, dir := range c.home {
				if err := os.MkdirAll(filepath.Join(home, dir, "profile"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			before := tree(t, home)
			conf := ""
			if c.conf != "" {
				conf = filepath.Join(home, c.conf)
			}
			env := []string{"HOME=" + home, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=" + conf}
			for range 2 { // again is no harm
				if out, errs, exit := run(t, env, append([]string{"install", "--config", config}, c.args...)...); exit != 0 {
					t.Fatalf("exit %d %s%s", exit, out, errs)
				}
			}
			launcher := filepath.Join(home, ".local/share/zaver/zaver-native-host")
			for _, b := range extension.Browsers() {
				got, err := os.ReadFile(extension.UserManifestIn(b, home, conf))
				if slices.Contains(c.want, b) != (err == nil) || err == nil && !strings.Contains(string(got), launcher) {
					t.Errorf("%s: %v %s", b, err, got)
				}
			}
			answerOf(t, launcher, x)
			if out, errs, exit := run(t, env, "uninstall"); exit != 0 {
				t.Fatalf("exit %d %s%s", exit, out, errs)
			}
			// The folders that all programs share may stay.
			shared := []string{".config", ".local", ".local/share"}
			isShared := func(s string) bool { return slices.Contains(shared, s) }
			before, after := slices.DeleteFunc(before, isShared), slices.DeleteFunc(tree(t, home), isShared)
			if !slices.Equal(before, after) {
				t.Errorf("left behind: %v, before: %v", after, before)
			}
		})
	}
	for name, args := range map[string][]string{"unknown browser": {"install", "--config", config, "--browser", "lynx"}, "no configuration": {"install", "--config", "/nonexistent"},
		"argument": {"uninstall", "chromium"}} {
		if _, errs, exit := run(t, []string{"HOME=" + t.TempDir()}, args...); exit != 2 && exit != 3 || !strings.Contains(errs, "zaver-agent: ") {
			t.Errorf("%s: exit %d %s", name, exit, errs)
		}
	}
}

// answerOf starts what the manifests name, as a browser does.
func answerOf(t *testing.T, launcher string, x *surroundings) {
	t.Helper()
	cmd := exec.Command(launcher, caller)
	cmd.Env = append(os.Environ(), x.env...)
	var in bytes.Buffer
	if err := nativemsg.WriteFrame(&in, fmt.Appendf(nil, `{"do":"hello","sender":%q}`, x.portal.URL)); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if body, err := nativemsg.ReadFrame(bytes.NewReader(out), nativemsg.MaxOut); err != nil || !strings.Contains(string(body), `"agent":"zaver"`) {
		t.Errorf("%v %s", err, body)
	}
}

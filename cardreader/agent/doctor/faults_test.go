// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/window"
	"zaver/signature/challenge"
	"zaver/softhsm-fixtures/fakepcscd"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/readers"
)

// injected is one fault: what breaks a healthy computer, and what the first line must say.
type injected struct {
	name   string
	code   string
	state  doctor.State // Fault when empty
	damage func(t *testing.T, x *computer)
}

func inject(t *testing.T, faults []injected) {
	t.Helper()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			x := newComputer(t)
			f.damage(t, x)
			if f.state == "" {
				f.state = doctor.Fault
			}
			expect(t, x.examine(), f.state, f.code)
		})
	}
}

func TestConfigurationFaults(t *testing.T) {
	fault := func(code string, err error) func(*testing.T, *computer) {
		return func(_ *testing.T, x *computer) {
			x.config.Settings = doctor.Settings{Fault: &doctor.SettingsFault{Code: code, Line: 3, Err: err}}
		}
	}
	inject(t, []injected{
		{name: "missing", code: doctor.CodeConfigMissing, damage: fault(doctor.CodeConfigMissing, fs.ErrNotExist)},
		{name: "malformed", code: doctor.CodeConfigMalformed, damage: fault(doctor.CodeConfigMalformed, errors.New("agent.json:3: unexpected comma"))},
		{name: "everybody may write", code: doctor.CodeConfigPermissions, damage: fault(doctor.CodeConfigPermissions, fs.ErrPermission)},
		{name: "wrong value", code: doctor.CodeConfigInvalid, damage: fault(doctor.CodeConfigInvalid, errors.New("port 70000"))},
		{name: "terminal file", code: doctor.CodeConfigTerminal, damage: func(_ *testing.T, x *computer) { x.config.Settings.Terminal = errors.New("no such file") }},
		{name: "no portal", code: doctor.CodeConfigNoPortal, damage: func(_ *testing.T, x *computer) { x.config.Settings.Portals = nil }},
		{name: "origin with a path", code: doctor.CodeConfigOrigin, damage: func(_ *testing.T, x *computer) { x.config.Settings.Portals[0].Origin = "https://portal.example/" }},
		{name: "plain http", code: doctor.CodeConfigOrigin, damage: func(_ *testing.T, x *computer) { x.config.Settings.Portals[0].Origin = "http://portal.example" }},
		{name: "half a key", code: doctor.CodeConfigKey, damage: func(_ *testing.T, x *computer) {
			x.config.Settings.Portals[0].Key = x.config.Settings.Portals[0].Key[:20]
		}},
	})
}

func TestSystemFaults(t *testing.T) {
	inject(t, []injected{
		{name: "runtime folder gone", code: doctor.CodeRuntimeDir, damage: func(_ *testing.T, x *computer) { x.env["XDG_RUNTIME_DIR"] = x.runtime + "-gone" }},
		{name: "runtime folder is a file", code: doctor.CodeRuntimeDir, damage: func(_ *testing.T, x *computer) {
			x.env["XDG_RUNTIME_DIR"] = x.file(x.root+"/run", "", 0o600)
			x.env["WAYLAND_DISPLAY"] = filepath.Join(x.runtime, "w0")
		}},
		{name: "disk full", code: doctor.CodeDisk, damage: func(_ *testing.T, x *computer) {
			x.config.Free = func(string) (uint64, error) { return 4096, nil }
		}},
		{name: "core dumps", code: doctor.CodeCoreDumps, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.config.Limits = func() doctor.Limits { return doctor.Limits{CoreDumps: true, LockedMemory: 1 << 20} }
		}},
		{name: "no locked memory", code: doctor.CodeLockedMemory, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.config.Limits = func() doctor.Limits { return doctor.Limits{} }
		}},
	})
}

func TestProfileFaults(t *testing.T) {
	folder := func(x *computer, content string) {
		x.config.Settings.Profiles = filepath.Dir(x.file(x.home+"/cards/mine.json", content, 0o600))
	}
	inject(t, []injected{
		{name: "no folder", code: doctor.CodeProfileFolder, damage: func(_ *testing.T, x *computer) { x.config.Settings.Profiles = x.home + "/cards" }},
		{name: "no JSON", code: doctor.CodeProfileMalformed, damage: func(_ *testing.T, x *computer) { folder(x, "{\n\"format\": \"zaver.card/v1\",\n]") }},
		{name: "unknown member", code: doctor.CodeProfileMalformed, damage: func(_ *testing.T, x *computer) {
			folder(x, "{\n\"format\": \"zaver.card/v1\",\n\"colour\": 1}")
		}},
		{name: "less secure than the program's own", code: doctor.CodeProfileMalformed, damage: func(t *testing.T, x *computer) {
			piv, err := os.ReadFile("../../card/profiles/piv.json")
			if err != nil {
				t.Fatal(err)
			}
			folder(x, regexp.MustCompile(`"aid": "[^"]*"`).ReplaceAllString(string(piv), `"aid": "F05A4156455255454301"`))
		}},
	})
	t.Run("the line is named", func(t *testing.T) {
		x := newComputer(t)
		folder(x, "{\n\"format\": \"zaver.card/v1\",\n]")
		if got := x.examine().Lines[0].Text; got != "Ошибка в вашем профиле карты, строка 3" {
			t.Errorf("got %q", got)
		}
	})
}

func TestServiceFaults(t *testing.T) {
	socket := func(serve func(net.Conn)) func(*testing.T, *computer) {
		return func(_ *testing.T, x *computer) {
			path := filepath.Join(x.runtime, "p")
			x.listen(path, serve)
			x.env[readers.SocketVariable] = path
		}
	}
	answer := func(b ...byte) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Read(make([]byte, 64))
			_, _ = c.Write(b)
			_ = c.Close()
		}
	}
	// other puts another daemon in the place of pcscd: the library keeps to one place.
	other := func(o fakepcscd.Options, f fakepcscd.Fault) func(*testing.T, *computer) {
		return func(t *testing.T, x *computer) {
			x.must(daemon.Stop())
			x.must(fakepcscd.RemoveSocket(daemon.Socket()))
			d, err := fakepcscd.Start(daemon.Socket(), o)
			x.must(err)
			if f.Command != 0 {
				d.Inject(f)
			}
			t.Cleanup(func() {
				d.Kill()
				x.must(daemon.Restart(context.Background()))
			})
		}
	}
	inject(t, []injected{
		{name: "not installed", code: doctor.CodeServiceMissing, state: doctor.Warning, damage: func(t *testing.T, x *computer) {
			x.env[readers.SocketVariable] = x.runtime + "/none"
			x.must(os.Remove(x.root + "/usr/sbin/pcscd"))
		}},
		{name: "not installed, and a card is wanted", code: doctor.CodeServiceMissing, damage: func(t *testing.T, x *computer) {
			x.config.Method = agent.MethodUEC
			x.env[readers.SocketVariable] = x.runtime + "/none"
			x.must(os.Remove(x.root + "/usr/sbin/pcscd"))
		}},
		{name: "socket removed", code: doctor.CodeServiceStopped, damage: func(_ *testing.T, x *computer) { x.env[readers.SocketVariable] = x.runtime + "/none" }},
		{name: "socket is an ordinary file", code: doctor.CodeServiceStopped, damage: func(_ *testing.T, x *computer) {
			x.env[readers.SocketVariable] = x.file(x.runtime+"/f", "", 0o600)
		}},
		{name: "killed", code: doctor.CodeServiceStopped, damage: func(t *testing.T, x *computer) {
			x.must(daemon.Kill())
			t.Cleanup(func() { x.must(daemon.Restart(context.Background())) })
		}},
		{name: "frozen", code: doctor.CodeServiceHung, damage: func(t *testing.T, x *computer) {
			x.must(daemon.Freeze())
			t.Cleanup(func() { x.must(daemon.Thaw()) })
		}},
		{name: "hangs up at once", code: doctor.CodeServicePolicy, damage: socket(func(c net.Conn) { _ = c.Close() })},
		{name: "hangs up after the greeting", code: doctor.CodeServicePolicy, damage: socket(answer())},
		{name: "newer protocol", code: doctor.CodeServiceProtocol, damage: socket(answer(5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))},
		{name: "refuses our protocol", code: doctor.CodeServiceProtocol, damage: socket(answer(4, 0, 0, 0, 3, 0, 0, 0, 0x1e, 0, 0x10, 0x80))},
		{name: "a newer service than the library", code: doctor.CodeServiceProtocol, damage: other(fakepcscd.Options{Major: 4, Minor: 5}, fakepcscd.Fault{})},
		{name: "a rule forbids more than the greeting", code: doctor.CodeServicePolicy,
			damage: other(fakepcscd.Options{}, fakepcscd.Fault{Command: fakepcscd.EstablishContext, RV: fakepcscd.RVSecurityViolation, Times: -1})},
		{name: "another program", code: doctor.CodeServiceForeign, damage: socket(answer([]byte("HTTP/1.1 400 Bad Request")...))},
		{name: "half an answer", code: doctor.CodeServiceForeign, damage: socket(answer(4, 0, 0, 0, 4))},
	})
}

// A user without rights on the socket is told so. The check runs as another user, for root may everything.
func TestServiceDenied(t *testing.T) {
	t.Run("any service", func(t *testing.T) {
		dir, err := os.MkdirTemp("", "denied") // open to others, unlike the test's own folders
		must(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		must(t, os.Chmod(dir, 0o755))
		socket := filepath.Join(dir, "s")
		l, err := net.Listen("unix", socket)
		must(t, err)
		t.Cleanup(func() { _ = l.Close() })
		closed(t, socket)
		expect(t, examineAsNobody(t, socket), doctor.Fault, doctor.CodeServiceDenied)
	})
	t.Run("pcscd", func(t *testing.T) {
		closed(t, daemon.Socket())
		expect(t, examineAsNobody(t, daemon.Socket()), doctor.Fault, doctor.CodeServiceDenied)
	})
}

func TestProgramFaults(t *testing.T) {
	program := func(script string) func(*testing.T, *computer) {
		return func(_ *testing.T, x *computer) {
			x.config.Pinentry = pinentry.Config{Argv: []string{x.file(x.runtime+"/pinentry", "#!/bin/sh\n"+script+"\n", 0o700)}, Env: os.Environ()}
		}
	}
	inject(t, []injected{
		{name: "pinentry missing", code: doctor.CodePinentryMissing, damage: func(_ *testing.T, x *computer) { x.config.Pinentry.Argv = []string{"/nonexistent/pinentry"} }},
		{name: "pinentry dies", code: doctor.CodePinentryBroken, damage: program("exit 1")},
		{name: "pinentry hangs", code: doctor.CodePinentryBroken, damage: program("sleep 60")},
		{name: "pinentry talks nonsense", code: doctor.CodePinentryBroken, damage: program("echo hello; cat >/dev/null")},
		{name: "wayland display gone", code: doctor.CodeDisplay, damage: func(_ *testing.T, x *computer) { x.env["WAYLAND_DISPLAY"] = "w9" }},
		{name: "x display gone", code: doctor.CodeDisplay, damage: func(_ *testing.T, x *computer) {
			delete(x.env, "WAYLAND_DISPLAY")
			x.env["DISPLAY"] = ":4711"
		}},
		{name: "no screen", code: doctor.CodeNoScreen, damage: func(_ *testing.T, x *computer) {
			delete(x.env, "WAYLAND_DISPLAY")
			x.config.Pinentry = pinentry.Config{}
		}},
		{name: "window missing", code: doctor.CodeWindowMissing, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.config.Window = &window.Config{Path: x.runtime + "/zaver-window", Env: []string{"DISPLAY=:1"}}
		}},
		{name: "window may not be run", code: doctor.CodeWindowMissing, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.config.Window = &window.Config{Path: x.file(x.runtime+"/zaver-window", "", 0o600), Env: []string{"DISPLAY=:1"}}
		}},
	})
}

func TestPortalFaults(t *testing.T) {
	inject(t, portalFaults())
	inject(t, []injected{
		{name: "clock fast", code: doctor.CodeClockOff, damage: func(_ *testing.T, x *computer) { x.skew.Store(int64(-10 * time.Minute)) }},
		{name: "clock slow", code: doctor.CodeClockOff, damage: func(_ *testing.T, x *computer) { x.skew.Store(int64(3 * time.Minute)) }},
		{name: "clock years off, so that TLS fails", code: doctor.CodeClockOff, damage: func(_ *testing.T, x *computer) {
			x.config.Now = func() time.Time { return time.Date(1984, 1, 1, 0, 0, 0, 0, time.UTC) }
		}},
		{name: "other key", code: doctor.CodePortalKey, damage: func(t *testing.T, x *computer) {
			_, other, err := challenge.GenerateKey("portal.test")
			x.must(err)
			x.config.Settings.Portals[0].Key = other
		}},
	})
}

func TestRevocationFaults(t *testing.T) {
	service := func(s pki.Service, f pki.Fault) func(*testing.T, *computer) {
		return func(t *testing.T, _ *computer) {
			centre.SetFault(s, f)
			t.Cleanup(func() { centre.SetFault(s, pki.None) })
		}
	}
	inject(t, []injected{
		{name: "OCSP fails", code: doctor.CodeOCSPUnreachable, state: doctor.Warning, damage: service(pki.OCSP, pki.Fail)},
		{name: "OCSP hangs", code: doctor.CodeOCSPUnreachable, state: doctor.Warning, damage: service(pki.OCSP, pki.Stall)},
		{name: "OCSP dies", code: doctor.CodeOCSPUnreachable, state: doctor.Warning, damage: service(pki.OCSP, pki.Die)},
		{name: "CRL fails", code: doctor.CodeCRLUnreachable, state: doctor.Warning, damage: service(pki.CRL, pki.Fail)},
		{name: "CRL hangs", code: doctor.CodeCRLUnreachable, state: doctor.Warning, damage: service(pki.CRL, pki.Stall)},
		{name: "CRL is garbage", code: doctor.CodeCRLUnreachable, state: doctor.Warning, damage: service(pki.CRL, pki.Garbage)},
		{name: "CRL is elsewhere", code: doctor.CodeCRLUnreachable, state: doctor.Warning, damage: service(pki.CRL, pki.Redirect)},
	})
}

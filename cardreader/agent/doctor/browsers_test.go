// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/nativemsg/extension"
)

func (c *computer) manifest(b extension.Browser) string { return extension.UserManifest(b, c.home) }

// rewrite changes a file.
func (c *computer) rewrite(path, old, fresh string) {
	c.t.Helper()
	b, err := os.ReadFile(path)
	c.must(err)
	if !strings.Contains(string(b), old) {
		c.t.Fatalf("%s does not hold %q", path, old)
	}
	c.file(path, strings.ReplaceAll(string(b), old, fresh), 0o755)
}

// door puts a program behind the agent's port.
func (c *computer) door(answer http.HandlerFunc) {
	c.t.Helper()
	s := httptest.NewServer(answer)
	c.t.Cleanup(s.Close)
	c.config.Settings.Port = s.Listener.Addr().(*net.TCPAddr).Port
}

func agentDoor(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Origin") == "" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"code":"agent.origin"}`))
		return
	}
	_, _ = w.Write([]byte(`{"agent":"zaver","version":"1","protocol":1,"busy":false}`))
}

// sandboxed makes Chromium come from snap, and from nowhere else.
func sandboxed(x *computer) {
	x.must(os.Remove(x.root + "/usr/bin/chromium"))
	x.file(x.root+"/snap/bin/chromium", "", 0o755)
}

func TestBrowserFaults(t *testing.T) {
	chromium := extension.Chromium
	var faults []injected
	for _, b := range extension.Browsers() {
		only := func(x *computer) {
			x.must(os.Remove(x.root + "/usr/bin/chromium"))
			x.browser(b)
		}
		faults = append(faults,
			injected{name: string(b) + "/no manifest", code: doctor.CodeManifestMissing, damage: func(_ *testing.T, x *computer) {
				only(x)
				x.must(os.Remove(x.manifest(b)))
			}},
			injected{name: string(b) + "/wrong extension", code: doctor.CodeManifestExtension, damage: func(_ *testing.T, x *computer) {
				only(x)
				id := extension.ChromiumID
				if b.Gecko() {
					id = extension.GeckoID
				}
				x.rewrite(x.manifest(b), id, "someone-else")
			}},
			injected{name: string(b) + "/no extension", code: doctor.CodeExtensionMissing, damage: func(_ *testing.T, x *computer) {
				only(x)
				x.extension(b, false, false)
			}},
			injected{name: string(b) + "/extension off", code: doctor.CodeExtensionOff, damage: func(_ *testing.T, x *computer) {
				only(x)
				x.extension(b, true, false)
			}})
	}
	inject(t, append(faults, []injected{
		{name: "manifest is no JSON", code: doctor.CodeManifestMalformed, damage: func(_ *testing.T, x *computer) { x.file(x.manifest(chromium), "{", 0o644) }},
		{name: "manifest of another host", code: doctor.CodeManifestMalformed, damage: func(_ *testing.T, x *computer) {
			x.rewrite(x.manifest(chromium), extension.HostName, "org.example.other")
		}},
		{name: "relative path", code: doctor.CodeManifestMalformed, damage: func(_ *testing.T, x *computer) {
			x.rewrite(x.manifest(chromium), filepath.Join(x.home, ".local/zaver-launch"), "zaver-launch")
		}},
		{name: "launcher gone", code: doctor.CodeManifestProgram, damage: func(_ *testing.T, x *computer) { x.must(os.Remove(x.home + "/.local/zaver-launch")) }},
		{name: "launcher may not be run", code: doctor.CodeManifestProgram, damage: func(_ *testing.T, x *computer) { x.must(os.Chmod(x.home+"/.local/zaver-launch", 0o600)) }},
		{name: "program behind the launcher gone", code: doctor.CodeManifestProgram, damage: func(_ *testing.T, x *computer) {
			x.rewrite(x.home+"/.local/zaver-launch", x.program, x.program+"-old")
		}},
		{name: "another program", code: doctor.CodeManifestOther, damage: func(_ *testing.T, x *computer) {
			x.rewrite(x.manifest(chromium), filepath.Join(x.home, ".local/zaver-launch"), "/bin/true")
		}},
		{name: "another program behind the launcher", code: doctor.CodeManifestOther, damage: func(_ *testing.T, x *computer) {
			x.rewrite(x.home+"/.local/zaver-launch", x.program, "/bin/true")
		}},
		{name: "policy blocks messaging", code: doctor.CodeBrowserPolicy, damage: func(_ *testing.T, x *computer) {
			x.json(x.root+"/etc/chromium/policies/managed/a.json", map[string]any{"NativeMessagingBlocklist": []string{"*"}})
		}},
		{name: "policy blocks extensions", code: doctor.CodeBrowserPolicy, damage: func(_ *testing.T, x *computer) {
			x.json(x.root+"/etc/chromium/policies/managed/a.json", map[string]any{"ExtensionInstallBlocklist": []string{"*"}})
		}},
		{name: "Firefox policy blocks extensions", code: doctor.CodeBrowserPolicy, damage: func(_ *testing.T, x *computer) {
			x.browser(extension.Firefox)
			x.json(x.root+"/etc/firefox/policies/policies.json", map[string]any{"policies": map[string]any{"ExtensionSettings": map[string]any{"*": map[string]any{"installation_mode": "blocked"}}}})
		}},
		{name: "snap, agent running", code: doctor.CodeBrowserSandbox, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			sandboxed(x)
			x.door(agentDoor)
		}},
		{name: "flatpak", code: doctor.CodeBrowserSandbox, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.file(x.root+"/var/lib/flatpak/app/org.mozilla.firefox/current", "", 0o644)
			x.door(agentDoor)
		}},
		{name: "no manifest, asked through another browser", code: doctor.CodeManifestMissing, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.must(os.Remove(x.manifest(chromium)))
			x.config.Native = true
		}},
		{name: "no extension, agent running", code: doctor.CodeExtensionMissing, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.extension(chromium, false, false)
			x.door(agentDoor)
		}},
	}...))
}

func TestAllowedByPolicy(t *testing.T) {
	x := newComputer(t)
	x.json(x.root+"/etc/chromium/policies/managed/a.json", map[string]any{"NativeMessagingBlocklist": []string{"*"}, "NativeMessagingAllowlist": []string{extension.HostName},
		"ExtensionInstallBlocklist": []string{"*"}, "ExtensionInstallForcelist": []string{extension.ChromiumID + ";https://example.com/update.xml"}})
	if r := x.examine(); r.Exit != 0 {
		t.Errorf("got %+v", r.Lines[0])
	}
}

func TestDoorFaults(t *testing.T) {
	policy := func(name string, patterns ...string) func(*testing.T, *computer) {
		return func(_ *testing.T, x *computer) {
			sandboxed(x)
			x.door(agentDoor)
			if patterns == nil {
				patterns = []string{x.portal.URL}
			}
			x.json(x.root+"/etc/chromium/policies/managed/lna.json", map[string]any{name: patterns})
		}
	}
	inject(t, []injected{
		{name: "not running, and snap needs it", code: doctor.CodeDoorStopped, damage: func(_ *testing.T, x *computer) { sandboxed(x) }},
		{name: "not running, no browser", code: doctor.CodeDoorStopped, state: doctor.Warning, damage: func(_ *testing.T, x *computer) { x.must(os.Remove(x.root + "/usr/bin/chromium")) }},
		{name: "taken by a web server", code: doctor.CodeDoorTaken, damage: func(_ *testing.T, x *computer) {
			sandboxed(x)
			x.door(http.NotFound)
		}},
		{name: "taken by something mute", code: doctor.CodeDoorTaken, damage: func(t *testing.T, x *computer) {
			sandboxed(x)
			_, port, err := net.SplitHostPort(tcp(t, func(net.Conn) {}))
			x.must(err)
			x.config.Settings.Port, err = net.LookupPort("tcp", port)
			x.must(err)
		}},
		{name: "taken, but the native way is there", code: doctor.CodeDoorTaken, state: doctor.Warning, damage: func(_ *testing.T, x *computer) { x.door(http.NotFound) }},
		{name: "held by another user's agent", code: doctor.CodeDoorOtherUser, damage: func(_ *testing.T, x *computer) {
			sandboxed(x)
			x.door(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"code":"agent.other_user"}`))
			})
		}},
		{name: "held by another user who plays the agent", code: doctor.CodeDoorOtherUser, damage: func(_ *testing.T, x *computer) {
			sandboxed(x)
			x.door(agentDoor)
			x.config.HeldByAnother = func(port int) bool { return port == x.config.Settings.Port }
		}},
		{name: "held by another user, but the native way is there", code: doctor.CodeDoorOtherUser, state: doctor.Warning, damage: func(_ *testing.T, x *computer) {
			x.door(agentDoor)
			x.config.HeldByAnother = func(int) bool { return true }
		}},
		{name: "running agent knows another portal", code: doctor.CodeDoorOrigin, damage: func(_ *testing.T, x *computer) {
			sandboxed(x)
			x.door(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"code":"agent.origin"}`))
			})
		}},
		{name: "old policy forbids", code: doctor.CodeDoorPolicy, damage: policy("LocalNetworkAccessBlockedForUrls")},
		{name: "new policy forbids", code: doctor.CodeDoorPolicy, damage: policy("LoopbackNetworkBlockedForUrls", "*")},
		{name: "the person forbade it", code: doctor.CodeDoorBlocked, damage: func(_ *testing.T, x *computer) {
			sandboxed(x)
			x.door(agentDoor)
			x.json(filepath.Join(x.home, ".config/chromium/Default/Preferences"), map[string]any{"profile": map[string]any{"content_settings": map[string]any{
				"exceptions": map[string]any{"loopback_network": map[string]any{x.portal.URL + ",*": map[string]any{"setting": 2}}}}}})
		}},
	})
}

func TestDoorGrantedByPolicy(t *testing.T) {
	for name, patterns := range map[string]string{"origin": "", "host": "127.0.0.1", "star": "*"} {
		t.Run(name, func(t *testing.T) {
			x := newComputer(t)
			x.door(agentDoor)
			if patterns == "" {
				patterns = x.portal.URL
			}
			x.json(x.root+"/etc/chromium/policies/managed/a.json", map[string]any{"LoopbackNetworkAllowedForUrls": []string{patterns}})
			r := x.examine()
			if r.Exit != 0 {
				t.Errorf("got %+v", r.Lines[0])
			}
			if !strings.Contains(codes(r), doctor.CodeDoorPolicyGrant) {
				t.Errorf("the grant is not told: %s", codes(r))
			}
		})
	}
}

func codes(r doctor.Report) string {
	var out []string
	for _, l := range r.Lines {
		out = append(out, l.Code)
	}
	return strings.Join(out, " ")
}

// A person who keeps settings elsewhere has Chromium's profiles and the manifest there.
func TestSettingsElsewhere(t *testing.T) {
	x := newComputer(t)
	elsewhere := t.TempDir()
	x.must(os.Rename(filepath.Join(x.home, ".config", "chromium"), filepath.Join(elsewhere, "chromium")))
	if r := x.examine(); !strings.Contains(codes(r), doctor.CodeManifestMissing) {
		t.Fatalf("the browser has other places than this test knows: %s", codes(r))
	}
	x.env["XDG_CONFIG_HOME"] = elsewhere
	if r := x.examine(); r.Exit != 0 || strings.Contains(codes(r), doctor.CodeManifestMissing) || strings.Contains(codes(r), doctor.CodeExtensionMissing) {
		t.Errorf("got %+v", r.Lines[0])
	}
}

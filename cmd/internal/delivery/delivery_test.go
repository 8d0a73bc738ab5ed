// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent/update/publish"
)

// Nfpm is the packager, outside the module graph; the Makefile names the same version.
var nfpm = []string{"env", "-u", "GOARCH", "-u", "GOAMD64", "go", "run", "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0"}

const portals = `{"portals": [{"name": "Demo", "origin": "https://portal.example", "key": "portal.example+00000000+AAAA"}], "updates": {"url": "https://updates.example/"}}` + "\n"

var moment = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// configFile is an agent's configuration as an operator would give it.
func configFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agent.json")
	if err := os.WriteFile(path, []byte(portals), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rootFile is the root of a publisher of updates.
func rootFile(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	keys, err := publish.Generate(filepath.Join(dir, "keys"), publish.Roles()...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := publish.Create(filepath.Join(dir, "repository"), keys, moment)
	if err != nil {
		t.Fatal(err)
	}
	return r.RootPath()
}

func mustBuild(t *testing.T, source, version, updateRoot string) []string {
	t.Helper()
	var log bytes.Buffer
	made, err := Build(t.Context(), Config{Source: source, Out: t.TempDir(), Version: version, Agent: configFile(t), UpdateRoot: updateRoot,
		Moment: moment, Nfpm: nfpm, Log: &log})
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	return made
}

// TestPackages makes the packages once, and again elsewhere from a copy of the source with empty caches; then it installs them.
func TestPackages(t *testing.T) {
	root := moduleRoot(t)
	trusted := rootFile(t)
	first := mustBuild(t, root, "1.2.3", trusted)
	t.Run("what is in them", func(t *testing.T) { contains(t, first) })
	next := mustBuild(t, root, "1.2.4", trusted)
	t.Run("deb comes and goes", func(t *testing.T) { debLife(t, first[1], next[1]) })
	t.Run("rpm comes and goes", func(t *testing.T) { rpmLife(t, first[2], next[2]) })
	t.Run("lintian", func(t *testing.T) { lintian(t, first[1]) })
	t.Run("sums", func(t *testing.T) {
		cmd := exec.Command("sha256sum", "--check", "--strict", first[3])
		cmd.Dir = filepath.Dir(first[3])
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("the same bytes elsewhere", func(t *testing.T) {
		copied := copySource(t, root)
		t.Setenv("GOCACHE", t.TempDir())
		t.Setenv("TMPDIR", t.TempDir())
		t.Setenv("TZ", "Asia/Vladivostok")
		t.Setenv("GOARCH", "arm64")
		t.Setenv("GOAMD64", "v2")
		defer syscall.Umask(syscall.Umask(0o077))
		for i, path := range mustBuild(t, copied, "1.2.3", trusted) {
			if !bytes.Equal(read(t, path), read(t, first[i])) {
				t.Errorf("%s differs", filepath.Base(path))
			}
		}
	})
}

// copySource copies what the build reads to a place with another path.
func copySource(t *testing.T, root string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "another", "place")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		place, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", ".cache", "bin", "build", "docs", "testdata", "node_modules"}, d.Name()) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, place), 0o700)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		return os.WriteFile(filepath.Join(to, place), read(t, path), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tool runs a program that must succeed and returns what it printed.
func tool(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}

func contains(t *testing.T, made []string) {
	deb, rpm := tool(t, "dpkg-deb", "-c", made[1]), tool(t, "rpm", "-qplv", made[2])
	for _, want := range []string{"/usr/bin/zaver-agent", "/usr/libexec/zaver/zaver-window", "/usr/libexec/zaver/zaver-update", "/usr/share/zaver/update/root.json", "/usr/libexec/zaver/native-host", "/etc/zaver/agent.json",
		"/etc/chromium/native-messaging-hosts/ru.zaver.agent.json", "/etc/opt/chrome/native-messaging-hosts/ru.zaver.agent.json",
		"/etc/opt/yandex-browser/native-messaging-hosts/ru.zaver.agent.json", "/usr/lib/mozilla/native-messaging-hosts/ru.zaver.agent.json",
		"/usr/share/chromium/extensions/zaver/manifest.json", "/usr/lib/systemd/user/zaver-agent.service", "/usr/lib/systemd/user/zaver-agent.socket",
		"/usr/lib/systemd/user/sockets.target.wants/zaver-agent.socket", "/usr/share/applications/zaver-agent.desktop",
		"/usr/share/man/man1/zaver-agent.1.gz", "/usr/share/man/ru/man1/zaver-agent.1.gz", "/usr/share/bash-completion/completions/zaver-agent",
		"/usr/share/zsh/vendor-completions/_zaver-agent", "/usr/share/doc/zaver-agent/zaver-agent.cdx.json"} {
		if !strings.Contains(deb, want) {
			t.Errorf("deb lacks %s", want)
		}
		if !strings.Contains(rpm, want) {
			t.Errorf("rpm lacks %s", want)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(deb), "\n") {
		if !strings.Contains(line, "root/root") || strings.Contains(line[:10], "w--w") || line[8] == 'w' {
			t.Errorf("not root's alone to change: %s", line)
		}
	}
}

// root of an installed system: a folder in which the packages come and go.
func leftOvers(t *testing.T, dir string, apart ...string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		place := strings.TrimPrefix(path, dir)
		for _, a := range apart {
			if place == a || strings.HasPrefix(place, a+"/") {
				return nil
			}
		}
		if err == nil && !d.IsDir() {
			out = append(out, place)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func debLife(t *testing.T, deb, next string) {
	dir := t.TempDir()
	admin := filepath.Join(dir, "var/lib/dpkg")
	for _, d := range []string{"info", "updates", "triggers"} {
		if err := os.MkdirAll(filepath.Join(admin, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(admin, "status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg := func(args ...string) {
		tool(t, append([]string{"dpkg", "--root=" + dir, "--force-depends", "--force-not-root", "--force-script-chrootless"}, args...)...)
	}
	dpkg("--install", deb)
	if out := tool(t, filepath.Join(dir, "usr/bin/zaver-agent"), "version"); out != "zaver-agent 1.2.3\n" {
		t.Errorf("installed agent says %q", out)
	}
	config := filepath.Join(dir, "etc/zaver/agent.json")
	if err := os.WriteFile(config, []byte(portals+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg("--install", "--force-confold", next)
	if out := tool(t, filepath.Join(dir, "usr/bin/zaver-agent"), "version"); out != "zaver-agent 1.2.4\n" {
		t.Errorf("upgraded agent says %q", out)
	}
	if got := string(read(t, config)); got != portals+"\n" {
		t.Error("the upgrade replaced the administrator's configuration")
	}
	seen(t, dir)
	dpkg("--remove", "zaver-agent")
	if diff := cmp.Diff([]string{"/etc/zaver/agent.json", "/var/lib/zaver/updates/seen.json"}, leftOvers(t, dir, "/var/lib/dpkg", "/var/log")); diff != "" {
		t.Errorf("after removal (-configuration +there):\n%s", diff)
	}
	dpkg("--purge", "zaver-agent")
	if left := leftOvers(t, dir, "/var/lib/dpkg", "/var/log"); len(left) > 0 {
		t.Errorf("after purging: %s", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "var/lib/zaver")); err == nil {
		t.Error("the folder /var/lib/zaver was left")
	}
}

func rpmLife(t *testing.T, rpm, next string) {
	dir := t.TempDir()
	run := func(args ...string) { tool(t, append([]string{"rpm", "--root", dir, "--nodeps"}, args...)...) }
	tool(t, "rpm", "--root", dir, "--initdb")
	run("--install", rpm)
	if out := tool(t, filepath.Join(dir, "usr/bin/zaver-agent"), "version"); out != "zaver-agent 1.2.3\n" {
		t.Errorf("installed agent says %q", out)
	}
	seen(t, dir)
	shell(t, dir)
	run("--upgrade", next)
	if _, err := os.Stat(filepath.Join(dir, "var/lib/zaver/updates/seen.json")); err != nil {
		t.Errorf("the upgrade forgot what was seen of updates: %v", err)
	}
	run("--erase", "zaver-agent")
	if left := leftOvers(t, dir, append(shellFiles(t), "/var/lib/rpm", "/usr/lib/sysimage", "/root")...); len(left) > 0 {
		t.Errorf("after removal: %s", left)
	}
	for _, ours := range []string{"etc/zaver", "etc/opt/chrome", "usr/libexec/zaver", "usr/share/chromium/extensions/zaver", "usr/share/doc/zaver-agent", "var/lib/zaver"} {
		if _, err := os.Stat(filepath.Join(dir, ours)); err == nil {
			t.Errorf("the folder /%s was left", ours)
		}
	}
}

// seen leaves what an update by root leaves.
func seen(t *testing.T, dir string) {
	t.Helper()
	folder := filepath.Join(dir, "var/lib/zaver/updates")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "seen.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shellFiles are what a script needs in a root of its own: rpm runs it there.
func shellFiles(t *testing.T) []string {
	t.Helper()
	list := []string{"/bin/sh", "/bin/rm", "/bin/rmdir"}
	for _, program := range list {
		for _, word := range strings.Fields(tool(t, "ldd", program)) {
			if strings.HasPrefix(word, "/") && !slices.Contains(list, word) {
				list = append(list, word)
			}
		}
	}
	return list
}

func shell(t *testing.T, dir string) {
	t.Helper()
	for _, file := range shellFiles(t) {
		to := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, read(t, file), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// tolerated are lintian's findings with the reason why they stay.
var tolerated = map[string]string{
	"no-manual-page":                     "programs of libexec are called by the agent and by browsers alone",
	"file-in-etc-not-marked-as-conffile": "browsers look for manifests in /etc only; they are no configuration and must go with the agent",
	"dir-or-file-in-etc-opt":             "that is where Chrome and Yandex Browser look",
	"unknown-field":                      "nfpm writes the licence into the control file, too",
	"initial-upload-closes-no-bugs":      "the package is the project's own, not an upload to Debian",
}

func lintian(t *testing.T, deb string) {
	cmd := exec.Command("lintian", "--allow-root", "--fail-on", "none", "--tag-display-limit", "0", deb)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != "E:" && f[0] != "W:" {
			continue
		}
		if tolerated[f[2]] == "" {
			t.Error(line)
		}
	}
}

func TestUnits(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"zaver-agent.service", "zaver-agent.socket", "zaver-agent-ip6.socket"} {
		content, err := files.ReadFile("files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.ReplaceAll(content, []byte("/usr/bin/zaver-agent"), []byte("/bin/true"))
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Run("systemd can read them", func(t *testing.T) {
		out, err := exec.Command("systemd-analyze", "verify", "--user", "--man=no", filepath.Join(dir, "zaver-agent.service"), filepath.Join(dir, "zaver-agent-ip6.socket")).CombinedOutput()
		if err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("%v\n%s", err, out)
		}
	})
	// What the agent opens of its own: without netlink it could not say who holds a busy card.
	t.Run("sockets", func(t *testing.T) {
		content, err := files.ReadFile("files/zaver-agent.service")
		if err != nil {
			t.Fatal(err)
		}
		if want := "\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"; !strings.Contains(string(content), want) {
			t.Errorf("not %q", want)
		}
	})
	t.Run("exposure", func(t *testing.T) {
		out := tool(t, "systemd-analyze", "security", "--offline=true", "--user", filepath.Join(dir, "zaver-agent.service"))
		_, rest, found := strings.Cut(out, "Overall exposure level for zaver-agent.service: ")
		level, err := strconv.ParseFloat(strings.Fields(rest + " x")[0], 64)
		if !found || err != nil || level > 2.0 {
			t.Errorf("exposure is not 2.0 or less:\n%s", out[max(0, len(out)-200):])
		}
	})
}

func TestWrongConfig(t *testing.T) {
	good := Config{Source: ".", Out: t.TempDir(), Version: "1.0.0", Agent: "none", Moment: time.Unix(1, 0), Nfpm: []string{"false"}, Log: io.Discard}
	for _, c := range []struct {
		name, want string
		change     func(*Config)
	}{
		{"version", "not of the form", func(c *Config) { c.Version = "1.0" }},
		{"version with a blank", "not of the form", func(c *Config) { c.Version = "1.0.0 " }},
		{"version that no client compares", "not of the form", func(c *Config) { c.Version = "1.02.0" }},
		{"no moment", "whole second", func(c *Config) { c.Moment = time.Time{} }},
		{"part of a second", "whole second", func(c *Config) { c.Moment = time.Unix(1, 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := good
			c.change(&x)
			if _, err := Build(t.Context(), x); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

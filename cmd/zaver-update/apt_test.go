// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/publish"
)

// debianRoot is a folder in which the real apt-get and dpkg work as if it were the system's: nothing outside of it is read or written.
type debianRoot struct {
	x    *computer
	dir  string
	conf string // of apt
}

func newDebianRoot(x *computer) *debianRoot {
	x.t.Helper()
	d := &debianRoot{x: x, dir: x.t.TempDir()}
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt", "etc/apt"} {
		x.must(os.MkdirAll(filepath.Join(d.dir, dir), 0o755))
	}
	x.must(os.WriteFile(filepath.Join(d.dir, "var/lib/dpkg/status"), nil, 0o644))
	d.conf = filepath.Join(d.dir, "apt.conf")
	x.must(os.WriteFile(d.conf, fmt.Appendf(nil, `Dir "%[1]s/";
Dir::State::status "%[1]s/var/lib/dpkg/status";
Dir::Bin::dpkg "/usr/bin/dpkg";
DPkg::Options { "--root=%[1]s"; "--force-not-root"; "--log=%[1]s/var/log/dpkg.log"; };
`, d.dir), 0o644))
	x.sys.prefix = ""
	x.sys.execute = func(argv, env []string, out io.Writer) error {
		x.ran = append(x.ran, argv)
		return execute(argv, append([]string{"APT_CONFIG=" + d.conf}, env...), out)
	}
	return d
}

// deb makes a package with a configuration file; more are lines of its control file.
func (d *debianRoot) deb(name, version string, more ...string) string {
	d.x.t.Helper()
	tree := d.x.t.TempDir()
	control := fmt.Sprintf("Package: %s\nVersion: %s-1\nArchitecture: all\nMaintainer: zaver <agent@zaver.example>\nDescription: made by a test\n%s", name, version, strings.Join(append(more, ""), "\n"))
	for path, content := range map[string]string{"DEBIAN/control": control, "DEBIAN/conffiles": "/etc/" + name + ".json\n", "etc/" + name + ".json": version, "usr/bin/" + name: version} {
		d.x.must(os.MkdirAll(filepath.Join(tree, filepath.Dir(path)), 0o755))
		d.x.must(os.WriteFile(filepath.Join(tree, path), []byte(content), 0o644))
	}
	d.x.must(os.Chmod(tree, 0o755))
	path := filepath.Join(d.x.t.TempDir(), name+"_"+version+"-1_amd64.deb")
	d.runs("dpkg-deb", "--build", "--root-owner-group", tree, path)
	return path
}

func (d *debianRoot) runs(argv ...string) string {
	d.x.t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		d.x.t.Fatalf("%v: %v\n%s", argv, err, out)
	}
	return string(out)
}

func (d *debianRoot) dpkg(args ...string) string {
	d.x.t.Helper()
	return d.runs(append([]string{"dpkg", "--root=" + d.dir, "--force-not-root", "--log=/dev/null"}, args...)...)
}

func (d *debianRoot) publish(path string) {
	d.x.t.Helper()
	keys := publish.Keys{}
	for _, role := range publish.Roles() {
		maps.Copy(keys, d.x.m.Keys(role))
	}
	r, err := publish.Open(d.x.m.Dir(), day)
	d.x.must(err)
	d.x.must(r.Publish(keys, update.Notes{}, path))
}

func (d *debianRoot) holds(path, want string) {
	d.x.t.Helper()
	if b, err := os.ReadFile(filepath.Join(d.dir, path)); err != nil || string(b) != want {
		d.x.t.Errorf("%s holds %q, want %q: %v", path, b, want, err)
	}
}

// The real apt-get takes the package by its path from the folder that nobody else can read, with the arguments that we give it.
func TestRealAptGet(t *testing.T) {
	for _, c := range []struct {
		name  string
		more  []string // of the new package's control file
		code  string   // empty: installed
		wants string   // what apt-get says of a refusal
	}{
		{"newer", nil, "", ""},
		{"that would have another package removed", []string{"Conflicts: neighbour"}, update.CodeInstall, "Packages need to be removed"},
		{"that needs what is not there", []string{"Depends: nowhere (>= 1)"}, update.CodeInstall, "unmet dependencies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newComputer(t)
			d := newDebianRoot(x)
			d.dpkg("--install", d.deb("zaver-agent", "1.1.0"), d.deb("neighbour", "1.0.0"))
			x.must(os.WriteFile(filepath.Join(d.dir, "etc/zaver-agent.json"), []byte("the administrator's"), 0o644))
			d.publish(d.deb("zaver-agent", "1.3.0", c.more...))
			a, _ := x.answers("install")
			if a.Code != c.code || !strings.Contains(x.stderr.String(), c.wants) {
				t.Errorf("got %q, want %q: %s\n%s", a.Code, c.code, a.Detail, x.stderr.String())
			}
			version := map[bool]string{true: "1.3.0", false: "1.1.0"}[c.code == ""]
			if out := d.runs("dpkg-query", "--admindir="+filepath.Join(d.dir, "var/lib/dpkg"), "--show", "--showformat=${Package} ${Version} ${db:Status-Abbrev}\n"); out != "neighbour 1.0.0-1 ii \nzaver-agent "+version+"-1 ii \n" {
				t.Errorf("installed are\n%s", out)
			}
			d.holds("usr/bin/zaver-agent", version)
			d.holds("etc/zaver-agent.json", "the administrator's")
			left, err := filepath.Glob(filepath.Join(x.state, "packages", "*.deb"))
			if err != nil || (len(left) == 0) != (c.code == "") {
				t.Errorf("the folder of packages holds %v, %v", left, err)
			}
		})
	}
}

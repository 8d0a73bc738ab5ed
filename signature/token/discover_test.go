// SPDX-License-Identifier: Apache-2.0

package token

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/cert"
)

var testTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDiscover(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lib := func(name string) string { return filepath.Join(root, "lib", name) }
	for _, name := range []string{"librtpkcs11ecp.so", "opensc-pkcs11.so", "own.so", "vendor.so", "p11-kit-proxy.so", "p11-kit-trust.so", "ours.so", "theirs.so", "roots.so"} {
		write(t, lib(name), "")
	}
	if err := os.Symlink(lib("vendor.so"), lib("vendor-link.so")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(lib("p11-kit-trust.so"), lib("libnssckbi.so")); err != nil {
		t.Fatal(err)
	}
	registry := map[string]string{
		"usr/opensc.module":   "# comment: no\nmodule: opensc-pkcs11.so\n",
		"usr/vendor.module":   "priority: 3\n module :  " + lib("vendor-link.so") + " \n",
		"usr/again.module":    "module: " + lib("vendor.so"),
		"usr/proxy.module":    "module: p11-kit-proxy.so",
		"usr/trust.module":    "module: p11-kit-trust.so\ntrust-policy: yes",
		"usr/roots.module":    "module: roots.so\ntrust-policy: yes",
		"usr/nss.module":      "module: libnssckbi.so",
		"usr/remote.module":   "remote: |ssh host p11-kit remote\nmodule: own.so",
		"usr/ours.module":     "module: ours.so\nenable-in: firefox, zaver-agent",
		"usr/theirs.module":   "module: theirs.so\nenable-in: firefox",
		"usr/off.module":      "module: theirs.so\ndisable-in: zaver-agent",
		"usr/override.module": "module: theirs.so",
		"etc/override.module": "module:\n",
		"usr/gone.module":     "module: removed.so",
		"usr/relative.module": "module: ../lib/theirs.so",
		"usr/notes.txt":       "module: theirs.so",
		"usr/garbage.module":  "\x00\x01module: theirs.so\n:::\n",
	}
	for name, content := range registry {
		write(t, filepath.Join(root, name), content)
	}
	h, err := New(Config{Worker: []string{"true"}, Modules: []string{"own.so", lib("own.so"), lib("missing.so")}, Known: true, P11Kit: true,
		LibraryDirs: []string{lib("")}, RegistryDirs: []string{filepath.Join(root, "usr"), filepath.Join(root, "etc"), filepath.Join(root, "nowhere")}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	t.Chdir(filepath.Join(root, "usr")) // from where the relative path would lead to a library
	_, problems := h.discover()
	got := h.Modules()
	// What the user named, the known drivers, the registry by file name; OpenSC once although it is in both.
	want := []string{lib("own.so"), lib("librtpkcs11ecp.so"), lib("opensc-pkcs11.so"), lib("vendor.so"), lib("ours.so")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(problems) != 1 || problems[0].Module != lib("missing.so") || problems[0].Code != CodeModule {
		t.Errorf("problems %v, want the missing named module alone", problems)
	}
}

// TestRegistryOfThisSystem uses p11-kit's real registry, in which Debian's SoftHSM and OpenSC register themselves.
func TestRegistryOfThisSystem(t *testing.T) {
	h, err := New(Config{Worker: []string{"true"}, P11Kit: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var names []string
	for _, path := range h.Modules() {
		names = append(names, filepath.Base(path))
	}
	for _, want := range []string{"libsofthsm2.so", "opensc-pkcs11.so"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
	if slices.Contains(names, "p11-kit-trust.so") {
		t.Error("p11-kit's trust module is offered as a token driver")
	}
}

func TestScrub(t *testing.T) {
	got := scrub([]string{"HOME=/h", "LD_PRELOAD=/evil.so", "LD_LIBRARY_PATH=/e", "GODEBUG=x", "SOFTHSM2_CONF=/c", "PATH=/e", "AWS_SECRET=1", "HOMER=1"}, []string{"SOFTHSM2_CONF=/mine"})
	want := []string{"PATH=/usr/bin:/bin", "GOTRACEBACK=none", "HOME=/h", "SOFTHSM2_CONF=/c", "SOFTHSM2_CONF=/mine"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJudge(t *testing.T) {
	year := 365 * 24 * time.Hour
	good := func() *cert.Certificate {
		return &cert.Certificate{PublicKey: testPublicKey(t), NotBefore: testTime.Add(-year), NotAfter: testTime.Add(year)}
	}
	tests := []struct {
		name   string
		change func(*cert.Certificate)
		want   string
	}{
		{"good", func(*cert.Certificate) {}, ""},
		{"first moment", func(c *cert.Certificate) { c.NotBefore = testTime }, ""},
		{"last moment", func(c *cert.Certificate) { c.NotAfter = testTime }, ""},
		{"early", func(c *cert.Certificate) { c.NotBefore = testTime.Add(time.Second) }, ReasonNotYetValid},
		{"expired", func(c *cert.Certificate) { c.NotAfter = testTime.Add(-time.Second) }, ReasonExpired},
		{"key's time over", func(c *cert.Certificate) { c.KeyNotAfter = testTime.Add(-time.Second) }, ReasonKeyExpired},
		{"key's time to come", func(c *cert.Certificate) { c.KeyNotBefore = testTime.Add(time.Second) }, ReasonNotYetValid},
		{"key's time on", func(c *cert.Certificate) { c.KeyNotAfter = testTime.Add(time.Second) }, ""},
		{"authority", func(c *cert.Certificate) { c.IsCA = true }, ReasonCA},
		{"encryption only", func(c *cert.Certificate) { c.HasKeyUsage, c.KeyUsage = true, cert.KeyEncipherment }, ReasonKeyUsage},
		{"signature", func(c *cert.Certificate) { c.HasKeyUsage, c.KeyUsage = true, cert.DigitalSignature }, ""},
		{"non-repudiation", func(c *cert.Certificate) { c.HasKeyUsage, c.KeyUsage = true, cert.NonRepudiation }, ""},
		{"no key usage said", func(c *cert.Certificate) { c.KeyUsage = 0 }, ""},
		{"key that nobody knows", func(c *cert.Certificate) { c.PublicKey = nil }, ReasonUnsupportedKey},
	}
	for _, tt := range tests {
		c := good()
		tt.change(c)
		if got := Judge(c, testTime); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestCodes keeps the list for the catalogue complete and free of repetition.
func TestCodes(t *testing.T) {
	seen := make(map[string]bool)
	for _, code := range Codes() {
		if seen[code] || !strings.HasPrefix(code, "token.") {
			t.Errorf("code %q", code)
		}
		seen[code] = true
	}
	for _, o := range cert.Obstacles() {
		if !seen["token."+string(o)] {
			t.Errorf("obstacle %q has no reason", o)
		}
	}
}

// TestSetup gives a module what the configuration says, else what the registry says; a variable that changes the process itself gets through in no way.
func TestSetup(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lib := func(name string) string { return filepath.Join(root, name) }
	for _, name := range []string{"one.so", "two.so", "three.so", "four.so"} {
		write(t, lib(name), "")
		write(t, filepath.Join(root, "registry", name+".module"), "module: "+lib(name)+"\nx-init-reserved: of the registry\n")
	}
	t.Setenv("ZAVER_TEST_PASSED", "yes")
	t.Setenv("LD_PRELOAD_TEST", "no")
	h, err := New(Config{Worker: []string{"true"}, Modules: []string{lib("one.so"), lib("two.so")}, P11Kit: true, RegistryDirs: []string{filepath.Join(root, "registry")},
		Setup: map[string]Setup{lib("one.so"): {Parameters: "of the path"}, "three.so": {Parameters: "of the name",
			Env: []string{"ZAVER_TEST_PASSED", "ZAVER_TEST_ABSENT", "LD_PRELOAD_TEST", "LD_PRELOAD=/evil.so", "GODEBUG=x", "HOME=/elsewhere", "", "=x"}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for name, want := range map[string]string{"one.so": "of the path", "two.so": "of the registry", "three.so": "of the name", "four.so": "of the registry"} {
		if got := h.setup(lib(name)).Parameters; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	got := h.setup(lib("three.so")).environ([]string{"PATH=/bin", "HOME=/h"})
	if diff := cmp.Diff([]string{"PATH=/bin", "ZAVER_TEST_PASSED=yes", "HOME=/elsewhere"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestContainers finds CryptoPro's containers on disks, and only where no token has anything to offer.
func TestContainers(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{"with/person.000/header.key": "x", "with/other.001/header.key": "x", "folder/person.000/name.key": "x",
		"longer/person-long.000/header.key": "x", "file/person.000": "x", "number/person.0a0/header.key": "x"} {
		write(t, filepath.Join(root, name), content)
	}
	h, err := New(Config{Worker: []string{"true"}, Containers: []string{filepath.Join(root, "*"), filepath.Join(root, "["), filepath.Join(root, "absent")}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	_, problems := h.List(t.Context())
	if len(problems) != 1 || problems[0].Code != CodeCryptoPro || problems[0].Module != filepath.Join(root, "with") {
		t.Errorf("%v, want the folder with containers alone", problems)
	}
}

// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"archive/zip"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"zaver/cardreader/agent/doctor"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
)

// bare is the environment of a computer without anything of ours.
func bare(t *testing.T) []string {
	t.Helper()
	return []string{"HOME=" + t.TempDir(), "XDG_CONFIG_HOME=", "XDG_RUNTIME_DIR=" + t.TempDir(), "DISPLAY=", "WAYLAND_DISPLAY=", "LC_ALL=", "LC_MESSAGES=", "LANG=",
		"PCSCLITE_CSOCK_NAME=" + filepath.Join(t.TempDir(), "none")}
}

func examine(t *testing.T, env []string, args ...string) (doctor.Report, int) {
	t.Helper()
	out, errs, exit := run(t, env, append([]string{"doctor", "--json"}, args...)...)
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Format != doctor.Format || len(r.Lines) == 0 {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	if errs != "" {
		t.Errorf("on standard error: %s", errs)
	}
	return r, exit
}

func TestDoctorOnConfiguration(t *testing.T) {
	file := func(content string, mode os.FileMode) string {
		path := filepath.Join(t.TempDir(), "agent.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ name, path, code, text string }{
		{"none", filepath.Join(t.TempDir(), "none.json"), doctor.CodeConfigMissing, "no configuration file"},
		{"malformed", file("{\n \"portals\": [\n}", 0o600), doctor.CodeConfigMalformed, "line 3"},
		{"unknown field", file("{\n \"portal\": []}", 0o600), doctor.CodeConfigMalformed, "line 2"},
		{"open to all", file("{}", 0o666), doctor.CodeConfigPermissions, "everybody"},
		{"bad port", file(`{"loopback":{"port":70000}}`, 0o600), doctor.CodeConfigInvalid, "value"},
		{"no portal", file("{}", 0o600), doctor.CodeConfigNoPortal, "no portal"},
		{"terminal", file(`{"terminal":"/nonexistent","portals":[]}`, 0o600), doctor.CodeConfigTerminal, "terminal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, exit := examine(t, bare(t), "--config", c.path)
			if first := r.Lines[0]; first.Code != c.code || exit != 3 || !strings.Contains(first.Text, c.text) {
				t.Errorf("exit %d, %+v", exit, first)
			}
		})
	}
}

func TestDoctorCommandLine(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		exit int
		out  string
		errs string
	}{
		{"help", []string{"doctor", "--help"}, 0, "13 service", ""},
		{"unknown method", []string{"doctor", "--method", "sms"}, 2, "", `unknown method "sms"`},
		{"unknown language", []string{"doctor", "--lang", "de"}, 2, "", `unknown language "de"`},
		{"argument", []string{"doctor", "now"}, 2, "", `unexpected argument "now"`},
		{"English", []string{"doctor", "--lang", "en"}, 3, "Cause: The agent has no configuration file", ""},
		{"Russian", []string{"doctor", "--lang", "ru"}, 3, "Причина: Нет файла настроек агента", ""},
		{"bundle that is there", []string{"doctor", "--bundle", "/dev/null"}, 1, "", "does not exist yet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, exit := run(t, bare(t), c.args...)
			if exit != c.exit || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
				t.Errorf("exit %d\n%s%s", exit, out, errs)
			}
		})
	}
}

func TestDoctorSpeaksTheLocale(t *testing.T) {
	for locale, want := range map[string]string{"ru_RU.UTF-8": "Причина", "en_GB.UTF-8": "Cause", "C": "Cause"} {
		out, _, _ := run(t, append(bare(t), "LC_ALL="+locale), "doctor")
		if !strings.Contains(out, want) || strings.Contains(out, "\x1b") {
			t.Errorf("%s: %s", locale, out)
		}
	}
}

func TestDoctorBundle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "support.zip")
	env := bare(t)
	_, errs, exit := run(t, env, "doctor", "--lang", "en", "--bundle", path)
	if exit != 3 || !strings.Contains(errs, "Look into it") {
		t.Errorf("exit %d: %s", exit, errs)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(strings.NewReader(string(b)), int64(len(b)))
	if err != nil || len(archive.File) != len(doctor.BundleFiles()) {
		t.Errorf("%v: %d files", err, len(archive.File))
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: %v", err, info.Mode())
	}
}

// The page gets the report through the running agent's door, without anything that identifies.
func TestDoctorForThePage(t *testing.T) {
	x := surround(t, pinentry.Script{})
	x.start()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:"+strconv.Itoa(x.port)+"/v1/doctor", strings.NewReader(`{"lang":"en"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", x.portal.URL)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var r doctor.Report
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil || r.Format != doctor.Format || r.Language != "en" || r.Equipment.Tokens == 0 {
		t.Fatalf("%v: %+v", err, r)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	vera := people.TokenHolder()
	for _, secret := range []string{`"detail"`, vera.Surname, vera.SNILS, x.portal.URL, "/usr/", "/tmp/", "libsofthsm"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the page's report holds %q: %s", secret, text)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// broken is a computer with something wrong in nearly every area, so that its report has many details to hide.
func broken(t *testing.T) (x *computer, secrets []string) {
	x = newComputer(t)
	x.config.Method = ""
	x.config.Settings.Profiles = filepath.Dir(x.file(x.home+"/cards/mine.json", "{\n]", 0o600))
	x.config.Settings.Portals = append(x.config.Settings.Portals, doctor.Portal{Name: "Тайный", Origin: "https://secret-portal.invalid", Key: "x"})
	s, err := storeWith(t.Context(), t.TempDir(), pki.Expired)
	x.must(err)
	x.use(s.Env(), s.Module(), x.fault(faultmodule.Crash("C_Initialize")), x.home+"/librtpkcs11ecp.so")
	x.insert(uecCard(t, pki.Expired, nil))
	x.must(os.Remove(x.manifest("chromium")))
	x.config.Pinentry.Argv = []string{x.home + "/pinentry"}
	x.config.Window = &window.Config{Path: x.home + "/zaver-window", Env: []string{"DISPLAY=:1"}}
	host, err := os.Hostname()
	x.must(err)
	if len(host) < 4 {
		host = "" // may stand in any word
	}
	vera, card := people.TokenHolder(), people.CardHolder()
	secrets = []string{x.home, secretHome, x.root, x.program, host, vera.Surname, vera.SNILS, card.Surname, card.SNILS, vera.PINs.Token, "secret-portal", "Тайный",
		x.portal.URL, "Virtual PCD", "librtpkcs11ecp", "/tmp", "/usr/lib", "libsofthsm"}
	for _, p := range []people.Person{vera, card} {
		secrets = append(secrets, p.FullName(), p.Given, p.Patronymic)
	}
	return x, secrets
}

func scan(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			t.Errorf("%s holds %q:\n%s", where, s, text)
		}
	}
}

// What a page or support gets tells nobody's computer from another's.
func TestPublicReportHoldsNothingThatIdentifies(t *testing.T) {
	for _, language := range []words.Language{words.Russian, words.English} {
		t.Run(string(language), func(t *testing.T) {
			x, secrets := broken(t)
			x.config.Language = language
			r := x.examine()
			if len(r.Lines) == 0 || r.Exit == 0 {
				t.Fatalf("nothing is wrong: %+v", r)
			}
			var own, public bytes.Buffer
			if err := r.WriteJSON(&own); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(own.String(), secretHome) {
				t.Fatal("the person's own report has no details: the scan below proves nothing")
			}
			if err := r.Public().WriteJSON(&public); err != nil {
				t.Fatal(err)
			}
			scan(t, "the public report", public.String(), secrets)
			if r.Lines[0].Detail == "" {
				t.Error("Public changed the report itself")
			}
		})
	}
}

func TestBundle(t *testing.T) {
	x, secrets := broken(t)
	r := x.examine()
	var out bytes.Buffer
	if err := doctor.WriteBundle(&out, x.config, r); err != nil {
		t.Fatal(err)
	}
	files := unzip(t, out.Bytes())
	var names []string
	for name, content := range files {
		names = append(names, name)
		scan(t, name, content, secrets)
	}
	slices.Sort(names)
	wanted := doctor.BundleFiles()
	slices.Sort(wanted)
	if diff := cmp.Diff(wanted, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	var system doctor.System
	if err := json.Unmarshal([]byte(files["system.json"]), &system); err != nil {
		t.Fatal(err)
	}
	if system.OS != "debian 12" || system.Session != "wayland" || system.Agent != "1.2.3" {
		t.Errorf("got %+v", system)
	}
	var again bytes.Buffer
	if err := doctor.WriteBundle(&again, x.config, r); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Errorf("the same report makes another bundle: %v", err)
	}
}

// A machine that was told to give itself away in its own description does not get it into a bundle.
func TestBundleDropsWhatHasNotItsForm(t *testing.T) {
	x := newComputer(t)
	x.file(x.root+"/etc/os-release", "ID=\"ivan petrov's laptop\"\nVERSION_ID=\"+7 900 000-00-00\"\n", 0o644)
	x.file(x.root+"/proc/sys/kernel/osrelease", "6.1.0-ivan-petrov", 0o644)
	x.env["XDG_SESSION_TYPE"] = "ivan"
	x.config.Version = "1.0 built by ivan@laptop"
	var out bytes.Buffer
	if err := doctor.WriteBundle(&out, x.config, doctor.Report{}); err != nil {
		t.Fatal(err)
	}
	system := unzip(t, out.Bytes())["system.json"]
	scan(t, "system.json", system, []string{"ivan", "900", "laptop"})
	if !strings.Contains(system, `"kernel": "6.1"`) {
		t.Errorf("got %s", system)
	}
}

func unzip(t *testing.T, b []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range archive.File {
		if f.Modified.Year() >= 1980 || f.Comment != "" || len(f.Extra) > 0 || f.ExternalAttrs != 0 {
			t.Errorf("%s says more than its content: %+v", f.Name, f.FileHeader)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(content)
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/portal/download"
)

const deb = "zaver-agent_0.4.0-1_amd64.deb"

func shelf(t *testing.T) *download.Shelf {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{deb: "abc", "SHA256SUMS": "secret"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := download.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Who has no agent gets it from the page, with the command and the hash; a portal without packages tells what to ask for.
func TestHelpOffersPackages_G3(t *testing.T) {
	s, _ := fixture(t, func(c *Config) { c.Packages = shelf(t) })
	page := ask(s, http.MethodGet, "/help/agent", "", "Accept-Language", "ru").Body.String()
	for _, want := range []string{`href="/packages/` + deb + `"`, "sudo apt install ./" + deb, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "0,1 МБ"} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	bare, _ := fixture(t, nil)
	if page := ask(bare, http.MethodGet, "/help/agent", "", "Accept-Language", "ru").Body.String(); strings.Contains(page, "/packages/") || !strings.Contains(page, "Ключ портала") {
		t.Error("a portal without packages offers some, or no key")
	}
}

func TestPackagesAreHandedOut(t *testing.T) {
	s, _ := fixture(t, func(c *Config) { c.Packages = shelf(t) })
	w := ask(s, http.MethodGet, "/packages/"+deb, "")
	if w.Code != http.StatusOK || w.Body.String() != "abc" || w.Header().Get("Content-Disposition") != "attachment; filename="+deb ||
		w.Header().Get("X-Content-Type-Options") != "nosniff" || len(w.Result().Cookies()) != 0 {
		t.Errorf("got %d %q %v", w.Code, w.Body, w.Header())
	}
	if w := ask(s, http.MethodGet, "/packages/"+deb, "", "Range", "bytes=1-", "If-Range", w.Header().Get("ETag")); w.Code != http.StatusPartialContent || w.Body.String() != "bc" {
		t.Errorf("rest: %d %q", w.Code, w.Body)
	}
	if w := ask(s, http.MethodHead, "/packages/"+deb, ""); w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "3" {
		t.Errorf("head: %d %q %v", w.Code, w.Body, w.Header())
	}
	for _, name := range []string{"SHA256SUMS", "..%2f..%2fetc%2fpasswd", "zaver-agent_9-1_amd64.deb", ""} {
		if w := ask(s, http.MethodGet, "/packages/"+name, ""); w.Code != http.StatusNotFound {
			t.Errorf("%q: %d", name, w.Code)
		}
	}
	bare, _ := fixture(t, nil)
	if w := ask(bare, http.MethodGet, "/packages/"+deb, ""); w.Code != http.StatusNotFound {
		t.Errorf("without packages: %d", w.Code)
	}
}

func TestHandingOutIsBounded(t *testing.T) {
	s, _ := fixture(t, func(c *Config) { c.Packages = shelf(t) })
	for range maxGivers {
		s.givers <- struct{}{}
	}
	if w := ask(s, http.MethodGet, "/packages/"+deb, ""); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
	<-s.givers
	if w := ask(s, http.MethodGet, "/packages/"+deb, ""); w.Code != http.StatusOK {
		t.Errorf("with a place: %d", w.Code)
	}
}

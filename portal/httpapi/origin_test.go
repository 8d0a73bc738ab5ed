// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOtherNamesOfThisComputerLeadToTheOrigin(t *testing.T) {
	for _, c := range []struct{ name, origin, method, host, path, want string }{
		{"the origin itself", "http://127.0.0.1:8080", "GET", "127.0.0.1:8080", "/who", ""},
		{"localhost", "http://127.0.0.1:8080", "GET", "localhost:8080", "/register/link?token=a%20b", "http://127.0.0.1:8080/register/link?token=a%20b"},
		{"IPv6", "http://localhost:8080", "GET", "[::1]:8080", "/", "http://localhost:8080/"},
		{"a path that looks like a host", "http://127.0.0.1:8080", "GET", "localhost:8080", "//evil.example/", ""},
		{"a form", "http://127.0.0.1:8080", "POST", "localhost:8080", "/who", ""},
		{"a tunnel's port", "http://127.0.0.1:8080", "GET", "localhost:9090", "/who", ""},
		{"a proxy with a name", "https://portal.example", "GET", "127.0.0.1:8080", "/who", ""},
		{"another computer", "http://127.0.0.1:8080", "GET", "evil.example:8080", "/who", ""},
		{"the agent's door", "http://127.0.0.1:8080", "GET", "localhost:8080", "/agent/v1/key", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := fixture(t, func(config *Config) { config.Origin = c.origin })
			r := httptest.NewRequest(c.method, c.path, http.NoBody)
			r.Host = c.host
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			got := ""
			if w.Code == http.StatusFound {
				got = w.Header().Get("Location")
			}
			if got != c.want {
				t.Errorf("status %d, leads to %q instead of %q", w.Code, got, c.want)
			}
		})
	}
}

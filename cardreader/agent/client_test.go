// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"net/http"
	"strings"
	"testing"
)

// A ticket in plain text leaves this machine neither through a proxy of the environment nor to whatever address a name
// for loopback leads to.
func TestPlainHTTPStaysHere(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:3128")
	t.Setenv("http_proxy", "http://192.0.2.1:3128")
	t.Setenv("ALL_PROXY", "http://192.0.2.1:3128")
	for _, target := range []string{"http://localhost:8080/", "http://127.0.0.1/", "http://portal.example/"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if proxy, err := proxyOnlyHTTPS(r); proxy != nil || err != nil {
			t.Errorf("%s goes through %v, %v", target, proxy, err)
		}
	}
	for _, target := range []string{"http://192.0.2.1/", "http://[2001:db8::1]/", "http://0.0.0.0:9/"} {
		_, err := newClient(nil).do(t.Context(), http.MethodGet, target, "Ticket x", "", "ru", nil)
		if err == nil || !strings.Contains(err.Error(), "is refused") {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package loopback_test

import (
	"os"
	"testing"

	"zaver/cardreader/agent"
)

// Everybody who is signed in on a computer has the address 127.0.0.1: another person's browser, and another person's programs with any
// header that they like, reach nothing behind the door.
func TestAnotherUserOfThisComputer(t *testing.T) {
	h := open(t)
	h.door.Answer(uint32(os.Geteuid()) + 1)
	for _, c := range []struct {
		name   string
		knock  knock
		code   string
		origin bool // the portal's page may read the answer
	}{
		{"confirm", knock{}, agent.CodeOtherUser, true},
		{"hello", knock{method: "GET", path: "/v1/hello"}, agent.CodeOtherUser, true},
		{"doctor", knock{path: "/v1/doctor", body: `{"lang":"ru"}`}, agent.CodeOtherUser, true},
		{"before a request for confirm", knock{method: "OPTIONS", header: []string{"Access-Control-Request-Method: POST"}}, agent.CodeOtherUser, true},
		{"foreign page", knock{origin: "https://evil.example"}, agent.CodeOrigin, false},
		{"foreign name", knock{host: "evil.example"}, agent.CodeHost, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := h.send(t, c.knock)
			if got := codeOf(t, resp); resp.StatusCode/100 != 4 || got != c.code {
				t.Errorf("status %d, code %q", resp.StatusCode, got)
			}
			if got := resp.Header.Get("Access-Control-Allow-Origin"); (got == h.Portal.URL) != c.origin {
				t.Errorf("readable by %q", got)
			}
		})
	}
	if n := h.Touched.Load() + h.Asked.Load(); n != 0 || h.Agent.Busy() {
		t.Errorf("%d touches of device, dialogs or portal", n)
	}
	h.door.Answer(uint32(os.Geteuid()))
	if resp := h.send(t, knock{method: "GET", path: "/v1/hello"}); resp.StatusCode != 200 {
		t.Errorf("one's own: status %d", resp.StatusCode)
	}
}

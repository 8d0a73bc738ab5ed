// SPDX-License-Identifier: Apache-2.0

package loopback_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"zaver/cardreader/agent/loopback"
)

func socket(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

func TestSocketsHandedOver(t *testing.T) {
	h := open(t)
	four := socket(t, "127.0.0.1:0")
	door, err := loopback.Listen(t.Context(), loopback.Config{Agent: h.Agent, Port: portOf(four), Listeners: []net.Listener{four}})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = door.Serve(t.Context()) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+four.Addr().String()+"/v1/hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", h.Portal.URL)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("status %d", answer.StatusCode)
	}
}

func TestWrongSocketsHandedOver(t *testing.T) {
	h := open(t)
	for _, c := range []struct {
		name, want string
		addresses  []string
		port       int
	}{
		{"every address", "no loopback address", []string{"0.0.0.0:0"}, 0},
		{"another port than configured", "not on port 1", []string{"127.0.0.1:0"}, 1},
		{"two ports", "not on port", []string{"127.0.0.1:0", "127.0.0.1:0"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sockets []net.Listener
			for _, a := range c.addresses {
				sockets = append(sockets, socket(t, a))
			}
			port := c.port
			if port == 0 {
				port = portOf(sockets[0])
			}
			_, err := loopback.Listen(t.Context(), loopback.Config{Agent: h.Agent, Port: port, Listeners: sockets})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package loopback_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zaver/cardreader/agent/loopback"
)

// dial opens a connection to the door and says something.
func (h *house) dial(t *testing.T, said string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", h.door.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, said) // one that was refused at once may be closed already
	return c
}

// A request whose body never comes is answered, and its connection is given up: whoever holds many would shut everybody else out.
func TestBodyThatNeverComes(t *testing.T) {
	h := open(t, func(c *loopback.Config) { c.Wait(50 * time.Millisecond) })
	page := "Host: " + h.door.Addr() + "\r\nOrigin: " + h.Portal.URL + "\r\nContent-Type: application/json\r\n"
	for _, c := range []struct{ name, head, status string }{
		{"another name", "POST /v1/confirm HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100\r\n", "421"},
		{"foreign page", "POST /v1/confirm HTTP/1.1\r\nHost: " + h.door.Addr() + "\r\nOrigin: https://evil.example\r\nContent-Length: 100\r\n", "403"},
		{"greeting", "GET /v1/hello HTTP/1.1\r\n" + page + "Content-Length: 100\r\n", "200"},
		{"no such path", "POST /v1/sign HTTP/1.1\r\n" + page + "Content-Length: 100\r\n", "404"},
		{"in pieces", "POST /v1/sign HTTP/1.1\r\n" + page + "Transfer-Encoding: chunked\r\n", "404"},
		{"confirm", "POST /v1/confirm HTTP/1.1\r\n" + page + "Content-Length: 100\r\n", "400"},
		{"announced", "POST /v1/sign HTTP/1.1\r\n" + page + "Content-Length: 100\r\nExpect: 100-continue\r\n", "404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := io.ReadAll(h.dial(t, c.head+"\r\n"))
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+c.status) {
				t.Errorf("%q, %v", answer, err)
			}
		})
	}
}

// A foreign page that knocks without end writes some lines and no more.
func TestRefusalsFillNoDisk(t *testing.T) {
	var log lines
	h := open(t, func(c *loopback.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 60 {
		if resp := h.send(t, knock{origin: "https://evil.example"}); resp.StatusCode != http.StatusForbidden {
			t.Fatalf("status %d", resp.StatusCode)
		}
	}
	if n := log.n.Load(); n == 0 || n > 40 { // a minute may end meanwhile
		t.Errorf("%d lines", n)
	}
}

// lines counts what is logged.
type lines struct{ n atomic.Int64 }

func (l *lines) Write(b []byte) (int, error) {
	l.n.Add(1)
	return len(b), nil
}

// Another user of this computer can hold connections as long as they like, and can't shut the agent's own person out.
func TestAnotherUserTakesAllConnections(t *testing.T) {
	h := open(t, func(c *loopback.Config) { c.Wait(time.Hour) })
	h.door.Answer(uint32(os.Geteuid()) + 1)
	refused := 0
	for range loopback.MaxConnections + 8 {
		c := h.dial(t, "POST /v1/confirm HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100\r\n\r\n")
		if _, err := c.Read(make([]byte, 1)); err != nil {
			refused++
		}
	}
	if want := loopback.MaxConnections + 8 - loopback.ForeignConnections; refused != want {
		t.Errorf("%d connections refused, want %d", refused, want)
	}
	h.door.Answer(uint32(os.Geteuid()))
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/v1/hello", h.door.Addr()), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", h.Portal.URL)
	answer, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("status %d", answer.StatusCode)
	}
}

// SPDX-License-Identifier: Apache-2.0

package loopback_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/loopback"
	"zaver/cardreader/agent/words"
	"zaver/softhsm-fixtures/doorstep"
)

// house is an open door with an agent behind it.
type house struct {
	*doorstep.House
	door *loopback.Door
}

func open(t *testing.T, change ...func(*loopback.Config)) *house {
	t.Helper()
	h := &house{House: doorstep.Build(t)}
	c := loopback.Config{Agent: h.Agent, Version: "test"}
	for _, f := range change {
		f(&c)
	}
	var err error
	if h.door, err = loopback.Listen(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- h.door.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return h
}

func (h *house) body() string {
	return fmt.Sprintf(`{"origin":%q,"request":%q,"ticket":%q,"method":"token","lang":"ru"}`, h.Portal.URL, doorstep.RequestID, doorstep.Ticket)
}

// knock is one raw request; the zero value is what a portal's page sends.
type knock struct {
	method, path, host, origin, kind, body string
	header                                 []string // "Name: value", added
}

func (h *house) send(t *testing.T, k knock) *http.Response {
	t.Helper()
	or := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	or(&k.method, "POST")
	or(&k.path, "/v1/confirm")
	or(&k.host, h.door.Addr())
	or(&k.origin, h.Portal.URL)
	or(&k.kind, "application/json")
	if k.body == "" && k.method == "POST" {
		k.body = h.body()
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", k.method, k.path)
	for _, f := range []struct{ name, value string }{{"Host", k.host}, {"Origin", k.origin}, {"Content-Type", k.kind}} {
		if f.value != "-" {
			fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
		}
	}
	for _, line := range k.header {
		b.WriteString(line + "\r\n")
	}
	fmt.Fprintf(&b, "Connection: close\r\nContent-Length: %d\r\n\r\n%s", len(k.body), k.body)
	c, err := net.Dial("tcp", h.door.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := c.Write(b.Bytes()); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Logf("write: %v", err) // the door may have answered and closed already
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return resp
}

func codeOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	var b struct{ Code string }
	if err := json.NewDecoder(resp.Body).Decode(&b); err != nil {
		return ""
	}
	return b.Code
}

// Requests that no page of a portal sends. None reaches the agent's devices, its dialogs or the network.
func TestHostileRequests(t *testing.T) {
	h := open(t)
	_, port, _ := net.SplitHostPort(h.door.Addr())
	good := h.body()
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, c := range []struct {
		name   string
		knock  knock
		status int
		code   string
	}{
		{"rebinding name", knock{host: "evil.example:" + port}, 421, agent.CodeHost},
		{"localhost name", knock{host: "localhost:" + port}, 421, agent.CodeHost},
		{"host without port", knock{host: "127.0.0.1"}, 421, agent.CodeHost},
		{"host with another port", knock{host: "127.0.0.1:1"}, 421, agent.CodeHost},
		{"host with a dot", knock{host: "127.0.0.1.:" + port}, 421, agent.CodeHost},
		{"host in decimal", knock{host: "2130706433:" + port}, 421, agent.CodeHost},
		{"host mapped", knock{host: "[::ffff:127.0.0.1]:" + port}, 421, agent.CodeHost},
		{"wildcard DNS host", knock{host: "127.0.0.1.nip.io:" + port}, 421, agent.CodeHost},
		{"absolute target", knock{path: "http://evil.example/v1/confirm"}, 421, agent.CodeHost},
		{"foreign origin", knock{origin: "https://evil.example"}, 403, agent.CodeOrigin},
		{"no origin", knock{origin: "-"}, 403, agent.CodeOrigin},
		{"null origin", knock{origin: "null"}, 403, agent.CodeOrigin},
		{"origin with a slash", knock{origin: h.Portal.URL + "/"}, 403, agent.CodeOrigin},
		{"origin as a prefix", knock{origin: h.Portal.URL + ".evil.example"}, 403, agent.CodeOrigin},
		{"origin as a suffix", knock{origin: "https://evil.example?" + h.Portal.URL}, 403, agent.CodeOrigin},
		{"origin in capitals", knock{origin: strings.ToUpper(h.Portal.URL)}, 403, agent.CodeOrigin},
		{"two origins in a line", knock{origin: h.Portal.URL + " https://evil.example"}, 403, agent.CodeOrigin},
		{"two origin lines", knock{header: []string{"Origin: https://evil.example"}}, 403, agent.CodeOrigin},
		{"agent's own origin", knock{origin: "http://" + h.door.Addr()}, 403, agent.CodeOrigin},
		{"look-alike origin in punycode", knock{origin: "https://xn--prtal-jye.example"}, 403, agent.CodeOrigin},
		{"look-alike origin in letters", knock{origin: "https://pоrtal.example"}, 403, agent.CodeOrigin},
		{"origin of another scheme", knock{origin: strings.Replace(h.Portal.URL, "http:", "https:", 1)}, 403, agent.CodeOrigin},
		{"fenced frame", knock{header: []string{"Sec-Fetch-Dest: fencedframe"}}, 403, agent.CodeOrigin},
		{"script", knock{method: "GET", path: "/v1/hello", header: []string{"Sec-Fetch-Dest: script"}}, 403, agent.CodeOrigin},
		{"prefetch by navigation", knock{method: "GET", path: "/v1/hello", header: []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}}, 403, agent.CodeOrigin},
		{"doctor for a stranger", knock{path: "/v1/doctor", origin: "https://evil.example", body: `{"lang":"ru"}`}, 403, agent.CodeOrigin},
		{"doctor by rebinding", knock{path: "/v1/doctor", host: "evil.example:" + port, body: `{"lang":"ru"}`}, 421, agent.CodeHost},
		{"doctor by GET", knock{method: "GET", path: "/v1/doctor"}, 405, agent.CodeRequest},
		{"doctor in plain text", knock{path: "/v1/doctor", kind: "text/plain", body: `{"lang":"ru"}`}, 415, agent.CodeRequest},
		{"doctor with another field", knock{path: "/v1/doctor", body: `{"lang":"ru","path":"/etc"}`}, 400, agent.CodeRequest},
		{"doctor in no language", knock{path: "/v1/doctor", body: `{"lang":"de"}`}, 400, agent.CodeRequest},
		{"no doctor here", knock{path: "/v1/doctor", body: `{"lang":"ru"}`}, 404, agent.CodeRequest},
		{"extension", knock{origin: "chrome-extension://abcdefghijklmnop"}, 403, agent.CodeOrigin},
		{"same-origin fetch", knock{header: []string{"Sec-Fetch-Site: same-origin"}}, 403, agent.CodeOrigin},
		{"typed address", knock{header: []string{"Sec-Fetch-Site: none"}}, 403, agent.CodeOrigin},
		{"form post", knock{header: []string{"Sec-Fetch-Mode: navigate"}, kind: "application/x-www-form-urlencoded"}, 403, agent.CodeOrigin},
		{"image", knock{method: "GET", path: "/v1/hello", header: []string{"Sec-Fetch-Dest: image"}}, 403, agent.CodeOrigin},
		{"frame", knock{method: "GET", path: "/v1/hello", header: []string{"Sec-Fetch-Dest: iframe"}}, 403, agent.CodeOrigin},
		{"no-cors fetch", knock{header: []string{"Sec-Fetch-Mode: no-cors"}}, 403, agent.CodeOrigin},
		{"websocket", knock{method: "GET", header: []string{"Sec-Fetch-Mode: websocket", "Upgrade: websocket"}}, 403, agent.CodeOrigin},
		{"plain text", knock{kind: "text/plain"}, 415, agent.CodeRequest},
		{"form encoding", knock{kind: "application/x-www-form-urlencoded"}, 415, agent.CodeRequest},
		{"no type", knock{kind: "-"}, 415, agent.CodeRequest},
		{"JSON in another charset", knock{kind: "application/json; charset=utf-16"}, 415, agent.CodeRequest},
		{"JSON by another name", knock{kind: "application/json+x"}, 415, agent.CodeRequest},
		{"compressed", knock{header: []string{"Content-Encoding: gzip"}}, 415, agent.CodeRequest},
		{"GET", knock{method: "GET"}, 405, agent.CodeRequest},
		{"PUT", knock{method: "PUT", body: good}, 405, agent.CodeRequest},
		{"hello by POST", knock{path: "/v1/hello"}, 405, agent.CodeRequest},
		{"unknown path", knock{path: "/v1/sign"}, 404, agent.CodeRequest},
		{"path up", knock{path: "/v1/../v1/confirm"}, 404, agent.CodeRequest},
		{"path with query", knock{path: "/v1/confirm?ticket=" + doorstep.Ticket}, 404, agent.CodeRequest},
		{"escaped path", knock{path: "/v1/%63onfirm"}, 404, agent.CodeRequest},
		{"unknown field", knock{body: with(`"lang"`, `"hash":"AAAA","lang"`)}, 400, agent.CodeRequest},
		{"a PIN field", knock{body: with(`"lang":"ru"`, `"pin":"1234"`)}, 400, agent.CodeRequest},
		{"capital field", knock{body: with(`"origin"`, `"ORIGIN"`)}, 400, agent.CodeRequest},
		{"field twice", knock{body: with(`"lang":"ru"`, `"origin":"https://evil.example"`)}, 400, agent.CodeRequest},
		{"field missing", knock{body: with(`,"lang":"ru"`, ``)[:len(good)-len(`,"lang":"ru"}`)-len(`,"method":"token"`)] + "}"}, 400, agent.CodeRequest},
		{"nested", knock{body: with(`"token"`, `{"a":"token"}`)}, 400, agent.CodeRequest},
		{"number", knock{body: with(`"token"`, `1`)}, 400, agent.CodeRequest},
		{"null", knock{body: with(`"token"`, `null`)}, 400, agent.CodeRequest},
		{"array", knock{body: "[" + good + "]"}, 400, agent.CodeRequest},
		{"something behind", knock{body: good + "{}"}, 400, agent.CodeRequest},
		{"cut", knock{body: good[:len(good)-1]}, 400, agent.CodeRequest},
		{"not UTF-8", knock{body: with("token", "tok\xffen")}, 400, agent.CodeRequest},
		{"too long", knock{body: strings.Repeat(" ", 8<<10) + good}, 413, agent.CodeRequest},
		{"foreign portal in body", knock{body: with(h.Portal.URL, "https://evil.example")}, 403, agent.CodePortalUnknown},
		{"path in request", knock{body: with(doorstep.RequestID, "../../../../cancel/x")}, 400, agent.CodeRequest},
		{"header line in ticket", knock{body: with(doorstep.Ticket, doorstep.Ticket+`\r\nX: y`)}, 400, agent.CodeRequest},
		{"unknown method", knock{body: with(`"token"`, `"document"`)}, 400, agent.CodeRequest},
		{"unknown language", knock{body: with(`"ru"`, `"de"`)}, 400, agent.CodeRequest},
		{"preflight from a foreign page", knock{method: "OPTIONS", origin: "https://evil.example",
			header: []string{"Access-Control-Request-Method: POST", "Access-Control-Request-Private-Network: true"}}, 403, agent.CodeOrigin},
		{"preflight for another method", knock{method: "OPTIONS", header: []string{"Access-Control-Request-Method: DELETE"}}, 403, agent.CodeRequest},
		{"preflight for another header", knock{method: "OPTIONS",
			header: []string{"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type,authorization"}}, 403, agent.CodeRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := h.send(t, c.knock)
			if got := codeOf(t, resp); resp.StatusCode != c.status || got != c.code {
				t.Errorf("got %d %q, want %d %q", resp.StatusCode, got, c.status, c.code)
			}
			if c.code == agent.CodeHost || c.code == agent.CodeOrigin {
				for name := range resp.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("a stranger got %s", name)
					}
				}
			}
		})
	}
	if n := h.Touched.Load(); n != 0 {
		t.Errorf("%d hostile requests reached devices or dialogs", n)
	}
	if n := h.Asked.Load(); n != 0 {
		t.Errorf("%d hostile requests reached the portal", n)
	}
	if h.Agent.Busy() {
		t.Error("a hostile request left the agent busy")
	}
}

func TestHello(t *testing.T) {
	h := open(t)
	resp := h.send(t, knock{method: "GET", path: "/v1/hello", header: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}})
	b, _ := io.ReadAll(resp.Body)
	if got := strings.TrimSpace(string(b)); resp.StatusCode != 200 || got != `{"agent":"zaver","version":"test","protocol":1,"busy":false}` {
		t.Errorf("got %d %s", resp.StatusCode, got)
	}
	if resp.Header.Get("Access-Control-Allow-Origin") != h.Portal.URL || resp.Header.Get("Vary") != "Origin" || resp.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("headers %v", resp.Header)
	}
}

// The door closes a connection that the page would keep, at once.
func TestNoConnectionIsKept(t *testing.T) {
	h := open(t)
	c, err := net.Dial("tcp", h.door.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "GET /v1/hello HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nConnection: keep-alive\r\n\r\n", h.door.Addr(), h.Portal.URL)
	all, err := io.ReadAll(c)
	if err != nil || !bytes.HasPrefix(all, []byte("HTTP/1.1 200 ")) || !bytes.Contains(all, []byte("Connection: close\r\n")) {
		t.Errorf("got %q, %v", all, err)
	}
}

func TestPreflight(t *testing.T) {
	h := open(t)
	resp := h.send(t, knock{method: "OPTIONS", header: []string{"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type",
		"Access-Control-Request-Private-Network: true"}})
	for name, want := range map[string]string{"Access-Control-Allow-Origin": h.Portal.URL, "Access-Control-Allow-Methods": "POST",
		"Access-Control-Allow-Headers": "content-type", "Access-Control-Allow-Private-Network": "true"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if resp.StatusCode != http.StatusNoContent {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// Both loopback addresses answer, each to its own name.
func TestIPv6(t *testing.T) {
	h := open(t)
	_, port, _ := net.SplitHostPort(h.door.Addr())
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://[::1]:"+port+"/v1/hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", h.Portal.URL)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if _, lerr := net.Listen("tcp6", "[::1]:0"); lerr != nil {
			return // no IPv6 here: one address is all there is
		}
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func steps(t *testing.T, resp *http.Response) []agent.Step {
	t.Helper()
	var out []agent.Step
	dec := json.NewDecoder(resp.Body)
	for {
		var s agent.Step
		if err := dec.Decode(&s); err != nil {
			return out
		}
		out = append(out, s)
	}
}

// One request at a time: the second page gets "busy", and the first goes on.
func TestBusyAndStream(t *testing.T) {
	h := open(t)
	first := h.send(t, knock{})
	if first.StatusCode != 200 || first.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("got %d %v", first.StatusCode, first.Header)
	}
	<-h.Arrived
	second := h.send(t, knock{})
	if got := codeOf(t, second); second.StatusCode != http.StatusConflict || got != agent.CodeBusy {
		t.Errorf("second: %d %s", second.StatusCode, got)
	}
	hello := h.send(t, knock{method: "GET", path: "/v1/hello"})
	if b, _ := io.ReadAll(hello.Body); !strings.Contains(string(b), `"busy":true`) {
		t.Errorf("hello: %s", b)
	}
	h.Let()
	got := steps(t, first)
	if len(got) != 2 || got[0].Step != "statement" || got[1].Code != "confirm.unknown" || got[1].Step != "failed" {
		t.Errorf("got %+v", got)
	}
}

// Closing the connection cancels the request and frees the agent.
func TestClosingCancels(t *testing.T) {
	h := open(t)
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+h.door.Addr()+"/v1/confirm", strings.NewReader(h.body()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", h.Portal.URL)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	<-h.Arrived
	leave()
	tick, deadline := time.NewTicker(2*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for h.Agent.Busy() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("still busy")
		}
	}
}

// Of many connections that say nothing further those beyond the bound are refused at once, and they starve nobody after their end.
func TestManyConnections(t *testing.T) {
	h := open(t, func(c *loopback.Config) { c.Wait(time.Hour) })
	const many = 200
	refused := make(chan struct{}, many)
	held := make([]net.Conn, many)
	for i := range held {
		c := h.dial(t, "POST /v1/confirm HTTP/1.1\r\nHost: "+h.door.Addr()+"\r\nOrigin: "+h.Portal.URL+"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n")
		held[i] = c
		go func() {
			if _, err := c.Read(make([]byte, 1)); err != nil && !isTimeout(err) {
				refused <- struct{}{}
			}
		}()
	}
	for n := range many - loopback.MaxConnections {
		select {
		case <-refused:
		case <-time.After(30 * time.Second):
			t.Fatalf("only %d of %d connections were refused", n, many)
		}
	}
	for _, c := range held {
		_ = c.Close()
	}
	tick, deadline := time.NewTicker(2*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !h.greets(t) {
		select {
		case <-tick.C: // the door has yet to see that they ended
		case <-deadline:
			t.Fatal("nobody is answered afterwards")
		}
	}
}

// greets says whether the door answers a greeting; it may refuse the connection.
func (h *house) greets(t *testing.T) bool {
	t.Helper()
	c := h.dial(t, "GET /v1/hello HTTP/1.1\r\nHost: "+h.door.Addr()+"\r\nOrigin: "+h.Portal.URL+"\r\n\r\n")
	defer func() { _ = c.Close() }()
	answer, _ := io.ReadAll(c)
	return bytes.HasPrefix(answer, []byte("HTTP/1.1 200 "))
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestPortTaken(t *testing.T) {
	h := open(t)
	var port int
	_, _ = fmt.Sscanf(strings.TrimPrefix(h.door.Addr(), "127.0.0.1:"), "%d", &port)
	if d, err := loopback.Listen(t.Context(), loopback.Config{Agent: h.Agent, Port: port}); err == nil {
		_ = d.Close()
		t.Error("the port was taken twice")
	}
}

// The doctor's report comes through the door; one examination runs at a time, and its failure has a code.
func TestDoctor(t *testing.T) {
	begun, end := make(chan struct{}), make(chan error)
	h := open(t, func(c *loopback.Config) {
		c.Doctor = func(_ context.Context, lang words.Language) ([]byte, error) {
			begun <- struct{}{}
			return fmt.Appendf(nil, `{"format":"zaver.doctor/v1","lang":%q}`, lang), <-end
		}
	})
	ask := func() <-chan *http.Response {
		out := make(chan *http.Response, 1)
		go func() { out <- h.send(t, knock{path: "/v1/doctor", body: `{"lang":"en"}`}) }()
		return out
	}
	first := ask()
	<-begun
	if resp := <-ask(); resp.StatusCode != http.StatusConflict || codeOf(t, resp) != agent.CodeBusy {
		t.Errorf("a second examination: %d", resp.StatusCode)
	}
	end <- nil
	resp := <-first
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || strings.TrimSpace(string(b)) != `{"format":"zaver.doctor/v1","lang":"en"}` {
		t.Errorf("got %d %s", resp.StatusCode, b)
	}
	again := ask()
	<-begun
	end <- errors.New("x")
	if resp := <-again; resp.StatusCode != 500 || codeOf(t, resp) != agent.CodeInternal {
		t.Errorf("a failure: %d", resp.StatusCode)
	}
}

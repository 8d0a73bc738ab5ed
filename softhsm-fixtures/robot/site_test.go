// SPDX-License-Identifier: Apache-2.0

package robot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/portal/text"
	"zaver/portal/web"
	"zaver/signature/challenge"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/robot"
)

// programs are built once: the agent, and a scripted PIN entry.
var programs struct{ agent, pinentry string }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "zaver-robot-test-")
	if err != nil {
		panic(err)
	}
	programs.agent = filepath.Join(dir, "zaver-agent")
	if out, err := exec.Command("go", "build", "-o", programs.agent, "zaver/cmd/zaver-agent").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	if programs.pinentry, err = pinentry.Build(context.Background(), dir); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

const (
	request = "Rq-0123456789abcdef"
	ticket  = "Tk-0123456789abcdef0123456789"
)

// site is a portal's two pages with the real templates and scripts, and the
// portal's side of a conversation with the agent, which it always refuses.
type site struct {
	t       *testing.T
	pages   *web.Pages
	port    int
	host    string // the name in its origin
	agent   string // address of the loopback door
	fetched atomic.Int64
	other   http.Handler  // more pages
	think   time.Duration // how long the portal takes for a statement
}

func newSite(t *testing.T, host string) *site {
	t.Helper()
	catalogue, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, pages: pages, port: l.Addr().(*net.TCPAddr).Port, host: host, agent: "http://127.0.0.1:9"}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return s
}

func (s *site) origin() string  { return fmt.Sprintf("http://%s:%d", s.host, s.port) }
func (s *site) address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// ServeHTTP shows what a person needs for one confirmation.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, web.AssetPrefix):
		web.Assets().ServeHTTP(w, r)
	case r.URL.Path == "/confirm/"+request:
		s.show(w, web.Page{Name: "confirm_run", Data: web.ConfirmData{Request: request, Ticket: ticket, Origin: s.origin(), Control: "4821",
			Method: "token", State: "issued", Expires: time.Now().Add(5 * time.Minute), Agent: s.agent, Name: "Анна Ёлкина", Contact: "+7"}})
	case r.URL.Path == "/help/agent":
		s.show(w, web.Page{Name: "help_agent", Data: web.HelpData{Agent: s.agent, Origin: s.origin(), Key: "k"}})
	case r.URL.Path == "/confirm/"+request+"/state":
		_, _ = io.WriteString(w, `{"state":"issued","codes":[],"fetched":false}`)
	case r.URL.Path == "/confirm/"+request+"/events":
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case strings.HasPrefix(r.URL.Path, "/agent/v1/statement/"):
		s.fetched.Add(1)
		select {
		case <-time.After(s.think):
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":"confirm.unknown"}`)
	case s.other != nil:
		s.other.ServeHTTP(w, r)
	default:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>page</title><link rel=icon href=data:,><main>page</main>")
	}
}

func (s *site) show(w http.ResponseWriter, page web.Page) {
	page.Lang, page.Path = text.Russian, "/"
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' "+s.agent+"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	var whole bytes.Buffer
	if err := s.pages.Render(&whole, page); err != nil {
		s.t.Error(err)
	}
	_, _ = whole.WriteTo(w) // a browser may leave or end before it has all
}

// door counts who comes to the loopback door, and answers hello and confirm as an agent does.
type door struct {
	came atomic.Int64
	mu   sync.Mutex
	said []string
}

// heard are the requests so far.
func (d *door) heard() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.said)
}

// listen opens the door at the site's agent address.
func (s *site) listen() *door {
	s.t.Helper()
	d := &door{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.agent = "http://" + l.Addr().String()
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.came.Add(1)
		d.mu.Lock()
		d.said = append(d.said, r.Method+" "+r.URL.Path)
		d.mu.Unlock()
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", s.origin())
		h.Set("Access-Control-Allow-Headers", "content-type")
		switch r.URL.Path {
		case "/v1/hello":
			_, _ = io.WriteString(w, `{"agent":"zaver","version":"test","protocol":1,"busy":false}`)
		case "/v1/doctor":
			_, _ = io.WriteString(w, `{"format":"zaver.doctor/v1","lines":[{"code":"doctor.reader_none","state":"fault","area":"pcsc","text":"Считывателя нет","remedy":"Подключите его"}]}`)
		default:
			_, _ = io.WriteString(w, `{"step":"statement"}`+"\n"+`{"step":"failed","code":"token.none"}`+"\n")
		}
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	s.t.Cleanup(func() { _ = server.Close(); <-done })
	return d
}

// program writes the launcher of the real agent, configured for the site.
func (s *site) program() string { return s.launcher(s.origin()) }

func (s *site) launcher(origin string) string {
	s.t.Helper()
	dir := s.t.TempDir()
	_, key, err := challenge.GenerateKey("portal.test")
	if err != nil {
		s.t.Fatal(err)
	}
	script, err := pinentry.New(dir, programs.pinentry, pinentry.Script{})
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"portals": []map[string]string{{"name": "Демо", "origin": origin, "key": key}},
		"p11kit": false, "pinentry": script.Argv(), "log": map[string]string{"file": filepath.Join(dir, "agent.log"), "level": "debug"}})
	if err != nil {
		s.t.Fatal(err)
	}
	path, launcher := filepath.Join(dir, "agent.json"), filepath.Join(dir, "zaver-native-host")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(launcher, extension.Launcher(programs.agent, path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	return launcher
}

// visit opens a browser and a window on the site.
func (s *site) visit(setup robot.Setup, edit ...func(*robot.Options)) *robot.Robot {
	s.t.Helper()
	b, err := robot.LaunchWith(s.t.Context(), setup)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := b.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return s.window(b, edit...)
}

func (s *site) window(b *robot.Browser, edit ...func(*robot.Options)) *robot.Robot {
	s.t.Helper()
	o := robot.Options{Origin: s.origin(), Shots: os.Getenv("ZAVER_SCREENSHOTS"), Name: "doors"}
	for _, f := range edit {
		f(&o)
	}
	r, err := b.Open(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(r.Close)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

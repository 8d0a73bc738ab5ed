// SPDX-License-Identifier: Apache-2.0

package nativemsg_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/nativemsg"
	"zaver/cardreader/agent/words"
	"zaver/softhsm-fixtures/doorstep"
)

const id = "lkhhhejdfbkjbnmohlahghgnkekdngdc"

// house is an agent with a browser before it.
type house struct {
	*doorstep.House
	t      *testing.T
	doctor func(context.Context, words.Language) ([]byte, error)
	caller []string
}

func build(t *testing.T) *house {
	t.Helper()
	return &house{House: doorstep.Build(t), t: t, caller: []string{"chrome-extension://" + id + "/"}}
}

// line is a connection of a browser.
type line struct {
	t      *testing.T
	in     *io.PipeWriter
	out    *io.PipeReader
	served chan error
}

func (h *house) connect() *line {
	h.t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	l := &line{t: h.t, in: inW, out: outR, served: make(chan error, 1)}
	go func() {
		err := nativemsg.Serve(h.t.Context(), nativemsg.Config{Agent: h.Agent, Version: "test", Caller: h.caller, Extensions: []string{id, "agent@zaver.ru"}, Doctor: h.doctor}, inR, outW)
		_ = outW.Close()
		_ = inR.Close()
		l.served <- err
	}()
	h.t.Cleanup(func() { _ = inW.Close(); _ = outR.Close() })
	return l
}

func (l *line) say(body string) {
	l.t.Helper()
	if err := nativemsg.WriteFrame(l.in, []byte(body)); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		l.t.Fatal(err)
	}
}

// hear reads one answer; "" when the connection is over.
func (l *line) hear() string {
	body, err := nativemsg.ReadFrame(l.out, nativemsg.MaxOut)
	if err != nil {
		return ""
	}
	return string(body)
}

func (l *line) end() error {
	l.t.Helper()
	select {
	case err := <-l.served:
		return err
	case <-time.After(time.Minute):
		l.t.Fatal("the door does not end")
		return nil
	}
}

func (h *house) confirm() string {
	return fmt.Sprintf(`{"do":"confirm","sender":%[1]q,"origin":%[1]q,"request":%[2]q,"ticket":%[3]q,"method":"token","lang":"ru"}`, h.Portal.URL, doorstep.RequestID, doorstep.Ticket)
}

// Messages that the extension never sends, or that a page should not have asked for. None reaches devices, dialogs or the network.
func TestHostileMessages(t *testing.T) {
	h := build(t)
	good := h.confirm()
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	sender := fmt.Sprintf(`"sender":%q`, h.Portal.URL)
	for _, c := range []struct{ name, body, code string }{
		{"foreign sender", with(sender, `"sender":"https://evil.example"`), agent.CodeOrigin},
		{"foreign sender and origin", strings.ReplaceAll(good, h.Portal.URL, "https://evil.example"), agent.CodeOrigin},
		{"no sender", with(sender+",", ""), agent.CodeOrigin},
		{"null sender", with(sender, `"sender":"null"`), agent.CodeOrigin},
		{"sender with a slash", with(sender, fmt.Sprintf(`"sender":%q`, h.Portal.URL+"/")), agent.CodeOrigin},
		{"sender as a prefix", with(sender, fmt.Sprintf(`"sender":%q`, h.Portal.URL+".evil.example")), agent.CodeOrigin},
		{"sender in capitals", with(sender, fmt.Sprintf(`"sender":%q`, strings.ToUpper(h.Portal.URL))), agent.CodeOrigin},
		{"sender with a look-alike letter", with(sender, `"sender":"https://pоrtal.example"`), agent.CodeOrigin},
		{"sender in punycode", with(sender, `"sender":"https://xn--prtal-jye.example"`), agent.CodeOrigin},
		{"sender of another port", with(sender, `"sender":"http://127.0.0.1:1"`), agent.CodeOrigin},
		{"sender of another scheme", with(sender, fmt.Sprintf(`"sender":%q`, strings.Replace(h.Portal.URL, "http", "https", 1))), agent.CodeOrigin},
		{"sender is an extension", with(sender, `"sender":"chrome-extension://`+id+`"`), agent.CodeOrigin},
		{"sender twice", with(sender, sender+","+sender), agent.CodeRequest},
		{"sender with two origins", with(sender, fmt.Sprintf(`"sender":"%s https://evil.example"`, h.Portal.URL)), agent.CodeOrigin},
		{"greeting from elsewhere", `{"do":"hello","sender":"https://evil.example"}`, agent.CodeOrigin},
		{"greeting without a sender", `{"do":"hello"}`, agent.CodeOrigin},
		{"doctor from elsewhere", `{"do":"doctor","sender":"https://evil.example","lang":"ru"}`, agent.CodeOrigin},
		{"foreign portal in the request", with(fmt.Sprintf(`"origin":%q`, h.Portal.URL), `"origin":"https://evil.example"`), agent.CodePortalUnknown},
		{"unknown order", with(`"confirm"`, `"sign"`), agent.CodeRequest},
		{"no order", with(`"do":"confirm",`, ""), agent.CodeRequest},
		{"two orders", with(`"do":"confirm"`, `"do":"hello","do":"confirm"`), agent.CodeRequest},
		{"order in capitals", with(`"do"`, `"DO"`), agent.CodeRequest},
		{"hash", with(`"lang"`, `"hash":"AAAA","lang"`), agent.CodeRequest},
		{"PIN", with(`"lang":"ru"`, `"pin":"1234"`), agent.CodeRequest},
		{"origin in capitals", with(`"origin"`, `"ORIGIN"`), agent.CodeRequest},
		{"origin twice", with(`"lang":"ru"`, `"origin":"https://evil.example"`), agent.CodeRequest},
		{"origin missing", with(fmt.Sprintf(`"origin":%q,`, h.Portal.URL), ""), agent.CodeRequest},
		{"ticket missing", with(fmt.Sprintf(`"ticket":%q,`, doorstep.Ticket), ""), agent.CodeRequest},
		{"method missing", with(`"method":"token",`, ""), agent.CodeRequest},
		{"path in the request", with(doorstep.RequestID, "../../../../cancel/x"), agent.CodeRequest},
		{"line in the ticket", with(doorstep.Ticket, doorstep.Ticket+`\r\nX: y`), agent.CodeRequest},
		{"short ticket", with(doorstep.Ticket, "x"), agent.CodeRequest},
		{"unknown method", with(`"token"`, `"document"`), agent.CodeRequest},
		{"method that is not offered", with(`"token"`, `"uec"`), agent.CodeRequest},
		{"unknown language", with(`"ru"`, `"de"`), agent.CodeRequest},
		{"nested", with(`"token"`, `{"a":"token"}`), agent.CodeRequest},
		{"number", with(`"token"`, `1`), agent.CodeRequest},
		{"null", with(`"token"`, `null`), agent.CodeRequest},
		{"array", "[" + good + "]", agent.CodeRequest},
		{"something behind", good + "{}", agent.CodeRequest},
		{"cut", good[:len(good)-1], agent.CodeRequest},
		{"empty", "", agent.CodeRequest},
		{"not UTF-8", with("token", "tok\xffen"), agent.CodeRequest},
		{"greeting with a request", fmt.Sprintf(`{"do":"hello","sender":%q,"request":%q}`, h.Portal.URL, doorstep.RequestID), agent.CodeRequest},
		{"cancel with a sender", fmt.Sprintf(`{"do":"cancel","sender":%q}`, h.Portal.URL), agent.CodeRequest},
		{"doctor in no language", fmt.Sprintf(`{"do":"doctor","sender":%q,"lang":"de"}`, h.Portal.URL), agent.CodeRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := h.connect()
			l.say(c.body)
			if got, want := l.hear(), `{"code":"`+c.code+`"}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			_ = l.in.Close()
			_ = l.end()
		})
	}
	t.Run("longer than may be", func(t *testing.T) {
		l := h.connect()
		go func() { _, _ = l.in.Write([]byte{1, 0x20, 0, 0, '{'}) }() // 8193 in the order of this machine's bytes
		if got := l.hear(); got != `{"code":"agent.request"}` {
			t.Errorf("got %s", got)
		}
		if err := l.end(); !errors.Is(err, nativemsg.ErrTooLong) {
			t.Errorf("ended with %v", err)
		}
	})
	if n := h.Touched.Load(); n != 0 {
		t.Errorf("%d hostile messages reached devices or dialogs", n)
	}
	if n := h.Asked.Load(); n != 0 {
		t.Errorf("%d hostile messages reached the portal", n)
	}
	if h.Agent.Busy() {
		t.Error("a hostile message left the agent busy")
	}
}

// Who is not a browser for our extension gets one refusal, whatever it says.
func TestForeignCaller(t *testing.T) {
	h := build(t)
	for name, caller := range map[string][]string{
		"nobody": nil, "another extension": {"chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"}, "a web page": {h.Portal.URL},
		"another in Firefox": {"/a/ru.zaver.agent.json", "evil@example"},
	} {
		t.Run(name, func(t *testing.T) {
			h.caller = caller
			l := h.connect()
			if got := l.hear(); got != `{"code":"agent.forbidden"}` {
				t.Errorf("got %s", got)
			}
			if err := l.end(); !errors.Is(err, nativemsg.ErrCaller) {
				t.Errorf("ended with %v", err)
			}
		})
	}
	if h.Asked.Load() != 0 || h.Touched.Load() != 0 {
		t.Error("it got further")
	}
}

func TestHelloAndDoctor(t *testing.T) {
	h := build(t)
	h.doctor = func(_ context.Context, lang words.Language) ([]byte, error) {
		return fmt.Appendf(nil, `{"format":"zaver.doctor/v1","lines":[],"lang":%q}`, lang), nil
	}
	l := h.connect()
	l.say(fmt.Sprintf(`{"do":"hello","sender":%q}`, h.Portal.URL))
	if got := l.hear(); got != `{"agent":"zaver","version":"test","protocol":1,"busy":false}` {
		t.Errorf("greeting: %s", got)
	}
	l.say(fmt.Sprintf(`{"do":"doctor","sender":%q,"lang":"en"}`, h.Portal.URL))
	if got := l.hear(); got != `{"format":"zaver.doctor/v1","lines":[],"lang":"en"}` {
		t.Errorf("report: %s", got)
	}
	l.say(`{"do":"cancel"}`)
	if err := l.end(); err != nil {
		t.Errorf("cancel with nothing open: %v", err)
	}
}

func TestDoctorFails(t *testing.T) {
	for name, c := range map[string]struct {
		doctor func(context.Context, words.Language) ([]byte, error)
		code   string
	}{
		"none":    {nil, agent.CodeRequest},
		"error":   {func(context.Context, words.Language) ([]byte, error) { return nil, errors.New("x") }, agent.CodeInternal},
		"late":    {func(context.Context, words.Language) ([]byte, error) { return nil, context.DeadlineExceeded }, agent.CodeTimeout},
		"no JSON": {func(context.Context, words.Language) ([]byte, error) { return []byte("{"), nil }, agent.CodeInternal},
		"far too long": {func(context.Context, words.Language) ([]byte, error) {
			return json.Marshal(strings.Repeat("x", nativemsg.MaxOut))
		}, agent.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t)
			h.doctor = c.doctor
			l := h.connect()
			l.say(fmt.Sprintf(`{"do":"doctor","sender":%q}`, h.Portal.URL))
			if got := l.hear(); got != `{"code":"`+c.code+`"}` {
				t.Errorf("got %s", got)
			}
		})
	}
}

// The steps come one by one, and the connection ends with the last.
func TestSteps(t *testing.T) {
	h := build(t)
	h.Let()
	l := h.connect()
	l.say(h.confirm())
	if got := l.hear(); got != `{"step":"statement"}` {
		t.Errorf("first: %s", got)
	}
	if got := l.hear(); got != `{"step":"failed","code":"confirm.unknown"}` {
		t.Errorf("last: %s", got)
	}
	if err := l.end(); err != nil || h.Agent.Busy() {
		t.Errorf("ended with %v, busy %v", err, h.Agent.Busy())
	}
}

// A page that is closed, one that cancels, and one that says what has no place: each cancels at once and frees the agent.
func TestCancels(t *testing.T) {
	for name, leave := range map[string]func(h *house, l *line){
		"page closed":     func(_ *house, l *line) { _ = l.in.Close() },
		"cancel":          func(_ *house, l *line) { l.say(`{"do":"cancel"}`) },
		"second request":  func(h *house, l *line) { l.say(h.confirm()) },
		"greeting":        func(h *house, l *line) { l.say(fmt.Sprintf(`{"do":"hello","sender":%q}`, h.Portal.URL)) },
		"nonsense":        func(_ *house, l *line) { l.say("x") },
		"browser dies":    func(_ *house, l *line) { _ = l.in.CloseWithError(io.ErrUnexpectedEOF); _ = l.out.Close() },
		"cut in a length": func(_ *house, l *line) { _, _ = l.in.Write([]byte{1}); _ = l.in.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t)
			l := h.connect()
			l.say(h.confirm())
			if got := l.hear(); got != `{"step":"statement"}` {
				t.Fatalf("first: %s", got)
			}
			<-h.Arrived
			leave(h, l)
			if name != "browser dies" {
				if got := l.hear(); got != `{"step":"failed","code":"agent.cancelled"}` {
					t.Errorf("last: %s", got)
				}
			}
			_ = l.end()
			if h.Agent.Busy() || h.Touched.Load() != 0 {
				t.Error("the agent goes on")
			}
		})
	}
}

// A second browser is told that the agent is busy; the first goes on.
func TestBusy(t *testing.T) {
	h := build(t)
	first, second := h.connect(), h.connect()
	first.say(h.confirm())
	first.hear()
	<-h.Arrived
	second.say(fmt.Sprintf(`{"do":"hello","sender":%q}`, h.Portal.URL))
	if got := second.hear(); !strings.Contains(got, `"busy":true`) {
		t.Errorf("greeting: %s", got)
	}
	second.say(h.confirm())
	if got := second.hear(); got != `{"code":"agent.busy"}` {
		t.Errorf("second: %s", got)
	}
	h.Let()
	if got := first.hear(); got != `{"step":"failed","code":"confirm.unknown"}` {
		t.Errorf("first: %s", got)
	}
}

// Nobody can keep a process busy with greetings for ever.
func TestMessagesAreCounted(t *testing.T) {
	h := build(t)
	l := h.connect()
	hello, heard := fmt.Sprintf(`{"do":"hello","sender":%q}`, h.Portal.URL), 0
	go func() {
		for range 100 {
			if nativemsg.WriteFrame(l.in, []byte(hello)) != nil {
				return
			}
		}
	}()
	for strings.Contains(l.hear(), "zaver") {
		heard++
	}
	if err := l.end(); !errors.Is(err, nativemsg.ErrMessage) || heard > 64 {
		t.Errorf("%d greetings, ended with %v", heard, err)
	}
}

func TestContextEnds(t *testing.T) {
	h := build(t)
	ctx, stop := context.WithCancel(t.Context())
	in, w := io.Pipe()
	defer w.Close()
	served := make(chan error, 1)
	go func() {
		served <- nativemsg.Serve(ctx, nativemsg.Config{Agent: h.Agent, Caller: h.caller, Extensions: []string{id}}, in, io.Discard)
	}()
	stop()
	select {
	case err := <-served:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the door does not end")
	}
}

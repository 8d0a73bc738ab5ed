// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// shotsEnv names the folder into which screenshots go, if any.
const shotsEnv = "ZAVER_SCREENSHOTS"

// tab is a tab of a real browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// chromium opens a tab with the cookies of b.
func chromium(t *testing.T, p *Portal, b *Browser) *tab {
	t.Helper()
	// The profile's folder is chromedp's own: processes of the browser outlive it and still write there. chromedp ends them before it removes a
	// folder that it made, and leaves both to whoever names another.
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	c := &tab{t: t, ctx: ctx}
	// The first run starts the browser, which lives as long as its context: no limit here.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatal(err)
	}
	for _, cookie := range append(b.Cookies("/"), &http.Cookie{Name: "zaver-lang", Value: "ru"}) {
		c.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: p.Origin})
			return err
		}))
	}
	return c
}

// patience bounds each thing that a tab waits for.
const patience = time.Minute

func (c *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	for i, step := range steps {
		ctx, cancel := context.WithTimeout(c.ctx, patience)
		err := chromedp.Do(ctx, step)
		cancel()
		if err != nil {
			c.t.Fatalf("step %d: %v\n%s", i, err, c.shown())
		}
	}
}

// ask evaluates a script that gives text.
func (c *tab) ask(script string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+script+")"))
	if err != nil {
		c.t.Fatalf("%s: %v", script, err)
	}
	return answer
}

// shown is what the page says now, for failures.
func (c *tab) shown() string {
	ctx, cancel := context.WithTimeout(c.ctx, 3*time.Second)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname + ' ' + document.querySelector('main')?.innerText"))
	if err != nil {
		return err.Error()
	}
	return answer
}

// wait until the script is true, over any number of page loads.
func (c *tab) wait(script string) {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		ctx, cancel := context.WithTimeout(c.ctx, 3*time.Second)
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+script+")"))
		cancel()
		if err == nil && yes {
			return
		}
	}
	c.t.Fatalf("%s did not become true\n%s", script, c.shown())
}

// shoot keeps what the tab shows, on a desktop and on a phone.
func (c *tab) shoot(name string) {
	c.t.Helper()
	folder := os.Getenv(shotsEnv)
	if folder == "" {
		return
	}
	for _, screen := range []struct {
		name  string
		width int64
	}{{"desktop", 1280}, {"phone", 390}} {
		c.do(chromedp.EmulateViewport(screen.width, 844))
		png, err := chromedp.Run(c.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+"."+screen.name+".png"), png, 0o644); err != nil {
			c.t.Fatal(err)
		}
		if wide := c.ask("document.documentElement.scrollWidth > innerWidth"); wide == "true" {
			c.t.Errorf("%s is wider than a %s", name, screen.name)
		}
	}
	c.do(chromedp.EmulateViewport(1280, 900))
}

// actor plays the agent: it answers as the script says.
type actor struct {
	*httptest.Server
	mu     sync.Mutex // guards all below
	play   func(order map[string]string, say func(line any))
	origin string
	asked  int // requests to confirm
}

func newActor(t *testing.T) *actor {
	a := &actor{}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// ServeHTTP answers as the agent's loopback door does.
func (a *actor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	origin, play := a.origin, a.play
	a.mu.Unlock()
	if r.Header.Get("Origin") != origin {
		http.Error(w, `{"code":"agent.origin"}`, http.StatusForbidden)
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Allow-Private-Network", "true")
	switch {
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case r.URL.Path == "/v1/hello":
		fmt.Fprint(w, `{"agent":"zaver","version":"0","protocol":1,"busy":false}`)
	default:
		var order map[string]string
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
			http.Error(w, `{"code":"agent.request"}`, http.StatusBadRequest)
			return
		}
		a.mu.Lock()
		a.asked++
		a.mu.Unlock()
		h.Set("Content-Type", "application/x-ndjson")
		play(order, func(line any) {
			_ = json.NewEncoder(w).Encode(line)
			_ = http.NewResponseController(w).Flush()
		})
	}
}

type step map[string]any

// C8, C9: the page finds the agent, shows the code and the steps, and says in
// plain words what went wrong.
func TestConfirmationPageShowsWhatTheAgentSays(t *testing.T) {
	agent := newActor(t)
	p, b := standard(t, Config{Agent: agent.URL})
	release := make(chan struct{})
	agent.mu.Lock()
	agent.origin = p.Origin
	agent.play = func(order map[string]string, say func(any)) {
		for _, key := range []string{"origin", "request", "ticket", "method", "lang"} {
			if order[key] == "" {
				t.Errorf("the page gave no %s", key)
			}
		}
		say(step{"step": "statement"})
		say(step{"step": "consent", "control": "0000"})
		say(step{"step": "device"})
		say(step{"step": "pin"})
		<-release
		say(step{"step": "failed", "code": "pin.wrong", "tries": 2})
	}
	agent.mu.Unlock()

	c := chromium(t, p, b)
	c.do(chromedp.Navigate(p.Origin + "/confirm"))
	c.shoot("confirm-choose")
	c.do(chromedp.Click("#method-first"), chromedp.Click("main button[type=submit]"))
	c.wait(`document.querySelector('#confirm-ready:not([hidden]) #confirm-sign')`)
	if door := c.ask(`document.getElementById('confirm-door').textContent`); !strings.Contains(door, "127.0.0.1") {
		t.Errorf("the page says of the door: %q", door)
	}
	c.shoot("confirm-sign")
	agent.mu.Lock()
	asked := agent.asked
	agent.mu.Unlock()
	if asked != 0 {
		t.Error("the page handed the request over before the person's click")
	}
	c.do(chromedp.Click("#confirm-sign"))
	c.wait(`document.querySelector('[data-step=pin]')?.className === 'is-now'`)
	if code := c.ask(`document.querySelector('.zv-control__code [aria-hidden]').textContent`); len(code) != 4 {
		t.Errorf("control code %q, want 4 digits", code)
	}
	c.shoot("confirm-pin")
	close(release)
	c.wait(`document.getElementById('confirm-problem').dataset.code === 'pin.wrong'`)
	problem, focused := c.ask(`document.getElementById('confirm-problem').innerText`), c.ask(`document.activeElement.id`)
	if !strings.Contains(problem, "ПИН-код неверный") || !strings.Contains(problem, "Осталось попыток: 2") || focused != "confirm-problem" {
		t.Errorf("problem %q, focus on %s", problem, focused)
	}
	c.shoot("confirm-wrong-pin")
}

// The page says when there is no agent, and goes on once it is there; a
// cancellation by the agent appears by itself.
func TestConfirmationPageWithoutAgent(t *testing.T) {
	agent := newActor(t)
	p, b := standard(t, Config{Agent: agent.URL})
	agent.mu.Lock()
	agent.play = func(order map[string]string, say func(any)) {
		say(step{"step": "statement"})
		cancel(t, p, order["request"], order["ticket"])
		<-time.After(2 * time.Second) // on a slow computer the portal's word is there long before the agent's
		say(step{"step": "failed", "code": "agent.declined"})
	}
	agent.mu.Unlock()
	c := chromium(t, p, b)
	c.do(chromedp.Navigate(p.Origin+"/confirm"), chromedp.Click("#method-first"), chromedp.Click("main button[type=submit]"))
	// No origin is allowed yet: to the page that is as good as nobody there.
	c.wait(`document.getElementById('confirm-problem')?.dataset.code === 'agent.not_running'`)
	c.shoot("confirm-no-agent")
	agent.mu.Lock()
	agent.origin = p.Origin
	agent.mu.Unlock()
	c.do(chromedp.Click("#agent-retry"))
	c.wait(`document.querySelector('#confirm-ready:not([hidden]) #confirm-sign')`)
	c.do(chromedp.Click("#confirm-sign"))
	c.wait(`document.getElementById('confirm-problem')?.dataset.code === 'agent.declined'`)
	c.do(chromedp.Reload())
	c.wait(`document.getElementById('confirm-result')?.dataset.result === 'cancelled'`)
	c.shoot("confirm-cancelled")
	agent.Close() // waits for the actor, whose requests end with the test
}

// A page that the browser kept (back and forward) is loaded anew: its ticket may be used and its code another's.
func TestConfirmationPageShownAgain(t *testing.T) {
	p, b := standard(t, Config{Agent: newActor(t).URL})
	c := chromium(t, p, b)
	c.do(chromedp.Navigate(p.Origin+"/confirm"), chromedp.Click("#method-first"), chromedp.Click("main button[type=submit]"))
	c.wait(`document.getElementById('confirm-problem')?.dataset.code === 'agent.not_running'`)
	c.ask(`(window.kept = 'kept')`)
	c.ask(`String(window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false })))`)
	if kept := c.ask(`String(window.kept)`); kept != "kept" {
		t.Error("a page that was just loaded loads again")
	}
	c.ask(`String(window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))`)
	c.wait(`window.kept === undefined && document.getElementById('confirm-problem')?.dataset.code === 'agent.not_running'`)
}

// cancel does what an agent does when its user says no.
func cancel(t *testing.T, p *Portal, request, ticket string) {
	answer := agentCall(t, http.MethodGet, p.Origin+"/agent/v1/statement/"+request, "Ticket "+ticket, "", "")
	if answer.Status != http.StatusOK || !strings.HasPrefix(answer.Body, "zaver.statement/v1\n") {
		t.Errorf("statement: %d %s", answer.Status, answer.Body)
		return
	}
	answer = agentCall(t, http.MethodPost, p.Origin+"/agent/v1/cancel/"+request, "Submit "+answer.Header.Get("Zaver-Submit"), "application/json", `{"code":"agent.declined"}`)
	if answer.Status != http.StatusOK {
		t.Errorf("cancel: %d %s", answer.Status, answer.Body)
	}
}

// B1, B3: masks and rules while typing, and live marks of the checks.
func TestFieldsHelpWhileTyping(t *testing.T) {
	p := Start(t, Config{})
	b := p.NewBrowser(t)
	signUp(t, p, b, "Ёлкина", "Анна", "+79005550101")
	c := chromium(t, p, b)
	c.do(chromedp.Navigate(p.Origin + "/account"))
	c.shoot("account")
	c.do(chromedp.Navigate(p.Origin+"/profile/snils"), chromedp.SendKeys("#snils", "11223344596"), chromedp.Blur("#snils"))
	live := func(field string) string { return c.ask(`document.getElementById('` + field + `-live').textContent`) }
	if value, says := c.ask(`document.getElementById('snils').value`), live("snils"); value != "112-233-445 96" || !strings.Contains(says, "не сходятся") {
		t.Errorf("snils shows %q and says %q", value, says)
	}
	c.do(chromedp.Navigate(p.Origin+"/profile/person"), chromedp.SendKeys("#birth_date-day", "31"), chromedp.SendKeys("#birth_date-month", "2"),
		chromedp.SendKeys("#birth_date-year", "1990"), chromedp.Blur("#birth_date-year"))
	if says := live("birth_date"); !strings.Contains(says, "Такой даты нет") {
		t.Errorf("a date that does not exist: %q", says)
	}
	c.shoot("profile-person")
	c.do(chromedp.Navigate(p.Origin + "/"))
	c.shoot("home")
	c.do(chromedp.Navigate(p.Origin + "/help/agent"))
	c.shoot("help")
}

// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	"zaver/signature/challenge"
	"zaver/signature/pin"
)

// Dialogs asks the person. Package pinentry has the real one; its errors are matched.
type Dialogs interface {
	Confirm(ctx context.Context, d pinentry.Dialog) (pinentry.Answer, error)
	PIN(ctx context.Context, d pinentry.Dialog) (*pin.PIN, error)
}

// Window opens the agent's own window. Package window has the real one; its errors are matched.
type Window interface {
	Open(ctx context.Context, f window.Form) (*window.Session, error)
}

// Portal is a portal that the agent works for; there are no others.
type Portal struct {
	// Name is what the person is shown, at most 60 letters.
	Name string
	// Origin is the web origin as browsers write it: "https://portal.example".
	// http is accepted for loopback addresses only.
	Origin string
	// Key is the portal's public note key ("name+hash+base64") that signs statements.
	Key string
}

// Config is all that an Agent needs.
type Config struct {
	Portals []Portal
	// Sources has one source for each method that is offered.
	Sources map[Method]Source
	Dialogs Dialogs
	// Window shows the request, the choice and the result; nil, or one that can't be shown, leaves them to Dialogs.
	Window   Window
	Language words.Language // for requests that name none
	Log      *slog.Logger   // nil logs nothing
	// RootCAs checks the portal's TLS certificate; nil means the system's.
	RootCAs *x509.CertPool
	Now     func() time.Time // nil means time.Now
	// DeviceWait is how long to wait for a card to be put in; zero means 60 s.
	DeviceWait time.Duration
	// FetchPatience is how long to try to reach the portal for a statement; zero means 10 s.
	FetchPatience time.Duration
	// RetryFirst is the first pause before sending again; it doubles up to 16 times itself. Zero means 500 ms.
	RetryFirst time.Duration
	// ConflictPatience is how long a conflict that follows a lost answer counts as an outage: longer than the
	// portal's lease on a judgement. Zero means 45 s.
	ConflictPatience time.Duration
	// Turn takes the turn among all processes that work for this person (several native hosts and the loopback door),
	// and must not wait. An error means that another process has it: the request is answered with CodeBusy, or with the
	// code of an Error. nil means that there is only this process.
	Turn func() (release func(), err error)
}

// Agent does one request at a time. It may be used from many goroutines.
type Agent struct {
	cfg     Config
	portals map[string]portal
	client  *client

	mu   sync.Mutex
	open bool
	// giveBack ends the turn that the open request took.
	giveBack func()
}

type portal struct {
	Portal
	verifier note.Verifier
}

var (
	requestForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
	ticketForm  = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)
)

// New checks the configuration and makes an Agent. Its errors name the wrong field.
func New(c Config) (*Agent, error) {
	if c.Dialogs == nil || len(c.Portals) == 0 || len(c.Sources) == 0 {
		return nil, errors.New("agent needs at least one portal, one source and dialogs")
	}
	if c.Language == "" {
		c.Language = words.Russian
	}
	if !c.Language.Known() {
		return nil, fmt.Errorf("language %q is neither ru nor en", c.Language)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	orDefault(&c.DeviceWait, time.Minute)
	orDefault(&c.FetchPatience, 10*time.Second)
	orDefault(&c.RetryFirst, 500*time.Millisecond)
	orDefault(&c.ConflictPatience, 45*time.Second)
	a := &Agent{cfg: c, portals: map[string]portal{}, client: newClient(c.RootCAs)}
	for i, p := range c.Portals {
		if err := CheckOrigin(p.Origin); err != nil {
			return nil, fmt.Errorf("portals[%d].origin: %w", i, err)
		}
		v, err := challenge.NewVerifier(p.Key)
		if err != nil {
			return nil, fmt.Errorf("portals[%d].key: %w", i, err)
		}
		if _, twice := a.portals[p.Origin]; twice {
			return nil, fmt.Errorf("portals[%d].origin: %s is configured twice", i, p.Origin)
		}
		if p.Name == "" || len([]rune(p.Name)) > 60 {
			return nil, fmt.Errorf("portals[%d].name: must have 1 to 60 letters", i)
		}
		a.portals[p.Origin] = portal{Portal: p, verifier: v}
	}
	return a, nil
}

func orDefault(d *time.Duration, v time.Duration) {
	if *d <= 0 {
		*d = v
	}
}

// Origins returns the origins of the configured portals, sorted: the door's allow-list.
func (a *Agent) Origins() []string {
	out := make([]string, 0, len(a.portals))
	for o := range a.portals {
		out = append(out, o)
	}
	slices.Sort(out)
	return out
}

// Busy reports whether a request is open.
func (a *Agent) Busy() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open
}

// Begin opens a request that came through a door. sender is the page's origin as the browser told it, never as
// the page says. Errors have the codes agent.origin, agent.portal_unknown, agent.request and agent.busy,
// or that of Config.Turn.
// The caller must Close the operation.
func (a *Agent) Begin(sender string, r Request) (*Operation, error) {
	p, ok := a.portals[sender]
	if !ok {
		return nil, fail(CodeOrigin, nil)
	}
	if r.Origin != sender {
		return nil, fail(CodePortalUnknown, errors.New("request names another portal than its page's"))
	}
	if !requestForm.MatchString(r.Request) || !ticketForm.MatchString(r.Ticket) {
		return nil, fail(CodeRequest, errors.New("request id or ticket is malformed"))
	}
	if r.Language == "" {
		r.Language = a.cfg.Language
	}
	source, ok := a.cfg.Sources[r.Method]
	if !ok || !r.Language.Known() {
		return nil, fail(CodeRequest, errors.New("unknown method or language"))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open {
		return nil, fail(CodeBusy, nil)
	}
	giveBack := func() {}
	if a.cfg.Turn != nil {
		release, err := a.cfg.Turn()
		if _, coded := errors.AsType[*Error](err); coded {
			return nil, err
		}
		if err != nil {
			return nil, fail(CodeBusy, err)
		}
		giveBack = release
	}
	a.open, a.giveBack = true, giveBack
	return &Operation{agent: a, portal: p, request: r, source: source, log: a.cfg.Log.With("request", r.Request, "method", string(r.Method))}, nil
}

func (a *Agent) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open = false
	a.giveBack()
}

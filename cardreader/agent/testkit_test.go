// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/words"
	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/challenge"
	"zaver/signature/ident"
	"zaver/signature/pin"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/people"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/windowplay"
)

var (
	fakeProgram string
	fakeWindow  string
	centre      *pki.PKI
)

// asWorker makes this test binary run as a worker process of signature/token.
const asWorker = "pkcs11-worker"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asWorker {
		os.Exit(token.ServeWorker(os.Stdin, os.Stdout))
	}
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		panic(err)
	}
	if fakeProgram, err = scripted.Build(context.Background(), dir); err != nil {
		panic(err)
	}
	if fakeWindow, err = windowplay.Build(context.Background(), dir); err != nil {
		panic(err)
	}
	if centre, err = pki.Start(pki.Config{}); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = centre.Close()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// patience bounds waits for what must come, where the time that it takes is not the subject.
const patience = time.Minute

// The made-up request of all tests.
const (
	requestID = "Rq-aZ0xCw9vQ2_-pLmN"
	ticket    = "Tk-hG7fD3sK1_-qWeRtYuIoP"
	submit    = "Sb-zXcVbNm8_-aSdFgHjKlQw"
)

// portal is a portal as the agent sees it: real key, real statement, and knobs for every fault.
type portal struct {
	*httptest.Server
	signer    note.Signer
	key       string
	statement challenge.Statement

	mu        sync.Mutex
	tampered  func([]byte) []byte       // changes the signed statement on its way
	intercept func(r *http.Request) int // a status to answer with instead; 0 for none
	got       [][]byte                  // signatures received
	cancelled []string                  // codes received by /cancel
	verdict   string                    // JSON answer to a signature
	fetched   int                       // times that the ticket was used
	gone      chan struct{}             // a connection was closed
}

func newPortal(t testing.TB) *portal {
	t.Helper()
	p := &portal{verdict: `{"state":"confirmed","codes":[]}`, gone: make(chan struct{}, 64)}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			select {
			case p.gone <- struct{}{}:
			default: // nobody counts so many
			}
		}
	}
	p.Start()
	t.Cleanup(p.Close)
	var private string
	var err error
	if private, p.key, err = challenge.GenerateKey("portal.test"); err != nil {
		t.Fatal(err)
	}
	if p.signer, err = challenge.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	vera := people.TokenHolder()
	now := time.Now().UTC().Truncate(time.Second)
	p.statement = challenge.Statement{Purpose: challenge.ConfirmIdentity, Origin: p.URL, Request: requestID, Issued: now,
		Expires: now.Add(challenge.Life), Account: "+7 900 ***-**-01", Holder: vera.FullName(), SNILS: ident.SNILS(vera.SNILS), ControlCode: "4815"}
	if _, err := rand.Read(p.statement.Nonce[:]); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *portal) text() []byte {
	b, err := challenge.Sign(p.statement, p.signer)
	if err != nil {
		panic(err)
	}
	return b
}

func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if p.intercept != nil {
		if status := p.intercept(r); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	code := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%q,"message":"…"}`, code)
	}
	switch verb, _ := strings.CutSuffix(r.URL.Path, "/"+requestID); verb {
	case "/agent/v1/statement":
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != "Ticket "+ticket {
			code(404, "confirm.unknown")
			return
		}
		if p.fetched++; p.fetched > 1 {
			code(409, "confirm.ticket_used")
			return
		}
		w.Header().Set("Zaver-Submit", submit)
		text := p.text()
		if p.tampered != nil {
			text = p.tampered(text)
		}
		_, _ = w.Write(text)
	case "/agent/v1/response", "/agent/v1/cancel":
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Submit "+submit {
			code(404, "confirm.unknown")
			return
		}
		if strings.HasSuffix(verb, "cancel") {
			var c struct{ Code string }
			_ = json.Unmarshal(body, &c)
			p.cancelled = append(p.cancelled, c.Code)
			_, _ = io.WriteString(w, `{"state":"cancelled"}`)
			return
		}
		p.got = append(p.got, body)
		_, _ = io.WriteString(w, p.verdict)
	default:
		code(404, "confirm.unknown")
	}
}

// carrier is a token of one or more software keys behind one PIN.
type carrier struct {
	mu          sync.Mutex
	credentials []agent.Credential
	keys        []*pki.Identity
	pin         string
	tries       int   // -1: the carrier doesn't tell
	listError   error // returned by List until it is nil
	signError   error
	wrongKey    bool
	in          chan struct{} // closed when a card is put in; nil: one is there
	lists       int
	signs       int
}

func newCarrier(t testing.TB, variants ...pki.Variant) *carrier {
	t.Helper()
	c := &carrier{pin: "12345678", tries: 3}
	for _, v := range variants {
		c.add(t, pki.Order{Person: people.TokenHolder(), Variant: v})
	}
	return c
}

func (c *carrier) add(t testing.TB, o pki.Order) {
	t.Helper()
	id, err := centre.Make(o)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := cert.Parse(id.DER)
	if err != nil {
		t.Fatal(err)
	}
	c.keys = append(c.keys, id)
	c.credentials = append(c.credentials, agent.Credential{Ref: len(c.keys) - 1, Carrier: "Токен Веры", Certificate: parsed})
}

func (c *carrier) left() pin.Tries {
	if c.tries < 0 {
		return pin.Unknown()
	}
	return pin.Left(c.tries)
}

func (c *carrier) List(context.Context) ([]agent.Credential, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists++
	if c.in != nil {
		select {
		case <-c.in:
		default:
			return nil, &agent.Error{ErrorCode: "card.none"}
		}
	}
	if c.listError != nil {
		return nil, c.listError
	}
	out := make([]agent.Credential, len(c.credentials))
	for i, x := range c.credentials {
		x.Tries = c.left()
		out[i] = x
	}
	return out, nil
}

func (c *carrier) Sign(ctx context.Context, x agent.Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signs++
	if c.signError != nil {
		return nil, c.signError
	}
	if x.Entry == agent.PINTyped {
		if c.tries == 0 {
			return nil, &pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked()}
		}
		right := false
		_ = p.Use(func(b []byte) error { right = string(b) == c.pin; return nil })
		if !right {
			if c.tries > 0 {
				c.tries--
			}
			return nil, &pin.Error{Reason: pin.ReasonWrong, Tries: c.left()}
		}
	} else if p != nil {
		return nil, errors.New("a PIN came though the reader asks it")
	}
	key := c.keys[x.Ref.(int)]
	if c.wrongKey {
		other, err := centre.Make(pki.Order{Person: people.TokenHolder()})
		if err != nil {
			return nil, err
		}
		key = other
	}
	return key.SignDigest(ctx, a, digest)
}

// card is a carrier that can be waited for.
type card struct{ *carrier }

func (c card) Wait(ctx context.Context) error {
	select {
	case <-c.in:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rig is an agent with its surroundings.
type rig struct {
	portal  *portal
	carrier *carrier
	script  *scripted.Pinentry
	agent   *agent.Agent
	request agent.Request
	log     *lockedBuffer
	now     func() time.Time // by which the dialogs measure the person
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newRig(t testing.TB, c *carrier, s scripted.Script, change ...func(*agent.Config)) *rig {
	t.Helper()
	r := &rig{portal: newPortal(t), carrier: c, log: &lockedBuffer{}, now: scripted.Later()}
	var err error
	if r.script, err = scripted.New(t.TempDir(), fakeProgram, s); err != nil {
		t.Fatal(err)
	}
	dialogs := dialogsBy(t, r.script, func() time.Time { return r.now() })
	cfg := agent.Config{
		Portals:       []agent.Portal{{Name: "Демо", Origin: r.portal.URL, Key: r.portal.key}},
		Sources:       map[agent.Method]agent.Source{agent.MethodToken: c, agent.MethodUEC: card{c}},
		Dialogs:       dialogs,
		Log:           slog.New(slog.NewTextHandler(r.log, nil)),
		FetchPatience: patience,
		DeviceWait:    patience,
		RetryFirst:    10 * time.Millisecond,
	}
	for _, f := range change {
		f(&cfg)
	}
	if r.agent, err = agent.New(cfg); err != nil {
		t.Fatal(err)
	}
	r.request = agent.Request{Origin: r.portal.URL, Request: requestID, Ticket: ticket, Method: agent.MethodToken, Language: words.Russian}
	return r
}

// dialogsOf runs the scripted program as a pinentry, for a person who takes their time.
func dialogsOf(t testing.TB, s *scripted.Pinentry) *pinentry.Program {
	t.Helper()
	return dialogsBy(t, s, scripted.Later())
}

func dialogsBy(t testing.TB, s *scripted.Pinentry, now func() time.Time) *pinentry.Program {
	t.Helper()
	dialogs, err := pinentry.Find(pinentry.Config{Argv: s.Hurried(), Env: os.Environ(), AnswerLimit: patience,
		GraceLimit: 100 * time.Millisecond, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return dialogs
}

// run does one request and returns its steps.
func (r *rig) run(t testing.TB, ctx context.Context) []agent.Step {
	t.Helper()
	op, err := r.agent.Begin(r.request.Origin, r.request)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	var steps []agent.Step
	last := op.Run(ctx, func(s agent.Step) { steps = append(steps, s) })
	if n := len(steps); n == 0 || steps[n-1].Step != last.Step || !last.Final() {
		t.Fatalf("the last of %v is not what Run returned", steps)
	}
	return steps
}

func (r *rig) shown(t testing.TB) []scripted.Shown {
	t.Helper()
	s, err := r.script.Shown()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func names(steps []agent.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.Step)
	}
	return strings.Join(out, " ")
}

func yes(pins ...string) scripted.Script {
	return scripted.Script{Confirm: []string{scripted.OK}, PIN: pins}
}

// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/people"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
)

// The whole of one request: what is signed is exactly what the portal issued, and the person saw it.
func TestRoad(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	steps := r.run(t, t.Context())
	want := []agent.Step{{Step: "statement"}, {Step: "consent", Control: "4815"}, {Step: "pin"}, {Step: "signing"}, {Step: "sending"},
		{Step: "done", State: "confirmed", Codes: []string{}}}
	if d := cmp.Diff(want, steps); d != "" {
		t.Fatal(d)
	}
	if len(r.portal.got) != 1 || r.portal.cancelled != nil {
		t.Fatalf("portal got %d signatures, cancels %v", len(r.portal.got), r.portal.cancelled)
	}
	signed, err := cms.Parse(r.portal.got[0])
	if err != nil {
		t.Fatal(err)
	}
	if p := signed.Check(); len(p) > 0 {
		t.Errorf("signature: %v", p)
	}
	if !bytes.Equal(signed.Content, r.portal.text()) {
		t.Error("the signature is not over the statement's bytes")
	}
	shown := r.shown(t)
	if len(shown) != 2 || shown[0].Command != "CONFIRM" || shown[1].Command != "GETPIN" {
		t.Fatalf("dialogs: %+v", shown)
	}
	for _, part := range []string{"Демо", r.portal.URL, "подтверждение личности", "+7 900 ***-**-01", "Светлова Вера Андреевна", "Контрольный код: 4815", "Токен Веры"} {
		if !strings.Contains(shown[0].Text, part) {
			t.Errorf("consent doesn't show %q:\n%s", part, shown[0].Text)
		}
	}
	if shown[0].NotOK != "" || shown[0].OK != "Подписать" {
		t.Errorf("buttons: %+v", shown[0])
	}
	if !strings.Contains(shown[1].Text, "Осталось попыток: 3") || !strings.Contains(shown[1].Text, "4815") {
		t.Errorf("PIN dialog: %q", shown[1].Text)
	}
	if r.agent.Busy() {
		t.Error("busy after the end")
	}
}

// A connection that is kept for a next request would wake the agent at rest when its time has run out.
func TestNoConnectionIsKept(t *testing.T) {
	vera := people.TokenHolder()
	r := newRig(t, newCarrier(t, pki.Good), yes(vera.PINs.Token))
	if steps := r.run(t, t.Context()); steps[len(steps)-1].State != "confirmed" {
		t.Fatalf("got %+v", steps)
	}
	select {
	case <-r.portal.gone:
	case <-time.After(20 * time.Second):
		t.Error("the connection to the portal stays open after the request")
	}
}

// Nothing personal and no PIN is logged.
func TestLogIsImpersonal(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("00000000", "12345678"))
	r.run(t, t.Context())
	vera := people.TokenHolder()
	serial := hex.EncodeToString(r.carrier.keys[0].Serial.Bytes())
	for _, secret := range []string{"12345678", "00000000", vera.Surname, vera.SNILS, "+7 900", "Токен", serial, ticket, submit, base64.StdEncoding.EncodeToString(r.carrier.keys[0].DER[:30])} {
		if strings.Contains(strings.ReplaceAll(r.log.String(), r.portal.URL, ""), secret) {
			t.Errorf("the log holds %q:\n%s", secret, r.log)
		}
	}
	if !strings.Contains(r.log.String(), requestID) {
		t.Error("the log doesn't name the request")
	}
}

func TestEnglish(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	r.request.Language = words.English
	r.run(t, t.Context())
	shown := r.shown(t)
	if !strings.Contains(shown[0].Text, "Control code: 4815") || shown[0].OK != "Sign" || shown[0].Cancel != "Decline" {
		t.Errorf("got %+v", shown[0])
	}
}

// The third button goes round the usable certificates; another person's come last and are marked; unusable ones are named with the reason.
func TestAnotherCertificate(t *testing.T) {
	c := newCarrier(t, pki.Expired, pki.WrongUsage)
	c.add(t, pki.Order{Person: people.Stranger()})
	c.add(t, pki.Order{Person: people.TokenHolder()})
	r := newRig(t, c, scripted.Script{Confirm: []string{scripted.Other, scripted.OK}, PIN: []string{"12345678"}})
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.State != "confirmed" {
		t.Fatalf("got %+v", got)
	}
	shown := r.shown(t)
	first, second := shown[0], shown[1]
	if first.NotOK != "Другой сертификат" || !strings.Contains(first.Text, "Сертификат 1 из 2: Светлова") || strings.Contains(first.Text, "СНИЛС в сертификате другой") {
		t.Errorf("first: %+v", first)
	}
	if flat := strings.Join(strings.Fields(first.Text), " "); !strings.Contains(flat, "срок действия истёк") || !strings.Contains(flat, "не для подписи") {
		t.Errorf("unusable certificates are not named: %s", first.Text)
	}
	if !strings.Contains(second.Text, "Сертификат 2 из 2") || !strings.Contains(second.Text, "СНИЛС в сертификате другой") {
		t.Errorf("second: %+v", second)
	}
	signed, err := cms.Parse(r.portal.got[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := signed.SignerCertificate().Holder().Name.Surname; got != people.Stranger().Surname {
		t.Errorf("signed by %s", got)
	}
}

func TestNoneUsable(t *testing.T) {
	for _, c := range []struct {
		variants []pki.Variant
		tries    int
		want     string
	}{
		{nil, 3, "token.none"},
		{[]pki.Variant{pki.Expired}, 3, "token.cert_expired"},
		{[]pki.Variant{pki.NotYetValid}, 3, "token.cert_not_yet"},
		{[]pki.Variant{pki.WrongUsage}, 3, "token.cert_key_usage"},
		{[]pki.Variant{pki.WrongUsage, pki.Expired}, 3, "token.cert_expired"},
		{[]pki.Variant{pki.Good}, 0, "pin.blocked"},
	} {
		k := newCarrier(t, c.variants...)
		k.tries = c.tries
		r := newRig(t, k, yes("12345678"))
		steps := r.run(t, t.Context())
		if got := steps[len(steps)-1]; got.Code != c.want {
			t.Errorf("%v: got %+v, want %s", c.variants, got, c.want)
		}
		if names(steps) != "statement failed" || len(r.shown(t)) != 0 {
			t.Errorf("%v: steps %s, dialogs %d", c.variants, names(steps), len(r.shown(t)))
		}
		if d := cmp.Diff([]string{c.want}, r.portal.cancelled); d != "" {
			t.Errorf("%v: portal told: %s", c.variants, d)
		}
	}
}

// A card that isn't there is waited for, by event.
func TestCardPutIn(t *testing.T) {
	c := newCarrier(t, pki.Good)
	c.in = make(chan struct{})
	r := newRig(t, c, yes("12345678"))
	r.request.Method = agent.MethodUEC
	op, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	var steps []agent.Step
	op.Run(t.Context(), func(s agent.Step) {
		steps = append(steps, s)
		if s.Step == agent.StepDevice {
			close(c.in)
		}
	})
	if got := names(steps); got != "statement device consent pin signing sending done" {
		t.Errorf("got %s", got)
	}
	if shown := r.shown(t); !strings.Contains(shown[1].Text, "ПИН2") {
		t.Errorf("PIN dialog: %q", shown[1].Text)
	}
}

func TestCardNeverPutIn(t *testing.T) {
	c := newCarrier(t, pki.Good)
	c.in = make(chan struct{})
	r := newRig(t, c, yes("12345678"), func(cfg *agent.Config) { cfg.DeviceWait = 20 * time.Millisecond })
	r.request.Method = agent.MethodUEC
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; names(steps) != "statement device failed" || got.Code != "card.none" {
		t.Errorf("got %+v", steps)
	}
}

// A PIN typed on the reader never passes through the agent.
func TestReaderPIN(t *testing.T) {
	c := newCarrier(t, pki.Good)
	c.credentials[0].Entry = agent.PINOnReader
	r := newRig(t, c, yes())
	steps := r.run(t, t.Context())
	if got := names(steps); got != "statement consent pin signing sending done" {
		t.Fatalf("got %s", got)
	}
	if shown := r.shown(t); len(shown) != 1 || !strings.Contains(shown[0].Text, "клавиатуре считывателя") {
		t.Errorf("dialogs: %+v", shown)
	}
}

func TestRefusedVerdictIsHandedOn(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	r.portal.verdict = `{"state":"refused","codes":["sig.cert_revoked","policy.name"]}`
	steps := r.run(t, t.Context())
	want := agent.Step{Step: "done", State: "refused", Codes: []string{"sig.cert_revoked", "policy.name"}}
	if d := cmp.Diff(want, steps[len(steps)-1]); d != "" {
		t.Error(d)
	}
}

// The page that closes its connection ends the request before sending, at once.
func TestPageGoesAway(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), scripted.Script{Confirm: []string{scripted.Hang}})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	op, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	last := op.Run(ctx, func(s agent.Step) {
		if s.Step == agent.StepConsent {
			leave()
		}
	})
	if last.Code != agent.CodeCancelled || r.carrier.signs != 0 {
		t.Errorf("got %+v, %d signatures", last, r.carrier.signs)
	}
	if d := cmp.Diff([]string{agent.CodeCancelled}, r.portal.cancelled); d != "" {
		t.Error(d)
	}
}

// Once signed, the signature is sent even when the page has gone.
func TestPageGoesAwayAfterSigning(t *testing.T) {
	r := newRig(t, newCarrier(t, pki.Good), yes("12345678"))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	op, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	last := op.Run(ctx, func(s agent.Step) {
		if s.Step == agent.StepSending {
			leave()
		}
	})
	if last.State != "confirmed" || len(r.portal.got) != 1 {
		t.Errorf("got %+v, %d signatures", last, len(r.portal.got))
	}
}

func TestCodesAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range agent.Codes() {
		if seen[c] || strings.Count(c, ".") != 1 || c != strings.ToLower(c) {
			t.Errorf("code %q is repeated or malformed", c)
		}
		seen[c] = true
	}
}

func TestCheckOrigin(t *testing.T) {
	for _, ok := range []string{"https://portal.example", "https://portal.example:8443", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost", "https://xn--80ak6aa92e.com"} {
		if err := agent.CheckOrigin(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{"", "null", "https://", "http://portal.example", "https://Portal.example", "https://portal.example/", "https://portal.example:443",
		"http://127.0.0.1:80", "https://u@portal.example", "https://портал.рф", "ftp://portal.example", "https://portal.example?x", "http://127.0.0.2", "http://10.0.0.1",
		"https://portal.example:", "https://portal.example:99999", "https://a..b", "https://portal.example.", "https://a_b.example", "file://", "http://localhost.evil.example", "https://" + strings.Repeat("a", 200)} {
		if err := agent.CheckOrigin(bad); err == nil {
			t.Errorf("%s accepted", bad)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	r := newRig(t, newCarrier(t), yes())
	base := agent.Config{Portals: []agent.Portal{{Name: "Демо", Origin: r.portal.URL, Key: r.portal.key}},
		Sources: map[agent.Method]agent.Source{agent.MethodToken: r.carrier}, Dialogs: nobody{}}
	if _, err := agent.New(base); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*agent.Config){
		"portals[0].origin": func(c *agent.Config) { c.Portals[0].Origin = "http://portal.example" },
		"portals[0].key":    func(c *agent.Config) { c.Portals[0].Key = "portal.test+00000000+AAAA" },
		"portals[0].name":   func(c *agent.Config) { c.Portals[0].Name = "" },
		"portals[1].origin": func(c *agent.Config) { c.Portals = append(c.Portals, c.Portals[0]) },
		"language":          func(c *agent.Config) { c.Language = "de" },
		"at least one":      func(c *agent.Config) { c.Dialogs = nil },
	} {
		c := base
		c.Portals = append([]agent.Portal(nil), base.Portals...)
		spoil(&c)
		if _, err := agent.New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

var _ http.Handler = (*portal)(nil)

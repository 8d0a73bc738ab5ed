// SPDX-License-Identifier: Apache-2.0

package wiped

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/signature/challenge"
	"zaver/signature/cms"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/people"
)

// portal is one that records every byte on its wires, and holds its answer to a signature back until it is told.
type portal struct {
	t       *testing.T
	server  *httptest.Server
	private string
	public  string
	who     people.Person

	signed chan time.Time // a signature has come
	answer chan struct{}  // its answer may go

	mu      sync.Mutex
	traffic bytes.Buffer
	text    []byte
}

const submit = "Sb-zXcVbNm8_-aSdFgHjKlQw"

func newPortal(t *testing.T, who people.Person) *portal {
	t.Helper()
	p := &portal{t: t, who: who, signed: make(chan time.Time, 1), answer: make(chan struct{}, 1)}
	var err error
	p.private, p.public, err = challenge.GenerateKey("portal.test")
	must(t, err)
	p.server = httptest.NewUnstartedServer(p)
	p.server.Listener = recorder{p.server.Listener, p}
	p.server.Start()
	t.Cleanup(p.server.Close)
	return p
}

// recorder keeps what goes over its connections.
type recorder struct {
	net.Listener
	portal *portal
}

func (r recorder) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	return recorded{c, r.portal}, err
}

type recorded struct {
	net.Conn
	portal *portal
}

func (r recorded) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.portal.mu.Lock()
	defer r.portal.mu.Unlock()
	r.portal.traffic.Write(b[:n])
	return n, err
}

// said is all that the agent has sent.
func (p *portal) said() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.traffic.Bytes())
}

func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	_, verb, _ := strings.Cut(r.URL.Path, "/agent/v1/")
	verb, request, _ := strings.Cut(verb, "/")
	switch verb {
	case "statement":
		w.Header().Set("Zaver-Submit", submit)
		_, _ = w.Write(p.statement(request))
	case "response":
		p.mu.Lock()
		text := p.text
		p.mu.Unlock()
		if signed, err := cms.Parse(body); err != nil || len(signed.Check()) > 0 || !bytes.Equal(signed.Content, text) {
			p.t.Errorf("no good signature came: %v", err)
		}
		p.signed <- time.Now()
		select {
		case <-p.answer:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, `{"state":"confirmed","codes":[]}`)
	default:
		_, _ = io.WriteString(w, `{}`)
	}
}

func (p *portal) statement(request string) []byte {
	signer, err := challenge.NewSigner(p.private)
	if err != nil {
		p.t.Error(err)
		return nil
	}
	now := time.Now().UTC().Truncate(time.Second)
	s := challenge.Statement{Purpose: challenge.ConfirmIdentity, Origin: p.server.URL, Request: request, Issued: now, Expires: now.Add(challenge.Life),
		Account: "+7 900 ***-**-01", Holder: p.who.FullName(), SNILS: ident.SNILS(p.who.SNILS), ControlCode: "4815"}
	_, _ = rand.Read(s.Nonce[:])
	text, err := challenge.Sign(s, signer)
	if err != nil {
		p.t.Error(err)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = text
	return text
}

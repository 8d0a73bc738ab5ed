// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// SMPPConfig of the SMS sender (SMPP 3.4, transceiver bind).
type SMPPConfig struct {
	Address  string // host:port of the SMS centre
	SystemID string
	Password string
	From     string // alphanumeric sender, at most 11 characters
	// TLS wraps the connection; without it codes and password are readable on the way.
	TLS     bool
	Timeout time.Duration // longest time of one message, the bind before it included
}

// SMPP sends SMS over one bind, made when first needed and made anew after a loss. Close ends it.
type SMPP struct {
	config  SMPPConfig
	binding chan struct{} // held by who binds

	mu      sync.Mutex // guards what follows
	closed  bool
	session *gosmpp.Session
	rest    time.Time // no bind is tried before: the last one failed slowly
	waiting map[int32]chan *pdu.SubmitSMResp
}

// NewSMPP returns a sender; it does not connect.
func NewSMPP(config SMPPConfig) *SMPP {
	return &SMPP{config: config, binding: make(chan struct{}, 1), waiting: map[int32]chan *pdu.SubmitSMResp{}}
}

// Close unbinds. It does not wait for a bind in the making; its session is closed as soon as it is there.
func (s *SMPP) Close() error {
	s.mu.Lock()
	session := s.session
	s.session, s.closed = nil, true
	s.mu.Unlock()
	if session == nil {
		return nil
	}
	return session.Close()
}

// Send hands one SMS over, in parts when it is longer than one (70 characters of Russian). The returned id is that of its last part.
func (s *SMPP) Send(ctx context.Context, m Message) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	parts, err := s.parts(m)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRefused, err)
	}
	session, err := s.bound(ctx)
	if err != nil {
		return "", fmt.Errorf("bind to the SMS centre: %w", err)
	}
	id := ""
	for _, part := range parts {
		if id, err = s.submit(ctx, session, part); err != nil {
			return "", err
		}
	}
	return id, nil
}

func (s *SMPP) parts(m Message) ([]*pdu.SubmitSM, error) {
	p := pdu.NewSubmitSM().(*pdu.SubmitSM)
	p.SourceAddr.SetTon(5) // alphanumeric (SMPP 3.4 section 5.2.5)
	p.DestAddr.SetTon(1)   // international
	p.DestAddr.SetNpi(1)   // E.164
	if err := p.SourceAddr.SetAddress(s.config.From); err != nil {
		return nil, fmt.Errorf("set sender: %w", err)
	}
	if err := p.DestAddr.SetAddress(strings.TrimPrefix(m.To, "+")); err != nil {
		return nil, fmt.Errorf("set number: %w", err)
	}
	encoding := data.UCS2
	if len(data.ValidateGSM7String(m.Text)) == 0 {
		encoding = data.GSM7BIT
	}
	if err := p.Message.SetLongMessageWithEnc(m.Text, encoding); err != nil {
		return nil, fmt.Errorf("encode text: %w", err)
	}
	return p.Split() // one part when the text fits
}

var errResting = errors.New("the SMS centre did not answer a moment ago")

// bound returns the session, binding anew when there is none: one caller at a time, nobody longer than ctx. After a centre
// that kept a bind waiting the next is not tried for as long, so that other messages of the queue go out meanwhile.
func (s *SMPP) bound(ctx context.Context) (*gosmpp.Session, error) {
	select {
	case s.binding <- struct{}{}:
		defer func() { <-s.binding }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s.mu.Lock()
	session, rest, closed := s.session, s.rest, s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return nil, errLost
	case session != nil:
		return session, nil
	case time.Now().Before(rest):
		return nil, errResting
	}
	began := time.Now()
	session, err := s.bind(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.rest = time.Now().Add(time.Since(began))
		return nil, err
	}
	if s.closed {
		return nil, errors.Join(errLost, session.Close())
	}
	s.session = session
	return session, nil
}

func (s *SMPP) bind(ctx context.Context) (*gosmpp.Session, error) {
	dial := func(address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if s.config.TLS {
			conn, err = new(tls.Dialer).DialContext(ctx, "tcp", address)
		} else {
			conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
		}
		if err != nil {
			return nil, err
		}
		// The library waits for the answer to the bind without end; later it sets its own deadlines.
		if end, ok := ctx.Deadline(); ok {
			if err := conn.SetDeadline(end); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
		}
		return conn, nil
	}
	auth := gosmpp.Auth{SMSC: s.config.Address, SystemID: s.config.SystemID, Password: s.config.Password}
	return gosmpp.NewSession(gosmpp.TRXConnector(dial, auth), gosmpp.Settings{
		EnquireLink:  time.Minute,
		ReadTimeout:  2 * time.Minute,
		WriteTimeout: s.config.Timeout,
		OnPDU:        s.answered,
		OnClosed:     func(gosmpp.State) { s.lost() },
	}, 0)
}

// lost forgets the bind and wakes whoever waits for an answer over it.
func (s *SMPP) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = nil
	for sequence, answer := range s.waiting {
		close(answer)
		delete(s.waiting, sequence)
	}
}

func (s *SMPP) answered(p pdu.PDU, _ bool) {
	response, ok := p.(*pdu.SubmitSMResp)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer := s.waiting[response.SequenceNumber]; answer != nil {
		answer <- response
		delete(s.waiting, response.SequenceNumber)
	}
}

var errLost = errors.New("the connection to the SMS centre was lost")

func (s *SMPP) submit(ctx context.Context, session *gosmpp.Session, p *pdu.SubmitSM) (string, error) {
	answer := make(chan *pdu.SubmitSMResp, 1)
	s.mu.Lock()
	if s.session != session {
		s.mu.Unlock()
		return "", errLost
	}
	s.waiting[p.SequenceNumber] = answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, p.SequenceNumber)
		s.mu.Unlock()
	}()
	if err := session.Transceiver().Submit(p); err != nil {
		return "", fmt.Errorf("submit SMS: %w", err)
	}
	select {
	case response, ok := <-answer:
		if !ok {
			return "", errLost
		}
		return response.MessageID, verdict(response.CommandStatus)
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the SMS centre: %w", context.Cause(ctx))
	}
}

// verdict tells an address that will never work from a centre that is busy (SMPP 3.4 section 5.1.3).
func verdict(status data.CommandStatusType) error {
	switch status {
	case data.ESME_ROK:
		return nil
	case data.ESME_RINVDSTADR, data.ESME_RINVDSTTON, data.ESME_RINVDSTNPI, data.ESME_RINVMSGLEN:
		return fmt.Errorf("%w: SMS centre says %s", ErrRefused, status)
	}
	return fmt.Errorf("submit SMS: centre says %s", status)
}

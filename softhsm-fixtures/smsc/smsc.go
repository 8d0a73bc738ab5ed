// SPDX-License-Identifier: Apache-2.0

// Package smsc emulates an SMS centre: an SMPP 3.4 server on loopback that takes transceiver and transmitter binds, answers submit_sm,
// joins split messages, sends delivery receipts, and files what it took into an inbox. Tests make it fail (throttled), refuse (bad
// address), stall or die. PDU coding is gosmpp's. Safe for many goroutines.
package smsc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/mischief"
)

// Config of a Server. SystemID and Password are the only account it knows.
type Config struct {
	Address  string // "127.0.0.1:0" picks a port
	SystemID string
	Password string
	Inbox    *inbox.Inbox
}

// Server is a running SMS centre. Close ends it and every connection.
type Server struct {
	Control mischief.Control

	config   Config
	listener net.Listener
	next     atomic.Int64
	ctx      context.Context
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	parts map[string][]string // unfinished split messages by sender, receiver and reference
}

// Start listens and serves until Close.
func Start(config Config) (*Server, error) {
	listener, err := net.Listen("tcp", config.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for SMPP: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{config: config, listener: listener, ctx: ctx, cancel: cancel, conns: map[net.Conn]struct{}{}, parts: map[string][]string{}}
	s.wait.Go(s.accept)
	return s, nil
}

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close stops listening, cuts every connection and waits for them to end.
func (s *Server) Close() error {
	s.cancel()
	err := s.listener.Close()
	s.Cut()
	s.wait.Wait()
	return err
}

// Cut drops every connection without a word, as a restarted centre does; clients may bind again.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = struct{}{}
		s.mu.Unlock()
		if s.ctx.Err() != nil { // Close has cut the others before this one was known
			_ = conn.Close()
		}
		s.wait.Go(func() {
			_ = s.serve(conn)
			_ = conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

var errUnbound = errors.New("peer unbound")

func (s *Server) serve(conn net.Conn) error {
	bound := false
	for {
		if err := conn.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
			return err
		}
		request, err := pdu.Parse(conn)
		if err != nil {
			return err
		}
		switch p := request.(type) {
		case *pdu.BindRequest:
			bound = p.SystemID == s.config.SystemID && p.Password == s.config.Password
			err = s.answerBind(conn, p, bound)
		case *pdu.SubmitSM:
			err = s.submit(conn, p, bound)
		case *pdu.Unbind:
			_ = send(conn, p.GetResponse())
			return errUnbound
		default:
			if request.CanResponse() {
				err = send(conn, request.GetResponse())
			}
		}
		if err != nil {
			return err
		}
	}
}

func (s *Server) answerBind(conn net.Conn, p *pdu.BindRequest, ok bool) error {
	response := p.GetResponse().(*pdu.BindResp)
	response.SystemID = "zaver-smsc"
	if !ok {
		response.CommandStatus = data.ESME_RBINDFAIL
	}
	return send(conn, response)
}

func (s *Server) submit(conn net.Conn, p *pdu.SubmitSM, bound bool) error {
	response := p.GetResponse().(*pdu.SubmitSMResp)
	switch mode := s.Control.Next(s.ctx); {
	case !bound:
		response.CommandStatus = data.ESME_RINVBNDSTS
	case mode == mischief.Fail:
		response.CommandStatus = data.ESME_RTHROTTLED
	case mode == mischief.Refuse:
		response.CommandStatus = data.ESME_RINVDSTADR
	case mode == mischief.Stall:
		return nil
	default:
		response.MessageID = fmt.Sprintf("%d", s.next.Add(1))
		if mode != mischief.Lie { // a lying centre takes the message and loses it
			s.file(p)
		}
	}
	if err := send(conn, response); err != nil || response.CommandStatus != data.ESME_ROK || p.RegisteredDelivery == 0 {
		return err
	}
	return send(conn, receipt(p, response.MessageID))
}

// file puts a message into the inbox, after its last part when it was split.
func (s *Server) file(p *pdu.SubmitSM) {
	text, err := p.Message.GetMessage()
	if err != nil {
		text = "(unreadable: " + err.Error() + ")"
	}
	if total, sequence, reference, found := p.Message.UDH().GetConcatInfo(); found && total > 1 {
		if text = s.join(p, int(total), int(sequence), int(reference), text); text == "" {
			return
		}
	}
	s.config.Inbox.Add(inbox.Message{Channel: inbox.SMS, From: p.SourceAddr.Address(), To: p.DestAddr.Address(), Text: text})
}

func (s *Server) join(p *pdu.SubmitSM, total, sequence, reference int, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprintf("%s>%s#%d", p.SourceAddr.Address(), p.DestAddr.Address(), reference)
	parts := s.parts[key]
	if len(parts) != total {
		parts = make([]string, total)
	}
	if sequence < 1 || sequence > total {
		return ""
	}
	parts[sequence-1] = text
	s.parts[key] = parts
	var whole bytes.Buffer
	for _, part := range parts {
		if part == "" {
			return ""
		}
		whole.WriteString(part)
	}
	delete(s.parts, key)
	return whole.String()
}

// receipt is the delivery receipt of SMPP 3.4 appendix B.
func receipt(p *pdu.SubmitSM, id string) pdu.PDU {
	deliver := pdu.NewDeliverSM().(*pdu.DeliverSM)
	deliver.SourceAddr, deliver.DestAddr = p.DestAddr, p.SourceAddr
	deliver.EsmClass = data.SM_SMSC_DLV_RCPT_TYPE
	stamp := time.Now().Format("0601021504")
	_ = deliver.Message.SetMessageWithEncoding(fmt.Sprintf(
		"id:%s sub:001 dlvrd:001 submit date:%s done date:%s stat:DELIVRD err:000 text:", id, stamp, stamp), data.GSM7BIT)
	return deliver
}

func send(conn net.Conn, p pdu.PDU) error {
	buffer := pdu.NewBuffer(nil)
	p.Marshal(buffer)
	_, err := conn.Write(buffer.Bytes())
	return err
}

// SPDX-License-Identifier: Apache-2.0

// Package mailsink emulates a mail server: SMTP on loopback, every letter accepted and filed into an inbox as plain text.
// Tests make it fail (451), refuse (550), lie (accept and lose), stall or die. The protocol is go-smtp's. Safe for many goroutines.
package mailsink

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/mischief"
)

const maxLetter = 1 << 20 // octets

// Server is a running mail server. Close ends it and every connection.
type Server struct {
	Control mischief.Control

	box      *inbox.Inbox
	smtp     *smtp.Server
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	done     chan struct{}
}

// Start listens on address ("127.0.0.1:0" picks a port) and serves until Close.
func Start(address string, box *inbox.Inbox) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for SMTP: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{box: box, listener: listener, ctx: ctx, cancel: cancel, done: make(chan struct{})}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	s.smtp.Domain = "mail.zaver.test"
	s.smtp.MaxMessageBytes = maxLetter
	s.smtp.MaxRecipients = 10
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = time.Minute, time.Minute
	go func() {
		defer close(s.done)
		_ = s.smtp.Serve(listener)
	}()
	return s, nil
}

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close stops the server and cuts its connections.
func (s *Server) Close() error {
	s.cancel()
	err := s.smtp.Close()
	_ = s.listener.Close() // the server doesn't know it yet when it has not begun to serve
	<-s.done
	return err
}

type session struct {
	server *Server
	from   string
	to     []string
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	switch s.server.Control.Next(s.server.ctx) {
	case mischief.Fail, mischief.Stall:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	case mischief.Refuse:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	case mischief.Lie:
		_, err := io.Copy(io.Discard, r)
		return err
	}
	letter, err := mail.ReadMessage(r)
	if err != nil {
		return fmt.Errorf("read letter: %w", err)
	}
	text, err := plainText(letter.Header.Get("Content-Type"), letter.Header.Get("Content-Transfer-Encoding"), letter.Body)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject"))
	if err != nil {
		return fmt.Errorf("read subject: %w", err)
	}
	for _, to := range s.to {
		s.server.box.Add(inbox.Message{Channel: inbox.Letter, From: s.from, To: to, Subject: subject, Text: text})
	}
	return nil
}

var errNoText = errors.New("the letter has no text/plain part")

// plainText finds the text/plain part, one level deep, and undoes its transfer encoding.
func plainText(contentType, encoding string, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", fmt.Errorf("read content type: %w", err)
	}
	if kind == "text/plain" {
		return decoded(encoding, body)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return "", errNoText
	}
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err != nil {
			return "", errors.Join(errNoText, err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			return decoded(part.Header.Get("Content-Transfer-Encoding"), part)
		}
	}
}

func decoded(encoding string, body io.Reader) (string, error) {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxLetter))
	if err != nil {
		return "", fmt.Errorf("read text: %w", err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}

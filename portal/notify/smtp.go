// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wneessen/go-mail"
)

// SMTPConfig of the letter sender.
type SMTPConfig struct {
	Host     string
	Port     int
	From     string // envelope and header sender, "Name <address>" or an address
	User     string // empty: no authentication
	Password string
	TLS      bool // demand STARTTLS; false only for a server on this machine
	Timeout  time.Duration
}

// SMTP sends letters as plain text, one connection a letter.
type SMTP struct {
	config SMTPConfig
	client *mail.Client
}

// NewSMTP checks the configuration; it does not connect.
func NewSMTP(config SMTPConfig) (*SMTP, error) {
	options := []mail.Option{mail.WithPort(config.Port), mail.WithTimeout(config.Timeout), mail.WithTLSPolicy(mail.TLSMandatory)}
	if !config.TLS {
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if config.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(config.User), mail.WithPassword(config.Password))
	}
	client, err := mail.NewClient(config.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("set up mail client: %w", err)
	}
	if err := mail.NewMsg().From(config.From); err != nil {
		return nil, fmt.Errorf("read sender's address: %w", err)
	}
	return &SMTP{config: config, client: client}, nil
}

// Send hands one letter over. The returned id is its Message-ID.
func (s *SMTP) Send(ctx context.Context, m Message) (string, error) {
	letter := mail.NewMsg()
	if err := letter.From(s.config.From); err != nil {
		return "", fmt.Errorf("set sender: %w", err)
	}
	if err := letter.To(m.To); err != nil {
		return "", fmt.Errorf("%w: address: %w", ErrRefused, err)
	}
	letter.SetMessageIDWithValue(m.Key + "@" + s.config.Host)
	letter.SetDate()
	letter.Subject(m.Subject)
	letter.SetBodyString(mail.TypeTextPlain, m.Text)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 section 5: no vacation answers
	err := s.client.DialAndSendWithContext(ctx, letter)
	if said, ok := errors.AsType[*mail.SendError](err); ok {
		// The server's own words name the recipient, and errors are kept and logged.
		plain := fmt.Errorf("mail server says %d (%s)", said.ErrorCode(), said.Reason)
		if !said.IsTemp() && said.ErrorCode() >= 500 {
			return "", fmt.Errorf("%w: %w", ErrRefused, plain)
		}
		return "", fmt.Errorf("hand over letter: %w", plain)
	}
	if err != nil {
		return "", fmt.Errorf("hand over letter: %w", err)
	}
	return letter.GetMessageID(), nil
}

// SPDX-License-Identifier: Apache-2.0

// Package notify alone sends messages to people: it renders a kept notice in its reader's language and hands it to a sender (SMTP for
// letters, SMPP for SMS). Notices lie in the outbox until a sender took them, and are tried again for up to a day; what was sent is erased.
// A message may arrive twice when the portal dies between sending and marking: letters then carry the same Message-ID.
// A Courier and the senders may be used by many goroutines.
package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/portal/notice"
	"zaver/portal/text"
)

// ErrRefused marks a message that the other side will never take (no such number or mailbox): callers match it and do not try again.
var ErrRefused = errors.New("the message was refused for good")

// Message is what a sender sends.
type Message struct {
	Key     string // the same for every try of one notice
	To      string // E.164 number or e-mail address
	Subject string // letters only
	Text    string
}

// Sender hands a message to the outside and returns the other side's id for it. An error that is not ErrRefused may pass by itself.
type Sender interface {
	Send(ctx context.Context, m Message) (id string, err error)
}

// Kept is a notice in the outbox.
type Kept struct {
	ID      string
	Notice  notice.Notice
	Created time.Time
}

// Outbox is where notices lie. Pending returns false for one that was sent or given up. Sent and GaveUp erase the content
// by a conditional change: a second call changes nothing.
type Outbox interface {
	Pending(ctx context.Context, id string) (Kept, bool, error)
	Sent(ctx context.Context, id, providerID string) error
	GaveUp(ctx context.Context, id, why string) error
}

// Config of a Courier.
type Config struct {
	Outbox  Outbox
	Texts   *text.Catalogue
	Senders map[notice.Channel]Sender
	Origin  string // the portal's web origin, for links back
	Now     func() time.Time
}

// Courier delivers kept notices.
type Courier struct{ config Config }

// New returns a courier.
func New(config Config) *Courier { return &Courier{config: config} }

// Life is how long a notice is tried: yesterday's tells nobody anything.
const Life = 24 * time.Hour

const (
	codeLife     = 5 * time.Minute // as long as the code itself: later it only confuses
	firstRetry   = 2 * time.Second
	longestRetry = 15 * time.Minute
)

// Deliver sends one notice. A nil error means that nothing is left to do: it went out, or was given up, or was gone already.
// Any other error asks for another try, see Retry.
func (c *Courier) Deliver(ctx context.Context, id string) error {
	kept, pending, err := c.config.Outbox.Pending(ctx, id)
	if err != nil || !pending {
		return err
	}
	n := kept.Notice
	sender := c.config.Senders[n.Channel]
	if sender == nil {
		return c.config.Outbox.GaveUp(ctx, id, "no_sender")
	}
	if c.config.Now().Sub(kept.Created) > life(n) {
		return c.config.Outbox.GaveUp(ctx, id, "too_late")
	}
	providerID, err := sender.Send(ctx, c.render(kept))
	switch {
	case errors.Is(err, ErrRefused):
		return c.config.Outbox.GaveUp(ctx, id, "refused")
	case err != nil:
		return fmt.Errorf("send notice: %w", err)
	}
	return c.config.Outbox.Sent(ctx, id, providerID)
}

// life is how long a notice is worth sending.
func life(n notice.Notice) time.Duration {
	if _, hasCode := n.Args["Code"]; hasCode {
		return codeLife
	}
	return Life
}

// Retry is the wait before try number attempt (from 1): doubling from two seconds to a quarter of an hour.
func Retry(attempt int) time.Duration {
	return min(firstRetry<<min(max(attempt-1, 0), 16), longestRetry)
}

func (c *Courier) render(kept Kept) Message {
	n := kept.Notice
	lang, ok := text.ParseLang(n.Lang)
	if !ok {
		lang = text.Russian
	}
	args := map[string]any{"Origin": c.config.Origin}
	for k, v := range n.Args {
		args[k] = v
	}
	m := Message{Key: kept.ID, To: n.To}
	if n.Channel == notice.Email {
		m.Subject = c.config.Texts.Text(lang, n.Template+".subject", args)
		m.Text = c.config.Texts.Text(lang, n.Template+".email", args)
		return m
	}
	m.Text = c.config.Texts.Text(lang, n.Template+".sms", args)
	return m
}

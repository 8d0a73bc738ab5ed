// SPDX-License-Identifier: Apache-2.0

// Package inbox keeps the letters and SMS that the emulated mail server and SMS centre took, so that a person reads them on a page
// and a test waits for the one it needs. Safe for many goroutines; it keeps the newest 1,000 messages in memory and nothing on disk.
package inbox

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Channel says how a message came.
type Channel string

// The channels.
const (
	SMS    Channel = "sms"
	Letter Channel = "letter"
)

// Message is one delivered letter or SMS.
type Message struct {
	ID      int       `json:"id"`
	Channel Channel   `json:"channel"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

var (
	codePattern = regexp.MustCompile(`(?:^|[^\d])(\d{6})(?:[^\d]|$)`)
	linkPattern = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// Code is the first six-digit number in the text, or "".
func (m Message) Code() string {
	if found := codePattern.FindStringSubmatch(m.Text); found != nil {
		return found[1]
	}
	return ""
}

// Link is the first web address in the text, or "".
func (m Message) Link() string { return strings.TrimRight(linkPattern.FindString(m.Text), ".,;") }

const keep = 1000

// Inbox is the pile of messages. Make one with New.
type Inbox struct {
	mu      sync.Mutex
	last    int
	pile    []Message
	arrival chan struct{}
	now     func() time.Time
}

// New returns an empty inbox that stamps messages with now.
func New(now func() time.Time) *Inbox {
	return &Inbox{now: now, arrival: make(chan struct{})}
}

// Add files a message and wakes everyone who waits.
func (b *Inbox) Add(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	m.ID, m.At = b.last, b.now()
	b.pile = append(b.pile, m)
	if len(b.pile) > keep {
		b.pile = slices.Clone(b.pile[len(b.pile)-keep:])
	}
	close(b.arrival)
	b.arrival = make(chan struct{})
}

// All returns the messages to an address ("" for every address), oldest first.
func (b *Inbox) All(to string) []Message {
	messages, _ := b.look(to)
	return messages
}

// Last is the number of the newest message; pass it to Wait to see only what comes later.
func (b *Inbox) Last() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// Wait returns the first message to an address that is newer than after and satisfies match (nil: any), or an error when ctx ends.
func (b *Inbox) Wait(ctx context.Context, to string, after int, match func(Message) bool) (Message, error) {
	for {
		messages, arrival := b.look(to)
		for _, m := range messages {
			if m.ID > after && (match == nil || match(m)) {
				return m, nil
			}
		}
		select {
		case <-arrival:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("wait for a message to %s: %w", to, context.Cause(ctx))
		}
	}
}

func (b *Inbox) look(to string) ([]Message, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Message
	for _, m := range b.pile {
		if to == "" || sameAddress(m.To, to) {
			out = append(out, m)
		}
	}
	return out, b.arrival
}

// sameAddress compares e-mail addresses without case and phone numbers without the plus sign, which SMPP leaves out.
func sameAddress(a, b string) bool {
	return strings.EqualFold(strings.TrimPrefix(a, "+"), strings.TrimPrefix(b, "+"))
}

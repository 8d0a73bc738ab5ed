// SPDX-License-Identifier: Apache-2.0

package window

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of the protocol, in bytes of a line without its line feed, or in number.
const (
	MaxMessage = 256 << 10 // a message to the window: MaxRows of the longest rows fit
	MaxAnswer  = 256       // an answer of the window
	MaxAnswers = 32        // answers in a window's life
	MaxRows    = 64        // certificates
	maxLines   = 64        // facts, lines of a row or of a result
	maxText    = 2000      // one text, in letters
	maxStay    = 600       // seconds
)

// Message is one line to the window; exactly one member is set. Show comes first and once.
type Message struct {
	Show     *Form     `json:"show,omitempty"`
	Rows     []Row     `json:"rows,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Result   *Result   `json:"result,omitempty"`
}

// Event is what an Answer tells.
type Event string

// The events.
const (
	EventReady     Event = "ready"      // the window is on the screen; comes first
	EventNoDisplay Event = "no_display" // there is no screen; comes first, and nothing after it
	EventChoose    Event = "choose"     // the person signs with a row
	EventCancel    Event = "cancel"     // the person declined; comes last
	EventClosed    Event = "closed"     // the window was closed when it was too late to cancel; comes last
)

// Answer is one line of the window.
type Answer struct {
	Event Event `json:"event"`
	// Row is the index of the row, with EventChoose only.
	Row *int `json:"row,omitempty"`
}

var errProtocol = errors.New("line is not of the window's protocol")

// Encode makes one line, with its line feed, of a message that the window will accept.
func Encode(m Message) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write message: %w", err)
	}
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("%w: message of %d bytes", errProtocol, len(b))
	}
	return append(b, '\n'), nil
}

// ParseMessage reads one line to the window, without its line feed.
func ParseMessage(line []byte) (Message, error) {
	var m Message
	if err := strict(line, MaxMessage, &m); err != nil {
		return Message{}, err
	}
	return m, m.check()
}

// ParseAnswer reads one line of the window, without its line feed.
func ParseAnswer(line []byte) (Answer, error) {
	var a Answer
	if err := strict(line, MaxAnswer, &a); err != nil {
		return Answer{}, err
	}
	switch a.Event {
	case EventReady, EventNoDisplay, EventCancel, EventClosed:
		if a.Row != nil {
			return Answer{}, fmt.Errorf("%w: a row with %s", errProtocol, a.Event)
		}
	case EventChoose:
		if a.Row == nil || *a.Row < 0 || *a.Row >= MaxRows {
			return Answer{}, fmt.Errorf("%w: choice without a row", errProtocol)
		}
	default:
		return Answer{}, fmt.Errorf("%w: unknown event", errProtocol)
	}
	return a, nil
}

func (p *Progress) check() error {
	if p.Seconds < 0 || p.Seconds > maxStay || (p.Seconds > 0) != (strings.Count(p.Countdown, Left) == 1) || p.Seconds == 0 && p.Countdown != "" {
		return fmt.Errorf("%w: time of the progress", errProtocol)
	}
	return texts(p.Text, p.Detail, p.Countdown)
}

// strict decodes one JSON object that fills the line, with known members only. Errors don't repeat the line.
func strict(line []byte, limit int, to any) error {
	if len(line) > limit {
		return fmt.Errorf("%w: longer than %d bytes", errProtocol, limit)
	}
	if !utf8.Valid(line) {
		return fmt.Errorf("%w: not UTF-8", errProtocol)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%w: no object that is known", errProtocol)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more behind the object", errProtocol)
	}
	return nil
}

func (m Message) check() error {
	set := 0
	for _, there := range [...]bool{m.Show != nil, m.Rows != nil, m.Progress != nil, m.Result != nil} {
		if there {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("%w: %d messages in one", errProtocol, set)
	}
	switch {
	case m.Show != nil:
		return m.Show.check()
	case m.Rows != nil:
		return checkRows(m.Rows)
	case m.Progress != nil:
		return m.Progress.check()
	}
	r := m.Result
	if r.Tone != Good && r.Tone != Bad || r.Stay < 1 || r.Stay > maxStay || len(r.Lines) > maxLines {
		return fmt.Errorf("%w: tone, time or lines of the result", errProtocol)
	}
	return texts(append([]string{r.Text}, r.Lines...)...)
}

func (f *Form) check() error {
	if len(f.Facts) > maxLines {
		return fmt.Errorf("%w: %d facts", errProtocol, len(f.Facts))
	}
	if err := f.Progress.check(); err != nil {
		return err
	}
	all := []string{f.Title, f.Heading, f.Hint, f.Choose, f.Sign, f.Decline, f.Close, f.Code.Label, f.Code.Value, f.Code.Spoken}
	for _, x := range f.Facts {
		all = append(all, x.Label, x.Value)
	}
	return texts(all...)
}

func checkRows(rows []Row) error {
	if len(rows) == 0 || len(rows) > MaxRows {
		return fmt.Errorf("%w: %d rows", errProtocol, len(rows))
	}
	chosen := 0
	for _, r := range rows {
		if r.Chosen {
			chosen++
		}
		if r.Chosen && !r.Usable || chosen > 1 || len(r.Lines) > maxLines {
			return fmt.Errorf("%w: rows that can't be so", errProtocol)
		}
		if err := texts(append([]string{r.Title, r.Note}, r.Lines...)...); err != nil {
			return err
		}
	}
	return nil
}

func texts(all ...string) error {
	for _, s := range all {
		if utf8.RuneCountInString(s) > maxText || bytes.ContainsRune([]byte(s), 0) {
			return fmt.Errorf("%w: text is too long or holds a zero byte", errProtocol)
		}
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

// Package cardtest alone owns recorded APDU scripts: playing them as a card,
// recording them from one, and keeping PINs out of them. A script is text, so
// that a difference between two cards is a diff:
//
//	# who recorded it, on what
//	atr 3B8901…
//	> 00A4040005F000000001 00
//	< 6F078405F000000001 9000
//	> 0020000208 ****************
//	< 63C2
//	! removed
//
// Spaces within a line do not count. A byte written ** stands for any byte; the
// recorder writes so the data of VERIFY, CHANGE REFERENCE DATA and RESET RETRY
// COUNTER. A line "! reason" gives a card.Error of that reason instead of an
// answer. The package serves tests; scripts hold the data of test cards only.
package cardtest

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"zaver/cardreader/card"
)

// maxLine bounds a line of a script in bytes.
const maxLine = 256 << 10

// step is one command and what came of it.
type step struct {
	line    int
	command pattern
	answer  []byte
	fails   card.Reason
}

// pattern is bytes, some of which may be any.
type pattern struct {
	bytes []byte
	any   []bool
}

func (p pattern) matches(b []byte) bool {
	if len(b) != len(p.bytes) {
		return false
	}
	for i := range b {
		if !p.any[i] && b[i] != p.bytes[i] {
			return false
		}
	}
	return true
}

// Script is a recorded dialogue with a card.
type Script struct {
	ATR   []byte
	steps []step
}

// Load reads a script; errors name the line.
func Load(r io.Reader) (*Script, error) {
	s := &Script{}
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	waiting := false // a command waits for its answer
	for n := 1; in.Scan(); n++ {
		kind, rest, _ := strings.Cut(strings.TrimSpace(in.Text()), " ")
		rest = strings.ReplaceAll(rest, " ", "")
		var err error
		switch {
		case kind == "" || strings.HasPrefix(kind, "#"):
		case kind == "atr":
			s.ATR, err = hex.DecodeString(rest)
		case kind == ">" && !waiting:
			next := step{line: n}
			next.command, err = parsePattern(rest)
			s.steps, waiting = append(s.steps, next), true
		case kind == "<" && waiting:
			s.steps[len(s.steps)-1].answer, err = hex.DecodeString(rest)
			waiting = false
		case kind == "!" && waiting:
			if !slices.Contains(card.Reasons(), card.Reason(rest)) {
				err = errors.New("unknown reason")
			}
			s.steps[len(s.steps)-1].fails = card.Reason(rest)
			waiting = false
		default:
			err = errors.New("unexpected line")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d of an APDU script: %w", n, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read an APDU script: %w", err)
	}
	if waiting {
		return nil, errors.New("an APDU script ends without an answer")
	}
	return s, nil
}

func parsePattern(s string) (pattern, error) {
	var p pattern
	for ; len(s) >= 2; s = s[2:] {
		if s[:2] == "**" {
			p.bytes, p.any = append(p.bytes, 0), append(p.any, true)
			continue
		}
		b, err := hex.DecodeString(s[:2])
		if err != nil {
			return p, err
		}
		p.bytes, p.any = append(p.bytes, b[0]), append(p.any, false)
	}
	if s != "" {
		return p, errors.New("half a byte")
	}
	return p, nil
}

// Player plays a script as a card: a [card.Transmitter]. It may be used from
// several goroutines.
type Player struct {
	mu   sync.Mutex
	left []step
	err  error
}

// Player starts the script from its beginning.
func (s *Script) Player() *Player { return &Player{left: s.steps} }

// Transmit answers if command is the next of the script; otherwise it fails,
// and so does everything after it.
func (p *Player) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.err != nil {
		return nil, p.err
	}
	if len(p.left) == 0 {
		p.err = fmt.Errorf("the script is over, command %s came", masked(command))
		return nil, p.err
	}
	next := p.left[0]
	if !next.command.matches(command) {
		p.err = fmt.Errorf("line %d of the script expects another command than %s", next.line, masked(command))
		return nil, p.err
	}
	p.left = p.left[1:]
	if next.fails != "" {
		return nil, &card.Error{Reason: next.fails, Op: "play a script"}
	}
	return slices.Clone(next.answer), nil
}

// Done fails when a command did not fit, or when the script was not played to
// its end.
func (p *Player) Done() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && len(p.left) > 0 {
		return fmt.Errorf("line %d of the script was not reached", p.left[0].line)
	}
	return p.err
}

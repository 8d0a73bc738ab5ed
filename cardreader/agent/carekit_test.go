// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/signature/algo"
	"zaver/signature/pin"
)

// keeping is a carrier that keeps its PIN: it tells its state, changes and unblocks.
type keeping struct {
	*carrier
	problem     pin.Reason // what the carrier says besides its tries
	silent      pin.Reason // told only when it signs
	secret      string     // unblocks; empty: nothing does
	by          agent.Unblocking
	secretTries int // -1: not told
	lastUnsaid  bool
	stubborn    bool // changes, and stays as it was
	fixed       bool // never changes a PIN
	state       agent.PINState
	keepErr     error
	changes     int
}

func (k *keeping) List(ctx context.Context) ([]agent.Credential, error) {
	all, err := k.carrier.List(ctx)
	for i := range all {
		all[i].PIN = "user"
		if k.problem != "" && all[i].Code == "" {
			all[i].Code = (&pin.Error{Reason: k.problem}).Code()
		}
	}
	return all, err
}

func (k *keeping) Sign(ctx context.Context, x agent.Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	if k.silent != "" {
		return nil, &pin.Error{Reason: k.silent}
	}
	return k.carrier.Sign(ctx, x, p, a, digest)
}

func (k *keeping) PINs(context.Context) ([]agent.PINState, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.state
	s.Ref, s.Carrier, s.Name, s.Tries, s.Problem, s.CanChange = "user", "Токен Веры", "user", k.left(), k.problem, !k.fixed
	s.Unblock, s.UnblockTries = k.by, pin.Unknown()
	if k.secretTries >= 0 {
		s.UnblockTries = pin.Left(k.secretTries)
	}
	if k.tries == 0 {
		s.Problem = pin.ReasonBlocked
	}
	return []agent.PINState{{Ref: "other", Name: "another"}, s}, nil
}

func same(p *pin.PIN, want string) bool {
	right := false
	_ = p.Use(func(b []byte) error { right = string(b) == want; return nil })
	return right
}

func (k *keeping) take(p, fresh *pin.PIN, want string, left *int, told pin.Tries, ref string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	if k.keepErr != nil {
		return k.keepErr
	}
	if n, known := told.Count(); *left == 1 && (!known || n != 1) && k.lastUnsaid {
		return &agent.Error{ErrorCode: agent.CodeLastTry}
	}
	if k.state.Entry == agent.PINOnReader {
		if p != nil || fresh != nil {
			return errors.New("PINs came though the keypad asks them")
		}
		k.pin, k.tries, k.problem = "typed-there", 3, ""
		return nil
	}
	if !same(p, want) {
		if *left > 0 {
			*left--
		}
		tries := pin.Unknown()
		if *left >= 0 {
			tries = pin.Left(*left)
		}
		return &pin.Error{Reason: pin.ReasonWrong, Tries: tries, Ref: ref}
	}
	if same(fresh, "0000") {
		return &pin.Error{Reason: pin.ReasonFormat, Ref: agent.RefNew}
	}
	if k.stubborn {
		return nil
	}
	return fresh.Use(func(b []byte) error {
		k.pin, k.tries, k.problem, k.silent = string(b), 3, "", ""
		return nil
	})
}

func (k *keeping) ChangePIN(_ context.Context, s agent.PINState, old, fresh *pin.PIN) error {
	return k.take(old, fresh, k.pin, &k.tries, s.Tries, "user")
}

func (k *keeping) UnblockPIN(_ context.Context, s agent.PINState, secret, fresh *pin.PIN) error {
	return k.take(secret, fresh, k.secret, &k.secretTries, s.UnblockTries, agent.RefUnblock)
}

// The answers of a person; a PIN is any other word.
const (
	sayYes    = "<yes>"
	sayNo     = "<no>"
	mistyped  = "<mistyped>" // the new PIN twice, differently
	walksAway = "<away>"
)

// person answers dialogs in order and remembers them; every PIN that was given is watched.
type person struct {
	mu      sync.Mutex
	answers []string
	shown   []pinentry.Dialog
	given   []*pin.PIN
}

func (p *person) next(d pinentry.Dialog) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = append(p.shown, d)
	if len(p.answers) == 0 {
		return sayNo
	}
	a := p.answers[0]
	p.answers = p.answers[1:]
	return a
}

func (p *person) Confirm(_ context.Context, d pinentry.Dialog) (pinentry.Answer, error) {
	switch a := p.next(d); a {
	case sayYes:
		return pinentry.Yes, nil
	case sayNo:
		return pinentry.No, nil
	case walksAway:
		return pinentry.No, pinentry.ErrTimeout
	default:
		return pinentry.No, errors.New("the script has " + a + " for a question")
	}
}

func (p *person) PIN(_ context.Context, d pinentry.Dialog) (*pin.PIN, error) {
	switch a := p.next(d); a {
	case sayNo:
		return nil, pinentry.ErrCancelled
	case walksAway:
		return nil, pinentry.ErrTimeout
	case mistyped:
		return nil, pinentry.ErrMismatch
	case sayYes:
		return nil, errors.New("the script has a yes for a PIN")
	default:
		typed := pin.New([]byte(a))
		p.given = append(p.given, typed)
		return typed, nil
	}
}

// said is everything that the n-th dialog showed, without line breaks.
func (p *person) said(n int) string {
	if n >= len(p.shown) {
		return ""
	}
	d := p.shown[n]
	return strings.Join(strings.Fields(strings.Join([]string{d.Text, d.Error, d.Prompt, d.OK, d.Cancel, d.Repeat}, " ")), " ")
}

// left is whether a PIN was left unwiped.
func (p *person) leftBehind() bool {
	return slices.ContainsFunc(p.given, func(g *pin.PIN) bool { return g.Len() > 0 })
}

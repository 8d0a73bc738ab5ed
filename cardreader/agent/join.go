// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"zaver/signature/algo"
	"zaver/signature/pin"
)

// Join makes one Source of several. A certificate that several of them offer is listed once: by the first source that can use it, else by
// the first. When none has anything, the error is the one that explains most. The result is a Waiter and a Keeper as far as its parts are.
func Join(sources ...Source) Source { return joined(slices.Clone(sources)) }

type joined []Source

// joinedRef finds the part that a reference belongs to. It is comparable where the part's reference is.
type joinedRef struct {
	part int
	ref  any
}

type listed struct {
	part  int
	found []Credential
	err   error
}

// joinPatience is how long sources that are late are waited for once another has something that can be used.
const joinPatience = 2500 * time.Millisecond

// List implements Source. The sources are asked at once, so that a slow one costs its own time and not the sum. One that is late is called off
// as soon as there is something to offer.
func (j joined) List(ctx context.Context) ([]Credential, error) {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	arrived := make(chan listed, len(j))
	for i, s := range j {
		go func() {
			found, err := s.List(asking)
			arrived <- listed{i, found, err}
		}()
	}
	patience := time.NewTimer(joinPatience)
	defer patience.Stop()
	lists := make([]listed, len(j))
	late, usable := false, false
	for waiting := len(j); waiting > 0 && (!late || !usable); {
		select {
		case l := <-arrived:
			waiting--
			lists[l.part] = l
			usable = usable || slices.ContainsFunc(l.found, func(c Credential) bool { return c.Code == "" })
		case <-patience.C:
			late = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var out []Credential
	var faults []error
	for i, l := range lists {
		if l.err != nil {
			faults = append(faults, l.err)
		}
		for _, c := range l.found {
			c.Ref = joinedRef{i, c.Ref}
			if c.PIN != nil {
				c.PIN = joinedRef{i, c.PIN}
			}
			out = merge(out, c)
		}
	}
	if len(out) == 0 {
		return nil, tellsMost(faults)
	}
	return out, nil
}

// merge adds c unless its certificate is there already; a usable one takes the place of one that is not.
func merge(list []Credential, c Credential) []Credential {
	same := func(o Credential) bool {
		return c.Certificate != nil && o.Certificate != nil && bytes.Equal(o.Certificate.Raw, c.Certificate.Raw)
	}
	switch i := slices.IndexFunc(list, same); {
	case i < 0:
		return append(list, c)
	case list[i].Code != "" && c.Code == "":
		list[i] = c
	}
	return list
}

// tellsMost picks the failure to show. That there is no service, reader, card or token says little, and no more that a card is of
// another kind: it may stand in the reader all the time. A fault of what is there says most. Among equals the first source's counts.
func tellsMost(faults []error) error {
	if len(faults) == 0 {
		return nil
	}
	return slices.MaxFunc(faults, func(a, b error) int {
		// MaxFunc returns the first of several largest.
		return cmp.Compare(weight(CodeOf(a)), weight(CodeOf(b)))
	})
}

func weight(code string) int {
	switch code {
	case codeTokenNone, codeCardNone, "card.no_reader", "card.no_service", "card.no_access", "card.unsupported":
		return 0
	case "token.module":
		return 1
	}
	return 2
}

// Sign implements Source.
func (j joined) Sign(ctx context.Context, c Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	at, ok := c.Ref.(joinedRef)
	if !ok {
		return nil, errors.New("credential is of no source that was joined")
	}
	c.Ref = at.ref
	return j[at.part].Sign(ctx, c, p, a, digest)
}

// Wait implements Waiter: the first source to have a carrier ends it.
func (j joined) Wait(ctx context.Context) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	n, answers := 0, make(chan error, len(j))
	for _, s := range j {
		if w, ok := s.(Waiter); ok {
			n++
			go func() { answers <- w.Wait(waiting) }()
		}
	}
	var faults []error
	for range n {
		err := <-answers
		if err == nil {
			return nil
		}
		faults = append(faults, err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if n == 0 {
		return fail(codeTokenNone, errors.New("no source can wait"))
	}
	return tellsMost(faults)
}

// PINs implements Keeper.
func (j joined) PINs(ctx context.Context) ([]PINState, error) {
	var out []PINState
	var faults []error
	for i, s := range j {
		k, ok := s.(Keeper)
		if !ok {
			continue
		}
		found, err := k.PINs(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			faults = append(faults, err)
		}
		for _, p := range found {
			p.Ref = joinedRef{i, p.Ref}
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil, tellsMost(faults)
	}
	return out, nil
}

// ChangePIN implements Keeper.
func (j joined) ChangePIN(ctx context.Context, s PINState, old, fresh *pin.PIN) error {
	k, s, err := j.keeper(s)
	if err != nil {
		return err
	}
	return k.ChangePIN(ctx, s, old, fresh)
}

// UnblockPIN implements Keeper.
func (j joined) UnblockPIN(ctx context.Context, s PINState, secret, fresh *pin.PIN) error {
	k, s, err := j.keeper(s)
	if err != nil {
		return err
	}
	return k.UnblockPIN(ctx, s, secret, fresh)
}

func (j joined) keeper(s PINState) (Keeper, PINState, error) {
	at, ok := s.Ref.(joinedRef)
	if !ok {
		return nil, s, errors.New("PIN is of no source that was joined")
	}
	k, ok := j[at.part].(Keeper)
	if !ok {
		return nil, s, errors.New("source does not keep PINs")
	}
	s.Ref = at.ref
	return k, s, nil
}

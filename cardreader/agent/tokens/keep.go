// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"crypto/sha256"
	"errors"

	"zaver/cardreader/agent"
	"zaver/signature/pin"
	"zaver/signature/token"
)

// PINHost is the part of token.Host that cares for PINs.
type PINHost interface {
	ChangePIN(ctx context.Context, ref token.TokenRef, old, fresh *pin.PIN) error
	UnblockPIN(ctx context.Context, ref token.TokenRef, so, fresh *pin.PIN) error
}

// pinRef finds a token's PIN again: by the token, not by how many tries it had.
type pinRef struct {
	module        string
	slot          uint
	label, serial string
	certificate   [sha256.Size]byte
}

func pinOf(t token.Token) pinRef {
	return pinRef{t.Module, t.Slot, t.Label, t.Serial, t.Ref.Certificate}
}

// PINs returns the user's PIN of each token that has one. It is as List: the token's flags say what is left, and no try is spent.
func (s *Source) PINs(ctx context.Context) ([]agent.PINState, error) {
	found, problems := s.host.List(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var out []agent.PINState
	for _, t := range found {
		if t.LoginRequired || t.Problem != "" {
			out = append(out, state(t))
		}
	}
	if len(out) == 0 {
		return nil, s.nothing(problems)
	}
	return out, nil
}

func state(t token.Token) agent.PINState {
	p := agent.PINState{Ref: pinOf(t), Carrier: t.Label, Name: token.PINUser, Tries: t.Tries, Problem: t.Problem, Min: t.MinPIN, Max: t.MaxPIN,
		CanChange: t.Problem == "" || t.Problem == pin.ReasonMustChange, Unblock: agent.BySOPIN, UnblockTries: t.SOTries}
	if p.Carrier == "" {
		p.Carrier = t.Model
	}
	if p.Problem == pin.ReasonBlocked {
		p.Tries = pin.Blocked()
	}
	if t.SOProblem == pin.ReasonBlocked {
		p.UnblockTries = pin.Blocked()
	}
	if t.ProtectedPath {
		p.Entry, p.UnblockEntry = agent.PINOnReader, agent.PINOnReader
	}
	return p
}

// ChangePIN changes the user's PIN.
func (s *Source) ChangePIN(ctx context.Context, p agent.PINState, old, fresh *pin.PIN) error {
	h, ref, err := s.keeper(p)
	if err != nil {
		return err
	}
	return kept(h.ChangePIN(ctx, ref, old, fresh))
}

// UnblockPIN sets the user's PIN in the name of the security officer.
func (s *Source) UnblockPIN(ctx context.Context, p agent.PINState, secret, fresh *pin.PIN) error {
	h, ref, err := s.keeper(p)
	if err != nil {
		return err
	}
	return kept(h.UnblockPIN(ctx, ref, secret, fresh))
}

func (s *Source) keeper(p agent.PINState) (PINHost, token.TokenRef, error) {
	at, ok := p.Ref.(pinRef)
	if !ok {
		return nil, token.TokenRef{}, errors.New("PIN is not a token's")
	}
	h, ok := s.host.(PINHost)
	if !ok {
		return nil, token.TokenRef{}, &agent.Error{ErrorCode: token.CodeUnsupported}
	}
	return h, token.TokenRef{Module: at.module, Slot: at.slot, Label: at.label, Serial: at.serial, Certificate: at.certificate, Tries: p.Tries, SOTries: p.UnblockTries}, nil
}

// kept turns the host's errors into the agent's.
func kept(err error) error {
	var failed *token.Error
	if errors.As(err, &failed) {
		return &agent.Error{ErrorCode: failed.Code, Cause: err}
	}
	var refused *pin.Error
	if !errors.As(err, &refused) {
		return err
	}
	out := *refused
	switch refused.Ref {
	case token.PINSO:
		out.Ref = agent.RefUnblock
	case token.PINNew:
		out.Ref = agent.RefNew
	}
	return &out
}

// SPDX-License-Identifier: Apache-2.0

// Package tokens alone owns the agent's view of signature tokens: it turns
// what signature/token lists into credentials, and picks the one code that
// explains best why there is none.
//
// A Source may be used from many goroutines.
package tokens

import (
	"context"
	"errors"
	"log/slog"

	"zaver/cardreader/agent"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/signature/token"
)

// Host is the part of token.Host that is used.
type Host interface {
	List(ctx context.Context) ([]token.Token, []token.ModuleError)
	Sign(ctx context.Context, ref token.CredentialRef, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error)
	Modules() []string
}

// Source offers the tokens of a Host to the agent.
type Source struct {
	host Host
	log  *slog.Logger
}

// New makes a Source. log may be nil.
func New(h Host, log *slog.Logger) *Source {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Source{host: h, log: log}
}

// List returns every certificate on every token. Without any token it returns an *agent.Error with
// token.none, or with the fault of the driver that may be hiding one.
func (s *Source) List(ctx context.Context) ([]agent.Credential, error) {
	found, problems := s.host.List(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, p := range problems {
		s.log.WarnContext(ctx, "module failed", "module", p.Module, "code", p.Code, "err", p.Err)
	}
	var out []agent.Credential
	for _, t := range found {
		for _, c := range t.Credentials {
			out = append(out, credential(t, c))
		}
	}
	if len(out) == 0 {
		return nil, s.nothing(problems)
	}
	return out, nil
}

func credential(t token.Token, c token.Credential) agent.Credential {
	out := agent.Credential{Ref: c.Ref, Carrier: t.Label, Certificate: c.Certificate, Tries: t.Tries, PIN: pinOf(t)}
	if out.Carrier == "" {
		out.Carrier = t.Model
	}
	switch {
	case t.ProtectedPath:
		out.Entry = agent.PINOnReader
	case !t.LoginRequired:
		out.Entry = agent.PINNone
	}
	switch {
	case !c.Usable:
		out.Code = c.Reason
	case t.Problem != "":
		out.Code = (&pin.Error{Reason: t.Problem}).Code()
	}
	return out
}

// nothing explains an empty list: a driver that crashed or hangs may hide the token that the person put in; one
// that merely can't be loaded is named only when there is no other.
func (s *Source) nothing(problems []token.ModuleError) error {
	for _, code := range []string{token.CodeCrashed, token.CodeHung, token.CodeSlow, token.CodeCryptoPro} {
		for _, p := range problems {
			if p.Code == code {
				return &agent.Error{ErrorCode: code, Cause: p.Err}
			}
		}
	}
	if len(problems) > 0 && len(problems) >= len(s.host.Modules()) {
		return &agent.Error{ErrorCode: problems[0].Code, Cause: problems[0].Err}
	}
	return &agent.Error{ErrorCode: "token.none"}
}

// Sign makes one signature with the token of a credential that List returned.
func (s *Source) Sign(ctx context.Context, c agent.Credential, p *pin.PIN, a algo.Algorithm, digest []byte) ([]byte, error) {
	ref, ok := c.Ref.(token.CredentialRef)
	if !ok {
		return nil, errors.New("credential is not a token's")
	}
	ref.Tries = c.Tries // what the person was told last
	sig, err := s.host.Sign(ctx, ref, p, a, digest)
	var failed *token.Error
	if errors.As(err, &failed) {
		return nil, &agent.Error{ErrorCode: failed.Code, Cause: err}
	}
	return sig, err
}

// SPDX-License-Identifier: Apache-2.0

package tokens_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/tokens"
	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/challenge"
	"zaver/signature/pin"
	"zaver/signature/token"
)

type host struct {
	found    []token.Token
	problems []token.ModuleError
	modules  []string
	err      error
	got      token.CredentialRef
}

func (h *host) List(context.Context) ([]token.Token, []token.ModuleError) { return h.found, h.problems }
func (h *host) Modules() []string                                         { return h.modules }
func (h *host) Sign(_ context.Context, ref token.CredentialRef, _ *pin.PIN, _ algo.Algorithm, _ []byte) ([]byte, error) {
	h.got = ref
	return []byte("signature"), h.err
}

func TestList(t *testing.T) {
	x := &cert.Certificate{}
	usable := token.Credential{Certificate: x, Usable: true, Ref: token.CredentialRef{Module: "m"}}
	expired := token.Credential{Certificate: x, Reason: token.ReasonExpired}
	for _, c := range []struct {
		name  string
		token token.Token
		code  string
		entry agent.PINEntry
		label string
	}{
		{"usable", token.Token{Label: "Мой токен", LoginRequired: true, Credentials: []token.Credential{usable}}, "", agent.PINTyped, "Мой токен"},
		{"without a label", token.Token{Model: "ECP 3", LoginRequired: true, Credentials: []token.Credential{usable}}, "", agent.PINTyped, "ECP 3"},
		{"on the keypad", token.Token{LoginRequired: true, ProtectedPath: true, Credentials: []token.Credential{usable}}, "", agent.PINOnReader, ""},
		{"no PIN", token.Token{Credentials: []token.Credential{usable}}, "", agent.PINNone, ""},
		{"expired", token.Token{LoginRequired: true, Credentials: []token.Credential{expired}}, "token.cert_expired", agent.PINTyped, ""},
		{"blocked", token.Token{LoginRequired: true, Problem: pin.ReasonBlocked, Credentials: []token.Credential{usable}}, "pin.blocked", agent.PINTyped, ""},
	} {
		h := &host{found: []token.Token{c.token}}
		got, err := tokens.New(h, nil).List(t.Context())
		if err != nil || len(got) != 1 || got[0].Code != c.code || got[0].Entry != c.entry || got[0].Carrier != c.label {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
	}
}

// Why there is no token: the driver that may hide one comes first.
func TestNothing(t *testing.T) {
	module := func(code string) token.ModuleError {
		return token.ModuleError{Module: "m", Code: code, Err: &token.Error{Code: code}}
	}
	for _, c := range []struct {
		problems []token.ModuleError
		modules  int
		want     string
	}{
		{nil, 0, "token.none"},
		{nil, 2, "token.none"},
		{[]token.ModuleError{module(token.CodeModule)}, 2, "token.none"},
		{[]token.ModuleError{module(token.CodeModule)}, 1, "token.module"},
		{[]token.ModuleError{module(token.CodeModule), module(token.CodeHung)}, 3, "token.hung"},
		{[]token.ModuleError{module(token.CodeHung), module(token.CodeCrashed)}, 3, "token.crashed"},
	} {
		h := &host{problems: c.problems, modules: make([]string, c.modules)}
		if _, err := tokens.New(h, nil).List(t.Context()); agent.CodeOf(err) != c.want {
			t.Errorf("%v: got %v, want %s", c.problems, err, c.want)
		}
	}
}

func TestSign(t *testing.T) {
	c := agent.Credential{Ref: token.CredentialRef{Module: "m"}, Tries: pin.Left(1)}
	for _, x := range []struct {
		err  error
		want string
	}{
		{&token.Error{Code: token.CodeRemoved}, "token.removed"},
		{&pin.Error{Reason: pin.ReasonWrong}, "pin.wrong"},
	} {
		h := &host{err: x.err}
		if _, err := tokens.New(h, nil).Sign(t.Context(), c, nil, algo.Algorithm{}, nil); agent.CodeOf(err) != x.want || !errors.Is(err, x.err) {
			t.Errorf("got %v", err)
		}
		// The host learns how many tries the person was told of, so that it spends the last one only knowingly.
		if h.got.Tries != pin.Left(1) {
			t.Errorf("tries %v", h.got.Tries)
		}
	}
	if _, err := tokens.New(&host{}, nil).Sign(t.Context(), agent.Credential{}, nil, algo.Algorithm{}, nil); err == nil {
		t.Error("signed with a foreign credential")
	}
}

// The agent announces every code that a token or a statement may give.
func TestCodesAreAnnounced(t *testing.T) {
	for _, code := range slices.Concat(token.Codes(), challenge.Codes()) {
		if !slices.Contains(agent.Codes(), code) {
			t.Errorf("%s is not in agent.Codes", code)
		}
	}
}

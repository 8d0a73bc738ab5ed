// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
	"unicode"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/signature/pkcs11"
)

// Listing is what one module answered.
type Listing struct {
	Module string
	Tokens []Token // what it told before Err, if any
	Err    error   // *Error, or nil
}

// List asks all modules at the same time and returns the tokens of those that answered, in the order of the modules, and an error for each of
// the others. A certificate that several modules show is listed once, where it can be used. List waits for slow
// modules only as long as it has nothing usable to offer, at least for Config.Patience.
func (h *Host) List(ctx context.Context) ([]Token, []ModuleError) {
	modules, problems := h.discover()
	results := make([]*Listing, len(modules))
	arrived := make(chan int, len(modules))
	for i, m := range modules {
		go func() {
			results[i] = h.listModule(ctx, m)
			arrived <- i
		}()
	}
	patience := time.NewTimer(h.cfg.Patience)
	defer patience.Stop()
	var impatient, usable bool
	got := make([]*Listing, len(modules))
	for n := 0; n < len(modules) && (!impatient || !usable); {
		select {
		case i := <-arrived:
			n++
			got[i] = results[i]
			usable = usable || anyUsable(results[i].Tokens)
		case <-patience.C:
			impatient = true
		}
	}
	var tokens []Token
	for i, g := range got {
		if g == nil {
			g = &Listing{Module: modules[i].path, Err: &Error{Code: CodeSlow, Module: modules[i].path}}
		}
		tokens = append(tokens, g.Tokens...)
		if g.Err != nil {
			problems = append(problems, moduleError(g.Module, g.Err))
		}
	}
	tokens = merge(tokens)
	if !anyUsable(tokens) {
		problems = append(problems, h.containers()...)
	}
	return tokens, problems
}

// ListEach hands each module's answer to f as soon as it arrives, one after another, and returns when all have answered: the
// modules that could not be found and, when nothing usable was seen, the containers of CryptoPro CSP on disks.
func (h *Host) ListEach(ctx context.Context, f func(Listing)) []ModuleError {
	modules, problems := h.discover()
	arrived := make(chan *Listing)
	for _, m := range modules {
		go func() { arrived <- h.listModule(ctx, m) }()
	}
	usable := false
	for range modules {
		l := <-arrived
		usable = usable || anyUsable(l.Tokens)
		f(*l)
	}
	if !usable {
		problems = append(problems, h.containers()...)
	}
	return problems
}

func moduleError(path string, err error) ModuleError {
	var own *Error
	if errors.As(err, &own) {
		return ModuleError{Module: path, Code: own.Code, Err: err}
	}
	return ModuleError{Module: path, Code: CodeModule, Err: err}
}

func (h *Host) listModule(ctx context.Context, m module) *Listing {
	out := &Listing{Module: m.path}
	l, err := h.lane(m.path, m.with)
	if err != nil {
		out.Err = err
		return out
	}
	g := l.list()
	select {
	case <-g.done:
	case <-ctx.Done():
		out.Err = fmt.Errorf("list tokens: %w", ctx.Err())
		return out
	}
	out.Err = g.err
	for i := range g.tokens {
		out.Tokens = append(out.Tokens, newToken(m.path, &g.tokens[i], h.cfg.Now()))
	}
	return out
}

// newToken makes a token of what a worker said, which may be in the hands of its module: texts are cut to one line, and nothing is without a bound.
func newToken(path string, r *tokenReply, at time.Time) Token {
	r.Certificates, r.Keys = r.Certificates[:min(len(r.Certificates), pkcs11.MaxObjects)], r.Keys[:min(len(r.Keys), pkcs11.MaxObjects)]
	t := Token{Module: path, Slot: r.Slot, Label: line(r.Label, maxField), Manufacturer: line(r.Manufacturer, maxField), Model: line(r.Model, maxField),
		Serial: line(r.Serial, maxField), Reader: line(r.Reader, maxField),
		Tries: r.Tries, CountLow: r.CountLow, Problem: known(r.Problem), LoginRequired: r.LoginRequired, ProtectedPath: r.ProtectedPath,
		SOTries: r.SOTries, SOCountLow: r.SOCountLow, SOProblem: known(r.SOProblem), MinPIN: length(r.MinPIN), MaxPIN: length(r.MaxPIN)}
	t.Ref = TokenRef{Module: path, Slot: t.Slot, Label: t.Label, Serial: t.Serial, Certificate: mark(r.Certificates), Tries: t.Tries, SOTries: t.SOTries}
	for _, c := range r.Certificates {
		t.Credentials = append(t.Credentials, newCredential(&t, c, at))
	}
	for _, k := range r.Keys {
		if !hasCertificate(r.Certificates, t.Credentials, k) {
			t.Credentials = append(t.Credentials, Credential{ID: k.ID, Label: line(k.Label, maxField), Reason: ReasonNoCertificate})
		}
	}
	if len(t.Credentials) == 0 && carriesContainer(&t, r.Data) {
		t.Credentials = []Credential{{Reason: CodeCryptoPro}}
	}
	return t
}

// mark picks the certificate by which a token is told from a twin: the one of the least SHA-256, for modules list objects in any order.
func mark(all []certReply) (least [sha256.Size]byte) {
	for i, c := range all {
		if print := sha256.Sum256(c.DER); i == 0 || bytes.Compare(print[:], least[:]) < 0 {
			least = print
		}
	}
	return least
}

const (
	maxField  = 64  // characters of a text about a token or a credential; the standard has 32, a reader's name 64
	maxDetail = 300 // characters of a failure's detail
)

// line keeps what fits on one line of a window.
func line(s string, most int) string {
	out := make([]rune, 0, min(len(s), most))
	for _, r := range s {
		if len(out) == most {
			break
		}
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			out = append(out, r)
		}
	}
	return string(out)
}

// known drops a reason that no token has.
func known(r pin.Reason) pin.Reason {
	switch r {
	case pin.ReasonBlocked, pin.ReasonNotInitialised, pin.ReasonMustChange:
		return r
	}
	return ""
}

// length drops a bound that no PIN has.
func length(n int) int {
	if n < 0 || n > pin.MaxLen {
		return 0
	}
	return n
}

func newCredential(t *Token, r certReply, at time.Time) Credential {
	c := Credential{ID: r.ID, Label: line(r.Label, maxField)}
	parsed, err := cert.Parse(r.DER)
	if err != nil {
		c.Reason = ReasonMalformed
		return c
	}
	c.Certificate = parsed
	c.Reason = Judge(parsed, at)
	c.Usable = c.Reason == ""
	c.Ref = CredentialRef{Module: t.Module, Slot: t.Slot, Label: t.Label, Serial: t.Serial, ID: r.ID, Certificate: parsed, Tries: t.Tries}
	return c
}

// hasCertificate reports whether a key has its certificate: by CKA_ID, then by public key.
func hasCertificate(certs []certReply, credentials []Credential, k keyReply) bool {
	for _, c := range certs {
		if len(k.ID) > 0 && bytes.Equal(c.ID, k.ID) {
			return true
		}
	}
	if k.Kind == algo.Unknown || len(k.SPKI) == 0 {
		return false
	}
	public, err := cert.ParsePublicKey(k.SPKI)
	if err != nil {
		return false
	}
	for _, c := range credentials {
		if c.Certificate != nil && c.Certificate.PublicKey != nil && c.Certificate.PublicKey.Equal(public) {
			return true
		}
	}
	return false
}

func anyUsable(tokens []Token) bool {
	for _, t := range tokens {
		for _, c := range t.Credentials {
			if c.Usable {
				return true
			}
		}
	}
	return false
}

// merge lists a certificate once that several modules or tokens show: where a PIN can succeed rather than where it can't, where
// more than the last try is left, then where it came first: by the order of modules, slots, objects. A token that loses all its credentials so is the same token through another module, and goes.
func merge(tokens []Token) []Token {
	type place struct{ token, credential int }
	best := make(map[[32]byte]place)
	rank := func(p place) int {
		t := &tokens[p.token]
		switch {
		case t.Problem == "" && !last(t.Tries):
			return 0
		case t.Problem == "":
			return 1
		}
		return 2
	}
	better := func(a, b place) bool { return rank(a) < rank(b) }
	each := func(f func(place, *cert.Certificate)) {
		for i := range tokens {
			for j, c := range tokens[i].Credentials {
				if c.Certificate != nil {
					f(place{i, j}, c.Certificate)
				}
			}
		}
	}
	each(func(p place, c *cert.Certificate) {
		if b, ok := best[c.Fingerprint()]; !ok || better(p, b) {
			best[c.Fingerprint()] = p
		}
	})
	lost := make(map[place]bool)
	each(func(p place, c *cert.Certificate) { lost[p] = best[c.Fingerprint()] != p })
	var out []Token
	for i, t := range tokens {
		var kept []Credential
		for j, c := range t.Credentials {
			if !lost[place{i, j}] {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 || len(t.Credentials) == 0 {
			t.Credentials = kept
			out = append(out, t)
		}
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

package confirm_test

import (
	"bytes"
	"crypto/sha256"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/method"
	"zaver/portal/policy"
	"zaver/signature/challenge"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// opened reads the statement that was issued.
func (r *rig) opened(t *testing.T, o open) challenge.Statement {
	t.Helper()
	v, err := challenge.NewVerifier(r.key.Public)
	if err != nil {
		t.Fatal(err)
	}
	s, err := challenge.Open(o.statement, v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestC1NothingElseCounts has the right person sign, with a good certificate, what differs from the issued statement in one point alone. Most of it even has the
// portal's own signature, which no attacker can make: what counts is this very statement.
func TestC1NothingElseCounts(t *testing.T) {
	r := newRig(t, func(c *confirm.Config) { c.MaxStarts, c.MaxOpen = 1000, 100 })
	person := people.TokenHolder()
	id, other := r.account(t, person), r.account(t, people.Entrepreneur())
	key := r.identity(t, pki.Order{Person: person})
	stranger, _, err := challenge.GenerateKey("portal.example")
	if err != nil {
		t.Fatal(err)
	}
	forger, err := challenge.NewSigner(stranger)
	if err != nil {
		t.Fatal(err)
	}
	again := func(signer note.Signer, edit func(*challenge.Statement)) func(open) []byte {
		return func(o open) []byte {
			s := r.opened(t, o)
			edit(&s)
			b, err := challenge.Sign(s, signer)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(b, o.statement) {
				t.Fatal("the statement was not changed")
			}
			return b
		}
	}
	own := func(edit func(*challenge.Statement)) func(open) []byte { return again(r.key.Signer, edit) }
	for _, c := range []struct {
		name   string
		signed func(open) []byte
		want   string
	}{
		{"relay from another portal", own(func(s *challenge.Statement) { s.Origin = "https://other.example" }), policy.CodeStatement},
		{"relay from a look-alike portal", own(func(s *challenge.Statement) { s.Origin = "https://xn--prtal-jye.example" }), policy.CodeStatement},
		{"another purpose", own(func(s *challenge.Statement) {
			s.Purpose, s.SNILS, s.OGRN = challenge.ConfirmOrganisation, "", "1027700132195"
		}), policy.CodeStatement},
		{"another request", own(func(s *challenge.Statement) { s.Request = "0123456789abcdef0123456789abcdef" }), policy.CodeStatement},
		{"another nonce", own(func(s *challenge.Statement) { s.Nonce[31] ^= 1 }), policy.CodeStatement},
		{"another account", own(func(s *challenge.Statement) { s.Account = "+7 900 000-00-00" }), policy.CodeStatement},
		{"another holder", own(func(s *challenge.Statement) { s.Holder = people.Stranger().FullName() }), policy.CodeStatement},
		{"another control code", own(func(s *challenge.Statement) { s.ControlCode = "000" + string('0'+(s.ControlCode[3]-'0'+1)%10) }), policy.CodeStatement},
		{"a longer life", own(func(s *challenge.Statement) {
			s.Issued, s.Expires = s.Issued.Add(time.Second), s.Expires.Add(time.Second)
		}), policy.CodeStatement},
		{"a letter moved from the account to the holder", own(func(s *challenge.Statement) {
			last := len(s.Account) - 1
			s.Account, s.Holder = s.Account[:last], s.Account[last:]+s.Holder
		}), policy.CodeStatement},
		{"a digit moved from the request to the nonce", own(func(s *challenge.Statement) {
			s.Request, s.Nonce[0] = s.Request[:len(s.Request)-1], s.Nonce[0]^0xf0
		}), policy.CodeStatement},
		{"the same fields by another portal's key", again(forger, func(*challenge.Statement) {}), policy.CodeStatement},
		{"without the portal's signature", func(o open) []byte { return o.statement[:bytes.LastIndex(o.statement, []byte("\n— "))] }, policy.CodeStatement},
		{"line ends of another system", func(o open) []byte { return bytes.ReplaceAll(o.statement, []byte("\n"), []byte("\r\n")) }, policy.CodeStatement},
		{"another session's statement, same account", func(open) []byte { return r.start(t, id, method.Token).statement }, policy.CodeStatement},
		{"another session's statement, another account", func(open) []byte { return r.start(t, other, method.Token).statement }, policy.CodeStatement},
		{"the statement's digest alone", func(o open) []byte { d := sha256.Sum256(o.statement); return d[:] }, policy.CodeStatement},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := r.start(t, id, method.Token)
			got, err := r.service.Respond(t.Context(), o.answer(r.sign(t, key, c.signed(o))))
			if err != nil || got.State != confirm.Refused || len(got.Codes) == 0 || got.Codes[0] != c.want {
				t.Errorf("%+v, %v, want %s", got, err, c.want)
			}
			if r.level(t, id) != account.Standard {
				t.Error("the account was raised")
			}
		})
	}
	t.Run("another person's certificate", func(t *testing.T) {
		o := r.start(t, id, method.Token)
		got, err := r.service.Respond(t.Context(), o.answer(r.sign(t, r.identity(t, pki.Order{Person: people.Stranger()}), o.statement)))
		if err != nil || got.State != confirm.Refused || got.Codes[0] != policy.CodeOtherPerson {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("the certificate exchanged for another of the same key", func(t *testing.T) {
		o := r.start(t, id, method.Token)
		k, err := pki.NewKey(pki.P256)
		if err != nil {
			t.Fatal(err)
		}
		issue := func() *pki.Identity {
			i := r.identity(t, pki.Order{Person: person, PublicKey: k.Public()})
			i.Key = k
			return i
		}
		one, two := issue(), issue()
		for len(one.DER) != len(two.DER) { // so that no length around it changes
			two = issue()
		}
		der := bytes.Replace(r.sign(t, one, o.statement), one.DER, two.DER, 1)
		der = bytes.Replace(der, one.Serial.Bytes(), two.Serial.Bytes(), 1)
		if bytes.Count(der, two.Serial.Bytes()) != 2 { // in the certificate, and where the signer is named
			t.Fatal("the certificate was not exchanged")
		}
		got, err := r.service.Respond(t.Context(), o.answer(der))
		if err != nil || got.State != confirm.Refused || got.Codes[0] != verify.CodeInvalid {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("nothing changed", func(t *testing.T) {
		o := r.start(t, id, method.Token)
		if got, err := r.service.Respond(t.Context(), o.answer(r.sign(t, key, o.statement))); err != nil || got.State != confirm.Confirmed {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestC1LastMoment: ticket and answer count until the statement ends by the portal's clock, and not a moment longer.
func TestC1LastMoment(t *testing.T) {
	for _, c := range []struct {
		name string
		past time.Duration
		want bool
	}{
		{"a second before", -time.Second, true},
		{"the last microsecond", -time.Microsecond, true},
		{"at the end", 0, false},
		{"a second after", time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var now atomic.Int64
			now.Store(time.Now().UnixNano())
			r := newRig(t, func(k *confirm.Config) {
				k.Now, k.MaxOpen = func() time.Time { return time.Unix(0, now.Load()) }, 2
			})
			id := r.account(t, people.TokenHolder())
			fresh, err := r.service.Start(t.Context(), confirm.Request{Account: id, Method: method.Token})
			if err != nil {
				t.Fatal(err)
			}
			o := r.start(t, id, method.Token)
			if life := o.Expires.Sub(r.opened(t, o).Issued); life < 120*time.Second || life > 300*time.Second {
				t.Errorf("a statement lives for %v", life)
			}
			der := r.sign(t, r.identity(t, pki.Order{Person: people.TokenHolder()}), o.statement)
			now.Store(o.Expires.Add(c.past).UnixNano())
			if _, _, err := r.service.Fetch(t.Context(), fresh.Request, fresh.Ticket); (err == nil) != c.want || !c.want && code(err) != confirm.CodeExpired {
				t.Errorf("ticket: %v", err)
			}
			if _, err := r.service.Respond(t.Context(), o.answer(der)); (err == nil) != c.want || !c.want && code(err) != confirm.CodeExpired {
				t.Errorf("answer: %v", err)
			}
		})
	}
}

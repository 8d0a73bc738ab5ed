// SPDX-License-Identifier: Apache-2.0

package cards_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/cards"
	"zaver/cardreader/card"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/pki"
)

const (
	pivPIN = "123456"
	pivPUK = "12345678"
)

// newPIV makes a signature card of the same person as the identification card.
func newPIV(t testing.TB, change func(*piv.Config)) *piv.Card {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := centre.Make(pki.Order{Person: people.CardHolder(), Authority: pki.UEC, PublicKey: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	cfg := piv.Config{PIN: pivPIN, PUK: pivPUK, Keys: map[byte]crypto.Signer{piv.DigitalSignature: key},
		Certificates: map[byte][]byte{piv.DigitalSignature: id.DER}}
	if change != nil {
		change(&cfg)
	}
	c, err := piv.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSignatureCard: a PIV card is offered beside tokens, and not as an identification card.
func TestSignatureCard(t *testing.T) {
	all := source(t)
	signature, identification := all.Of(card.KindSignature), all.Of(card.KindUEC)
	c := newPIV(t, nil)
	insert(t, all, c)
	if _, err := identification.List(t.Context()); agent.CodeOf(err) != "card.unsupported" {
		t.Errorf("as an identification card: %v", err)
	}
	list, err := signature.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%d cards, %v", len(list), err)
	}
	found := list[0]
	if found.Code != "" || found.Tries != pin.Left(3) || found.Entry != agent.PINTyped || found.KeypadDenied || found.Titles["ru"] != "Карта PIV" {
		t.Errorf("%+v", found)
	}
	t.Run("wrong PIN", func(t *testing.T) {
		err := signPIV(t, signature, found, "999999")
		if !errors.Is(err, &pin.Error{Reason: pin.ReasonWrong}) || c.Tries(piv.PIN) != 2 {
			t.Errorf("%v, %d tries", err, c.Tries(piv.PIN))
		}
	})
	t.Run("last try unsaid", func(t *testing.T) {
		c.SetTries(piv.PIN, 1)
		if err := signPIV(t, signature, found, pivPIN); agent.CodeOf(err) != agent.CodeLastTry || c.Tries(piv.PIN) != 1 {
			t.Errorf("%v, %d tries", err, c.Tries(piv.PIN))
		}
	})
	t.Run("right PIN", func(t *testing.T) {
		c.SetTries(piv.PIN, 3)
		if err := signPIV(t, signature, found, pivPIN); err != nil {
			t.Error(err)
		}
	})
	t.Run("blocked", func(t *testing.T) {
		c.SetTries(piv.PIN, 0)
		list, err := signature.List(t.Context())
		if err != nil || len(list) != 1 || list[0].Code != "pin.blocked" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func signPIV(t *testing.T, s *cards.Source, c agent.Credential, typed string) error {
	t.Helper()
	a, err := algo.ForKey(c.Certificate.PublicKey.Kind(), c.Certificate.PublicKey.Bits())
	if err != nil {
		t.Fatal(err)
	}
	digest := a.Digest.Sum([]byte("statement"))
	signature, err := s.Sign(t.Context(), c, pin.New([]byte(typed)), a, digest)
	if err != nil {
		return err
	}
	return c.Certificate.PublicKey.Verify(a, digest, signature)
}

// TestSignatureCardWithoutCertificate is told from one that is not known.
func TestSignatureCardWithoutCertificate(t *testing.T) {
	s := source(t).Of(card.KindSignature)
	insert(t, s, newPIV(t, func(c *piv.Config) { c.Certificates = nil }))
	if _, err := s.List(t.Context()); agent.CodeOf(err) != "card.no_certificate" {
		t.Errorf("%v", err)
	}
}

// TestSignatureCardPINs: the PINs of a PIV card as their keeper tells of them, and their care.
func TestSignatureCardPINs(t *testing.T) {
	s := source(t).Of(card.KindSignature)
	c := newPIV(t, nil)
	insert(t, s, c)
	state := func() agent.PINState {
		t.Helper()
		all, err := s.PINs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if p.Name == "PIN" {
				return p
			}
		}
		t.Fatal("no PIN among them")
		return agent.PINState{}
	}
	got := state()
	if got.Tries != pin.Left(3) || got.Problem != "" || got.Min != 6 || got.Max != 8 || !got.Digits || !got.CanChange ||
		got.Unblock != agent.ByPUK || got.UnblockTries != pin.Unknown() || got.Entry != agent.PINTyped {
		t.Errorf("%+v", got)
	}
	if list, err := s.List(t.Context()); err != nil || list[0].PIN != got.Ref {
		t.Errorf("the certificate needs another PIN, %v", err)
	}
	t.Run("change", func(t *testing.T) {
		if err := s.ChangePIN(t.Context(), got, pin.New([]byte(pivPIN)), pin.New([]byte("654321"))); err != nil {
			t.Error(err)
		}
	})
	t.Run("unblock, wrong PUK", func(t *testing.T) {
		c.SetTries(piv.PIN, 0)
		blocked := state()
		if task, ok := blocked.Mendable(); blocked.Problem != pin.ReasonBlocked || !ok || task != agent.TaskUnblock {
			t.Errorf("%+v", blocked)
		}
		err := s.UnblockPIN(t.Context(), blocked, pin.New([]byte("00000000")), pin.New([]byte("111111")))
		var refused *pin.Error
		if !errors.As(err, &refused) || refused.Reason != pin.ReasonWrong || refused.Ref != agent.RefUnblock || refused.Tries != pin.Left(2) {
			t.Errorf("%v", err)
		}
	})
	t.Run("unblock", func(t *testing.T) {
		if err := s.UnblockPIN(t.Context(), state(), pin.New([]byte(pivPUK)), pin.New([]byte(pivPIN))); err != nil {
			t.Error(err)
		}
		if c.Tries(piv.PIN) != 3 || c.Tries(piv.PUK) != 3 {
			t.Errorf("%d and %d tries", c.Tries(piv.PIN), c.Tries(piv.PUK))
		}
	})
}

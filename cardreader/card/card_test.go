// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/card"
	"zaver/signature/algo"
	"zaver/signature/gost"
	"zaver/signature/ident"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/uec"
)

func gost256(t testing.TB) algo.Algorithm {
	t.Helper()
	a, err := algo.ByName("gost2012-256")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// prove makes one section, so that those after it need not look at the card's certificates.
func prove(t testing.TB, c *card.Card) {
	t.Helper()
	if _, err := c.Tries(t.Context(), "PIN2"); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	if c.Profile().Name != "uec-test" {
		t.Errorf("profile %s", c.Profile().Name)
	}
	if diff := cmp.Diff(card.Validity{First: firstDay, Last: lastDay}, c.Validity()); diff != "" {
		t.Error(diff)
	}
	// The ATR only orders the attempts.
	if _, err := card.Open(t.Context(), &carrier{card: v}, []byte{0x3B, 0x00}, profiles(t)); err != nil {
		t.Errorf("under another ATR: %v", err)
	}
}

func TestOpenUnknownCard(t *testing.T) {
	v, _ := newVirtual(t, nil)
	p := *profiles(t)[0]
	p.AID = []byte{0xA0, 0x00, 0x00, 0x04, 0x32, 0x90, 0x00, 0x01}
	_, err := card.Open(t.Context(), &carrier{card: v}, v.ATR(), []*card.Profile{&p})
	wantCard(t, err, card.Unsupported)
	_, err = card.Open(t.Context(), &carrier{card: v}, v.ATR(), nil)
	wantCard(t, err, card.Unsupported)
}

func TestOpenTriesTheHintedProfileFirst(t *testing.T) {
	v, _ := newVirtual(t, nil)
	other := *profiles(t)[0]
	other.AID, other.ATRs = []byte{0xF0, 1, 2, 3, 4}, nil
	if _, err := card.Open(t.Context(), &carrier{card: v}, v.ATR(), []*card.Profile{&other, profiles(t)[0]}); err != nil {
		t.Fatal(err)
	}
	if got := v.Commands(); len(got) != 1 {
		t.Errorf("%d commands to find the hinted profile", len(got))
	}
	// Without a hint the list is walked to its end.
	if _, err := card.Open(t.Context(), &carrier{card: v}, nil, []*card.Profile{&other, profiles(t)[0]}); err != nil {
		t.Fatal(err)
	}
	if got := v.Commands(); len(got) != 3 {
		t.Errorf("%d commands in all", len(got))
	}
}

func TestOpenFaults(t *testing.T) {
	tests := []struct {
		name   string
		fault  uec.Fault
		reason card.Reason
	}{
		{"pulled", uec.Fault{Nth: 1, Action: uec.PullBefore}, card.Removed},
		{"garbage", uec.Fault{Nth: 1, Action: uec.Answer, Answer: uec.Garbage()}, card.Protocol},
		{"one byte", uec.Fault{Nth: 1, Action: uec.Answer, Answer: []byte{0x90}}, card.Protocol},
		{"no FCI", uec.Fault{Nth: 1, Action: uec.Answer, Answer: []byte{0x90, 0x00}}, card.Protocol},
		{"fault of the card", uec.Fault{Nth: 1, Action: uec.Answer, Answer: []byte{0x6F, 0x00}}, card.Protocol},
		{"no such day", uec.Fault{Nth: 1, Action: uec.Answer, Answer: []byte{0x6F, 0x0E, 0xA5, 0x0C,
			0x5F, 0x25, 0x03, 0x25, 0x13, 0x01, 0x5F, 0x24, 0x03, 0x30, 0x12, 0x31, 0x90, 0x00}}, card.Protocol},
		{"application locked", uec.Fault{Nth: 1, Action: uec.Answer, Answer: []byte{0x62, 0x83}}, card.Unsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := newVirtual(t, nil)
			v.Inject(tt.fault)
			_, err := card.Open(t.Context(), &carrier{card: v}, v.ATR(), profiles(t))
			wantCard(t, err, tt.reason)
		})
	}
}

func TestValidity(t *testing.T) {
	v := card.Validity{First: firstDay, Last: lastDay}
	moscow := time.FixedZone("MSK", 3*3600)
	for at, ok := range map[time.Time]bool{
		time.Date(2025, 1, 1, 23, 59, 59, 0, moscow):   false,
		time.Date(2025, 1, 2, 0, 0, 0, 0, moscow):      true, // still 1 January in UTC
		time.Date(2030, 12, 31, 23, 59, 59, 0, moscow): true,
		time.Date(2031, 1, 1, 0, 0, 0, 0, moscow):      false, // still 31 December in UTC
	} {
		err := v.Check(at)
		if ok && err != nil {
			t.Errorf("%s: %v", at, err)
		}
		if !ok {
			wantCard(t, err, card.Expired)
		}
	}
	if err := (card.Validity{}).Check(time.Unix(0, 0)); err != nil {
		t.Errorf("a card without days: %v", err)
	}
}

func TestCertificate(t *testing.T) {
	for name, getResponse := range map[string]bool{"T=1": false, "T=0": true} {
		t.Run(name, func(t *testing.T) {
			v, key := newVirtual(t, func(c *uec.Config) { c.GetResponse = getResponse })
			c, link := openCard(t, v)
			got, err := c.Certificates(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 2 || got[0].Subject.CommonName() != "Test" {
				t.Errorf("%d certificates", len(got))
			}
			if !bytes.Contains(got[0].Raw, key.SPKI) {
				t.Error("another key is in the certificate")
			}
			before := len(v.Commands())
			if _, err := c.Certificate(t.Context()); err != nil || len(v.Commands()) != before {
				t.Errorf("read again: %v", err)
			}
			if link.resets != 0 {
				t.Error("the card was reset for a public file")
			}
		})
	}
}

func TestCertificateFaults(t *testing.T) {
	tests := []struct {
		name    string
		content [][]byte
		faults  []uec.Fault
		reason  card.Reason
	}{
		{"empty", nil, nil, card.NoCertificate},
		{"padding", [][]byte{{0xFF, 0xFF, 0x00}}, nil, card.NoCertificate},
		{"no file", [][]byte{{0x30, 0x00}}, []uec.Fault{{INS: 0xA4, Sealed: true, Action: uec.Answer, Answer: []byte{0x6A, 0x82}}}, card.NoCertificate},
		{"not DER", [][]byte{[]byte("hello")}, nil, card.Protocol},
		{"cut", [][]byte{{0x30, 0x82, 0x01, 0x00, 0x30}}, nil, card.Protocol},
		{"too long", [][]byte{make([]byte, 20000)}, nil, card.Protocol},
		{"pulled", [][]byte{{0x30, 0x00}}, []uec.Fault{{INS: 0xB0, Action: uec.PullBefore}}, card.Removed},
		{"security", [][]byte{{0x30, 0x00}}, []uec.Fault{{INS: 0xB0, Sealed: true, Action: uec.Answer, Answer: []byte{0x69, 0x82}}}, card.NoTerminal},
		{"fault of the card", [][]byte{{0x30, 0x00}}, []uec.Fault{{INS: 0xB0, Sealed: true, Action: uec.Answer, Answer: []byte{0x64, 0x00}}}, card.Protocol},
		{"more than asked", [][]byte{{0x30, 0x00}}, []uec.Fault{{INS: 0xB0, Sealed: true, Action: uec.Answer, Answer: []byte{1, 2, 3, 0x90, 0x00}}}, card.Insecure},
		{"endless 61xx", [][]byte{{0x30, 0x00}}, []uec.Fault{{INS: 0xB0, Action: uec.Answer, Answer: []byte{0x61, 0x10}}, {INS: 0xC0, Action: uec.Answer, Answer: []byte{0x61, 0x10}}}, card.Protocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := newVirtual(t, func(c *uec.Config) { c.Certificates = tt.content })
			c, _ := openCard(t, v)
			prove(t, c)
			v.Inject(tt.faults...)
			_, err := c.Certificate(t.Context())
			wantCard(t, err, tt.reason)
		})
	}
}

func TestReadHolder(t *testing.T) {
	for name, getResponse := range map[string]bool{"T=1": false, "T=0": true} {
		t.Run(name, func(t *testing.T) {
			v, _ := newVirtual(t, func(c *uec.Config) { c.GetResponse = getResponse })
			c, link := openCard(t, v)
			got, err := c.ReadHolder(t.Context(), newPIN("1234"))
			if err != nil {
				t.Fatal(err)
			}
			h := testHolder()
			want := &card.HolderData{
				SNILS: ident.SNILS(h.SNILS), Policy: h.Policy, FullName: h.FullName,
				Name:          ident.PersonName{Surname: h.Surname, Given: h.Given, Patronymic: h.Patronymic},
				IssuerAddress: h.IssuerAddress, BirthDate: h.BirthDate, BirthPlace: h.BirthPlace, Sex: 2,
				Address: h.Address, Phone: h.Phone, Email: h.Email, INN: h.INN, Photo: got.Photo,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if m, err := jpeg.Decode(bytes.NewReader(got.Photo)); err != nil || m.Bounds().Empty() {
				t.Errorf("photo of %d bytes: %v", len(got.Photo), err)
			}
			if link.resets != 1 {
				t.Errorf("%d resets: a verified PIN must not stay behind", link.resets)
			}
		})
	}
}

func TestReadHolderFaults(t *testing.T) {
	tests := []struct {
		name   string
		change func(*uec.Config)
		fault  uec.Fault
		reason card.Reason
	}{
		{"SNILS with a wrong check number", func(c *uec.Config) { c.Holder.SNILS = "11223344596" }, uec.Fault{}, card.Protocol},
		{"sex", func(c *uec.Config) { c.Holder.Sex = 9 }, uec.Fault{}, card.Protocol},
		{"another object", nil, uec.Fault{INS: 0xCA, Action: uec.Answer, Answer: []byte{0x5A, 0x00, 0x90, 0x00}}, card.Protocol},
		{"too long", nil, uec.Fault{INS: 0xCA, Action: uec.Answer, Answer: []byte{0xDF, 0x27, 0x07, 1, 2, 3, 4, 5, 6, 7, 0x90, 0x00}}, card.Protocol},
		{"garbage", nil, uec.Fault{INS: 0xCA, Action: uec.Answer, Answer: uec.Garbage()}, card.Protocol},
		{"no directory", nil, uec.Fault{INS: 0xA4, Sealed: true, Action: uec.Answer, Answer: []byte{0x6F, 0x00, 0x90, 0x00}}, card.Protocol},
		{"refused", nil, uec.Fault{INS: 0xCA, Action: uec.Answer, Answer: []byte{0x69, 0x82}}, card.NoTerminal},
		{"pulled", nil, uec.Fault{INS: 0xCA, Action: uec.PullAfter}, card.Removed},
		{"no photo file", nil, uec.Fault{INS: 0xB0, Sealed: true, Action: uec.Answer, Answer: []byte{0x64, 0x00}}, card.Protocol},
		{"photo file is nonsense", nil, uec.Fault{INS: 0xB0, Sealed: true, Action: uec.Answer, Answer: uec.Garbage()}, card.Protocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := newVirtual(t, tt.change)
			c, _ := openCard(t, v)
			if tt.fault.Action != 0 {
				prove(t, c)
				v.Inject(tt.fault)
			}
			got, err := c.ReadHolder(t.Context(), newPIN("1234"))
			if got != nil {
				t.Error("half a holder came back")
			}
			wantCard(t, err, tt.reason)
		})
	}
}

func TestSign(t *testing.T) {
	for name, getResponse := range map[string]bool{"T=1": false, "T=0": true} {
		t.Run(name, func(t *testing.T) {
			v, key := newVirtual(t, func(c *uec.Config) { c.GetResponse = getResponse })
			public, err := gost.ParsePublicKey(key.Kind.ParamSet(), key.SPKI[len(key.SPKI)-64:])
			if err != nil {
				t.Fatal(err)
			}
			c, link := openCard(t, v)
			for range 8 { // halves with leading zeros come now and then
				digest := digestOf("statement")
				sig, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digest)
				if err != nil {
					t.Fatal(err)
				}
				if !public.Verify(digest, sig) {
					t.Errorf("signature %X does not hold", sig)
				}
			}
			if link.resets != 8 {
				t.Errorf("%d resets", link.resets)
			}
			cert, err := c.Certificate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			digest := digestOf("x")
			sig, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digest)
			if err != nil {
				t.Fatal(err)
			}
			if err := cert.PublicKey.Verify(gost256(t), digest, sig); err != nil {
				t.Errorf("under the certificate's key: %v", err)
			}
		})
	}
}

func TestSignRefuses(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	rsa, err := algo.ByName("rsa-sha256")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Sign(t.Context(), newPIN("123456"), rsa, digestOf("x"))
	wantCard(t, err, card.Unsupported)
	_, err = c.Sign(t.Context(), newPIN("123456"), gost256(t), []byte("short"))
	wantCard(t, err, card.Protocol)
	for name, answer := range map[string][]byte{
		"short": {1, 2, 0x90, 0}, "zero half": append(append(make([]byte, 32), bytes.Repeat([]byte{1}, 32)...), 0x90, 0),
		"unknown": {0x96, 0x02}, "fault": {0x64, 0x00},
	} {
		v.Inject(uec.Fault{INS: 0x2A, Action: uec.Answer, Answer: answer})
		_, err = c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
		if err == nil {
			t.Errorf("%s: signed", name)
		}
		wantCard(t, err, card.Protocol)
	}
}

func TestBusy(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, link := openCard(t, v)
	link.refuse = &card.Error{Reason: card.Busy, Op: "lock"}
	_, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
	wantCard(t, err, card.Busy)

	// A second operation waits its turn and gives up with its context.
	link.refuse = nil
	v.Inject(uec.Fault{INS: 0x2A, Action: uec.Hang})
	hanging, done := v.Hanging(), make(chan error, 1)
	go func() {
		_, err := c.Sign(context.Background(), newPIN("123456"), gost256(t), digestOf("x"))
		done <- err
	}()
	<-hanging
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Tries(ctx, "PIN2")
	wantCard(t, err, card.Busy)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not say why", err)
	}
	v.Release()
	wantCard(t, <-done, card.Insecure) // a bare answer came
}

func TestUnknownPassword(t *testing.T) {
	v, _ := newVirtual(t, nil)
	c, _ := openCard(t, v)
	if _, err := c.Tries(t.Context(), "PIN3"); err == nil {
		t.Error("PIN3 has tries")
	}
	wantCard(t, c.VerifyPIN(t.Context(), "PIN3", newPIN("1234")), card.Unsupported)
	wantCard(t, c.ChangePIN(t.Context(), "PIN3", newPIN("1234"), newPIN("1234")), card.Unsupported)
	wantCard(t, c.UnblockPIN(t.Context(), "KRP", newPIN("87654321"), nil), card.Unsupported)
	v.Inject(uec.Fault{INS: 0x20, Action: uec.Answer, Answer: []byte{0x6A, 0x88}})
	if tries, err := c.Tries(t.Context(), "PIN1"); err == nil || tries != pin.Unknown() {
		t.Errorf("%v, %v", tries, err)
	}
}

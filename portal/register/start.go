// SPDX-License-Identifier: Apache-2.0

package register

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/limit"
	"zaver/portal/notice"
	"zaver/portal/session"
	"zaver/signature/ident"
)

// Start is what a visitor typed. Fields at fault are named surname, given,
// phone, email, agree, kind.
type Start struct {
	Kind           account.Kind
	Surname, Given string
	// Phone or, for who has none, Email; ByEmail says which.
	Phone, Email string
	ByEmail      bool
	Lang         string
	// Agreed lists the documents as the page showed them.
	Agreed []Document
	Client account.Client
}

// Waiting is a registration whose code is out, as the page shows it.
type Waiting struct {
	// Handle continues this registration; it goes into a cookie.
	Handle string
	// Contact is masked.
	Contact string
	Channel notice.Channel
	// ResendAt is when another message may be asked for, CodeEnds when the code is over.
	ResendAt, CodeEnds time.Time
	// State is Confirmed once the code was right and a password is missing.
	State State
}

// Start begins a registration and sends a code. The answer is the same whether
// or not the contact has an account. Errors: fault.List with the fields at
// fault, fault.Limited.
func (s *Service) Start(ctx context.Context, in Start) (Waiting, error) {
	now := s.c.Now()
	person, channel, contact, err := s.read(in, now)
	if err != nil {
		return Waiting{}, err
	}
	if err := s.mayGo(ctx, contact, in.Client); err != nil {
		return Waiting{}, err
	}
	handle, hash, err := session.NewToken()
	if err != nil {
		return Waiting{}, err
	}
	sending, err := s.sending(hash, channel, contact, person.Lang, in.Client, now)
	if err != nil {
		return Waiting{}, err
	}
	err = s.c.Store.Open(ctx, Opening{
		Handle: hash, Channel: channel, Contact: contact, Person: person, Expires: now.Add(startLife), Sending: sending,
	})
	if err != nil {
		return Waiting{}, err
	}
	return Waiting{
		Handle: handle, Contact: mask(channel, contact), Channel: channel,
		ResendAt: now.Add(ResendWait), CodeEnds: sending.CodeEnds, State: Pending,
	}, nil
}

// read checks what was typed.
func (s *Service) read(in Start, now time.Time) (p Person, channel notice.Channel, contact string, err error) {
	var faults fault.List
	check := func(field, value string, parse func(string) (string, error)) string {
		v, err := parse(value)
		if e, ok := errors.AsType[*fault.Error](err); ok {
			faults = append(faults, e.For(field))
		}
		return v
	}
	name := ident.PersonName{Surname: check("surname", in.Surname, account.ParseName), Given: check("given", in.Given, account.ParseName)}
	if in.ByEmail {
		channel, contact = notice.Email, check("email", in.Email, account.ParseEmail)
	} else {
		channel, contact = notice.SMS, check("phone", in.Phone, account.ParsePhone)
	}
	if in.Kind != account.Person {
		faults = append(faults, fault.New(BadKind).For("kind"))
	}
	p = Person{Kind: in.Kind, Name: name, Lang: in.Lang}
	for _, d := range s.c.Documents {
		if !slices.Contains(in.Agreed, d) {
			faults = append(faults, fault.New(NoConsent).For("agree"))
			break
		}
		p.Consents = append(p.Consents, Consent{Document: d, At: now})
	}
	return p, channel, contact, faults.Err()
}

// mayGo counts a message about to be sent.
func (s *Service) mayGo(ctx context.Context, contact string, client account.Client) error {
	from := limit.Network(client.Address)
	return limit.Check(ctx, s.c.Counter,
		[]limit.Key{s.c.Limits.SendAddress.Of(from), s.c.Limits.SendPair.Of(from, contact)},
		[]limit.Key{s.c.Limits.SendContact.Of(contact)})
}

// sending makes a code and both messages, of which the store sends one.
func (s *Service) sending(handle session.Hash, channel notice.Channel, contact, lang string, client account.Client, now time.Time) (Sending, error) {
	code, err := newCode()
	if err != nil {
		return Sending{}, err
	}
	out := Sending{
		CodeHash: s.codeHash(handle, code), Sent: now, CodeEnds: now.Add(CodeLife),
		Code: notice.Notice{Channel: channel, To: contact, Template: CodeNotice, Lang: lang,
			Args: map[string]string{"Code": code, "Minutes": strconv.Itoa(int(CodeLife.Minutes()))}},
		Warning: notice.Notice{Channel: channel, To: contact, Template: TakenNotice, Lang: lang},
		Tried:   account.Event{At: now, Kind: account.EventContactTried, Client: client},
	}
	if channel == notice.Email {
		token, hash, err := session.NewToken()
		if err != nil {
			return Sending{}, err
		}
		out.LinkHash = &hash
		out.Code.Args["Link"] = s.c.Origin + "/register/link?token=" + token
	}
	return out, nil
}

// codeHash binds a code to its registration: the same digits of another one hash differently.
func (s *Service) codeHash(handle session.Hash, code string) []byte {
	return s.c.Hasher.Hash("register.code", string(handle[:])+code)
}

// newCode makes six random digits.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}

func mask(channel notice.Channel, contact string) string {
	if channel == notice.Email {
		return account.MaskEmail(contact)
	}
	return account.MaskPhone(contact)
}

// Find returns the state of a registration for its page, or the fault Gone.
func (s *Service) Find(ctx context.Context, handle string) (Waiting, error) {
	r, _, err := s.find(ctx, handle)
	if err != nil {
		return Waiting{}, err
	}
	return waiting(handle, r), nil
}

func waiting(handle string, r Registration) Waiting {
	return Waiting{
		Handle: handle, Contact: mask(r.Channel, r.Contact), Channel: r.Channel,
		ResendAt: r.Sent.Add(ResendWait), CodeEnds: r.CodeEnds, State: r.State,
	}
}

func (s *Service) find(ctx context.Context, handle string) (Registration, session.Hash, error) {
	hash, ok := session.HashToken(handle)
	if !ok {
		return Registration{}, hash, fault.New(Gone)
	}
	r, err := s.c.Store.Find(ctx, hash, s.c.Now())
	if notFound(err) {
		return Registration{}, hash, fault.Wrap(Gone, err)
	}
	return r, hash, err
}

// Resend sends a new code; the old one and its link are dead at once. Errors:
// Gone, TooSoon (with RetryAfter), fault.Limited.
func (s *Service) Resend(ctx context.Context, handle string, client account.Client) (Waiting, error) {
	r, hash, err := s.find(ctx, handle)
	if err != nil {
		return Waiting{}, err
	}
	now := s.c.Now()
	if r.State != Pending {
		return Waiting{}, fault.New(Gone)
	}
	if wait := r.Sent.Add(ResendWait).Sub(now); wait > 0 {
		return Waiting{}, fault.New(TooSoon).After(wait).With("Seconds", int(wait.Seconds())+1)
	}
	if err := s.mayGo(ctx, r.Contact, client); err != nil {
		return Waiting{}, err
	}
	sending, err := s.sending(hash, r.Channel, r.Contact, r.Person.Lang, client, now)
	if err != nil {
		return Waiting{}, err
	}
	changed, err := s.c.Store.Resend(ctx, hash, now.Add(-ResendWait), sending)
	if err != nil {
		return Waiting{}, err
	}
	if !changed { // another request was faster
		return Waiting{}, fault.New(TooSoon).After(ResendWait).With("Seconds", int(ResendWait.Seconds()))
	}
	r.Sent, r.CodeEnds = now, sending.CodeEnds
	return waiting(handle, r), nil
}

// SPDX-License-Identifier: Apache-2.0

package register

import (
	"context"
	"errors"
	"strings"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/password"
	"zaver/portal/session"
)

// Confirm proves the contact by its code. The returned handle replaces the old
// one. Errors: WrongCode (argument Left), CodeExpired, CodeSpent, Gone.
func (s *Service) Confirm(ctx context.Context, handle, code string) (string, error) {
	hash, ok := session.HashToken(handle)
	if !ok {
		return "", fault.New(Gone)
	}
	digits := onlyDigits(code)
	if len(digits) != 6 {
		return "", fault.New(WrongCode).For("code") // a slip of the finger costs no try
	}
	next, p, err := s.proof()
	if err != nil {
		return "", err
	}
	p.Handle, p.CodeHash = hash, s.codeHash(hash, digits)
	confirmed, found, tries, err := s.c.Store.Confirm(ctx, p)
	switch {
	case err != nil:
		return "", err
	case confirmed:
		return next, nil
	case found:
		return "", wrongCode(tries)
	default:
		return "", s.whyNot(ctx, handle)
	}
}

// ConfirmLink proves an e-mail address by the link of its letter. Only the
// browser that pressed the button gets the handle to go on with: who began the
// registration elsewhere may be a stranger to the mailbox. Errors: BadLink.
func (s *Service) ConfirmLink(ctx context.Context, token string) (string, error) {
	link, ok := session.HashToken(token)
	if !ok {
		return "", fault.New(BadLink)
	}
	next, p, err := s.proof()
	if err != nil {
		return "", err
	}
	p.Link = link
	confirmed, _, _, err := s.c.Store.Confirm(ctx, p)
	if err != nil {
		return "", err
	}
	if !confirmed {
		return "", fault.New(BadLink)
	}
	return next, nil
}

// FindLink says what a link would confirm, and changes nothing: programs that
// fetch every link of a letter use nothing up. Errors: BadLink.
func (s *Service) FindLink(ctx context.Context, token string) (Waiting, error) {
	link, ok := session.HashToken(token)
	if !ok {
		return Waiting{}, fault.New(BadLink)
	}
	r, err := s.c.Store.FindLink(ctx, link, s.c.Now())
	if notFound(err) {
		return Waiting{}, fault.Wrap(BadLink, err)
	}
	if err != nil {
		return Waiting{}, err
	}
	return waiting("", r), nil
}

func (s *Service) proof() (next string, p Proof, err error) {
	next, hash, err := session.NewToken()
	if err != nil {
		return "", Proof{}, err
	}
	now := s.c.Now()
	return next, Proof{MaxTries: CodeTries, Now: now, NewHandle: hash, Expires: now.Add(finishLife)}, nil
}

func wrongCode(tries int) error {
	if tries >= CodeTries {
		return fault.New(CodeSpent).For("code")
	}
	return fault.New(WrongCode).For("code").With("Left", CodeTries-tries)
}

// whyNot names the reason why there was nothing to try.
func (s *Service) whyNot(ctx context.Context, handle string) error {
	r, _, err := s.find(ctx, handle)
	switch {
	case err != nil:
		return err
	case r.State != Pending:
		return fault.New(Gone)
	case r.Tries >= CodeTries:
		return fault.New(CodeSpent).For("code")
	default:
		return fault.New(CodeExpired).For("code")
	}
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s[:min(len(s), 32)])
}

// SetPassword makes the account, of level simplified, and signs its holder in.
// Fields at fault are password and repeat. Errors: those of password.Strength,
// password.Differs, Gone, Taken, fault.Busy.
func (s *Service) SetPassword(ctx context.Context, handle, chosen, repeated string, client account.Client) (SignedIn, error) {
	r, hash, err := s.find(ctx, handle)
	if err != nil {
		return SignedIn{}, err
	}
	if r.State != Confirmed {
		return SignedIn{}, fault.New(Gone)
	}
	own := []string{r.Person.Name.Surname, r.Person.Name.Given, r.Contact}
	if _, err := password.Strength(chosen, own); err != nil {
		if e, ok := errors.AsType[*fault.Error](err); ok {
			return SignedIn{}, e.For("password")
		}
		return SignedIn{}, err
	}
	if chosen != repeated {
		return SignedIn{}, fault.New(password.Differs).For("repeat")
	}
	hashed, err := s.c.Passwords.Hash(ctx, chosen)
	if err != nil {
		return SignedIn{}, err
	}
	now := s.c.Now()
	token, fresh, err := session.Begin(client, now)
	if err != nil {
		return SignedIn{}, err
	}
	made, err := s.c.Store.Finish(ctx, Finish{
		Handle: hash, Now: now, Password: hashed, Person: r.Person, Contact: r.Contact, Session: fresh,
	})
	if err != nil {
		return SignedIn{}, err
	}
	return s.signedIn(token, made)
}

// Strength judges a password before it is sent, for the page's meter; it knows
// the registration's own data when there is one.
func (s *Service) Strength(ctx context.Context, handle, chosen string) (int, error) {
	var own []string
	if r, _, err := s.find(ctx, handle); err == nil {
		own = []string{r.Person.Name.Surname, r.Person.Name.Given, r.Contact}
	}
	return password.Strength(chosen, own)
}

// SPDX-License-Identifier: Apache-2.0

package register

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/limit"
	"zaver/portal/session"
	"zaver/signature/ident"
)

// Login is what a person may be found by; empty fields find nobody.
type Login struct {
	Phone, Email string
	// SNILS finds only accounts whose SNILS the registers confirmed.
	SNILS ident.SNILS
}

// Credential is an account as sign-in sees it.
type Credential struct {
	Account account.ID
	// Password is the stored hash.
	Password string
}

// SigningIn is a session about to be written after the right password.
type SigningIn struct {
	Account account.ID
	Session session.Fresh
	// Forget is the counter that the right password clears.
	Forget limit.Key
}

// Accounts finds accounts for sign-in.
type Accounts interface {
	// Credential finds an account; false when there is none.
	Credential(ctx context.Context, l Login) (Credential, bool, error)
	// SignIn writes the session and its event.
	SignIn(ctx context.Context, in SigningIn) (session.Session, error)
	// Failed notes a wrong password in the account's journal; for an empty
	// account it does the same work and writes nothing.
	Failed(ctx context.Context, e account.Event) error
}

// SignIn is what a person typed.
type SignIn struct {
	// Login is a phone number, an e-mail address or a SNILS.
	Login    string
	Password string
	Client   account.Client
	// Device is the token that an earlier sign-in left in this browser, or empty.
	Device string
}

// SignedIn is the outcome of a sign-in.
type SignedIn struct {
	// Token goes into the session cookie.
	Token   string
	Session session.Session
	// Device goes into a long-lived cookie: attempts from this browser are
	// counted apart, so that a stranger's tries don't stop the holder.
	Device string
}

// SignIn checks a password and begins a session. Whether the account exists
// shows neither in the answer nor in its time. Errors: WrongSignIn,
// fault.Limited, fault.Busy.
func (s *Service) SignIn(ctx context.Context, in SignIn) (SignedIn, error) {
	login, normal := ParseLogin(in.Login)
	found, exists, err := s.c.Accounts.Credential(ctx, login)
	if err != nil {
		return SignedIn{}, err
	}
	outer, inner := s.signInKeys(in, found.Account, exists, normal)
	if err := limit.Check(ctx, s.c.Counter, outer, inner); err != nil {
		return SignedIn{}, err
	}
	right, err := s.c.Passwords.Matches(ctx, found.Password, in.Password)
	if err != nil {
		return SignedIn{}, err
	}
	now := s.c.Now()
	if !right {
		event := account.Event{Account: found.Account, At: now, Kind: account.EventSignInFailed, Client: in.Client}
		if err := s.c.Accounts.Failed(ctx, event); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, fault.New(WrongSignIn)
	}
	token, fresh, err := session.Begin(in.Client, now)
	if err != nil {
		return SignedIn{}, err
	}
	begun, err := s.c.Accounts.SignIn(ctx, SigningIn{Account: found.Account, Session: fresh, Forget: outer[1]})
	if err != nil {
		return SignedIn{}, err
	}
	return s.signedIn(token, begun)
}

// signInKeys are the counters of one attempt: what stops the stranger comes
// first, what is the holder's own is counted only for those who passed. Strangers
// are counted by the login as typed, never by the account: that a phone number
// is stopped for tries at a SNILS would tell that one account has both.
func (s *Service) signInKeys(in SignIn, id account.ID, exists bool, login string) (outer, inner []limit.Key) {
	l, from := s.c.Limits, limit.Network(in.Client.Address)
	if device, ok := s.knownDevice(in.Device, id); exists && ok {
		return []limit.Key{l.SignInAddress.Of(from), l.SignInDevice.Of(string(id), device)}, nil
	}
	return []limit.Key{l.SignInAddress.Of(from), l.SignInPair.Of(from, login)}, []limit.Key{l.SignInAccount.Of(login)}
}

func (s *Service) signedIn(token string, begun session.Session) (SignedIn, error) {
	device, err := s.newDevice(begun.Account.ID)
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Token: token, Session: begun, Device: device}, nil
}

// newDevice makes the token of a browser in which the account signed in: a
// random name and a keyed hash that binds it to the account.
func (s *Service) newDevice(id account.ID) (string, error) {
	name, _, err := session.NewToken()
	if err != nil {
		return "", err
	}
	return name + "." + base64.RawURLEncoding.EncodeToString(s.c.Hasher.Hash("signin.device", string(id)+name)), nil
}

func (s *Service) knownDevice(token string, id account.ID) (string, bool) {
	name, mac, ok := strings.Cut(token, ".")
	if !ok || len(token) > 256 || len(name) != 43 {
		return "", false
	}
	got, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil {
		return "", false
	}
	want := s.c.Hasher.Hash("signin.device", string(id)+name)
	return name, subtle.ConstantTimeCompare(got, want) == 1
}

// ParseLogin reads a login. Eleven bare digits may be a phone number or a
// SNILS: both are looked for, the phone first. The second result is one
// spelling for everything that means the same, for counting.
func ParseLogin(s string) (Login, string) {
	var l Login
	s = strings.TrimSpace(s[:min(len(s), 320)])
	if email, err := account.ParseEmail(s); err == nil {
		l.Email = email
		return l, email
	}
	if phone, err := account.ParsePhone(s); err == nil {
		l.Phone = phone
	}
	if !strings.HasPrefix(s, "+") {
		if snils, err := ident.ParseSNILS(s); err == nil {
			l.SNILS = snils
		}
	}
	if normal := l.Phone + string(l.SNILS); normal != "" {
		return l, normal
	}
	return l, strings.ToLower(s)
}

// DeviceLife is how long a browser keeps the device token.
const DeviceLife = 180 * 24 * time.Hour

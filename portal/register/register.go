// SPDX-License-Identifier: Apache-2.0

// Package register owns the way into the portal: registration with a code that
// proves a phone or an e-mail address, the choice of a password, and sign-in.
//
// Nothing it answers tells a stranger whether an account exists: a contact
// that is taken gets the same answer and the same work, a warning goes out in
// place of the code, and no code fits. Codes are kept as keyed hashes, tokens
// as SHA-256. Tries are counted by address, by contact or account, and by the
// pair of both.
//
// A Service is safe for concurrent use.
package register

import (
	"context"
	"errors"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/limit"
	"zaver/portal/notice"
	"zaver/portal/session"
	"zaver/signature/ident"
)

// Faults of this package.
const (
	// WrongCode has the number of tries that are left in its argument Left.
	WrongCode fault.Code = "register.code"
	// CodeExpired says that the code is over five minutes old.
	CodeExpired fault.Code = "register.code_expired"
	// CodeSpent says that a wrong code was typed too often; a new one can be sent.
	CodeSpent fault.Code = "register.code_spent"
	// Gone says that the registration ended, was finished, or never was.
	Gone fault.Code = "register.gone"
	// Taken is told only to who proved the contact: an account has it already.
	Taken fault.Code = "register.taken"
	// NoConsent says that the current terms were not agreed to.
	NoConsent fault.Code = "register.consent"
	// TooSoon says that the last message was sent less than a minute ago.
	TooSoon fault.Code = "register.too_soon"
	// BadLink says that a link is over, was used, or never was.
	BadLink fault.Code = "register.link"
	// BadKind says that this kind of account can't be registered here.
	BadKind fault.Code = "register.kind"
	// WrongSignIn says that login and password do not belong together.
	WrongSignIn fault.Code = "signin.wrong"
)

// Codes lists the faults of this package.
func Codes() []fault.Code {
	return []fault.Code{WrongCode, CodeExpired, CodeSpent, Gone, Taken, NoConsent, TooSoon, BadLink, BadKind, WrongSignIn,
		account.BadPhone, account.BadEmail, account.BadName, account.TooLong, account.Missing}
}

// Templates of the notices of this package. CodeNotice has the arguments Code,
// Minutes and, by e-mail, Link; TakenNotice has none.
const (
	CodeNotice  = "notice.register_code"
	TakenNotice = "notice.register_taken"
)

// Times and numbers of a registration.
const (
	CodeLife   = 5 * time.Minute
	CodeTries  = 5
	ResendWait = time.Minute
	startLife  = time.Hour        // from the start to the right code
	finishLife = 30 * time.Minute // from the right code to the password
)

// Document is one version of a text that a person agrees to.
type Document struct{ Name, Version string }

// Consent is an agreement.
type Consent struct {
	Document
	At time.Time
}

// Person is what a visitor says of themselves at the start; it is kept sealed
// until the account is made.
type Person struct {
	Kind     account.Kind
	Name     ident.PersonName
	Lang     string
	Consents []Consent
}

// State of a registration: pending → confirmed → done.
type State string

// The states.
const (
	Pending   State = "pending"
	Confirmed State = "confirmed"
	Done      State = "done"
)

// Registration is one as it is kept. Once it is over it is not found any more.
type Registration struct {
	State    State
	Channel  notice.Channel
	Contact  string
	Person   Person
	Tries    int // wrong codes since the last one was sent
	Sent     time.Time
	CodeEnds time.Time
	Expires  time.Time
}

// Sending is a code and the messages of which one goes out: Code where the
// contact is free, Warning to the holder where it is not.
type Sending struct {
	CodeHash      []byte
	LinkHash      *session.Hash // by e-mail only
	Sent          time.Time
	CodeEnds      time.Time
	Code, Warning notice.Notice
	// Tried goes into the holder's journal with the warning; its account is the holder's.
	Tried account.Event
}

// Opening is a registration about to be written.
type Opening struct {
	Handle  session.Hash
	Channel notice.Channel
	Contact string
	Person  Person
	Expires time.Time
	Sending
}

// Proof is a try to confirm: a handle with a code, or a link.
type Proof struct {
	Handle    session.Hash
	CodeHash  []byte
	Link      session.Hash // used when CodeHash is nil
	MaxTries  int
	Now       time.Time
	NewHandle session.Hash // replaces the handle, so that only who proved the contact goes on
	Expires   time.Time
}

// Finish is an account about to be made.
type Finish struct {
	Handle   session.Hash
	Now      time.Time
	Password string // hash
	Person   Person
	Contact  string
	Session  session.Fresh
}

// Store keeps registrations. Each method is one transaction; changes are
// conditional on the state and the times given.
type Store interface {
	// Open writes a pending registration and hands over one of its notices.
	Open(ctx context.Context, o Opening) error
	// Find returns a registration that is not over; fault.NotFound when there is none.
	Find(ctx context.Context, handle session.Hash, now time.Time) (Registration, error)
	// FindLink is Find for a pending registration by the link of its letter, whose code is not over.
	FindLink(ctx context.Context, link session.Hash, now time.Time) (Registration, error)
	// Resend gives a pending registration a new code, unless the last was sent after notAfter; false when nothing changed.
	Resend(ctx context.Context, handle session.Hash, notAfter time.Time, s Sending) (bool, error)
	// Confirm moves pending to confirmed when the proof is right and in time.
	// A wrong code is counted. found is false when there was nothing to try.
	Confirm(ctx context.Context, p Proof) (confirmed, found bool, tries int, err error)
	// Finish moves confirmed to done and makes the account with its contact,
	// consents, event and first session. It returns the fault Taken when the
	// contact went to another account meanwhile and Gone when the registration is over.
	Finish(ctx context.Context, f Finish) (session.Session, error)
}

// Passwords hashes and checks passwords; see package password.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	Matches(ctx context.Context, stored, password string) (bool, error)
}

// Hasher hashes short secrets under a key; see package seal.
type Hasher interface {
	Hash(purpose, value string) []byte
}

// Limits are the rules by which tries are counted. Codes need none of their
// own: each has five tries, and how many are sent is limited.
type Limits struct {
	// Starts and resends: by address, by address and contact, by contact alone.
	SendAddress, SendPair, SendContact limit.Rule
	// Sign-in: by address, by address and login, by login from devices that are
	// not known to its account, and by account and known device. An address is
	// counted as limit.Network says.
	SignInAddress, SignInPair, SignInAccount, SignInDevice limit.Rule
}

// DefaultLimits are the limits of a portal on the open net.
func DefaultLimits() Limits {
	return Limits{
		SendAddress:   limit.Rule{Name: "send.address", Max: 20, Window: time.Hour},
		SendPair:      limit.Rule{Name: "send.pair", Max: 3, Window: time.Hour},
		SendContact:   limit.Rule{Name: "send.contact", Max: 6, Window: time.Hour},
		SignInAddress: limit.Rule{Name: "signin.address", Max: 20, Window: time.Minute},
		SignInPair:    limit.Rule{Name: "signin.pair", Max: 5, Window: time.Minute},
		SignInAccount: limit.Rule{Name: "signin.account", Max: 50, Window: 12 * time.Minute},
		SignInDevice:  limit.Rule{Name: "signin.device", Max: 10, Window: time.Minute},
	}
}

// Config holds everything that a Service needs; all fields are required.
type Config struct {
	Store     Store
	Accounts  Accounts
	Counter   limit.Counter
	Limits    Limits
	Hasher    Hasher
	Passwords Passwords
	Now       func() time.Time
	// Origin is the portal's address without a final slash; links in letters begin with it.
	Origin string
	// Documents are the texts in force, to be agreed to at registration.
	Documents []Document
}

// Service registers and signs in.
type Service struct{ c Config }

// New returns a Service.
func New(c Config) *Service { return &Service{c: c} }

// Documents returns the texts in force.
func (s *Service) Documents() []Document { return s.c.Documents }

// notFound reports whether a store found nothing.
func notFound(err error) bool { return errors.Is(err, fault.New(fault.NotFound)) }

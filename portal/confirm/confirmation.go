// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"context"
	"time"

	"zaver/portal/account"
	"zaver/portal/audit"
	"zaver/portal/evidence"
	"zaver/portal/method"
	"zaver/portal/notice"
	"zaver/portal/policy"
)

// Confirmation is one row: a question to a person, and what came of it.
type Confirmation struct {
	// Request is its public name, in addresses and in the statement.
	Request string
	Account account.ID
	Method  method.ID
	State   State
	// Lang is the language in which the outcome is told.
	Lang string
	// ControlCode is shown on the page and by the agent: 4 digits.
	ControlCode string
	// Statement is the signed note that was issued, byte for byte.
	Statement []byte
	// Issued and Expires bound the time in which an answer is taken.
	Issued, Expires time.Time
	// Fetched is when the ticket was used; zero before.
	Fetched time.Time
	// Decided is when a final state was reached; zero before.
	Decided time.Time
	// Outages counts how often a check was lost and the confirmation given back.
	Outages int
	// Codes say why it was refused or cancelled; the agent's own code is kept here.
	Codes []string
	// Reasons are the codes of a refusal with their arguments.
	Reasons []policy.Reason
	// Lease names the check that holds the confirmation while it is Checking.
	Lease string
	// LeaseUntil is when the check is taken for lost; zero unless Checking.
	LeaseUntil time.Time

	// TicketHash, SubmitHash and Digest are SHA-256 of the ticket, of the submit
	// token (zero before the ticket was used) and of the claimed response (zero
	// before). Nothing of the three leaves the portal.
	TicketHash, SubmitHash, Digest [32]byte
}

// Opening is what Start asks the store to write.
type Opening struct {
	Confirmation Confirmation
	Now          time.Time
	// MaxOpen bounds the account's open confirmations, this one included: older
	// ones in Issued become Cancelled with Superseded.
	MaxOpen    int
	Superseded string
	// Since and MaxStarts bound how many the account started since then.
	Since     time.Time
	MaxStarts int
	Event     account.Event
}

// OpenResult says what became of an Opening.
type OpenResult int

// The results. Only Opened wrote anything.
const (
	Opened OpenResult = iota
	// LevelMoved: the account is no longer at the level, or with the data, it had.
	LevelMoved
	// TooMany: the account started too many lately.
	TooMany
	// AllChecking: MaxOpen confirmations are being checked right now.
	AllChecking
)

// Claim takes an issued confirmation for one response.
type Claim struct {
	Request    string
	SubmitHash [32]byte
	Digest     [32]byte
	Lease      string
	Until, Now time.Time
}

// Effect is everything that a judgement changes; it is written whole or not at all.
type Effect struct {
	Request string
	Lease   string
	To      State
	Codes   []string
	Reasons []policy.Reason
	Now     time.Time

	// Account moves From one level To another when Raise is set, provided that its
	// checked data are those that the statement named.
	Account        account.ID
	Raise          bool
	From, ToLevel  account.Level
	Method         method.ID
	Parts          []evidence.Part
	EvidenceDigest [32]byte
	TrustSet       string

	Audit   audit.Event
	Event   account.Event
	Notices []notice.Notice
}

// FinishResult says what became of an Effect.
type FinishResult int

// The results. Only Finished wrote anything.
const (
	Finished FinishResult = iota
	// LeaseLost: the confirmation is no longer held by this check.
	LeaseLost
	// AccountMoved: the account's level or checked data changed meanwhile.
	AccountMoved
)

// Opener keeps what Start needs.
type Opener interface {
	// Subject reads the account with its checked data; the error has the code
	// fault.NotFound when there is no such account.
	Subject(ctx context.Context, id account.ID) (account.Subject, error)
	// Open writes a new confirmation, in one transaction under a lock on the account.
	Open(ctx context.Context, o Opening) (OpenResult, error)
}

// Reader finds confirmations; the error has the code fault.NotFound for an unknown request.
type Reader interface {
	Confirmation(ctx context.Context, request string) (Confirmation, error)
}

// Taker makes the moves that an agent or a person asks for. Each is one conditional
// UPDATE; false means that its condition did not hold and nothing changed.
type Taker interface {
	// TakeTicket uses the ticket of an issued, unexpired confirmation, once, and
	// gives its statement.
	TakeTicket(ctx context.Context, request string, ticket, submit [32]byte, now time.Time) ([]byte, bool, error)
	// Claim moves Issued to Checking for an unexpired confirmation and this submit token.
	Claim(ctx context.Context, c Claim) (Confirmation, bool, error)
	// Cancel moves Issued to Cancelled, asked by the holder of the submit token
	// (by is its hash) or by the account (by is nil).
	Cancel(ctx context.Context, request string, by *[32]byte, code string, now time.Time) (bool, error)
}

// Finisher ends what Claim began.
type Finisher interface {
	// Finish writes the whole effect in one transaction.
	Finish(ctx context.Context, e Effect) (FinishResult, error)
	// EndLease ends a lease before its time, so that the sweeper need not wait.
	EndLease(ctx context.Context, request, lease string, now time.Time) error
}

// Sweeping is what time decides.
type Sweeping interface {
	// ExpireDue moves Issued to Expired where the time is over, and says how many.
	ExpireDue(ctx context.Context, now time.Time) (int, error)
	// GiveBack moves Checking to Issued where the lease ended, counting the outage,
	// unless it is the last one that maxOutages allows; it says how many.
	GiveBack(ctx context.Context, now time.Time, maxOutages int) (int, error)
	// WornOut lists those that GiveBack left: ended lease, last outage.
	WornOut(ctx context.Context, now time.Time, maxOutages int) ([]Confirmation, error)
}

// Watcher wakes those who wait for a confirmation to change; see store.Store.Watch.
type Watcher interface {
	Watch(ctx context.Context, topic string) <-chan struct{}
}

// Store is all of them.
type Store interface {
	Opener
	Reader
	Taker
	Finisher
	Sweeping
	Watcher
}

// Topic is what a change of the confirmation signals.
func Topic(request string) string { return "confirm:" + request }

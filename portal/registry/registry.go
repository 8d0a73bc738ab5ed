// SPDX-License-Identifier: Apache-2.0

// Package registry alone owns the checks of personal data with the state registers: SNILS with the pension fund and passport with the
// interior ministry, both needed for a standard account, then the INN at the tax service. A check is durable: it is sent under an id of
// its own (sending twice is harmless), its answer is collected from a queue minutes or days later, and it ends for certain after
// five days. Sub-package smev speaks the bus's protocol. A Service may be used by many goroutines and processes at once.
package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/registry/smev"
	"zaver/signature/ident"
)

// Kind says which register is asked what.
type Kind string

// The kinds of check.
const (
	SNILS    Kind = "snils"
	Passport Kind = "passport"
	INN      Kind = "inn"
)

// Deciding are the kinds that a standard account needs; the INN is looked up afterwards and decides nothing.
func Deciding() []Kind { return []Kind{SNILS, Passport} }

// State of a check. waiting: not yet taken by the register; running: taken, the answer is awaited; passed and failed are the ends.
type State string

// The states. Legal moves: waiting → running → passed | failed, and waiting → failed when time runs out.
const (
	Waiting State = "waiting"
	Running State = "running"
	Passed  State = "passed"
	Failed  State = "failed"
)

// Ended reports whether nothing more will happen.
func (s State) Ended() bool { return s == Passed || s == Failed }

// Why a check failed: codes for the catalogue.
const (
	Mismatch    fault.Code = "check.mismatch"    // a value differs from the register's
	NotFound    fault.Code = "check.not_found"   // the register has no such record
	Invalid     fault.Code = "check.invalid"     // the document is not valid
	TimedOut    fault.Code = "check.timeout"     // no answer within five days
	TakenSNILS  fault.Code = "check.snils_taken" // another account was checked with this SNILS
	Unprocessed fault.Code = "check.unprocessed" // the register could not process the request
)

// Stopped reports whether a check ended without a word about the person: nothing need be corrected, only sent again.
func Stopped(reason fault.Code) bool { return reason == TimedOut || reason == Unprocessed }

// Codes lists the reasons that this package gives.
func Codes() []fault.Code {
	return []fault.Code{Mismatch, NotFound, Invalid, TimedOut, TakenSNILS, Unprocessed}
}

// Check is one question to one register.
type Check struct {
	ID         string // also the id of the message to the register
	Account    account.ID
	Submission string
	Kind       Kind
	State      State
	Reason     fault.Code // why it failed
	Field      string     // form field at fault, when the register names one
	INN        ident.INN  // what an INN check found
	Created    time.Time
	Ended      time.Time
}

// Question is what a register is told of the person.
type Question struct {
	Name       ident.PersonName
	Male       bool
	BirthDate  time.Time // midnight UTC of the day
	BirthPlace string
	SNILS      ident.SNILS
	Passport   ident.Passport
	Issued     time.Time // midnight UTC of the day
	Division   ident.DivisionCode
}

// Outcome is what a register said.
type Outcome struct {
	Passed bool
	Reason fault.Code
	Field  string
	INN    ident.INN // found by an INN check
}

// Standing reports from the states of one submission's checks whether the account may become standard, and whether all deciding checks have ended.
func Standing(states map[Kind]State) (standard, ended bool) {
	standard, ended = true, true
	for _, kind := range Deciding() {
		standard = standard && states[kind] == Passed
		ended = ended && states[kind].Ended()
	}
	return standard, ended
}

// Store keeps the checks. Open returns a check that has not ended, with its question, or false. Sent moves waiting → running.
// End moves a check of this kind that has not ended to its end and makes what follows true in the same transaction (level, event,
// notices, the INN check): one register's answer can't end another's check. An empty kind stands for any.
// Each is a conditional change: a second call changes nothing.
type Store interface {
	Open(ctx context.Context, id string) (Check, Question, bool, error)
	Sent(ctx context.Context, id string) error
	End(ctx context.Context, id string, kind Kind, outcome Outcome) error
}

// Bus is the part of smev.Client that is used.
type Bus interface {
	Send(ctx context.Context, id string, content []byte) error
	Receive(ctx context.Context, kind smev.Kind) (*smev.Answer, error)
	Ack(ctx context.Context, id string) error
}

// Life is how long a check goes on before it ends with TimedOut.
const Life = 5 * 24 * time.Hour

// Service sends checks and collects answers.
type Service struct {
	store Store
	bus   Bus
}

// New returns a service.
func New(store Store, bus Bus) *Service { return &Service{store: store, bus: bus} }

// Send asks the register, once for all: it is the work of a durable job and may be repeated. An error asks for another run, see Retry.
func (s *Service) Send(ctx context.Context, id string) error {
	check, question, open, err := s.store.Open(ctx, id)
	if err != nil || !open || check.State != Waiting {
		return err
	}
	content, err := request(check.Kind, id, question)
	if err != nil {
		return err
	}
	if err := s.bus.Send(ctx, id, content); errors.Is(err, smev.ErrUnavailable) {
		return err
	} else if err != nil {
		return errors.Join(err, s.store.End(ctx, id, check.Kind, Outcome{Reason: Unprocessed}))
	}
	return s.store.Sent(ctx, id)
}

// GiveUp ends a check whose time has run out.
func (s *Service) GiveUp(ctx context.Context, id string) error {
	return s.store.End(ctx, id, "", Outcome{Reason: TimedOut})
}

// maxCollect bounds the answers of one kind taken in one run.
const maxCollect = 100

// Collect takes the answers that lie ready, keeps each, then acknowledges it: an answer is never lost, and one seen twice changes nothing.
// A register that is down does not keep the others from being asked; its error is returned in the end.
func (s *Service) Collect(ctx context.Context) error {
	var failures []error
	for _, kind := range []Kind{SNILS, Passport, INN} {
		if err := s.collect(ctx, kind); err != nil {
			failures = append(failures, fmt.Errorf("collect answers of kind %s: %w", kind, err))
		}
	}
	return errors.Join(failures...)
}

func (s *Service) collect(ctx context.Context, kind Kind) error {
	for range maxCollect {
		answer, err := s.bus.Receive(ctx, selector(kind))
		if err != nil || answer == nil {
			return err
		}
		if err := s.store.End(ctx, answer.OriginalID, kind, outcome(kind, answer)); err != nil {
			return err
		}
		if err := s.bus.Ack(ctx, answer.ID); err != nil {
			return err
		}
	}
	return nil
}

// Retry is the wait before run number n (from 1) of a check that could not be sent: from one second to half an hour.
func Retry(n int) time.Duration {
	return min(time.Second<<min(max(n-1, 0), 11), 30*time.Minute)
}

// SPDX-License-Identifier: Apache-2.0

// Package profile owns the personal data form: its fields, what is wrong with
// each, the draft that is kept at every step, and the submissions.
//
// Check and CheckStep are pure (the day is an argument). A Service is safe for
// concurrent use.
package profile

import (
	"context"
	"errors"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/limit"
	"zaver/signature/ident"
)

// Faults of this package; the fields at fault are named as the constants Field… are.
const (
	BadSex         fault.Code = "profile.sex"
	BadDate        fault.Code = "profile.date"         // no such day
	BirthFuture    fault.Code = "profile.birth_future" // born after today
	TooYoung       fault.Code = "profile.too_young"    // under 14: no passport yet
	TooOld         fault.Code = "profile.too_old"      // over 120 years
	BadCitizenship fault.Code = "profile.citizenship"  // this form is for a passport of the Russian Federation
	BadText        fault.Code = "profile.text"         // signs that a document does not hold
	IssuedFuture   fault.Code = "profile.issued_future"
	IssuedEarly    fault.Code = "profile.issued_early"    // before the holder's 14th birthday
	IssuedBefore   fault.Code = "profile.issued_before"   // before there were passports of this kind
	PassportOver   fault.Code = "profile.passport_over"   // not renewed after the 20th or 45th birthday
	PatronymicBoth fault.Code = "profile.patronymic_both" // given, and "no patronymic" ticked
	Locked         fault.Code = "profile.locked"          // the data are being checked or were confirmed
	DraftMoved     fault.Code = "profile.draft_moved"     // saved meanwhile, from another device
)

// Codes lists the faults of this package and of the values in its fields.
func Codes() []fault.Code {
	return []fault.Code{BadSex, BadDate, BirthFuture, TooYoung, TooOld, BadCitizenship, BadText, IssuedFuture, IssuedEarly,
		IssuedBefore, PassportOver, PatronymicBoth, Locked, DraftMoved,
		account.BadName, account.Missing, account.TooLong}
}

// Names of the form's fields.
const (
	FieldSurname        = "surname"
	FieldGiven          = "given"
	FieldPatronymic     = "patronymic"
	FieldNoPatronymic   = "no_patronymic"
	FieldSex            = "sex"
	FieldBirthDate      = "birth_date"
	FieldBirthPlace     = "birth_place"
	FieldCitizenship    = "citizenship"
	FieldPassportSeries = "passport_series"
	FieldPassportNumber = "passport_number"
	FieldPassportIssued = "passport_issued"
	FieldDivisionCode   = "division_code"
	FieldIssuedBy       = "issued_by"
	FieldSNILS          = "snils"
)

// Step is one page of the form.
type Step string

// The steps, in order.
const (
	StepPerson   Step = "person"
	StepPassport Step = "passport"
	StepSNILS    Step = "snils"
)

// Steps lists the steps in order.
func Steps() []Step { return []Step{StepPerson, StepPassport, StepSNILS} }

var stepFields = map[Step][]string{
	StepPerson: {FieldSurname, FieldGiven, FieldPatronymic, FieldNoPatronymic, FieldSex, FieldBirthDate,
		FieldBirthPlace, FieldCitizenship},
	StepPassport: {FieldPassportSeries, FieldPassportNumber, FieldPassportIssued, FieldDivisionCode, FieldIssuedBy},
	StepSNILS:    {FieldSNILS},
}

// Fields lists the fields of a step.
func (s Step) Fields() []string { return append([]string(nil), stepFields[s]...) }

// StepOf returns the page that a field is on; empty for an unknown field.
func StepOf(field string) Step {
	for step, fields := range stepFields {
		for _, f := range fields {
			if f == field {
				return step
			}
		}
	}
	return ""
}

// maxValue bounds what is kept of a field, in bytes: drafts hold what was
// typed, right or wrong.
const maxValue = 1024

// Form is the form as it was typed, by field. Dates are YYYY-MM-DD or
// DD.MM.YYYY; "no_patronymic" is any non-empty value for yes; sex is "male" or
// "female"; citizenship is "RU".
type Form map[string]string

// Merge returns f with the fields of one step taken from typed; other fields
// of typed, and what is over long, are left out.
func (f Form) Merge(step Step, typed Form) Form {
	out := make(Form, len(f)+len(typed))
	for k, v := range f {
		out[k] = v
	}
	for _, field := range stepFields[step] {
		if v := typed[field]; len(v) <= maxValue {
			out[field] = v
		}
	}
	return out
}

// Sex as a document states it.
type Sex string

// The sexes that a passport knows.
const (
	Male   Sex = "male"
	Female Sex = "female"
)

// Person is a form that passed every check.
type Person struct {
	Name        ident.PersonName   `json:"name"` // Patronymic is empty for who has none
	Sex         Sex                `json:"sex"`
	BirthDate   time.Time          `json:"birth_date"` // midnight UTC of the day
	BirthPlace  string             `json:"birth_place"`
	Citizenship string             `json:"citizenship"` // OKSM alpha-2
	Passport    ident.Passport     `json:"passport"`
	Issued      time.Time          `json:"issued"` // midnight UTC of the day
	IssuedBy    string             `json:"issued_by"`
	Division    ident.DivisionCode `json:"division"`
	SNILS       ident.SNILS        `json:"snils"`
}

// Draft is a form in the making.
type Draft struct {
	Form Form
	// Version counts the savings; 0 means that nothing was saved yet.
	Version int
	Saved   time.Time
}

// Submission is a form that was sent to the registers. Submissions are never
// changed: a correction is a new one.
type Submission struct {
	ID     string
	Number int // from 1
	Sent   time.Time
	Person Person
}

// Store keeps drafts and submissions.
type Store interface {
	// Draft returns the account's draft, the zero Draft when there is none.
	Draft(ctx context.Context, id account.ID) (Draft, error)
	// SaveDraft writes version d.Version+1 over version d.Version; false when
	// another version is there.
	SaveDraft(ctx context.Context, id account.ID, d Draft) (bool, error)
	// Submit writes a submission with its event and starts the checks. It
	// returns the fault Locked when checks go on or the account is above simplified,
	// and fault.Limited when the account sent as many as r allows.
	Submit(ctx context.Context, id account.ID, p Person, e account.Event, r limit.Rule) (Submission, error)
	// Submissions lists an account's submissions, the newest first, at most 100.
	Submissions(ctx context.Context, id account.ID) ([]Submission, error)
}

// SubmitRule is how often an account may send its data to the registers: their
// answers tell whether data of a person are right, which nobody shall be able to
// ask at will.
func SubmitRule() limit.Rule {
	return limit.Rule{Name: "profile.submit", Max: 5, Window: 6 * time.Hour}
}

// Service works with the form of signed-in holders.
type Service struct {
	store Store
	now   func() time.Time
}

// New returns a Service over a store and a clock.
func New(store Store, now func() time.Time) *Service { return &Service{store: store, now: now} }

// Draft returns what was typed so far. Before the first saving it holds the
// names of the registration.
func (s *Service) Draft(ctx context.Context, a account.Account) (Draft, error) {
	d, err := s.store.Draft(ctx, a.ID)
	if err != nil {
		return Draft{}, err
	}
	if d.Version == 0 {
		d.Form = Form{FieldSurname: a.Name.Surname, FieldGiven: a.Name.Given}
	}
	return d, nil
}

// Save keeps one step as it was typed, right or wrong, over the draft of the
// given version, and says what is wrong with that step. The draft is kept in
// either case. Errors: DraftMoved, fault.List with the fields at fault.
func (s *Service) Save(ctx context.Context, a account.Account, version int, step Step, typed Form) (Draft, error) {
	d, err := s.Draft(ctx, a)
	if err != nil {
		return Draft{}, err
	}
	if d.Version != version {
		return d, fault.New(DraftMoved)
	}
	next := Draft{Form: d.Form.Merge(step, typed), Version: d.Version, Saved: s.now()}
	saved, err := s.store.SaveDraft(ctx, a.ID, next)
	if err != nil {
		return d, err
	}
	if !saved {
		return d, fault.New(DraftMoved)
	}
	next.Version++
	return next, CheckStep(step, next.Form, s.now()).Err()
}

// Submit checks the whole draft and sends it to the registers. Errors:
// fault.List with the fields at fault, Locked, fault.Limited.
func (s *Service) Submit(ctx context.Context, a account.Account, client account.Client) (Submission, error) {
	if a.Level != account.Simplified {
		return Submission{}, fault.New(Locked)
	}
	d, err := s.Draft(ctx, a)
	if err != nil {
		return Submission{}, err
	}
	now := s.now()
	p, faults := Check(d.Form, now)
	if err := faults.Err(); err != nil {
		return Submission{}, err
	}
	return s.store.Submit(ctx, a.ID, p, account.Event{Account: a.ID, At: now, Kind: account.EventDataSent, Client: client}, SubmitRule())
}

// Submissions lists what was sent, the newest first.
func (s *Service) Submissions(ctx context.Context, id account.ID) ([]Submission, error) {
	return s.store.Submissions(ctx, id)
}

// identFault turns the error of an identifier into a fault.
func identFault(field string, err error) *fault.Error {
	if e, ok := errors.AsType[*ident.Error](err); ok {
		return fault.New(fault.Code(e.Code)).For(field)
	}
	return fault.Wrap(BadText, err).For(field)
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"time"

	"zaver/portal/text"
)

// Page is everything that one page shows.
type Page struct {
	// Name of the template, without its suffix.
	Name string
	// Lang of the page.
	Lang text.Lang
	// Path of the page, for the language links; it must answer to GET.
	Path string
	// Viewer is who is signed in; nil for a stranger.
	Viewer *Viewer
	// Form holds what was typed and what is wrong with it; may be nil.
	Form *Form
	// Notice is the id of a message shown once at the top, or empty.
	Notice string
	// RefreshSeconds asks a browser without JavaScript to load the page again; 0 means never.
	RefreshSeconds int
	// Data is the page's own value, one of the *Data types.
	Data any
}

// Viewer is the person who is signed in.
type Viewer struct {
	// Name as it is greeted.
	Name string
	// Level is the stable name of the account's level.
	Level string
}

// Form is what a person typed and what is wrong with it.
type Form struct {
	Values map[string]string
	Errors []FieldError
}

// FieldError says what is wrong with one field; Field is empty when the form
// as a whole is at fault.
type FieldError struct {
	Field string
	Code  string
	Args  map[string]any
	// RetrySeconds is how long to wait; 0 when waiting does not help.
	RetrySeconds int
}

// Value gives what was typed into the field.
func (f *Form) Value(field string) string { return f.Values[field] }

// find gives the first error of the field.
func (f *Form) find(field string) (FieldError, bool) {
	for _, e := range f.Errors {
		if e.Field == field {
			return e, true
		}
	}
	return FieldError{}, false
}

// ContactData fills the pages register and sign_in.
type ContactData struct {
	// ByEmail is true on the road without a mobile phone.
	ByEmail bool
	// Next is where to go after sign-in, a local path or empty.
	Next string
	// TermsVersion and ConsentVersion are the versions that the person agrees to.
	TermsVersion, ConsentVersion string
}

// CodeData fills the page code.
type CodeData struct {
	// Contact is the masked phone or e-mail.
	Contact string
	ByEmail bool
	// ResendSeconds is how long to wait before another message may be asked for.
	ResendSeconds int
	// MinutesLeft is how long the code stays valid.
	MinutesLeft int
}

// LinkData fills the page link.
type LinkData struct {
	// Token comes from the letter and goes back with the button.
	Token string
}

// AccountData fills the page account.
type AccountData struct {
	Name, Contact string
	// Level is the stable name of the level.
	Level string
	// Next is what to do next: "profile", "checks", "confirm" or empty.
	Next string
	// Drafted is true when the personal data were begun.
	Drafted bool
	// Confirmed is when and how, for a confirmed account.
	ConfirmedAt time.Time
	Method      string
}

// ProfileData fills the pages of the personal data form.
type ProfileData struct {
	// Version of the draft that the page shows; it goes back with the form.
	Version int
	// Today bounds the date pickers (YYYY-MM-DD).
	Today string
}

// Row is one line of a summary: the id of its label, its value, and the code of
// what is wrong with it, if anything.
type Row struct{ Label, Value, Wrong string }

// Section is one part of the summary with the address to change it.
type Section struct {
	Title, Change string
	Rows          []Row
	// Done is false when the step is not complete.
	Done bool
}

// SummaryData fills the page profile_check.
type SummaryData struct {
	Sections []Section
	// Complete is true when the form may be sent.
	Complete bool
}

// CheckView is one register check.
type CheckView struct {
	// Kind is snils, passport or inn; State is waiting, running, passed or failed.
	Kind, State string
	// Code says why it failed; Field is at fault; Correct is the page to correct it.
	Code, Field, Correct string
	// Again is true when nothing need be corrected, only sent again.
	Again bool
	// Since is when the state was reached.
	Since time.Time
	// Result is what was found, the masked INN for example.
	Result string
}

// ChecksData fills the page checks.
type ChecksData struct {
	Checks []CheckView
	// Level is the stable name of the account's level.
	Level string
	// Settled is true when no check goes on.
	Settled bool
	// Failed is true when something must be corrected, or only sent again when
	// Stopped is true too: no register found anything wrong.
	Failed, Stopped bool
}

// MethodsData fills the page confirm.
type MethodsData struct {
	Methods []string
	Level   string
}

// ConfirmData fills the page confirm_run.
type ConfirmData struct {
	// Request, Ticket and Origin are handed to the agent; Ticket is empty once it was used.
	Request, Ticket, Origin string
	// Control is compared by eye with the agent's window.
	Control string
	Method  string
	// State is issued or checking; Fetched says that the agent has the statement.
	State   string
	Fetched bool
	// Expires is the end of the statement's life.
	Expires time.Time
	// Agent is the address of the agent's door.
	Agent string
	// Name and Contact say whose account it is.
	Name, Contact string
}

// ResultData fills the page confirm_result.
type ResultData struct {
	Request, Method, State string
	Reasons                []Reason
	At                     time.Time
}

// Reason is why a confirmation ended as it did.
type Reason struct {
	Code string
	Args map[string]any
}

// EventView is one line of the security journal.
type EventView struct {
	// Kind is the id of its words; Detail a stable code or empty.
	Kind, Detail    string
	At              time.Time
	Address, Device string
}

// EventsData fills the page security.
type EventsData struct{ Events []EventView }

// SessionView is one signed-in device.
type SessionView struct {
	ID              string
	Current         bool
	Started, Seen   time.Time
	Address, Device string
}

// SessionsData fills the page sessions.
type SessionsData struct{ Sessions []SessionView }

// ErrorData fills the page error.
type ErrorData struct {
	Status int
	Code   string
	Args   map[string]any
	// RetrySeconds is how long to wait; 0 when waiting does not help.
	RetrySeconds int
	// Incident is the number to quote to the support; empty for the visitor's own mistakes.
	Incident string
}

// KindData fills the page kind: what a kind of holder needs.
type KindData struct{ Kind string }

// HelpData fills the page help_agent.
type HelpData struct {
	Agent, Origin, Key string
	// Packages can be downloaded here; without any the page tells what to ask the administrator for.
	Packages []PackageView
}

// PackageView is one install package of the agent.
type PackageView struct {
	Link, Name string
	// Kind is "deb" or "rpm".
	Kind, Version, Arch string
	Bytes               int64
	// SHA256 is in hexadecimal; Command installs the package.
	SHA256, Command string
}

// LegalData fills the pages terms and consent.
type LegalData struct {
	// ID is "terms" or "consent".
	ID, Version string
	// Sections counts the numbered parts of the text.
	Sections []string
}

// SPDX-License-Identifier: Apache-2.0

// Package account owns the account and its level: kinds, the ladder of levels,
// the legal moves between them, and the security events that a holder can read.
//
// The package is pure: no I/O, no clock, no logging. Its values are safe to
// copy and to share.
package account

import (
	"strings"
	"time"

	"zaver/signature/ident"
)

// ID names an account: a UUID in its 36-character form.
type ID string

// Kind says who an account belongs to.
type Kind string

// The kinds of account.
const (
	Person       Kind = "person"
	Foreigner    Kind = "foreigner"
	Entrepreneur Kind = "entrepreneur"
	Organisation Kind = "organisation"
	Child        Kind = "child"
)

// Account is what every part of the portal knows of an account.
type Account struct {
	ID      ID
	Kind    Kind
	Level   Level
	Lang    string // language of the holder's choice: "ru", "en"
	Created time.Time
	// Phone (+79001234567) and Email are the confirmed contacts; either may be empty.
	Phone, Email string
	// Name is what the holder gave at registration, or the checked name once
	// the account is standard.
	Name ident.PersonName
}

// Contact returns the contact by which the holder knows the account, masked.
func (a Account) Contact() string {
	if a.Phone != "" {
		return MaskPhone(a.Phone)
	}
	return MaskEmail(a.Email)
}

// Own returns the contact in full, as only its owner is told: +7 900 123-45-67, or the e-mail address.
func (a Account) Own() string {
	if len(a.Phone) == 12 && strings.HasPrefix(a.Phone, "+7") {
		p := a.Phone
		return "+7 " + p[2:5] + " " + p[5:8] + "-" + p[8:10] + "-" + p[10:]
	}
	if a.Phone != "" {
		return a.Phone
	}
	return a.Email
}

// Subject is an account together with the person data that the registers
// confirmed: what a method compares a certificate with.
type Subject struct {
	Account
	// SNILS is empty below the level standard.
	SNILS ident.SNILS
	// BirthDate is midnight UTC of the day of birth; zero below standard.
	BirthDate time.Time
}

// Client is where a request came from, as far as it can be told.
type Client struct {
	// Address is the IP address.
	Address string
	// Device is what the browser says of itself, at most 200 bytes are kept.
	Device string
}

// EventKind names what happened to an account: a stable code with words in the catalogue.
type EventKind string

// The security events.
const (
	EventRegistered   EventKind = "event.registered"
	EventSignedIn     EventKind = "event.signed_in"
	EventSignInFailed EventKind = "event.sign_in_failed"
	EventSignedOut    EventKind = "event.signed_out"
	EventSessionEnded EventKind = "event.session_ended"
	EventDataSent     EventKind = "event.data_sent"
	EventLevel        EventKind = "event.level"
	EventConfirmStart EventKind = "event.confirm_started"
	EventConfirmed    EventKind = "event.confirmed"
	EventRefused      EventKind = "event.confirm_refused"
	EventCancelled    EventKind = "event.confirm_cancelled"
	EventContactTried EventKind = "event.contact_tried"
)

// Event is one line of the security journal of an account.
type Event struct {
	Account ID
	At      time.Time
	Kind    EventKind
	Client  Client
	// Detail is a stable code or word that the event's text may hold: a level, a method; never personal data.
	Detail string
}

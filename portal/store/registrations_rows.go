// SPDX-License-Identifier: Apache-2.0

package store

import (
	"strings"

	"github.com/lib/pq"

	"zaver/portal/account"
	"zaver/portal/register"
	"zaver/portal/session"
)

// finishing holds the ids and sealed columns of the rows that Finish writes.
type finishing struct {
	account, contact, event, begun          string
	name, value, eventClient, sessionClient []byte
}

func (s *Store) finishRow(f register.Finish) (r finishing, err error) {
	for _, id := range []*string{&r.account, &r.contact, &r.event, &r.begun} {
		if *id, err = newID(); err != nil {
			return r, err
		}
	}
	if r.name, err = sealJSON(s.keys, place("accounts", "name", r.account), f.Person.Name); err != nil {
		return r, err
	}
	if r.value, err = s.keys.Seal(place("contacts", "value", r.contact), []byte(f.Contact)); err != nil {
		return r, err
	}
	if r.eventClient, err = sealClient(s.keys, place("events", "client", r.event), f.Session.Client); err != nil {
		return r, err
	}
	r.sessionClient, err = sealClient(s.keys, place("sessions", "client", r.begun), f.Session.Client)
	return r, err
}

// args are the parameters of finishSQL.
func (r finishing) args(f register.Finish) []any {
	documents, versions := make(pq.StringArray, len(f.Person.Consents)), make(pq.StringArray, len(f.Person.Consents))
	for i, c := range f.Person.Consents {
		documents[i], versions[i] = c.Name, c.Version
	}
	return []any{
		f.Handle[:], f.Now, r.account, string(f.Person.Kind), f.Person.Lang, r.name, f.Password,
		r.contact, r.value, documents, versions, arrayTimes(f.Person.Consents),
		r.event, string(account.EventRegistered), r.eventClient,
		f.Session.Hash[:], r.begun, f.Session.Expires, r.sessionClient,
	}
}

// session is what was written, so that nothing need be read back.
func (r finishing) session(f register.Finish) session.Session {
	a := account.Account{
		ID: account.ID(r.account), Kind: f.Person.Kind, Level: account.Simplified, Lang: f.Person.Lang,
		Created: f.Now, Name: f.Person.Name,
	}
	return session.Session{ID: r.begun, Account: withContact(a, f.Contact), Created: f.Now, Seen: f.Now, Expires: f.Session.Expires}
}

// withContact puts a contact where its kind belongs: only an e-mail address has an "@".
func withContact(a account.Account, contact string) account.Account {
	if strings.Contains(contact, "@") {
		a.Email = contact
	} else {
		a.Phone = contact
	}
	return a
}

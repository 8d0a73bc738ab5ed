// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"zaver/signature/cert"
)

// keptFormat is the first field of a kept set.
const keptFormat = "zaver.trust-set/v1"

// MaxKept bounds a kept set in bytes.
const MaxKept = 256 << 20

// kept is the form in which a set is kept: all that its ID covers.
type kept struct {
	Format  string       `json:"format"`
	ID      string       `json:"id"`
	List    *ListRef     `json:"list,omitempty"`
	Anchors []keptAnchor `json:"anchors"`
	Centres []keptCentre `json:"centres,omitempty"`
}

type keptAnchor struct {
	DER    []byte     `json:"der"`
	Kind   Kind       `json:"kind"`
	Name   string     `json:"name,omitempty"`
	Period keptPeriod `json:"period"`
}

type keptCentre struct {
	DER     []byte       `json:"der"`
	Name    string       `json:"name,omitempty"`
	OGRN    string       `json:"ogrn,omitempty"`
	Periods []keptPeriod `json:"periods,omitempty"`
}

type keptPeriod struct {
	From  *time.Time `json:"from,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

func keep(p Period) keptPeriod { return keptPeriod{optional(p.From), optional(p.Until)} }

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (k keptPeriod) period() (p Period) {
	if k.From != nil {
		p.From = *k.From
	}
	if k.Until != nil {
		p.Until = *k.Until
	}
	return p
}

// Marshal writes the set with its certificates, so that Restore gives the same set again.
func (s *Set) Marshal() ([]byte, error) {
	k := kept{Format: keptFormat, ID: s.id, List: s.list}
	for _, a := range s.anchors {
		k.Anchors = append(k.Anchors, keptAnchor{a.Certificate.Raw, a.Kind, a.Name, keep(Period{a.AccreditedFrom, a.AccreditedUntil})})
	}
	for _, c := range s.centres {
		out := keptCentre{DER: c.Certificate.Raw, Name: c.Name, OGRN: c.OGRN}
		for _, p := range c.Periods {
			out.Periods = append(out.Periods, keep(p))
		}
		k.Centres = append(k.Centres, out)
	}
	b, err := json.Marshal(k)
	if err != nil {
		return nil, &Error{Code: CodeSet, Detail: "write set", Cause: err}
	}
	return b, nil
}

// Restore reads what Marshal wrote. It returns *Error with CodeSet for anything that is not exactly
// the set whose ID it bears.
func Restore(b []byte) (*Set, error) {
	broken := func(why string, cause error) (*Set, error) {
		return nil, &Error{Code: CodeSet, Detail: why, Cause: cause}
	}
	if len(b) > MaxKept {
		return broken("too long", nil)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var k kept
	if err := d.Decode(&k); err != nil {
		return broken("read set", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || k.Format != keptFormat {
		return broken("not a kept set", nil)
	}
	if len(k.Anchors) > MaxAnchors || len(k.Centres) > MaxListed+MaxCentres {
		return broken("too many certificates", nil)
	}
	var anchors []Anchor
	for i, a := range k.Anchors {
		c, err := cert.Parse(a.DER)
		if err != nil {
			return broken(fmt.Sprintf("anchor %d", i), err)
		}
		p := a.Period.period()
		anchors = append(anchors, Anchor{Certificate: c, Kind: a.Kind, Name: a.Name, AccreditedFrom: p.From, AccreditedUntil: p.Until})
	}
	centres := make([]Centre, 0, len(k.Centres))
	for i, e := range k.Centres {
		c, err := cert.Parse(e.DER)
		if err != nil {
			return broken(fmt.Sprintf("centre %d", i), err)
		}
		centre := Centre{Certificate: c, Name: e.Name, OGRN: e.OGRN}
		for _, p := range e.Periods {
			centre.Periods = append(centre.Periods, p.period())
		}
		centres = append(centres, centre)
	}
	s, err := newSet(anchors, centres, k.List)
	if err != nil {
		return broken("build set", err)
	}
	if s.id != k.ID {
		return broken("the content has another id", nil)
	}
	return s, nil
}

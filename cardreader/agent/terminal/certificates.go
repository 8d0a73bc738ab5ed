// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"encoding/hex"
	"time"

	"zaver/cardreader/agent/words"
	"zaver/signature/cert"
	"zaver/signature/pin"
)

// Certificate is what is said of a certificate.
type Certificate struct {
	Holder    string    `json:"holder"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	SHA256    string    `json:"sha256"`
}

// Describe returns what is said of a certificate, nil of none.
func Describe(c *cert.Certificate) *Certificate {
	if c == nil {
		return nil
	}
	h := c.Holder()
	name := h.Name.String()
	if name == "" {
		name = h.CommonName
	}
	print := c.Fingerprint()
	return &Certificate{Holder: name, Issuer: c.Issuer.CommonName(), NotBefore: c.NotBefore, NotAfter: c.NotAfter, SHA256: hex.EncodeToString(print[:])}
}

// Certificates is a table of certificates on carriers.
type Certificates struct {
	table    *Table
	language words.Language
}

// NewCertificates makes the table; readers says that the first column names readers, not tokens.
func NewCertificates(l words.Language, readers bool) *Certificates {
	first := sayToken
	if readers {
		first = sayReader
	}
	return &Certificates{language: l, table: NewTable(say(l, first), say(l, sayTriesHead), say(l, sayHolder), say(l, sayIssuer), say(l, sayValidTo), say(l, sayState))}
}

// Row adds a certificate, or a carrier without one (nil). The state is "usable" where there is no reason against it;
// tries is nil where there is no PIN to speak of.
func (c *Certificates) Row(first string, tries *pin.Tries, x *Certificate, reason string) {
	state := say(c.language, sayUsable)
	if reason != "" {
		state = words.Reason(c.language, reason)
	}
	var holder, issuer, last string
	if x != nil {
		holder, issuer, last = x.Holder, x.Issuer, x.NotAfter.Local().Format(time.DateOnly)
	}
	c.table.Row(first, triesCell(c.language, tries), holder, issuer, last, state)
}

// Table returns what was made.
func (c *Certificates) Table() *Table { return c.table }

func triesCell(l words.Language, t *pin.Tries) string {
	switch {
	case t == nil:
		return ""
	case t.Blocked():
		return say(l, sayBlocked)
	}
	if _, known := t.Count(); !known {
		return say(l, sayUnknown)
	}
	return t.String()
}

// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"encoding/asn1"
	"fmt"

	"zaver/signature/cert"
)

// checkNames is RFC 5280 section 6.1.3 (b) and (c) for the constraints of one issuer: every name
// below it must lie within what it permits and outside what it excludes. To ask each issuer by
// itself is the same as to intersect what they permit and unite what they exclude. Self-issued
// certificates are left out unless they are the last of the path.
func (s *search) checkNames(issuer *cert.Certificate) *Error {
	nc := issuer.NameConstraints
	if nc == nil {
		return nil
	}
	k := constraints{search: s, permitted: byForm(nc.Permitted), excluded: byForm(nc.Excluded)}
	for i, c := range s.path {
		if i > 0 && selfIssued(c) {
			continue
		}
		if detail := k.refuse(c); detail != "" {
			return &Error{Code: CodeNameConstraints, Certificate: c, Detail: detail}
		}
		if s.stop {
			return &Error{Code: CodeTooComplex, Certificate: c, Detail: "too many names and constraints"}
		}
	}
	return nil
}

// forms is the number of forms of a general name (section 4.2.1.6).
const forms = cert.RegisteredID + 1

// formNames are for details: they tell the form of a name, never the name.
var formNames = [forms]string{
	"otherName", "rfc822Name", "dNSName", "x400Address", "directoryName", "ediPartyName",
	"uniformResourceIdentifier", "iPAddress", "registeredID",
}

// constraints are those of one issuer, by form of name.
type constraints struct {
	*search
	permitted, excluded [forms][]*cert.Subtree
}

func byForm(list []cert.Subtree) (out [forms][]*cert.Subtree) {
	for i := range list {
		if f := list[i].Base.Tag; f >= 0 && f < forms {
			out[f] = append(out[f], &list[i])
		}
	}
	return out
}

func (k *constraints) limits(form int) bool {
	return len(k.permitted[form]) > 0 || len(k.excluded[form]) > 0
}

// refuse says why a certificate's names are not allowed, "" when they are. An empty subject is no
// name; an e-mail address in the subject counts when no alternative name holds one (section
// 4.2.1.10, for certificates of before such names were there).
func (k *constraints) refuse(c *cert.Certificate) string {
	if k.limits(cert.DirectoryName) && !isEmpty(c.Subject) {
		if detail := k.judge(&cert.GeneralName{Tag: cert.DirectoryName, Name: c.Subject, RawName: c.RawSubject}); detail != "" {
			return detail
		}
	}
	mail := false
	if !k.spend(len(c.SubjectAltNames)/64, c) { // to pass over them
		return "too many names"
	}
	for i := range c.SubjectAltNames {
		n := &c.SubjectAltNames[i]
		mail = mail || n.Tag == cert.RFC822Name
		if detail := k.judge(n); detail != "" {
			return detail
		}
		if n.Tag != cert.OtherName || !k.limits(cert.RFC822Name) {
			continue
		}
		if !k.spend(1, c) { // for a name that may be of no kind that is compared
			return "too many names"
		}
		if text, ok := smtpUTF8Mailbox(n); ok {
			if detail := k.judge(&cert.GeneralName{Tag: cert.RFC822Name, Text: text}); detail != "" {
				return detail
			}
		}
	}
	if mail || !k.limits(cert.RFC822Name) {
		return ""
	}
	for i := range c.Subject.Attributes {
		a := &c.Subject.Attributes[i]
		if !a.OID.Equal(cert.OIDEmail) {
			continue
		}
		if detail := k.judge(&cert.GeneralName{Tag: cert.RFC822Name, Text: a.Value}); detail != "" {
			return detail
		}
	}
	return ""
}

// smtpUTF8Mailbox reads an address with letters outside ASCII, an otherName that constraints on
// rfc822Name are for as well (RFC 9598 section 6). One that cannot be read gives an empty address,
// which no constraint lets pass.
func smtpUTF8Mailbox(n *cert.GeneralName) (text string, ok bool) {
	var id asn1.ObjectIdentifier
	if n.Tag != cert.OtherName {
		return "", false
	}
	rest, err := asn1.Unmarshal(n.Raw, &id)
	if err != nil || !id.Equal(oidSMTPUTF8Mailbox) {
		return "", false
	}
	if rest, err = asn1.UnmarshalWithParams(rest, &text, "explicit,tag:0,utf8"); err != nil || len(rest) > 0 {
		return "", true
	}
	return text, true
}

// oidSMTPUTF8Mailbox is id-on-SmtpUTF8Mailbox.
var oidSMTPUTF8Mailbox = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 8, 9}

// judge says why one name is not allowed. Whatever cannot be processed refuses: a form of name, a
// minimum or maximum, a constraint or a name that is not in the form it should have.
func (k *constraints) judge(n *cert.GeneralName) string {
	if n.Tag < 0 || n.Tag >= forms || !k.limits(n.Tag) {
		return ""
	}
	form := formNames[n.Tag]
	m, ok := newMatcher(n)
	if !ok {
		return "constraints on a name that cannot be processed: " + form
	}
	for _, t := range k.excluded[n.Tag] {
		in, ok := k.within(m, t, true)
		if !ok {
			return "constraint that cannot be processed: " + form
		}
		if in {
			return "excluded " + form
		}
	}
	permitted := len(k.permitted[n.Tag]) == 0
	for _, t := range k.permitted[n.Tag] {
		in, ok := k.within(m, t, false)
		if !ok {
			return "constraint that cannot be processed: " + form
		}
		permitted = permitted || in
	}
	if !permitted {
		return fmt.Sprintf("%s is not permitted", form)
	}
	return ""
}

// within compares one name with one constraint and counts the work.
func (k *constraints) within(m matcher, t *cert.Subtree, excluded bool) (in, ok bool) {
	if !k.spend(1+len(t.Base.Raw)/256, k.path[0]) {
		return false, false
	}
	if t.Min != 0 || t.Max != -1 {
		return false, false
	}
	return m.within(&t.Base, excluded)
}

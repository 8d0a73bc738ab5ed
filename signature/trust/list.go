// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/xmldsig"
)

// Limits of a list.
const (
	MaxListBytes = 64 << 20 // the document
	MaxListed    = 16384    // certificates in it
	MaxEntries   = 8192     // centres in it
	MaxFindings  = 1000     // findings kept
)

// clockSkew is how far a list's date may run ahead of the reader's clock.
const clockSkew = 10 * time.Minute

// Codes of *Error from OpenList.
const (
	CodeListSignature = "trust.list.signature"    // the XML signature does not hold; the cause is of xmldsig
	CodeListSigner    = "trust.list.signer"       // the signer is not the ministry
	CodeListMalformed = "trust.list.malformed"    // signed, but not a list
	CodeListVersion   = "trust.list.version_back" // older than the one in force, or the same version with other content
	CodeListFuture    = "trust.list.future"       // dated later than now
	CodeListTooLarge  = "trust.list.too_large"    // over one of the limits
)

// Codes of findings: the list stays in force.
const (
	FindCertificate = "trust.list.certificate"    // a certificate cannot be read: left out
	FindAuthority   = "trust.list.not_ca"         // a certificate is none of a certificate authority
	FindStatus      = "trust.list.status_unknown" // a status that is not known: counts as not accredited
	FindHistory     = "trust.list.history"        // a history that cannot be read: the centre counts as never accredited
	FindDuplicate   = "trust.list.duplicate"      // a certificate is listed more than once: periods of all entries count
	FindEmpty       = "trust.list.no_certificate" // a centre that counts has no certificate
	FindShrunk      = "trust.list.shrunk"         // most of the centres of the last list are gone
)

// Codes returns every code of this package: those of *Error and those of findings.
func Codes() []string {
	return []string{
		CodeRead, CodeMalformed, CodeCertificate, CodeKind, CodePeriod, CodeDuplicate, CodeEmpty, CodeFingerprint, CodeSet,
		CodeListSignature, CodeListSigner, CodeListMalformed, CodeListVersion, CodeListFuture, CodeListTooLarge,
		FindCertificate, FindAuthority, FindStatus, FindHistory, FindDuplicate, FindEmpty, FindShrunk,
	}
}

// ListRef names a list exactly.
type ListRef struct {
	// Version grows with every publication.
	Version int64 `json:"version"`
	// Date is when it was published, as it says itself.
	Date time.Time `json:"date"`
	// Digest is the lower-case hexadecimal SHA-256 of what was signed.
	Digest string `json:"digest"`
	// Centres counts the entries.
	Centres int `json:"centres"`
}

// Finding is something in a list that people should look at.
type Finding struct {
	Code string `json:"code"`
	// Centre is the name of the centre, empty when it is about the list.
	Centre string `json:"centre,omitempty"`
	// Detail is English.
	Detail string `json:"detail"`
}

// List is a list of accredited centres whose signature holds.
type List struct {
	ListRef
	// Entries are the centres in the order of the list.
	Entries []Entry
	// Signer made the signature, Path leads from it to the anchor.
	Signer *cert.Certificate
	Path   chain.Path
	// Findings are at most MaxFindings; more are counted in the last.
	Findings []Finding
}

// Entry is one centre of a list.
type Entry struct {
	Name, ShortName   string
	OGRN, INN, Number string // Number is that of the register
	// Successor is the OGRN of the centre that took over, if any.
	Successor string
	// Statuses are the history as listed, the present one included, oldest first.
	Statuses []Status
	// Periods follow from the statuses.
	Periods []Period
	// Certificates are those of the centre, each once.
	Certificates []*cert.Certificate
}

// Status is one entry of a centre's history.
type Status struct {
	Text string
	From time.Time
}

// ListOptions say what a list is checked against.
type ListOptions struct {
	// Set holds the anchors; only those for qualified signatures count.
	Set *Set
	// At is the moment at which the signer's path must hold, and which the list's date must not exceed.
	At time.Time
	// Previous is the list in force; nil when there is none.
	Previous *ListRef
	// Signers are SHA-256 fingerprints of certificates that may sign the list although an anchor
	// did not issue them itself. Their path must hold too.
	Signers [][sha256.Size]byte
}

// OpenList checks and reads a list of accredited centres. The signer must be a certificate that an
// anchor for qualified signatures issued itself to its own organisation, and no authority: every
// citizen's certificate leads to the same anchors. It returns *Error.
func OpenList(doc []byte, o ListOptions) (*List, error) {
	if o.Set == nil {
		return nil, &Error{Code: CodeListSigner, Detail: "no anchors"}
	}
	v, err := xmldsig.Verify(doc, xmldsig.Options{MaxBytes: MaxListBytes})
	if err != nil {
		return nil, &Error{Code: CodeListSignature, Detail: "check signature", Cause: err}
	}
	path, err := o.checkSigner(v)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(v.Content)
	l := &List{Signer: v.Signer, Path: path}
	l.Digest = hex.EncodeToString(sum[:])
	p := newListReader(v.Content, l)
	if err := p.read(); err != nil {
		return nil, err
	}
	if err := o.checkAge(l.ListRef); err != nil {
		return nil, err
	}
	if o.Previous != nil && 2*l.Centres < o.Previous.Centres {
		p.find(FindShrunk, "", fmt.Sprintf("%d centres, %d before", l.Centres, o.Previous.Centres))
	}
	return l, nil
}

// checkSigner finds the path and judges whether its leaf may sign the list.
func (o ListOptions) checkSigner(v *xmldsig.Verified) (chain.Path, error) {
	refuse := func(why string, cause error) (chain.Path, error) {
		return nil, &Error{Code: CodeListSigner, Detail: why, Cause: cause}
	}
	path, err := chain.Build(v.Signer, v.Certificates, o.Set.Certificates(Qualified), o.At, chain.Options{})
	if err != nil {
		return refuse("no path to an anchor", err)
	}
	anchor, ok := o.Set.Find(path.Anchor())
	if !ok || anchor.Kind != Qualified || !anchor.AccreditedAt(o.At) {
		return refuse("the anchor does not count at the moment", nil)
	}
	if slices.Contains(o.Signers, v.Signer.Fingerprint()) {
		return path, nil
	}
	switch {
	case len(path) != 2:
		return refuse("not issued by an anchor itself", nil)
	case v.Signer.IsCA:
		return refuse("an authority's certificate", nil)
	case v.Signer.HasKeyUsage && v.Signer.KeyUsage&(cert.DigitalSignature|cert.NonRepudiation) == 0:
		return refuse("the key is not for signatures", nil)
	case v.Signer.KeyUsage&cert.CRLSign != 0 || slices.ContainsFunc(v.Signer.ExtKeyUsage, service):
		return refuse("the key is that of a service", nil)
	}
	// An anchor that does not say whose it is lets nobody sign: no number is no proof of being the same.
	own, other := anchor.Certificate.Subject.All(cert.OIDOGRN), v.Signer.Subject.All(cert.OIDOGRN)
	if len(own) != 1 || len(other) != 1 || own[0] == "" || own[0] != other[0] {
		return refuse("of another organisation than the anchor", nil)
	}
	return path, nil
}

// service reports the purposes of keys that machines answer with: timestamps and OCSP.
func service(purpose asn1.ObjectIdentifier) bool {
	return purpose.Equal(timeStamping) || purpose.Equal(ocspSigning)
}

var (
	timeStamping = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	ocspSigning  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}
)

// checkAge keeps versions from going back and dates from running ahead.
func (o ListOptions) checkAge(l ListRef) error {
	if l.Date.After(o.At.Add(clockSkew)) {
		return &Error{Code: CodeListFuture, Detail: "dated " + l.Date.UTC().Format(time.RFC3339)}
	}
	if o.Previous == nil {
		return nil
	}
	switch {
	case l.Version < o.Previous.Version:
		return &Error{Code: CodeListVersion, Detail: fmt.Sprintf("version %d, in force is %d", l.Version, o.Previous.Version)}
	case l.Version == o.Previous.Version && l.Digest != o.Previous.Digest:
		return &Error{Code: CodeListVersion, Detail: fmt.Sprintf("version %d with other content", l.Version)}
	}
	return nil
}

// With returns a set with the same anchors and the centres of the list added. A centre of the folder
// that the list has too counts by the list; a certificate that is an anchor stays one. A set that
// has a list already is refused with CodeDuplicate.
func (s *Set) With(l *List) (*Set, error) {
	if s.list != nil {
		return nil, &Error{Code: CodeDuplicate, Detail: "the set has a list already"}
	}
	centres := l.centres()
	listed := make(map[[sha256.Size]byte]bool, len(centres))
	for _, c := range centres {
		listed[c.Certificate.Fingerprint()] = true
	}
	for _, c := range s.centres {
		if !listed[c.Certificate.Fingerprint()] {
			centres = append(centres, c)
		}
	}
	centres = slices.DeleteFunc(centres, func(c Centre) bool {
		_, anchor := s.anchorOf[c.Certificate.Fingerprint()]
		return anchor
	})
	ref := l.ListRef
	return newSet(s.anchors, centres, &ref)
}

// centres lays the list flat: one centre for each certificate, with the periods of all its entries.
func (l *List) centres() []Centre {
	var out []Centre
	at := map[[sha256.Size]byte]int{}
	for _, e := range l.Entries {
		for _, c := range e.Certificates {
			sum := c.Fingerprint()
			if i, ok := at[sum]; ok {
				out[i].Periods = merge(append(slices.Clone(out[i].Periods), e.Periods...))
				continue
			}
			at[sum] = len(out)
			out = append(out, Centre{Certificate: c, Name: e.Name, OGRN: e.OGRN, Periods: e.Periods})
		}
	}
	return out
}

// ParseFingerprint reads a SHA-256 in hexadecimal; colons and spaces between octets are allowed.
func ParseFingerprint(s string) ([sha256.Size]byte, error) {
	var out [sha256.Size]byte
	b, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(s))
	if err != nil || len(b) != len(out) {
		return out, &Error{Code: CodeFingerprint, Detail: "not a SHA-256 in hexadecimal"}
	}
	copy(out[:], b)
	return out, nil
}

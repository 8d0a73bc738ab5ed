// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"encoding/binary"
	"hash/fnv"
	"math/big"
	"time"

	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// Workshop makes the cases for one kind of key.
type Workshop struct {
	kind mint.Kind
	keys map[string]*mint.Key
	made map[string]*mint.Party // certificates that no case changes, by name
}

// NewWorkshop makes a workshop.
func NewWorkshop(k mint.Kind) *Workshop {
	return &Workshop{kind: k, keys: map[string]*mint.Key{}, made: map[string]*mint.Party{}}
}

// key is the key of a role.
func (w *Workshop) key(role string) *mint.Key { return w.keyOf(w.kind, role) }

// keyOf is the key of a role, of any kind.
func (w *Workshop) keyOf(k mint.Kind, role string) *mint.Key {
	name := string(k) + "/" + role
	if w.keys[name] == nil {
		w.keys[name] = newKey(k, role)
	}
	return w.keys[name]
}

// edit is what is done to a scene on the way. Every part may be nil.
type edit struct {
	// The certificates, before they are signed.
	root, ca, sub, leaf, tsa, responder func(s *scene, c *mint.Certificate)
	// issued may replace the parties.
	issued func(s *scene)
	// crl and rootCRL are the lists of the lowest authority and of the root.
	crl, rootCRL func(s *scene, l *mint.CRL)
	// ocsp is the answer about the leaf.
	ocsp func(s *scene, o *mint.OCSP)
	// stamp is the timestamp.
	stamp func(s *scene, t *mint.TST)
	// signer and message are the signature; der its bytes.
	signer  func(s *scene, g *mint.Signer)
	message func(s *scene, m *mint.SignedData)
	der     func(s *scene, der []byte) []byte
	// input is all that is asked.
	input func(s *scene, in *Input)
	// deep puts one more authority between ca and leaf; answered gives lists, asked an OCSP answer,
	// stamped a timestamp.
	deep, answered, asked, stamped bool
}

// scene is a case under way.
type scene struct {
	*Workshop
	edits []edit
	door  Door

	Root, CA, Sub, Leaf, TSA, Responder *mint.Party
	// Signature time and time of the timestamp.
	Signed, Stamped time.Time
	text            []byte
}

// Lowest is the authority above the leaf.
func (s *scene) Lowest() *mint.Party {
	if s.Sub != nil {
		return s.Sub
	}
	return s.CA
}

// is says whether any edit has asked for it.
func (s *scene) is(what func(e edit) bool) bool {
	for _, e := range s.edits {
		if what(e) {
			return true
		}
	}
	return false
}

// number is a serial number that follows from a name.
func number(name string) *big.Int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	b := binary.BigEndian.AppendUint64([]byte{0x12}, h.Sum64())
	return new(big.Int).SetBytes(append(b, 0x01))
}

// issue makes one certificate after the edits.
func (s *scene) issue(name string, c mint.Certificate, issuer *mint.Party, part func(e edit) func(*scene, *mint.Certificate)) *mint.Party {
	c.Subject, c.Serial = mint.DN("C=RU", "O=Corpus", "CN="+name), number(name)
	if c.Key == nil {
		c.Key = s.key(name)
	}
	changed := false
	for _, e := range s.edits {
		if f := part(e); f != nil {
			f(s, &c)
			changed = true
		}
	}
	id := name + "/" + string(s.door)
	if issuer != nil {
		id += string(issuer.DER) + string(issuer.Key.Algorithm)
	}
	if !changed && s.made[id] != nil {
		return s.made[id]
	}
	p := c.Sign(issuer)
	if !changed {
		s.made[id] = p
	}
	return p
}

// certificates makes the parties.
func (s *scene) certificates() {
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	until := func(years int) time.Time { return from.AddDate(years, 0, 0) }
	authority := mint.Certificate{NotBefore: from, NotAfter: until(15), Extensions: mint.CAExtensions()}
	s.Root = s.issue("root", authority, nil, func(e edit) func(*scene, *mint.Certificate) { return e.root })
	s.CA = s.issue("ca", authority, s.Root, func(e edit) func(*scene, *mint.Certificate) { return e.ca })
	if s.is(func(e edit) bool { return e.deep }) {
		s.Sub = s.issue("sub", authority, s.CA, func(e edit) func(*scene, *mint.Certificate) { return e.sub })
	}
	leaf := mint.Certificate{NotBefore: from, NotAfter: until(5), Extensions: leafExtensions(s.door)}
	s.Leaf = s.issue("leaf", leaf, s.Lowest(), func(e edit) func(*scene, *mint.Certificate) { return e.leaf })
	tsa := mint.Certificate{NotBefore: from, NotAfter: until(12), Extensions: []mint.Extension{
		mint.BasicConstraints(false, -1), mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.TimeStamping).Crit(), mint.SKI(), mint.AKI(),
	}}
	s.TSA = s.issue("tsa", tsa, s.Root, func(e edit) func(*scene, *mint.Certificate) { return e.tsa })
	responder := mint.Certificate{NotBefore: from, NotAfter: until(12), Extensions: []mint.Extension{
		mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.OCSPSigning), mint.NoCheck(), mint.SKI(), mint.AKI(),
	}}
	s.Responder = s.issue("responder", responder, s.Lowest(), func(e edit) func(*scene, *mint.Certificate) { return e.responder })
	for _, e := range s.edits {
		if e.issued != nil {
			e.issued(s)
		}
	}
}

// leafExtensions are those of the holder's certificate: a confirmation is signed by a qualified one.
func leafExtensions(d Door) []mint.Extension {
	if d != Confirmation {
		return mint.LeafExtensions()
	}
	return mint.Extensions(mint.LeafExtensions(), mint.KC(1), mint.SubjectSignTool("Tool"),
		mint.IssuerSignTool("Tool", "Centre", "Certificate 1", "Certificate 2"), mint.IdentificationKind(0))
}

// list is a CRL by an authority that is in force at the moment.
func list(entries ...mint.Entry) mint.CRL {
	return mint.CRL{
		ThisUpdate: Moment.Add(-time.Hour), NextUpdate: Moment.Add(24 * time.Hour), Entries: entries,
		Extensions: []mint.Extension{mint.AKI(), mint.CRLNumber(5)},
	}
}

// lists are the lists of all authorities.
func (s *scene) lists() [][]byte {
	lowest, top := list(), list()
	for _, e := range s.edits {
		if e.crl != nil {
			e.crl(s, &lowest)
		}
		if e.rootCRL != nil {
			e.rootCRL(s, &top)
		}
	}
	out := [][]byte{lowest.Sign(s.Lowest()), top.Sign(s.Root)}
	if s.Sub != nil {
		out = append(out, list().Sign(s.CA))
	}
	return out
}

// answer is the OCSP answer about the leaf, with the list of the root about the authority.
func (s *scene) answer() [][]byte {
	about := mint.About(s.Leaf, s.Lowest(), mint.StatusGood)
	about.This, about.Next, about.RevokedAt = Moment.Add(-time.Minute), Moment.Add(time.Hour), Moment.Add(-time.Hour)
	o := mint.OCSP{Answers: []mint.Answer{about}, ProducedAt: Moment.Add(-time.Minute)}
	for _, e := range s.edits {
		if e.ocsp != nil {
			e.ocsp(s, &o)
		}
	}
	return [][]byte{o.Sign(s.Responder), list().Sign(s.Root)}
}

// token is the timestamp over a signature.
func (s *scene) token(signature []byte) mint.Attribute {
	t := mint.TST{Message: signature, Time: s.Stamped, Serial: big.NewInt(77), Signer: mint.Signer{At: s.Stamped}}
	for _, e := range s.edits {
		if e.stamp != nil {
			e.stamp(s, &t)
		}
	}
	return mint.TimestampToken(t.Token(s.TSA))(signature)
}

// signature makes the bytes.
func (s *scene) signature() []byte {
	g := mint.Signer{By: s.Leaf, At: s.Signed}
	if s.is(func(e edit) bool { return e.stamped }) {
		g.Unsigned = append(g.Unsigned, s.token)
	}
	m := mint.SignedData{Content: s.text, Certificates: s.bag()}
	for _, e := range s.edits {
		if e.signer != nil {
			e.signer(s, &g)
		}
	}
	m.Signers = []mint.Signer{g}
	for _, e := range s.edits {
		if e.message != nil {
			e.message(s, &m)
		}
	}
	der := m.DER()
	for _, e := range s.edits {
		if e.der != nil {
			der = e.der(s, der)
		}
	}
	return der
}

// bag are the certificates laid into a signature.
func (s *scene) bag() [][]byte {
	out := [][]byte{s.Leaf.DER, s.CA.DER}
	if s.Sub != nil {
		out = append(out, s.Sub.DER)
	}
	return out
}

// attribute is an attribute of any values.
func attribute(oid string, values ...[]byte) mint.Attribute {
	return mint.Attribute{OID: oid, Values: values}
}

// unknownExtension is one that nobody knows.
func unknownExtension(critical bool) mint.Extension {
	return mint.Raw("1.3.6.1.4.1.99999.1", critical, asn.Null())
}

// Small is a good signature with nothing inside but its signer's certificate.
func (w *Workshop) Small() Input {
	s := &scene{Workshop: w, door: Document, Signed: Moment.Add(-time.Minute), text: []byte("I agree.\n")}
	s.certificates()
	der := mint.SignedData{Content: s.text, Certificates: [][]byte{s.Leaf.DER}, Signers: []mint.Signer{{By: s.Leaf, At: s.Signed}}}.DER()
	return Input{Door: Document, File: der, Anchors: [][]byte{s.Root.DER}, Untrusted: [][]byte{s.CA.DER}, At: Moment}
}

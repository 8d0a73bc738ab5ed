// SPDX-License-Identifier: Apache-2.0

package timestamp

import (
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/cms"
	"zaver/signature/internal/der"
)

// Parse reads a TimeStampToken and keeps parts of b, which may not be written
// to afterwards. The error is a *Problem: timestamp.malformed,
// timestamp.too_large, timestamp.content_type, timestamp.signers.
func Parse(b []byte) (*Token, error) {
	t, p := parse(b)
	if p != nil {
		return nil, p
	}
	return t, nil
}

func parse(b []byte) (*Token, *Problem) {
	s, err := cms.Open(b, cms.Options{MaxSize: MaxToken})
	if err != nil {
		code := CodeMalformed
		var p *cms.Problem
		if errors.As(err, &p) {
			switch p.Code {
			case "cms.too_large":
				code = CodeTooLarge
			case "cms.signers":
				code = CodeSigners
			}
		}
		return nil, &Problem{Code: code, Detail: "read token", Cause: err}
	}
	switch {
	case !s.ContentType.Equal(cms.OIDTSTInfo):
		return nil, problem(CodeContentType, "token holds %v", s.ContentType)
	case len(s.Signers) != 1:
		return nil, problem(CodeSigners, "token of %d signers", len(s.Signers))
	case s.Detached:
		return nil, problem(CodeMalformed, "token without content")
	}
	t := &Token{Raw: b, Signed: s}
	if p := t.readInfo(s.Content); p != nil {
		return nil, p
	}
	return t, nil
}

// readInfo reads TSTInfo.
func (i *Info) readInfo(b []byte) *Problem {
	var body cryptobyte.String
	in := cryptobyte.String(b)
	version := 0
	if der.Valid(b) != nil || !in.ReadASN1(&body, casn1.SEQUENCE) {
		return problem(CodeMalformed, "TSTInfo is not DER")
	}
	if !body.ReadASN1Integer(&version) || version != 1 || !body.ReadASN1ObjectIdentifier(&i.Policy) {
		return problem(CodeMalformed, "TSTInfo: version 1 and policy")
	}
	var ok bool
	if i.Imprint, ok = readImprint(&body); !ok {
		return problem(CodeMalformed, "TSTInfo: imprint")
	}
	i.Serial = new(big.Int)
	if !body.ReadASN1Integer(i.Serial) {
		return problem(CodeMalformed, "TSTInfo: serial number")
	}
	var at cryptobyte.String
	if !body.ReadASN1(&at, casn1.GeneralizedTime) {
		return problem(CodeMalformed, "TSTInfo: no time")
	}
	if i.Time, ok = readTime(string(at)); !ok {
		return problem(CodeMalformed, "TSTInfo: time is not GeneralizedTime in DER with seconds")
	}
	if body.PeekASN1Tag(casn1.SEQUENCE) && !i.readAccuracy(&body) {
		return problem(CodeMalformed, "TSTInfo: accuracy")
	}
	if body.PeekASN1Tag(casn1.BOOLEAN) && (!body.ReadASN1Boolean(&i.Ordering) || !i.Ordering) {
		return problem(CodeMalformed, "TSTInfo: ordering spells its default out")
	}
	if i.Nonce, ok = readNonce(&body); !ok {
		return problem(CodeMalformed, "TSTInfo: nonce")
	}
	return i.readTail(&body)
}

// readTail reads the tagged ends of TSTInfo: tsa [0] and extensions [1].
func (i *Info) readTail(body *cryptobyte.String) *Problem {
	tsaTag, extensionsTag := casn1.Tag(0).ContextSpecific().Constructed(), casn1.Tag(1).ContextSpecific().Constructed()
	var explicit, name, extensions cryptobyte.String
	var present bool
	var tag casn1.Tag
	if !body.ReadOptionalASN1(&explicit, &present, tsaTag) || present && (!explicit.ReadAnyASN1Element(&name, &tag) || !explicit.Empty()) {
		return problem(CodeMalformed, "TSTInfo: tsa")
	}
	i.TSA = name
	if !body.ReadOptionalASN1(&extensions, &present, extensionsTag) || !body.Empty() || present && extensions.Empty() {
		return problem(CodeMalformed, "TSTInfo: extensions")
	}
	for !extensions.Empty() {
		var extension, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		critical := false
		if !extensions.ReadASN1(&extension, casn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			extension.PeekASN1Tag(casn1.BOOLEAN) && (!extension.ReadASN1Boolean(&critical) || !critical) ||
			!extension.ReadASN1(&value, casn1.OCTET_STRING) || !extension.Empty() {
			return problem(CodeMalformed, "TSTInfo: extension")
		}
		if critical {
			i.CriticalExtensions = append(i.CriticalExtensions, oid)
		}
	}
	return nil
}

// readTime reads GeneralizedTime by the rules of RFC 3161 section 2.4.2: in UTC,
// with seconds, and with a fraction only where it does not end in a zero.
func readTime(s string) (time.Time, bool) {
	const whole = len("20060102150405")
	if len(s) < whole+1 || s[len(s)-1] != 'Z' {
		return time.Time{}, false
	}
	t, ok := der.ParseGeneralized([]byte(s[:whole] + "Z"))
	fraction := s[whole : len(s)-1]
	if !ok || fraction == "" {
		return t, ok
	}
	digits := fraction[1:]
	if fraction[0] != '.' || digits == "" || len(digits) > 18 || digits[len(digits)-1] == '0' {
		return time.Time{}, false
	}
	scale := time.Second
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return time.Time{}, false
		}
		scale /= 10 // what is finer than a nanosecond is dropped
		t = t.Add(time.Duration(c-'0') * scale)
	}
	return t, true
}

// readAccuracy reads Accuracy: seconds, milliseconds [0] and microseconds [1],
// the latter two from 1 to 999.
func (i *Info) readAccuracy(s *cryptobyte.String) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) {
		return false
	}
	if body.PeekASN1Tag(casn1.INTEGER) {
		var seconds int64
		if !body.ReadASN1Integer(&seconds) || seconds < 0 || seconds > int64(100*365*24*time.Hour/time.Second) {
			return false
		}
		i.Accuracy = time.Duration(seconds) * time.Second
	}
	for n, unit := range []time.Duration{time.Millisecond, time.Microsecond} {
		tag := casn1.Tag(n).ContextSpecific() //nolint:gosec // 0 or 1
		if !body.PeekASN1Tag(tag) {
			continue
		}
		var part int64
		if !body.ReadASN1Int64WithTag(&part, tag) || part < 1 || part > 999 {
			return false
		}
		i.Accuracy += time.Duration(part) * unit
	}
	return body.Empty()
}

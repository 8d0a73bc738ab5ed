// SPDX-License-Identifier: Apache-2.0

package timestamp

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Status is PKIStatus (RFC 3161 section 2.4.2).
type Status int

// The values of Status. With the first two there is a token, else none.
const (
	Granted Status = iota
	GrantedWithMods
	Rejection
	Waiting
	RevocationWarning
	RevocationNotification
)

var statusNames = [...]string{"granted", "grantedWithMods", "rejection", "waiting", "revocationWarning", "revocationNotification"}

// String names the status as the RFC does.
func (s Status) String() string {
	if s < 0 || int(s) >= len(statusNames) {
		return "status " + strconv.Itoa(int(s))
	}
	return statusNames[s]
}

// Failure is one bit of PKIFailureInfo.
type Failure int

// The values of Failure that RFC 3161 gives a meaning.
const (
	BadAlg              Failure = 0
	BadRequest          Failure = 2
	BadDataFormat       Failure = 5
	TimeNotAvailable    Failure = 14
	UnacceptedPolicy    Failure = 15
	UnacceptedExtension Failure = 16
	AddInfoNotAvailable Failure = 17
	SystemFailure       Failure = 25
)

// maxFailure bounds the bits that are read; CMP knows 27 of them.
const maxFailure = 32

// String names the failure as the RFC does.
func (f Failure) String() string {
	switch f {
	case BadAlg:
		return "badAlg"
	case BadRequest:
		return "badRequest"
	case BadDataFormat:
		return "badDataFormat"
	case TimeNotAvailable:
		return "timeNotAvailable"
	case UnacceptedPolicy:
		return "unacceptedPolicy"
	case UnacceptedExtension:
		return "unacceptedExtension"
	case AddInfoNotAvailable:
		return "addInfoNotAvailable"
	case SystemFailure:
		return "systemFailure"
	default:
		return "failure " + strconv.Itoa(int(f))
	}
}

// Response is the authority's answer (TimeStampResp).
type Response struct {
	Status Status
	// Text is what the authority says in words: outside text, at most eight
	// strings of 256 bytes.
	Text     []string
	Failures []Failure
	// Token is nil unless the status is Granted or GrantedWithMods.
	Token *Token
}

// Err returns nil for an answer with a token, else timestamp.refused with
// status and failures.
func (r *Response) Err() error {
	if r.Token != nil {
		return nil
	}
	names := []string{r.Status.String()}
	for _, f := range r.Failures {
		names = append(names, f.String())
	}
	return problem(CodeRefused, "%s", strings.Join(names, ", "))
}

// ParseResponse reads an answer in DER. A refusal is no error: see
// [Response.Err]. The error is a *Problem: the codes of [Parse].
func ParseResponse(b []byte) (*Response, error) {
	if len(b) > MaxResponse {
		return nil, problem(CodeTooLarge, "answer of more than %d bytes", MaxResponse)
	}
	in := cryptobyte.String(b)
	var body, status cryptobyte.String
	if !in.ReadASN1(&body, casn1.SEQUENCE) || !in.Empty() || !body.ReadASN1(&status, casn1.SEQUENCE) {
		return nil, problem(CodeMalformed, "answer is not DER")
	}
	r := &Response{}
	if !r.readStatus(status) {
		return nil, problem(CodeMalformed, "status of answer")
	}
	granted := r.Status == Granted || r.Status == GrantedWithMods
	if granted == body.Empty() {
		return nil, problem(CodeMalformed, "answer %v with token: %v", r.Status, !body.Empty())
	}
	if !granted {
		return r, nil
	}
	var token cryptobyte.String
	if !body.ReadASN1Element(&token, casn1.SEQUENCE) || !body.Empty() {
		return nil, problem(CodeMalformed, "token of answer")
	}
	var p *Problem
	if r.Token, p = parse(token); p != nil {
		return nil, p
	}
	return r, nil
}

// readStatus reads PKIStatusInfo.
func (r *Response) readStatus(s cryptobyte.String) bool {
	var status int
	if !s.ReadASN1Integer(&status) || status < 0 || status > int(RevocationNotification) {
		return false
	}
	r.Status = Status(status)
	if s.PeekASN1Tag(casn1.SEQUENCE) && !r.readText(&s) {
		return false
	}
	if s.PeekASN1Tag(casn1.BIT_STRING) {
		var bits cryptobyte.String
		if !s.ReadASN1(&bits, casn1.BIT_STRING) || !r.readFailures(bits) {
			return false
		}
	}
	return s.Empty()
}

func (r *Response) readText(s *cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) {
		return false
	}
	for !list.Empty() {
		var text cryptobyte.String
		if !list.ReadASN1(&text, casn1.UTF8String) || !utf8.Valid(text) {
			return false
		}
		if len(r.Text) < 8 {
			r.Text = append(r.Text, strings.ToValidUTF8(string(text[:min(len(text), 256)]), ""))
		}
	}
	return true
}

// readFailures reads the named bits of PKIFailureInfo.
func (r *Response) readFailures(bits []byte) bool {
	if len(bits) == 0 || bits[0] > 7 || len(bits) == 1 && bits[0] != 0 || len(bits) > 1+maxFailure/8 {
		return false
	}
	if len(bits) > 1 && bits[len(bits)-1]&(1<<bits[0]-1) != 0 {
		return false
	}
	for i := range (len(bits) - 1) * 8 {
		if bits[1+i/8]&(0x80>>(i%8)) != 0 {
			r.Failures = append(r.Failures, Failure(i))
		}
	}
	return true
}

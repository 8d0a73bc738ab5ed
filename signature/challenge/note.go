// SPDX-License-Identifier: Apache-2.0

package challenge

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"zaver/signature/ident"
)

// firstLine is the name and version of the format.
const firstLine = "zaver.statement/v1"

// timeLayout is RFC 3339 in UTC, whole seconds.
const timeLayout = "2006-01-02T15:04:05Z"

// GenerateKey makes a portal's key pair as note key strings. name is what the
// signature line shows, commonly the portal's host; it holds no space and no
// plus. The private string is a secret.
func GenerateKey(name string) (private, public string, err error) {
	if private, public, err = note.GenerateKey(rand.Reader, name); err != nil {
		return "", "", fmt.Errorf("generate statement key: %w", err)
	}
	if _, err = note.NewVerifier(public); err != nil {
		return "", "", fmt.Errorf("generate statement key named %q: %w", name, err)
	}
	return private, public, nil
}

// NewSigner reads a private note key string.
func NewSigner(private string) (note.Signer, error) {
	s, err := note.NewSigner(strings.TrimSpace(private))
	if err != nil {
		return nil, fmt.Errorf("read statement signing key: %w", err)
	}
	return s, nil
}

// NewVerifier reads a public note key string, the one that agents pin.
func NewVerifier(public string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(public))
	if err != nil {
		return nil, fmt.Errorf("read statement public key: %w", err)
	}
	return v, nil
}

// Sign writes the statement as a signed note. It fails with
// statement.malformed when a field breaks its rule.
func Sign(s Statement, signer note.Signer) ([]byte, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	msg, err := note.Sign(&note.Note{Text: s.text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign statement: %w", err)
	}
	return msg, nil
}

// Open checks the portal's signature and reads the statement. It fails with
// statement.malformed when msg is no note in the one form that [Sign] writes,
// and with statement.forged when it is not signed by v.
func Open(msg []byte, v note.Verifier) (Statement, error) {
	if len(msg) > MaxSize {
		return Statement{}, malformed("more than %d bytes", MaxSize)
	}
	text, line, ok := strings.Cut(string(msg), "\n\n— ")
	if !ok {
		return Statement{}, malformed("not a signed note")
	}
	text += "\n"
	// The shape is proved before the signature, so that a hostile note never
	// reaches the more liberal reader of package note.
	s, err := parse(text)
	if err != nil {
		return Statement{}, err
	}
	if err := oneSignature(line); err != nil {
		return Statement{}, err
	}
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return Statement{}, &Error{Code: codeForged, Reason: "portal's signature does not hold", Cause: err}
	}
	if n.Text != text || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return Statement{}, malformed("note read in two ways")
	}
	return s, nil
}

// oneSignature wants the rest of one signature line, its base64 in the only
// form: otherwise the same statement would have many byte strings.
func oneSignature(line string) error {
	line, ok := strings.CutSuffix(line, "\n")
	if !ok || strings.Contains(line, "\n") {
		return malformed("not exactly one signature line")
	}
	_, b64, ok := strings.Cut(line, " ")
	if raw, err := base64.StdEncoding.Strict().DecodeString(b64); !ok || err != nil || base64.StdEncoding.EncodeToString(raw) != b64 {
		return malformed("signature is not plain base64")
	}
	return nil
}

// text returns the canonical bytes under the portal's signature.
func (s Statement) text() string {
	return strings.Join(append(s.header(), "", s.Sentence(), ""), "\n")
}

func (s Statement) header() []string {
	lines := []string{
		firstLine,
		"purpose: " + string(s.Purpose),
		"origin: " + s.Origin,
		"request: " + s.Request,
		"nonce: " + hex.EncodeToString(s.Nonce[:]),
		"issued: " + s.Issued.UTC().Format(timeLayout),
		"expires: " + s.Expires.UTC().Format(timeLayout),
		"account: " + s.Account,
		"holder: " + s.Holder,
	}
	if s.Purpose == ConfirmOrganisation {
		lines = append(lines, "ogrn: "+s.OGRN.String())
	} else {
		lines = append(lines, "snils: "+s.SNILS.Formatted())
	}
	return append(lines, "control: "+s.ControlCode)
}

// Sentence returns the Russian sentence that the person signs. It repeats
// portal, account and holder, so that who reads only it knows what it means.
func (s Statement) Sentence() string {
	if s.Purpose == ConfirmOrganisation {
		return fmt.Sprintf("Я подтверждаю на портале %s, что действую от имени организации «%s» (ОГРН %s), для учётной записи %s. Контрольный код: %s.",
			s.Origin, s.Holder, s.OGRN, s.Account, s.ControlCode)
	}
	return fmt.Sprintf("Я, %s (СНИЛС %s), подтверждаю на портале %s свою личность для учётной записи %s. Контрольный код: %s.",
		s.Holder, s.SNILS.Formatted(), s.Origin, s.Account, s.ControlCode)
}

// parse reads the canonical text: each line loosely, then everything at once
// by writing it again and comparing.
func parse(text string) (Statement, error) {
	lines := strings.SplitN(text, "\n", 13)
	if len(lines) < 13 || lines[0] != firstLine {
		return Statement{}, malformed("not a %s", firstLine)
	}
	var values [10]string
	for i := range values {
		_, values[i], _ = strings.Cut(lines[i+1], ": ")
	}
	s := Statement{
		Purpose: Purpose(values[0]), Origin: values[1], Request: values[2],
		Account: values[6], Holder: values[7], ControlCode: values[9],
	}
	nonce, err := hex.DecodeString(values[3])
	if err != nil || len(nonce) != len(s.Nonce) {
		return Statement{}, malformed("nonce is not %d bytes", len(s.Nonce))
	}
	copy(s.Nonce[:], nonce)
	for i, t := range []*time.Time{&s.Issued, &s.Expires} {
		if *t, err = time.Parse(timeLayout, values[4+i]); err != nil {
			return Statement{}, malformed("time is not %s", timeLayout)
		}
	}
	if s.Purpose == ConfirmOrganisation {
		s.OGRN, err = ident.ParseOGRN(values[8])
	} else {
		s.SNILS, err = ident.ParseSNILS(values[8])
	}
	if err != nil {
		return Statement{}, &Error{Code: codeMalformed, Reason: "subject's number", Cause: err}
	}
	if err := s.validate(); err != nil {
		return Statement{}, err
	}
	if s.text() != text {
		return Statement{}, malformed("not in canonical form")
	}
	return s, nil
}

// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"zaver/signature/cert"
)

// Limits of what Load reads.
const (
	MaxList    = 1 << 20 // bytes of anchors.json
	MaxAnchors = 64
	MaxCentres = 4096
)

// ListFile is the name of the list inside the folder.
const ListFile = "anchors.json"

// Codes of *Error.
const (
	CodeRead        = "trust.read"        // a file cannot be read
	CodeMalformed   = "trust.malformed"   // anchors.json is not what it should be
	CodeCertificate = "trust.certificate" // a file holds no certificate, several, or a broken one
	CodeKind        = "trust.kind"        // unknown kind
	CodePeriod      = "trust.period"      // accreditation ends before it begins
	CodeDuplicate   = "trust.duplicate"   // one certificate twice
	CodeEmpty       = "trust.empty"       // no anchor at all
	CodeFingerprint = "trust.fingerprint" // a certificate is not the one that is pinned
	CodeSet         = "trust.set"         // a kept set is broken
)

// Error says why a set was refused.
type Error struct {
	Code   string
	Detail string
	Cause  error
}

// Error returns the code, the detail and the cause.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Detail
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// list is the form of anchors.json; unknown fields are refused.
type list struct {
	Anchors []entry `json:"anchors"`
	Centres []entry `json:"centres,omitempty"`
}

type entry struct {
	File            string     `json:"file"`           // PEM or DER, inside the folder
	Kind            Kind       `json:"kind,omitempty"` // anchors only
	Name            string     `json:"name"`
	SHA256          string     `json:"sha256,omitempty"` // fingerprint of the DER, checked when given
	AccreditedFrom  *time.Time `json:"accredited_from,omitempty"`
	AccreditedUntil *time.Time `json:"accredited_until,omitempty"`
}

// Load reads the set from a folder: anchors.json names certificate files beside it. It returns
// *Error.
func Load(dir string) (*Set, error) { return LoadFS(os.DirFS(dir)) }

// LoadFS is Load from a file system; a name that leads out of it is refused.
func LoadFS(dir fs.FS) (*Set, error) {
	b, err := readFile(dir, ListFile, MaxList)
	if err != nil {
		return nil, err
	}
	l, err := parseList(b)
	if err != nil {
		return nil, err
	}
	anchors := make([]Anchor, 0, len(l.Anchors))
	for i, e := range l.Anchors {
		a, err := e.load(dir)
		if err != nil {
			return nil, fmt.Errorf("load anchor %d: %w", i, err)
		}
		anchors = append(anchors, a)
	}
	centres := make([]Centre, 0, len(l.Centres))
	for i, e := range l.Centres {
		a, err := e.load(dir)
		if err == nil && e.Kind != "" {
			err = &Error{Code: CodeKind, Detail: "a centre has no kind"}
		}
		if err != nil {
			return nil, fmt.Errorf("load centre %d: %w", i, err)
		}
		centres = append(centres, Centre{Certificate: a.Certificate, Name: a.Name, Periods: []Period{{a.AccreditedFrom, a.AccreditedUntil}}})
	}
	return NewSet(anchors, centres...)
}

// parseList reads anchors.json strictly.
func parseList(b []byte) (list, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var l list
	if err := d.Decode(&l); err != nil {
		return list{}, &Error{Code: CodeMalformed, Detail: "read " + ListFile, Cause: err}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return list{}, &Error{Code: CodeMalformed, Detail: ListFile + " has bytes after the list"}
	}
	if len(l.Anchors) > MaxAnchors || len(l.Centres) > MaxCentres {
		return list{}, &Error{Code: CodeMalformed, Detail: fmt.Sprintf("%d anchors and %d centres, at most %d and %d",
			len(l.Anchors), len(l.Centres), MaxAnchors, MaxCentres)}
	}
	return l, nil
}

func (e entry) load(dir fs.FS) (Anchor, error) {
	b, err := readFile(dir, e.File, cert.MaxSize)
	if err != nil {
		return Anchor{}, err
	}
	c, err := parseOne(b)
	if err != nil {
		return Anchor{}, &Error{Code: CodeCertificate, Detail: "read " + e.File, Cause: err}
	}
	if sum := c.Fingerprint(); e.SHA256 != "" && !strings.EqualFold(e.SHA256, hex.EncodeToString(sum[:])) {
		return Anchor{}, &Error{Code: CodeFingerprint, Detail: e.File + " is another certificate than the pinned one"}
	}
	a := Anchor{Certificate: c, Kind: e.Kind, Name: e.Name}
	if e.AccreditedFrom != nil {
		a.AccreditedFrom = *e.AccreditedFrom
	}
	if e.AccreditedUntil != nil {
		a.AccreditedUntil = *e.AccreditedUntil
	}
	return a, nil
}

// parseOne reads exactly one certificate, PEM or DER.
func parseOne(b []byte) (*cert.Certificate, error) {
	if !bytes.Contains(b, []byte("-----BEGIN")) {
		return cert.Parse(b)
	}
	found, err := cert.ParsePEM(b)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d certificates instead of one", len(found))
	}
	return found[0], nil
}

func readFile(dir fs.FS, name string, limit int64) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, &Error{Code: CodeRead, Detail: "open " + name, Cause: err}
	}
	defer func() { _ = f.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &Error{Code: CodeRead, Detail: "read " + name, Cause: err}
	}
	if int64(len(b)) > limit {
		return nil, &Error{Code: CodeRead, Detail: fmt.Sprintf("%s is longer than %d bytes", name, limit)}
	}
	return b, nil
}

// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// Index is the name of the file that Write puts beside the others.
const Index = "cases.json"

// Written is one case in a folder.
type Written struct {
	Name     string         `json:"name"`
	What     string         `json:"what"`
	Standard string         `json:"standard"`
	Door     Door           `json:"door"`
	Verdict  verify.Verdict `json:"verdict"`
	// Codes are what the bad input must give, among others.
	Codes []string `json:"codes"`
	Bad   Question `json:"bad"`
	// Good must be valid.
	Good Question `json:"good"`
}

// Question is an Input whose bytes are files beside the index.
type Question struct {
	File      string         `json:"file"`
	Content   *string        `json:"content,omitempty"`
	Anchors   []string       `json:"anchors"`
	Untrusted []string       `json:"untrusted,omitempty"`
	CRLs      []string       `json:"crl,omitempty"`
	OCSPs     []string       `json:"ocsp,omitempty"`
	Asked     bool           `json:"asked"` // the state of revocation must be known
	At        time.Time      `json:"at"`
	Profile   verify.Profile `json:"profile,omitempty"`
	Policies  []string       `json:"policies,omitempty"`

	ExplicitPolicy   bool `json:"explicit_policy,omitempty"`
	InhibitMapping   bool `json:"inhibit_mapping,omitempty"`
	InhibitAnyPolicy bool `json:"inhibit_any_policy,omitempty"`
	// Previous is the version of the list in force.
	Previous int64 `json:"previous,omitempty"`
}

// Write makes every case for a kind of key and lays it into the folder, which is made if need be: DER
// and XML by their SHA-256, and the index. It returns what stands in the index.
func Write(dir string, k mint.Kind) ([]Written, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write the corpus: %w", err)
	}
	f := folder{dir: dir, seen: map[string]bool{}}
	w := NewWorkshop(k)
	var list []Written
	for _, c := range All() {
		if !c.For(k) {
			continue
		}
		list = append(list, Written{
			Name: c.Name, What: c.What, Standard: c.Standard, Door: c.Door, Verdict: c.Verdict, Codes: c.Codes(k),
			Bad: f.question(w.Bad(c)), Good: f.question(w.Good(c)),
		})
	}
	b, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write the corpus: %w", err)
	}
	f.keep(Index, append(b, '\n'))
	return list, f.err
}

// folder keeps each content once, and the first error.
type folder struct {
	dir  string
	seen map[string]bool
	err  error
}

func (f *folder) keep(name string, b []byte) string {
	if f.err == nil && !f.seen[name] {
		f.seen[name] = true
		if err := os.WriteFile(filepath.Join(f.dir, name), b, 0o644); err != nil {
			f.err = fmt.Errorf("write the corpus: %w", err)
		}
	}
	return name
}

func (f *folder) file(b []byte, suffix string) string {
	sum := sha256.Sum256(b)
	return f.keep(hex.EncodeToString(sum[:12])+suffix, b)
}

func (f *folder) files(list [][]byte, suffix string) (names []string) {
	for _, b := range list {
		names = append(names, f.file(b, suffix))
	}
	return names
}

func (f *folder) question(in Input) Question {
	q := Question{
		Anchors: f.files(in.Anchors, ".cer"), Untrusted: f.files(in.Untrusted, ".cer"), Asked: in.Answers != nil, At: in.At, Profile: in.Profile,
		Policies: in.Policies, ExplicitPolicy: in.ExplicitPolicy, InhibitMapping: in.InhibitMapping, InhibitAnyPolicy: in.InhibitAnyPolicy,
		Previous: in.Previous,
	}
	q.File = f.file(in.File, map[Door]string{Certificate: ".cer", List: ".xml"}[in.Door])
	if in.Content != nil {
		name := f.file(in.Content, ".txt")
		q.Content = &name
	}
	for _, b := range in.Answers {
		if isOCSP(b) {
			q.OCSPs = append(q.OCSPs, f.file(b, ".ocsp"))
		} else {
			q.CRLs = append(q.CRLs, f.file(b, ".crl"))
		}
	}
	return q
}

// isOCSP says whether an answer begins as an OCSPResponse: with its status.
func isOCSP(b []byte) bool {
	if len(b) < 3 {
		return false
	}
	head := 2
	if b[1] > 0x80 {
		head += int(b[1] & 0x7f)
	} else if b[1] == 0x80 {
		head = 2
	}
	return len(b) > head && b[head] == 0x0a
}

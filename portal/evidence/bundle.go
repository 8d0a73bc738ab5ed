// SPDX-License-Identifier: Apache-2.0

// Package evidence owns the bundle of proof: which pieces a judged confirmation
// leaves behind, under which names, and how they are bound into one digest.
//
// A bundle is a list of parts. The manifest names the SHA-256 of each part in the
// format of sha256sum; the SHA-256 of the manifest is the bundle's digest, and the
// audit log holds that digest. So whoever has the exported files can find the
// audit record, and whoever changes one byte can't.
//
// The package is pure: no I/O, no clock, no logging; [WriteZip] writes to the
// writer that it is given. Everything is safe for concurrent use.
//
// Parts hold personal data (a name and SNILS in the statement and in the
// certificate): whoever stores them must seal them.
//
// Limits: a part is at most [MaxPart] bytes, a bundle at most [MaxParts] parts.
package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// Bounds of a bundle. A revocation list of a large centre has some megabytes.
const (
	MaxPart  = 32 << 20
	MaxParts = 64
)

// ErrBundle is wrapped when parts are not a bundle, or not the one that the digest names.
var ErrBundle = errors.New("evidence does not hold together")

// Names of the parts that stand alone in a bundle. Certificates of the path are
// "certificate-1-issuer.cer", …; the answer about certificate N is
// "revocation-N-issuer.ocsp" or ".crl", about the signer's "revocation-0-signer.ocsp".
const (
	NameStatement = "statement.txt"
	NameCMS       = "signature.p7s"
	NameSigner    = "certificate-0-signer.cer"
	NameIssuers   = "issuers.pem"
	NameEngine    = "openssl-gost.cnf" // only in exports: tells OpenSSL to load its GOST engine
	NameRoot      = "root.pem"
	NameLongTerm  = "signature-lt.p7s"       // NameCMS with timestamp, certificates and answers: CAdES-LT
	NameComplete  = "signature-complete.p7s" // only in exports: NameCMS with NameIssuers inside
	NameReport    = "report.json"
	NameDecision  = "decision.json"
	NameManifest  = "SHA256SUMS"
	NameReadme    = "README.txt"
)

// Part is one file of a bundle.
type Part struct {
	Name string
	Data []byte
	// Shared parts say nothing about the person (certificates of centres,
	// revocation lists): storage may keep one copy for many bundles.
	Shared bool
}

// Answer is one revocation answer as it came over the wire.
type Answer struct {
	// Source is "ocsp" or "crl"; an answer without bytes stands where nobody answered.
	Source string
	DER    []byte
}

// Decision is what was decided and when; it is kept as JSON beside the report.
type Decision struct {
	Format  string    `json:"format"`
	Request string    `json:"request"`
	Account string    `json:"account"`
	Method  string    `json:"method"`
	State   string    `json:"state"`
	Level   string    `json:"level,omitempty"`
	Codes   []string  `json:"codes,omitempty"`
	Holder  string    `json:"holder,omitempty"`
	Judged  time.Time `json:"judged"`
	// TrustSet is the id of the anchors that were in force.
	TrustSet string `json:"trust_set"`
	// StatementKey is the public note key that the statement is signed with.
	StatementKey string `json:"statement_key"`
}

const decisionFormat = "zaver.evidence/v1"

// Bundle is everything that a judged confirmation leaves behind.
type Bundle struct {
	Decision  Decision
	Statement []byte
	CMS       []byte
	// LongTerm is CMS with timestamp, certificates and answers inside; nil when there is none.
	LongTerm []byte
	// Path holds DER certificates, signer first, anchor last; it may be short
	// or empty when the confirmation was refused.
	Path [][]byte
	// Anchored says that the last certificate of Path is a trust anchor.
	Anchored bool
	// Revocations are about the certificates of Path below the anchor, in its order.
	Revocations []Answer
	// Report is the verification report as JSON.
	Report json.RawMessage
}

// Parts lays the bundle out as files, in a fixed order. It fails with
// [ErrBundle] when something that every bundle has is missing or too large.
func (b Bundle) Parts() ([]Part, error) {
	b.Decision.Format = decisionFormat
	b.Decision.Judged = b.Decision.Judged.UTC()
	if len(b.Statement) == 0 || len(b.CMS) == 0 || b.Decision.Request == "" || b.Decision.State == "" {
		return nil, fmt.Errorf("lay out an incomplete bundle: %w", ErrBundle)
	}
	decision, err := json.MarshalIndent(b.Decision, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write decision: %w", err)
	}
	parts := []Part{{Name: NameStatement, Data: b.Statement}, {Name: NameCMS, Data: b.CMS}}
	if len(b.LongTerm) > 0 {
		parts = append(parts, Part{Name: NameLongTerm, Data: b.LongTerm})
	}
	parts = append(parts, b.certificates()...)
	for i, a := range b.Revocations {
		if len(a.DER) == 0 {
			continue
		}
		parts = append(parts, Part{Name: fmt.Sprintf("revocation-%d-%s.%s", i, role(i), a.Source), Data: a.DER, Shared: a.Source == "crl"})
	}
	if len(b.Report) > 0 {
		parts = append(parts, Part{Name: NameReport, Data: b.Report})
	}
	parts = append(parts, Part{Name: NameDecision, Data: append(decision, '\n')})
	if err := check(parts); err != nil {
		return nil, err
	}
	return parts, nil
}

// role names a certificate by its place in the path.
func role(i int) string {
	if i == 0 {
		return "signer"
	}
	return "issuer"
}

func (b Bundle) certificates() []Part {
	var parts []Part
	var issuers bytes.Buffer
	for i, der := range b.Path {
		parts = append(parts, Part{Name: fmt.Sprintf("certificate-%d-%s.cer", i, role(i)), Data: der, Shared: i > 0})
		if i == 0 {
			continue
		}
		if b.Anchored && i == len(b.Path)-1 {
			continue
		}
		issuers.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	if issuers.Len() > 0 {
		parts = append(parts, Part{Name: NameIssuers, Data: issuers.Bytes(), Shared: true})
	}
	if n := len(b.Path); b.Anchored && n > 0 {
		root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Path[n-1]})
		parts = append(parts, Part{Name: NameRoot, Data: root, Shared: true})
	}
	return parts
}

// check holds names and sizes to what an export can carry: no folders, no repeats.
func check(parts []Part) error {
	if len(parts) == 0 || len(parts) > MaxParts {
		return fmt.Errorf("hold %d parts: %w", len(parts), ErrBundle)
	}
	seen := map[string]bool{NameManifest: true, NameReadme: true}
	for _, p := range parts {
		if !nameOK(p.Name) || seen[p.Name] || len(p.Data) > MaxPart {
			return fmt.Errorf("hold part %q of %d bytes: %w", p.Name, len(p.Data), ErrBundle)
		}
		seen[p.Name] = true
	}
	return nil
}

func nameOK(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '-' && c != '.') {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// manifest lists the parts' SHA-256 in the format of sha256sum.
func manifest(parts []Part) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		sum := sha256.Sum256(p.Data)
		b.WriteString(hex.EncodeToString(sum[:]) + "  " + p.Name + "\n")
	}
	return b.Bytes()
}

// Digest is the SHA-256 of the manifest: the one value that stands for the bundle.
func Digest(parts []Part) [32]byte { return sha256.Sum256(manifest(parts)) }

// Open checks that the parts are the bundle with this digest and reads its decision.
func Open(parts []Part, digest [32]byte) (Decision, error) {
	var d Decision
	if err := check(parts); err != nil {
		return d, err
	}
	if Digest(parts) != digest {
		return d, fmt.Errorf("compare digest: %w", ErrBundle)
	}
	p, ok := find(parts, NameDecision)
	if !ok {
		return d, fmt.Errorf("find the decision: %w", ErrBundle)
	}
	if err := json.Unmarshal(p.Data, &d); err != nil || d.Format != decisionFormat {
		return d, fmt.Errorf("read the decision: %w", ErrBundle)
	}
	return d, nil
}

func find(parts []Part, name string) (Part, bool) {
	for _, p := range parts {
		if p.Name == name {
			return p, true
		}
	}
	return Part{}, false
}

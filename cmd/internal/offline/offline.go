// SPDX-License-Identifier: Apache-2.0

// Package offline owns `zaver-portal verify`: what an auditor without a portal
// asks about files. It reads the command line or one request a line, the files
// that they name (PEM and DER, globs and folders), and turns the report of
// signature/verify into text or JSON and an exit code. It decides nothing about
// a signature itself, reaches no network and writes to nothing but its output.
//
// Files are bounded: [MaxFile] bytes each, [MaxFiles] for one option. Nothing is
// kept between requests; a value may be used by one goroutine at a time.
package offline

// Exit codes of verify.
const (
	ExitValid       = 0 // everything that was asked for holds
	ExitInvalid     = 1 // something does not hold
	ExitUndecidable = 2 // what is needed to decide is missing
	ExitUsage       = 3 // the question itself is wrong
)

// Bounds of what is read.
const (
	// MaxFile bounds one file in bytes: a document of 64 MiB and its signature.
	MaxFile = 96 << 20
	// MaxFiles bounds the files of one option after globs and folders.
	MaxFiles = 10000
	// MaxLine bounds one line of a batch in bytes.
	MaxLine = 1 << 20
)

// What can be asked.
const (
	askCMS      = "cms"
	askChain    = "chain"
	askEvidence = "evidence"
	askBatch    = "batch"
)

// Request is one question: the command line, or one line of a batch with the
// same words, where a field id of any JSON is given back with the answer.
type Request struct {
	// Verify is cms, chain or evidence.
	Verify string `json:"verify"`
	// File is the signature, the leaf certificate or the evidence.
	File string `json:"file"`
	// Content is the document of a detached signature.
	Content string `json:"content,omitempty"`
	// Anchors, Untrusted, CRL and OCSP are files, globs or folders.
	Anchors   []string `json:"anchors,omitempty"`
	Untrusted []string `json:"untrusted,omitempty"`
	CRL       []string `json:"crl,omitempty"`
	OCSP      []string `json:"ocsp,omitempty"`
	// Digest is the SHA-256 that the portal's log has of the evidence, in hexadecimal; empty is not compared.
	Digest string `json:"digest,omitempty"`
	// At is the moment of judgement, RFC 3339 or seconds since 1970; empty is now.
	At string `json:"at,omitempty"`
	// Profile is generic or qualified.
	Profile string `json:"profile,omitempty"`
	// Policy is the user-initial-policy-set of RFC 5280 section 6.1.1 (c); empty is any-policy.
	Policy []string `json:"policy,omitempty"`
	// The indicators of RFC 5280 section 6.1.1 (e), (f) and (g).
	ExplicitPolicy   bool `json:"explicit_policy,omitempty"`
	InhibitMapping   bool `json:"inhibit_mapping,omitempty"`
	InhibitAnyPolicy bool `json:"inhibit_any_policy,omitempty"`
}

// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/sha256"
	"fmt"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/signature/pkcs11"
)

// Codes of Error: why a module or a token did not do its work. They are stable.
const (
	CodeModule       = "token.module"        // the module can't be loaded or answered with an error
	CodeCrashed      = "token.crashed"       // the module took its worker process down
	CodeHung         = "token.hung"          // the module did not answer in time; its worker was killed
	CodeSlow         = "token.slow"          // the module is still being asked; a later List will know
	CodeRemoved      = "token.removed"       // the token is gone
	CodeNoKey        = "token.no_key"        // no private key belongs to the certificate
	CodeLastTry      = "token.last_try"      // one try is left and the person was not told; List again
	CodeBadSignature = "token.bad_signature" // what the module signed does not verify
	CodeUnsupported  = "token.unsupported"   // the algorithm does not fit the key, or the token can't do that
	CodeCryptoPro    = "token.cryptopro"     // the key is in a container of CryptoPro CSP, which PKCS#11 does not see
)

// Reasons why a credential can't be used, in Credential.Reason. They are stable. CodeCryptoPro is one of them, too: of an entry
// that stands for what can't be seen.
const (
	ReasonNoCertificate  = "token.no_certificate"   // a key without a certificate
	ReasonMalformed      = "token.cert_malformed"   // the certificate can't be read
	ReasonExpired        = "token.cert_expired"     // its time is over
	ReasonNotYetValid    = "token.cert_not_yet"     // its time has not begun
	ReasonKeyExpired     = "token.key_expired"      // the private key's own time of use is over
	ReasonKeyUsage       = "token.cert_key_usage"   // not meant for signatures
	ReasonCA             = "token.cert_ca"          // a certificate of a certification authority
	ReasonUnsupportedKey = "token.cert_unsupported" // the key's algorithm or size is not in the table
	ReasonLegacy         = "token.cert_legacy"      // a key of GOST R 34.10-2001, which may sign no more
)

// Codes lists every code and reason that this package gives out, for the catalogue of texts.
func Codes() []string {
	return []string{CodeModule, CodeCrashed, CodeHung, CodeSlow, CodeRemoved, CodeNoKey, CodeLastTry, CodeBadSignature,
		CodeUnsupported, CodeCryptoPro, ReasonNoCertificate, ReasonMalformed, ReasonExpired, ReasonNotYetValid, ReasonKeyExpired,
		ReasonKeyUsage, ReasonCA, ReasonUnsupportedKey, ReasonLegacy}
}

// Token is a token as a value: what it says about itself, and what is on it. Nothing in it needed a PIN.
type Token struct {
	Module                             string // path of the library
	Slot                               uint
	Label, Manufacturer, Model, Serial string
	Reader                             string     // what the slot says of itself; may be empty
	Tries                              pin.Tries  // what the flags say; unknown is unknown
	CountLow                           bool       // a wrong PIN was entered since the last right one
	Problem                            pin.Reason // why no PIN can succeed now (blocked, not_initialised, must_change), or empty
	LoginRequired                      bool       // false: no PIN is needed
	ProtectedPath                      bool       // the PIN is entered on the token or reader; Sign takes nil
	SOTries                            pin.Tries  // of the security officer's PIN, by which UnblockPIN works
	SOCountLow                         bool       // a wrong PIN of the officer was entered since the last right one
	SOProblem                          pin.Reason // why the officer's PIN can't succeed now (blocked, must_change), or empty
	MinPIN, MaxPIN                     int        // bytes; 0 where the module names no bound
	Ref                                TokenRef
	Credentials                        []Credential
}

// TokenRef names a token for Host.ChangePIN and Host.UnblockPIN. It remembers what the person was shown: which token, and how many tries.
type TokenRef struct {
	Module         string
	Slot           uint
	Label, Serial  string
	Certificate    [sha256.Size]byte // SHA-256 of one that the token showed, which it must show again; zero: it showed none
	Tries, SOTries pin.Tries         // as listed: with Left(1) the last try may be spent, otherwise it may not
}

// Credential is a certificate on a token, or a key that lacks one. Usable ones can be given to Host.Sign; the others carry the Reason.
// That a private key exists is seen only after login on most tokens, so Usable does not promise it.
type Credential struct {
	ID          []byte // CKA_ID
	Label       string
	Certificate *cert.Certificate // nil for a key without a certificate and for one that can't be read
	Usable      bool
	Reason      string // empty when Usable
	Ref         CredentialRef
}

// CredentialRef names a credential for Host.Sign. It remembers what the person was shown: which token, and how many tries.
type CredentialRef struct {
	Module        string
	Slot          uint
	Label, Serial string // of the token; a token that was exchanged for another is not asked
	ID            []byte
	Certificate   *cert.Certificate // a token that does not show it, whatever it calls itself, is another one
	Tries         pin.Tries         // as listed: with Left(1) the last try may be spent, otherwise it may not
}

// Names of PINs in pin.Error.Ref.
const (
	PINUser = pkcs11.PINRef    // the normal user's
	PINSO   = pkcs11.SOPINRef  // the security officer's, which unblocks
	PINNew  = pkcs11.NewPINRef // the one to be set; its only reason is pin.ReasonFormat
)

// Error says why a module or a token did not do its work. Callers match Code; PIN failures are *pin.Error instead.
type Error struct {
	Code   string
	Module string // path of the library
	Cause  error  // may be nil
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Code
	}
	return fmt.Sprintf("%s: %v", e.Code, e.Cause)
}

func (e *Error) Unwrap() error { return e.Cause }

// ModuleError is a module that List could not read, or not fully.
type ModuleError struct {
	Module string
	Code   string
	Err    error
}

// Judge says whether a certificate may be offered for signing a statement at a moment: "" or one of the reasons (see cert.Obstacle). A key that
// signs whole messages (Ed25519) is good elsewhere and not here: tokens are handed a digest.
func Judge(c *cert.Certificate, at time.Time) string {
	if o := c.Obstacle(at); o != "" {
		return "token." + string(o)
	}
	if a, err := algo.ForKey(c.PublicKey.Kind(), c.PublicKey.Bits()); err != nil || a.WholeMessage {
		return ReasonUnsupportedKey
	}
	return ""
}

// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"slices"

	"zaver/signature/challenge"
	"zaver/signature/pin"
)

// The agent's own codes. The page shows the portal's words for each.
const (
	CodeBusy              = "agent.busy"               // another request is open
	CodeOrigin            = "agent.origin"             // the page's origin is not a configured portal's
	CodeHost              = "agent.host"               // the Host header is not the agent's address
	CodeOtherUser         = "agent.other_user"         // another user of this computer is at the door
	CodeRequest           = "agent.request"            // the door's message can't be read
	CodeForbidden         = "agent.forbidden"          // started for an extension that is not this program's
	CodeConfig            = "agent.config"             // the agent's configuration is missing or wrong
	CodePortalUnknown     = "agent.portal_unknown"     // the request names a portal that isn't the page's
	CodePortalUnreachable = "agent.portal_unreachable" // the portal did not answer in time
	CodePortalAnswer      = "agent.portal_answer"      // the portal's answer can't be read
	CodeDeclined          = "agent.declined"           // the person said no
	CodeCancelled         = "agent.cancelled"          // the page went away
	CodeTimeout           = "agent.timeout"            // nobody answered in time
	CodePinentry          = "agent.pinentry"           // the dialog program is missing, died or hangs
	CodeWindow            = "agent.window"             // the agent's own window died, or answered what it may not
	CodeSignature         = "agent.signature"          // the carrier made a signature that doesn't match its certificate
	CodeInternal          = "agent.internal"           // anything else; the log has the cause
)

// Codes of others that the agent itself acts upon.
const (
	codeTokenNone  = "token.none"
	codeCardNone   = "card.none"
	codePINBlocked = "pin.blocked"
	codePadFailed  = "card.pad_failed"
	codeConflict   = "confirm.conflict" // the portal judges, or judged, another attempt
)

// CodeLastTry is a Source's answer when one try is left and the credential says that the person was not told so: nothing
// was spent, and the person is asked first.
const CodeLastTry = "token.last_try"

// codes lists every code that the agent itself may send. The portal's answers
// (confirm.*, sig.* …) are handed through and not listed.
var codes = []string{
	CodeBusy, CodeOrigin, CodeHost, CodeOtherUser, CodeRequest, CodeForbidden, CodeConfig, CodePortalUnknown, CodePortalUnreachable, CodePortalAnswer,
	CodeDeclined, CodeCancelled, CodeTimeout, CodePinentry, CodeWindow, CodeSignature, CodeInternal,
	"statement.forged", "statement.malformed", "statement.origin", "statement.request",
	"statement.expired", "statement.early", "statement.purpose",
	codeCardNone, "card.no_service", "card.no_access", "card.no_reader", "card.unsupported", "card.removed", "card.busy", "card.protocol", "card.expired", "card.pad_denied", "card.pad_failed", "card.terminal", "card.insecure",
	"card.no_certificate", "card.cert_expired", "card.cert_not_yet", "card.key_expired", "card.cert_key_usage", "card.cert_ca", "card.cert_unsupported",
	"card.cert_legacy",
	codeTokenNone, CodeLastTry, "token.module", "token.crashed", "token.hung", "token.slow", "token.removed", "token.no_key",
	"token.bad_signature", "token.unsupported", "token.cryptopro", "token.no_certificate", "token.cert_malformed",
	"token.cert_expired", "token.cert_not_yet", "token.key_expired", "token.cert_key_usage", "token.cert_ca", "token.cert_unsupported",
	"token.cert_legacy",
	codePINBlocked, "pin.wrong", "pin.not_initialised", "pin.must_change", "pin.cancelled", "pin.format", "pin.removed", pin.CodeUnsettled,
}

// Codes returns every code that the agent itself may send, sorted. A code that
// comes from the portal is handed through to the page unchanged and isn't here.
func Codes() []string {
	out := slices.Clone(codes)
	slices.Sort(out)
	return out
}

// Error is a failure with a stable code. Callers match the code with CodeOf.
type Error struct {
	// ErrorCode is the stable code, for example "agent.busy".
	ErrorCode string
	// Cause is for the log; may be nil.
	Cause error
}

// Error returns the code and the cause.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.ErrorCode
	}
	return e.ErrorCode + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code returns the stable code.
func (e *Error) Code() string { return e.ErrorCode }

func fail(code string, cause error) error { return &Error{ErrorCode: code, Cause: cause} }

// CodeOf returns the stable code of err: that of the outermost error in its
// chain that has one, CodeTimeout or CodeCancelled for a context's end, else CodeInternal.
func CodeOf(err error) string {
	var coded interface{ Code() string }
	var statement *challenge.Error
	switch {
	case errors.As(err, &coded):
		return coded.Code()
	case errors.As(err, &statement):
		return statement.Code
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	case errors.Is(err, context.Canceled):
		return CodeCancelled
	}
	return CodeInternal
}

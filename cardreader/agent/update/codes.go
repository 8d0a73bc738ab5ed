// SPDX-License-Identifier: Apache-2.0

package update

import (
	"errors"
	"slices"
)

// The codes of what may go wrong with an update. They are stable.
const (
	CodeNone        = "update.none"        // this build has no place to get updates from
	CodeVersion     = "update.version"     // this build has no version that could be compared
	CodeRoot        = "update.root"        // the trusted root that came with the package can't be used
	CodeState       = "update.state"       // the folder that remembers what was seen can't be used
	CodeBusy        = "update.busy"        // another update is at work
	CodeUnreachable = "update.unreachable" // the server can't be reached, or has not what was asked for
	CodeInsecure    = "update.insecure"    // an address that is not https, a redirection to one, or a server with no certificate for it
	CodeTimeout     = "update.timeout"     // the server stopped in the middle
	CodeCut         = "update.cut"         // the connection ended in the middle
	CodeTooLong     = "update.too_long"    // more bytes, or more new roots, than there may be
	CodeMalformed   = "update.malformed"   // metadata that is not what it must be
	CodeSignature   = "update.signature"   // not signed by enough of the right keys
	CodeRollback    = "update.rollback"    // metadata older than what was seen already
	CodeExpired     = "update.expired"     // metadata, or a certificate of the server, whose time is over
	CodeMismatch    = "update.mismatch"    // metadata that do not belong together
	CodeClock       = "update.clock"       // this computer's clock is behind
	CodePlatform    = "update.platform"    // there are packages, but none for this system
	CodePackage     = "update.package"     // the package is not the one that was signed
	CodeCurrent     = "update.current"     // nothing newer is there
	CodeDisk        = "update.disk"        // the package, or what was seen, can't be written down
	CodeNotRoot     = "update.not_root"    // only the administrator may install
	CodeExposed     = "update.exposed"     // somebody else could exchange what is installed, or what it is judged by
	CodeInstaller   = "update.installer"   // no package manager was found
	CodeInstall     = "update.install"     // the package manager failed
	CodeProgram     = "update.program"     // the program that fetches updates is missing
	CodeInterrupted = "update.interrupted" // the person, or the system, ended it
	CodeInternal    = "update.internal"    // anything else
)

var codes = []string{CodeNone, CodeVersion, CodeRoot, CodeState, CodeBusy, CodeUnreachable, CodeInsecure, CodeTimeout, CodeCut, CodeTooLong, CodeMalformed,
	CodeSignature, CodeRollback, CodeExpired, CodeMismatch, CodeClock, CodePlatform, CodePackage, CodeCurrent, CodeDisk, CodeNotRoot, CodeExposed,
	CodeInstaller, CodeInstall, CodeProgram, CodeInterrupted, CodeInternal}

// Codes returns every code, sorted.
func Codes() []string {
	out := slices.Clone(codes)
	slices.Sort(out)
	return out
}

// Exit codes of the commands, for programs. Those of all programs (2 wrong command line, 3 wrong configuration, 4 already running) stand beside them.
const (
	ExitNewer       = 10 // a newer version is there
	ExitRefused     = 11 // what the server gave is not to be trusted
	ExitUnreachable = 12 // the server did not give it
	ExitNone        = 13 // this build has no updates
	ExitNotRoot     = 14 // only the administrator may install
)

// Exit is the exit code of a failure's code: 1 when no other fits.
func Exit(code string) int {
	switch code {
	case CodeNone, CodeVersion:
		return ExitNone
	case CodeUnreachable, CodeTimeout, CodeCut:
		return ExitUnreachable
	case CodeInsecure, CodeTooLong, CodeMalformed, CodeSignature, CodeRollback, CodeExpired, CodeMismatch, CodePackage:
		return ExitRefused
	case CodeNotRoot:
		return ExitNotRoot
	case CodeRoot:
		return 3
	case CodeBusy:
		return 4
	}
	return 1
}

// Error is a failure with a stable code. Callers match the code with CodeOf.
type Error struct {
	// ErrorCode is the stable code, for example "update.rollback".
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

// Fail makes an Error.
func Fail(code string, cause error) error { return &Error{ErrorCode: code, Cause: cause} }

// CodeOf returns the code of the outermost Error in the chain of err, CodeInternal when there is none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.ErrorCode
	}
	return CodeInternal
}

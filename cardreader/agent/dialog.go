// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/cardreader/agent/pinentry"
)

// ended is why ctx ended: what the person did in the window counts more than that it ended. A door's own reason (the end of its input, a
// message that has no place) is for the log: to the person and the portal the page went away.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	var coded interface{ Code() string }
	switch {
	case errors.As(cause, &coded):
		return cause
	case ctx.Err() == nil || errors.Is(cause, ctx.Err()):
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ctx.Err(), cause)
}

// dialogError turns a dialog's failure into one with a code.
func dialogError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, pinentry.ErrCancelled):
		return fail(CodeDeclined, nil)
	case ctx.Err() != nil:
		return ended(ctx)
	case errors.Is(err, pinentry.ErrTimeout):
		return fail(CodeTimeout, nil)
	}
	return fail(CodePinentry, err)
}

// timeLeft is how long a dialog may stay: a little less than the statement lives.
func timeLeft(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return time.Minute
	}
	return max(time.Until(end)-time.Second, time.Second)
}

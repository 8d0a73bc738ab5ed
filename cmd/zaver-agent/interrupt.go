// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"zaver/cardreader/agent"
)

// ownEnd returns a context that ends with parent, for the reason that the person declined: at a terminal nobody else ends a command, and no
// page went away. The function frees what it holds.
func ownEnd(parent context.Context) (context.Context, func()) {
	ctx, end := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		end(&agent.Error{ErrorCode: agent.CodeDeclined, Cause: context.Cause(parent)})
	})
	return ctx, func() {
		stop()
		end(nil)
	}
}

// ownReason is err, or why ctx ended where err only says that it did.
func ownReason(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && agent.CodeOf(err) == agent.CodeCancelled {
		return context.Cause(ctx)
	}
	return err
}

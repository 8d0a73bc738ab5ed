// SPDX-License-Identifier: Apache-2.0

package cards

import (
	"errors"
	"fmt"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/card"
	"zaver/signature/pin"
)

// On a keypad, silence is not a no.
func TestSilentKeypadIsLate(t *testing.T) {
	silent := &pin.Error{Reason: pin.ReasonCancelled, Cause: fmt.Errorf("keypad: %w", card.ErrPadTimeout)}
	for _, c := range []struct {
		name, code string
		err        error
	}{
		{"nothing typed in time", agent.CodeTimeout, silent},
		{"called off on the keypad", "pin.cancelled", &pin.Error{Reason: pin.ReasonCancelled}},
		{"another failure", agent.CodeInternal, errors.New("x")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := agent.CodeOf(late(c.err)); got != c.code {
				t.Errorf("got %s", got)
			}
		})
	}
	if late(nil) != nil {
		t.Error("a success became a failure")
	}
}

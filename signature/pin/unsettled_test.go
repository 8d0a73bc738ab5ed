// SPDX-License-Identifier: Apache-2.0

package pin_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"zaver/signature/pin"
)

func TestUnsettled(t *testing.T) {
	wrong := &pin.Error{Reason: pin.ReasonWrong}
	err := error(&pin.Unsettled{Cause: wrong})
	if refused := (*pin.Error)(nil); errors.As(err, &refused) {
		t.Error("what nobody knows is told as a wrong PIN")
	}
	if coded, ok := err.(interface{ Code() string }); !ok || coded.Code() != "pin.outcome_unknown" || err.Error() != "pin.outcome_unknown: "+wrong.Error() {
		t.Errorf("got %v", err)
	}
	if got := (&pin.Unsettled{}).Error(); got != "pin.outcome_unknown" {
		t.Errorf("without a cause: %s", got)
	}
}

func TestOutlast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("left")
		parent, leave := context.WithCancelCause(context.WithValue(t.Context(), "k", "v")) //nolint:staticcheck // any key will do
		ctx, end := pin.Outlast(parent, time.Second)
		defer end()
		leave(why)
		time.Sleep(999 * time.Millisecond)
		if synctest.Wait(); ctx.Err() != nil || ctx.Value("k") != "v" {
			t.Errorf("ended with its caller: %v, value %v", ctx.Err(), ctx.Value("k"))
		}
		time.Sleep(time.Millisecond)
		if synctest.Wait(); !errors.Is(context.Cause(ctx), why) {
			t.Errorf("never ends: %v", context.Cause(ctx))
		}
	})
	t.Run("freed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // a timer that stays would keep the bubble from its end
			parent, leave := context.WithCancel(t.Context())
			ctx, end := pin.Outlast(parent, time.Hour)
			leave()
			synctest.Wait()
			end()
			if ctx.Err() == nil {
				t.Error("lives on")
			}
		})
	})
}

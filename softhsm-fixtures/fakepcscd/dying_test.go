// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"testing"

	"zaver/softhsm-fixtures/fakepcscd"
)

// noAccess is what the library makes, now and then, of a service that died while it was being spoken to.
const noAccess = 0x80100027

// TestDyingServiceIsAway: that the service lets nobody in is believed when the service says it, or hangs up on whoever asks again.
func TestDyingServiceIsAway(t *testing.T) {
	for name, c := range map[string]struct {
		command fakepcscd.Command
		rv      uint32
		want    string
	}{
		"guessed in the greeting":       {fakepcscd.EstablishContext, noAccess, "card.no_service"},
		"guessed in the connection":     {fakepcscd.Connect, noAccess, "card.no_service"},
		"the service's own word":        {fakepcscd.EstablishContext, fakepcscd.RVSecurityViolation, "card.no_access"},
		"its own word about the reader": {fakepcscd.Connect, fakepcscd.RVSecurityViolation, "card.no_access"},
	} {
		t.Run(name, func(t *testing.T) {
			a := reader("A")
			d := serve(t, fakepcscd.Options{}, a)
			a.Insert(newToy())
			d.Inject(fakepcscd.Fault{Command: c.command, RV: c.rv})
			_, err := service().Connect(t.Context(), "A")
			wantCode(t, err, c.want)
		})
	}
}

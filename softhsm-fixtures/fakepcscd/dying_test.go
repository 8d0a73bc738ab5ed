// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"testing"

	"zaver/cardreader/pcsc"

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

// TestKilledUnderACommand: the library calls it a refusal when a service dies with a command unread; whoever was taken before is not refused.
func TestKilledUnderACommand(t *testing.T) {
	for name, command := range map[string]fakepcscd.Command{
		"watch": fakepcscd.GetReadersState, "connection": fakepcscd.EstablishContext, "status": fakepcscd.Connect, "transaction": fakepcscd.Status,
		"command": fakepcscd.BeginTransaction, "features": fakepcscd.Transmit, "keypad": fakepcscd.Control,
	} {
		t.Run(name, func(t *testing.T) {
			a := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "A", Pad: fakepcscd.NewPad(fakepcscd.PadOptions{})})
			d := serve(t, fakepcscd.Options{}, a)
			a.Insert(newToy())
			a.Pad().Person(fakepcscd.Press{Digits: "1234"})
			d.Inject(fakepcscd.Fault{Command: command, Unread: true})
			if name == "watch" {
				for s := range pcsc.New(pcsc.Config{}).Watch(t.Context()) {
					if s.Err != nil {
						wantCode(t, s.Err, "card.no_service")
						return
					}
				}
				t.Fatal("the watch ended")
			}
			wantCode(t, session(t.Context(), service()), "card.no_service")
		})
	}
}

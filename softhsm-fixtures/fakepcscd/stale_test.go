// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"bytes"
	"testing"

	"zaver/softhsm-fixtures/fakepcscd"
)

// TestRemovalBehindAStaleTable: the library keeps one table of readers for all its callers, and what another caller had read before may be what a
// caller compares; the event that it hides does not come again. That the card was pulled is told all the same.
func TestRemovalBehindAStaleTable(t *testing.T) {
	a := reader("A")
	d := serve(t, fakepcscd.Options{}, a)
	a.Insert(newToy())
	conn := connect(t, service(), "A")
	lock(t, conn)
	var before []byte
	d.Inject(
		fakepcscd.Fault{Command: fakepcscd.Transmit, RV: fakepcscd.RVNotTransacted},
		fakepcscd.Fault{Command: fakepcscd.WaitStateChange, Edit: func(table []byte) []byte {
			before = bytes.Clone(table)
			return table
		}},
		fakepcscd.Fault{Command: fakepcscd.WaitStateChange, Before: a.Remove, Edit: func([]byte) []byte { return before }},
	)
	_, err := conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0})
	wantCode(t, err, "card.removed")
}

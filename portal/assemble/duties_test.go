// SPDX-License-Identifier: Apache-2.0

package assemble

import (
	"testing"

	"zaver/portal/notify"
	"zaver/portal/store"
)

// B4: no durable job goes on for ever, and who waits for its end is told.
func TestEveryDurableJobEnds(t *testing.T) {
	p := &Portal{store: &store.Store{}}
	for kind, h := range p.handlers(notify.New(notify.Config{})) {
		if h.Every > 0 {
			continue // the store ends a run that fails until the next is due
		}
		if h.GiveUpAfter <= 0 || h.GaveUp == nil {
			t.Errorf("jobs %s have no end", kind)
		}
	}
}

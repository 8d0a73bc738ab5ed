// SPDX-License-Identifier: Apache-2.0

package wiped

import (
	"testing"

	"zaver/softhsm-fixtures/chip"
	"zaver/softhsm-fixtures/memscan"
	"zaver/softhsm-fixtures/pinentry"
)

// TestPINIsLocked looks into the agent while a card does not answer the command that carries the PIN: every copy that there is lies in locked memory, so
// that none reaches the swap file, however long the card thinks.
func TestPINIsLocked(t *testing.T) {
	for name, give := range map[string]func(*computer) (secret string, hanging <-chan struct{}, release func()){
		"UEC": func(c *computer) (string, <-chan struct{}, func()) {
			made, secret := card(c)
			hanging := made.Hanging()
			made.Inject(hangAtVerify)
			return secret, hanging, made.Release
		},
		"PIV": func(c *computer) (string, <-chan struct{}, func()) {
			made, secret := pivOf(c)
			hanging := made.Hanging()
			made.Inject(chip.Fault{INS: 0x20, Data: true, Action: chip.Hang})
			return secret, hanging, made.Release
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newComputer(t, "run", someone(970_001))
			secret, hanging, release := give(c)
			must(t, c.script.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{secret}}))
			c.start()
			last := c.confirm("Rq-aZ0xCw9vQ2_-pLmN")
			select {
			case <-hanging:
			case s := <-last:
				t.Fatalf("the card was not asked: %+v", s)
			}
			found, err := memscan.Process(c.cmd.Process.Pid, memscan.Forms(secret))
			must(t, err)
			if len(found) == 0 {
				t.Error("the search finds nothing, and so proves nothing")
			}
			for _, f := range found {
				if !f.Locked {
					t.Error(f)
				}
			}
			release()
			if s := c.end(last); s.Step == "" {
				t.Errorf("the request ends with %+v", s)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package wiped

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

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

// halfway is a dialog program that has given the PIN and is not done with its answer. It ends with its input.
const halfway = `echo OK
while read -r line; do
	case $line in
	CONFIRM*) sleep 1; echo OK ;;
	GETPIN*) echo D %s; read -r line; exit ;;
	*) echo OK ;;
	esac
done
`

// TestTypedPINIsLocked looks into the agent when the dialog has told the PIN but not ended its answer: the one copy lies in locked memory. A copy on
// a goroutine's stack would be left behind wherever the stack moves from.
func TestTypedPINIsLocked(t *testing.T) {
	c := newComputer(t, "run", someone(970_002))
	secret := softhsm(c)
	program := filepath.Join(t.TempDir(), "halfway")
	must(t, os.WriteFile(program, fmt.Appendf(nil, halfway, secret), 0o600))
	c.options["pinentry"] = []string{"/bin/sh", program}
	c.start()
	last := c.confirm("Rq-aZ0xCw9vQ2_-pLmN")
	unlocked := func(f memscan.Found) bool { return !f.Locked }
	for late := time.Now().Add(30 * time.Second); ; {
		found, err := memscan.Process(c.cmd.Process.Pid, memscan.Forms(secret))
		must(t, err)
		if len(found) > 0 && !slices.ContainsFunc(found, unlocked) { // the line that brought it is wiped
			return
		}
		select {
		case s := <-last:
			t.Fatalf("the PIN was not asked for: %+v", s)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(late) {
			t.Fatalf("found %v", found)
		}
	}
}

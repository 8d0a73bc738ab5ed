// SPDX-License-Identifier: Apache-2.0

package wiped

import (
	"path/filepath"
	"testing"
	"time"

	"zaver/softhsm-fixtures/memscan"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/uec"
)

// A blocked PIN is unblocked within a request: the unblocking code and the new PIN are gone before the agent asks for
// the PIN to sign with.
func TestUnblockingIsGone(t *testing.T) {
	c := newComputer(t, "run", someone(930_001))
	made, _ := card(c)
	made.SetTries(uec.PIN2, 0)
	fresh := number14()
	must(t, c.script.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{c.who.PINs.PUK, fresh, pinentry.Hold(fresh)}}))
	c.start()
	last := c.confirm("Rq-aZ0xCw9vQ2_-pLmN")
	c.shown("GETPIN", 3)
	<-time.After(promise)
	c.gone("after unblocking", c.who.PINs.PUK, fresh)
	must(t, c.script.Release())
	select {
	case <-c.portal.signed:
	case s := <-last:
		t.Fatalf("no signature: %+v", s)
	}
	<-time.After(promise)
	c.gone("while the portal judges", c.who.PINs.PUK, fresh)
	c.portal.answer <- struct{}{}
	c.end(last)
}

// A change of PIN by command leaves neither files nor processes that know one.
func TestChangeIsGone(t *testing.T) {
	for i, d := range []device{devices[0], devices[1], devices[3]} {
		t.Run(d.name, func(t *testing.T) {
			c := newComputer(t, "run", someone(940_001+i))
			old, fresh := d.give(c), d.pin()
			must(t, c.script.Write(pinentry.Script{PIN: []string{old, fresh}}))
			c.start()
			out, exit := c.run("pin", "change", "1", "--lang", "en", "--config", filepath.Join(c.dir, "agent.json"))
			if exit != 0 {
				t.Fatalf("exit %d: %s", exit, out)
			}
			<-time.After(promise)
			for _, pid := range running(t) {
				for _, secret := range []string{old, fresh} {
					found, err := memscan.Process(pid, memscan.Forms(secret))
					must(t, err)
					for _, f := range found {
						t.Error(f)
					}
				}
			}
			c.gone("after the change", old, fresh)
		})
	}
}

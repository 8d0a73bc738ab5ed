// SPDX-License-Identifier: Apache-2.0

package wiped

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/memscan"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/uec"
)

// hangAtVerify has a card never answer the command that carries the PIN.
var hangAtVerify = uec.Fault{INS: 0x20, P2: uec.PIN2, Data: true, Action: uec.Hang}

// The search would find a PIN: while a card does not answer VERIFY the agent still has it, in locked memory.
func TestSearchFindsPINInAgent(t *testing.T) {
	c := newComputer(t, "run", someone(920_001))
	made, secret := card(c)
	must(t, c.script.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{secret}}))
	c.start()
	hanging := made.Hanging()
	made.Inject(hangAtVerify)
	last := c.confirm("Rq-aZ0xCw9vQ2_-pLmN")
	select {
	case <-hanging:
	case s := <-last:
		t.Fatalf("the card was not asked: %+v", s)
	}
	found := c.search(secret)
	if !slices.ContainsFunc(found, func(f memscan.Found) bool { return f.Form == "ASCII" && strings.Contains(f.Where, "zaver-agent") }) {
		t.Errorf("found only %v", found)
	}
	// The card answers 6F00: the try is over, and nothing stays.
	made.Release()
	if s := c.end(last); s.Code == "" {
		t.Errorf("the request ends with %+v", s)
	}
	<-time.After(promise)
	c.gone("after the card's fault", secret)
}

// The search would find a PIN in the worker: while a driver does not come back from a call the worker has it. When the
// request is cancelled the worker is killed.
func TestSearchFindsPINInWorker(t *testing.T) {
	c := newComputer(t, "native-host", someone(920_002))
	secret := softhsm(c)
	faults, err := faultmodule.Compile(t.Context(), t.TempDir())
	must(t, err)
	module := filepath.Join(t.TempDir(), "libfault.so")
	_, err = faults.Install(module, c.modules[0], faultmodule.Hang("C_Sign"))
	must(t, err)
	c.modules = []string{module}
	must(t, c.script.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{secret}}))
	c.start()
	last := c.confirm("Rq-aZ0xCw9vQ2_-pLmN")
	c.shown("GETPIN", 1)
	agents := fmt.Sprintf("process %d ", c.cmd.Process.Pid)
	worker := func(f memscan.Found) bool {
		return strings.HasPrefix(f.Where, "process ") && !strings.HasPrefix(f.Where, agents)
	}
	var found []memscan.Found
	for range 100 {
		if found = c.search(secret); slices.ContainsFunc(found, worker) {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	if !slices.ContainsFunc(found, worker) {
		t.Fatalf("found only %v", found)
	}
	must(t, c.in.Close()) // the browser goes away
	c.end(last)
	<-time.After(promise)
	c.gone("after the browser went away", secret)
}

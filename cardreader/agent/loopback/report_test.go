// SPDX-License-Identifier: Apache-2.0

package loopback_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/loopback"
	"zaver/cardreader/agent/words"
)

// One examination runs at a time, so a page that asks for the report and never reads it would keep the doctor from everybody.
func TestReportThatNobodyReads(t *testing.T) {
	examined := make(chan struct{}, 1000)
	long := fmt.Appendf(nil, `{"x":%q}`, strings.Repeat("x", 16<<20)) // more than sockets hold
	h := open(t, func(c *loopback.Config) {
		c.WaitToWrite(50 * time.Millisecond)
		c.Doctor = func(context.Context, words.Language) ([]byte, error) {
			examined <- struct{}{}
			return long, nil
		}
	})
	ask := "POST /v1/doctor HTTP/1.1\r\nHost: " + h.door.Addr() + "\r\nOrigin: " + h.Portal.URL + "\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + `{"lang":"ru"}`
	h.dial(t, ask)
	<-examined
	again, late := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer again.Stop()
	for {
		select {
		case <-examined:
			return
		case <-again.C:
			h.dial(t, ask) // and stays: who hangs up before the door looks whose the connection is, is refused as nobody
		case <-late:
			t.Fatal("the doctor stays with the page that reads nothing")
		}
	}
}

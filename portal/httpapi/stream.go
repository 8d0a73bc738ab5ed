// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"zaver/portal/account"
	"zaver/portal/fault"
)

const (
	streamsEach = 8
	heartbeat   = 15 * time.Second
)

// streams counts the open event streams.
type streams struct {
	max int

	mu   sync.Mutex // guards all and of
	all  int
	each map[account.ID]int
}

func newStreams(max int) *streams { return &streams{max: max, each: map[account.ID]int{}} }

func (s *streams) enter(id account.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.max || s.each[id] >= streamsEach {
		return false
	}
	s.all++
	s.each[id]++
	return true
}

func (s *streams) leave(id account.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.each[id]--; s.each[id] == 0 {
		delete(s.each, id)
	}
}

// stream tells the browser by server-sent events that something changed; what
// it is, the browser asks for. It ends with the request, the portal, or changes.
func (s *Server) stream(c echo.Context, id account.ID, changes <-chan struct{}) error {
	if !s.streams.enter(id) {
		return fault.New(fault.Busy).After(heartbeat)
	}
	defer s.streams.leave(id)
	s.metrics.streams.Inc()
	defer s.metrics.streams.Dec()

	w := c.Response()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	send := func(lines string) bool {
		if _, err := fmt.Fprint(w, lines); err != nil {
			return false
		}
		w.Flush()
		return true
	}
	if !send("retry: 2000\n\n") {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-c.Request().Context().Done():
			return nil
		case <-s.drained:
			return nil
		case <-beat.C:
			if !send(": still here\n\n") {
				return nil
			}
		case _, open := <-changes:
			if !send("event: change\ndata: {}\n\n") || !open {
				return nil
			}
		}
	}
}

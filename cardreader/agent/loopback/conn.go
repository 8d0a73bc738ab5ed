// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"net"
	"sync"
)

// slotted gives its slot back when it is closed.
type slotted struct {
	net.Conn
	free func()
}

// Close implements net.Conn.
func (s *slotted) Close() error {
	s.free()
	return s.Conn.Close()
}

func onceFunc(slots chan struct{}) func() { return sync.OnceFunc(func() { <-slots }) }

// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"net"
	"sync"
)

// bounded refuses connections beyond the slots at once: a page that opens many must not starve the agent, and another user of this computer,
// who may open as many as they like, gets a part of them only.
type bounded struct {
	net.Listener
	slots   chan struct{}
	foreign func(net.Conn) bool
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case b.slots <- struct{}{}:
			s := &slotted{Conn: c, free: onceFunc(b.slots)}
			if len(b.slots) <= foreignConnections || !b.foreign(c) {
				return s, nil
			}
			_ = s.Close()
		default:
			_ = c.Close()
		}
	}
}

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

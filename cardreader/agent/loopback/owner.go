// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"context"
	"math"
	"net"
	"net/netip"
	"os"
	"sync"
)

// found is what the system tells of a socket of this computer.
type found struct {
	known bool
	user  uint32
	gone  bool // it is closed: nobody waits for an answer
}

// foreignKey is the key under which a connection's context tells whether another user is at its other end.
type foreignKey struct{}

// withOwner lets requests of a connection ask once whose it is: 127.0.0.1 is the address of everybody who is signed in on this computer,
// and an agent answers its own person alone.
func (d *Door) withOwner(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, foreignKey{}, sync.OnceValue(func() bool { return d.isForeign(c) }))
}

// isForeign asks the system whose a connection's other end is.
func (d *Door) isForeign(c net.Conn) bool {
	remote, err1 := netip.ParseAddrPort(c.RemoteAddr().String())
	local, err2 := netip.ParseAddrPort(c.LocalAddr().String())
	if err1 != nil || err2 != nil {
		return false // refuse says what is wrong with the address
	}
	return isForeign(owner(remote, local), d.self.Load())
}

// isForeign is true only where the system tells that another user, or nobody any more, is at the other end.
func isForeign(o found, self uint32) bool { return o.known && (o.gone || o.user != self) }

// HeldByAnother reports whether the system tells that another user of this computer listens on a port of 127.0.0.1: a page's requests would
// reach that user's program, which may call itself an agent.
func HeldByAnother(port int) bool {
	return port > 0 && port <= math.MaxUint16 && isForeign(listener(uint16(port)), ownUser())
}

// foreign reports whether a request is known to come from another user of this computer.
func foreign(ctx context.Context) bool {
	ask, ok := ctx.Value(foreignKey{}).(func() bool)
	return ok && ask()
}

// ownUser is this process's user, as files and sockets show it.
func ownUser() uint32 { return uint32(os.Geteuid()) }

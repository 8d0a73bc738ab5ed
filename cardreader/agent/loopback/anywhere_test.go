// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// A free port is one that is free on both addresses: those that are taken on one are given back and passed over. Other failures are told at once.
func TestAnywhere(t *testing.T) {
	taken := &net.OpError{Op: "listen", Net: "tcp6", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
	for _, c := range []struct {
		name  string
		fails []error // of one taking after the other
		want  error
	}{
		{"free", nil, nil},
		{"taken twice", []error{taken, taken}, nil},
		{"another failure", []error{taken, net.ErrClosed}, net.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			var made []net.Listener
			sockets, err := anywhere(func() ([]net.Listener, error) {
				l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.Close() })
				if made = append(made, l); len(made) <= len(c.fails) {
					return listed(l), c.fails[len(made)-1]
				}
				return listed(l), nil
			})
			last := made[len(made)-1]
			if !errors.Is(err, c.want) || len(sockets) != 1 || sockets[0] != last {
				t.Errorf("got %v, %v", sockets, err)
			}
			for _, l := range made[:len(made)-1] {
				if err := l.Close(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%v was kept: %v", l.Addr(), err)
				}
			}
		})
	}
	tries := 0
	if sockets, err := anywhere(func() ([]net.Listener, error) { tries++; return nil, taken }); !errors.Is(err, syscall.EADDRINUSE) || sockets != nil || tries != mostTaken {
		t.Errorf("never free: %v, %v after %d tries", sockets, err, tries)
	}
}

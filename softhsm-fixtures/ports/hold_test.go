// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"errors"
	"net"
	"strconv"
	"syscall"
	"testing"
)

// greedy binds a socket to a port alone, as whoever asks for any free port does.
func greedy(t *testing.T, port int) error {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	return syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
}

func TestHold(t *testing.T) {
	port, release, err := Hold()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	refused := func(when string) {
		t.Helper()
		if c, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: %v, %v", when, c, err)
		}
		if err := greedy(t, port); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s another takes the port: %v", when, err)
		}
	}
	refused("at first")
	for range 2 {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("who is told the port can't listen: %v", err)
		}
		if second, err := net.Listen("tcp", address); err == nil {
			_ = second.Close()
			t.Error("two listen")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		refused("afterwards")
	}
	release()
	if err := greedy(t, port); err != nil && !errors.Is(err, syscall.EADDRINUSE) { // another process may have it by now
		t.Error(err)
	}
}

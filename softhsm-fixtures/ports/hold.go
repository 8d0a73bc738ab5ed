// SPDX-License-Identifier: Apache-2.0

package ports

import (
	"fmt"
	"net"
	"syscall"
)

// Hold takes a free port of 127.0.0.1 until release is called, and does not listen on it. So a connection to it is refused, nobody who asks
// for any free port gets it, and a program that is told to listen on it can, once at a time: what listens sets SO_REUSEADDR, as Go and
// systemd do. A port that is found free and closed again may be another process's by the time that it is used.
func Hold() (port int, release func(), err error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return 0, nil, fmt.Errorf("hold a port: %w", err)
	}
	release = func() { _ = syscall.Close(fd) }
	port, err = bind(fd)
	if err != nil {
		release()
		return 0, nil, fmt.Errorf("hold a port: %w", err)
	}
	return port, release, nil
}

// bind binds a socket to a free port that others may listen on.
func bind(fd int) (int, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	at := syscall.SockaddrInet4{Addr: [4]byte(net.IPv4(127, 0, 0, 1).To4())}
	if err := syscall.Bind(fd, &at); err != nil {
		return 0, err
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	bound, ok := name.(*syscall.SockaddrInet4)
	if !ok {
		return 0, syscall.EAFNOSUPPORT
	}
	return bound.Port, nil
}

// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// maxSockets bounds the lines that are read of one of the kernel's tables.
const maxSockets = 1 << 17

// Columns of /proc/net/tcp and tcp6 (proc(5)), and the state of a connection that stands.
const (
	columnLocal, columnRemote, columnState, columnUser, columnInode = 1, 2, 3, 7, 9

	established, listening = "01", "0A"
)

// owner says whose socket the other end of a connection within this computer is. In a user namespace, as the packaged service has, all
// other users have the one number of those who have none there, which is not this process's own: they are others all the same.
func owner(remote, local netip.AddrPort) found {
	for _, name := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue // no /proc, or no IPv6
		}
		o := findOwner(f, remote, local)
		_ = f.Close()
		if o.known {
			return o
		}
	}
	return found{}
}

// listener says whose socket takes connections to a port of 127.0.0.1.
func listener(port uint16) found {
	var everywhere found
	for _, name := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue // no /proc, or no IPv6
		}
		o, exact := findListener(f, port)
		_ = f.Close()
		if exact {
			return o
		}
		if !everywhere.known {
			everywhere = o
		}
	}
	return everywhere
}

// findListener looks for a socket that listens on 127.0.0.1 itself, which goes first, or on every address.
func findListener(table io.Reader, port uint16) (o found, exact bool) {
	end := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(table)
	for n := 0; n < maxSockets && lines.Scan(); n++ {
		column := strings.Fields(lines.Text())
		if len(column) <= columnInode || column[columnState] != listening || !strings.HasSuffix(column[columnLocal], end) {
			continue
		}
		at := parseEnd(column[columnLocal]).Addr()
		user, err := strconv.ParseUint(column[columnUser], 10, 32)
		switch {
		case err != nil:
		case at == netip.AddrFrom4([4]byte{127, 0, 0, 1}):
			return found{known: true, user: uint32(user)}, true
		case at.IsUnspecified():
			o = found{known: true, user: uint32(user)}
		}
	}
	return o, false
}

// findOwner looks for the socket from remote to local in one of the kernel's tables.
func findOwner(table io.Reader, remote, local netip.AddrPort) found {
	remote, local = plain(remote), plain(local)
	end := fmt.Sprintf(":%04X", local.Port()) // most lines are other programs'
	lines := bufio.NewScanner(table)
	for n := 0; n < maxSockets && lines.Scan(); n++ {
		column := strings.Fields(lines.Text())
		if len(column) <= columnInode || !strings.HasSuffix(column[columnRemote], end) || parseEnd(column[columnLocal]) != remote || parseEnd(column[columnRemote]) != local {
			continue
		}
		if column[columnInode] == "0" && column[columnState] != established {
			return found{known: true, gone: true} // closed already: the kernel shows it as root's
		}
		if user, err := strconv.ParseUint(column[columnUser], 10, 32); err == nil {
			return found{known: true, user: uint32(user)}
		}
	}
	return found{}
}

// plain writes an IPv4 address in one way: sockets of both families show it.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// parseEnd reads "0100007F:60A2": the address in words of the machine's byte order, the port as a number. What is no address is the zero value.
func parseEnd(s string) netip.AddrPort {
	address, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(address)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	a, _ := netip.AddrFromSlice(b)
	return plain(netip.AddrPortFrom(a, uint16(n)))
}

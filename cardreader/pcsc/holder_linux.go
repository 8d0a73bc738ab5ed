// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"cmp"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// defaultSocket is where pcscd of the distributions listens.
const defaultSocket = "/run/pcscd/pcscd.comm"

// Bounds of the search for a holder.
const (
	maxSocketDump = 1 << 20
	maxProcesses  = 50_000
	maxFiles      = 4096 // of one process
	maxHolders    = 3
)

// holders names the programs of this user, besides this process, that are
// connected to the smart-card service: the kernel knows which sockets are the
// other ends of the service's, and /proc whose they are. It is a hint for
// people: which of them has the card nobody tells. Empty when unknown.
func holders() string {
	inodes := clientSockets(serviceSocket())
	if len(inodes) == 0 {
		return ""
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return ""
	}
	var names []string
	for i, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || i > maxProcesses || !holdsOne(pid, inodes) {
			continue
		}
		if name := programName(pid); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names[:min(len(names), maxHolders)], ", ")
}

// serviceSocket is where the service listens.
func serviceSocket() string {
	if socket := os.Getenv("PCSCLITE_CSOCK_NAME"); socket != "" {
		return socket
	}
	return defaultSocket
}

// holdsOne says whether a process has one of the sockets; not for processes of others.
func holdsOne(pid int, inodes map[uint32]bool) bool {
	dir, err := os.Open(filepath.Join("/proc", strconv.Itoa(pid), "fd"))
	if err != nil {
		return false
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxFiles)
	for _, name := range names {
		link, err := os.Readlink(filepath.Join(dir.Name(), name))
		if err != nil {
			continue
		}
		number, ok := strings.CutPrefix(link, "socket:[")
		if !ok {
			continue
		}
		inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32)
		if err == nil && inodes[uint32(inode)] {
			return true
		}
	}
	return false
}

// programName is the name that the kernel has for a process, with nothing in
// it that could disturb a line of text.
func programName(pid int) string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	if err != nil {
		return ""
	}
	return safeName(string(b))
}

// Layout of sock_diag's answers (linux/unix_diag.h).
const (
	sockDiagByFamily = 20
	diagHeader       = 16 // unix_diag_msg
	diagVFS          = 1  // attribute: inode and device of the socket's file
	diagPeer         = 2
	showVFS          = 2
	showPeer         = 4
	established      = 1 << 1
)

// clientSockets asks the kernel for the other ends of the connections that
// were made to the socket at a path. It compares the file, not the path: the
// service may see it under another name.
func clientSockets(path string) map[uint32]bool {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return nil
	}
	device := unix.Major(st.Dev)<<20 | unix.Minor(st.Dev)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1})
	if unix.Sendto(fd, diagRequest(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return nil
	}
	found := map[uint32]bool{}
	buf := make([]byte, 1<<16)
	for total := 0; total < maxSocketDump; {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil || n == 0 {
			break
		}
		total += n
		if !readDump(buf[:n], uint32(st.Ino), device, found) {
			break
		}
	}
	return found
}

func diagRequest() []byte {
	native := binary.NativeEndian
	b := native.AppendUint32(nil, 16+24)
	b = native.AppendUint16(b, sockDiagByFamily)
	b = native.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = native.AppendUint32(b, 1)
	b = native.AppendUint32(b, 0)
	b = append(b, unix.AF_UNIX, 0, 0, 0)
	for _, v := range []uint32{established, 0, showVFS | showPeer, ^uint32(0), ^uint32(0)} {
		b = native.AppendUint32(b, v)
	}
	return b
}

// readDump reads one datagram of the kernel's answer; false when it was the last.
func readDump(b []byte, inode, device uint32, found map[uint32]bool) bool {
	native := binary.NativeEndian
	for len(b) >= 16 {
		size := int(native.Uint32(b))
		kind := native.Uint16(b[4:])
		if size < 16 || size > len(b) || kind != sockDiagByFamily {
			return false
		}
		if size >= 16+diagHeader {
			if peer, ok := peerOf(b[16+diagHeader:size], inode, device); ok {
				found[peer] = true
			}
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return true
}

// peerOf reads the attributes of one socket; ok when its file is the wanted one.
func peerOf(b []byte, inode, device uint32) (peer uint32, ok bool) {
	native := binary.NativeEndian
	var file, has bool
	for len(b) >= 4 {
		size := int(native.Uint16(b))
		if size < 4 || size > len(b) {
			return 0, false
		}
		value := b[4:size]
		switch kind := native.Uint16(b[2:]); {
		case kind == diagVFS && len(value) >= 8:
			file = cmp.Or(native.Uint32(value)^inode, native.Uint32(value[4:])^device) == 0
		case kind == diagPeer && len(value) >= 4:
			peer, has = native.Uint32(value), true
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return peer, file && has && peer != 0
}

// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"encoding/binary"
	"path/filepath"
	"testing"
)

// diagSocket is one socket as sock_diag tells it.
func diagSocket(attributes ...[]byte) []byte {
	b := make([]byte, 16+diagHeader)
	for _, a := range attributes {
		b = append(b, a...)
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	return b
}

func attribute(kind uint16, values ...uint32) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+4*len(values)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	for _, v := range values {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

func TestReadDump(t *testing.T) {
	const inode, device, peer = 77, 0x100005, 4242
	ours := diagSocket(attribute(diagVFS, inode, device), attribute(diagPeer, peer))
	for _, c := range []struct {
		name string
		in   []byte
		want int
	}{
		{"ours", ours, 1},
		{"attributes the other way round", diagSocket(attribute(diagPeer, peer), attribute(diagVFS, inode, device)), 1},
		{"two", append(append([]byte(nil), ours...), diagSocket(attribute(diagVFS, inode, device), attribute(diagPeer, peer+1))...), 2},
		{"another file", diagSocket(attribute(diagVFS, inode+1, device), attribute(diagPeer, peer)), 0},
		{"another device", diagSocket(attribute(diagVFS, inode, device+1), attribute(diagPeer, peer)), 0},
		{"no peer", diagSocket(attribute(diagVFS, inode, device)), 0},
		{"no file", diagSocket(attribute(diagPeer, peer)), 0},
		{"cut", ours[:len(ours)-3], 0},
		{"head alone", ours[:16], 0},
		{"nothing", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := map[uint32]bool{}
			readDump(c.in, inode, device, found)
			if len(found) != c.want {
				t.Errorf("%v", found)
			}
		})
	}
}

func TestHoldersOfNothing(t *testing.T) {
	t.Setenv("PCSCLITE_CSOCK_NAME", filepath.Join(t.TempDir(), "nothing"))
	if got := holders(); got != "" {
		t.Errorf("%q", got)
	}
}

func FuzzReadDump(f *testing.F) {
	f.Add(diagSocket(attribute(diagVFS, 1, 2), attribute(diagPeer, 3)))
	f.Add(diagSocket([]byte{4, 0, 0, 0, 255, 255}))
	f.Fuzz(func(t *testing.T, b []byte) {
		found := map[uint32]bool{}
		for range 2 {
			readDump(b, 1, 2, found)
		}
		if len(found) > len(b) {
			t.Errorf("%d sockets in %d bytes", len(found), len(b))
		}
	})
}

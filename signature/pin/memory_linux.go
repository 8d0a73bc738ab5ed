// SPDX-License-Identifier: Apache-2.0

package pin

import "golang.org/x/sys/unix"

// allocate returns n zero bytes in pages of their own, locked and kept out of
// core dumps and of children where the system lets us.
func allocate(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		// Out of mappings: the heap does not move objects either.
		return make([]byte, n)
	}
	_ = unix.Mlock(b)
	_ = unix.Madvise(b, unix.MADV_DONTDUMP)
	_ = unix.Madvise(b, unix.MADV_WIPEONFORK)
	return b
}

// release wipes b and unmaps it; unmapping a heap slice is refused by unix.Munmap.
func release(b []byte) {
	clear(b)
	_ = unix.Munmap(b)
}

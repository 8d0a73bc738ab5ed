// SPDX-License-Identifier: Apache-2.0

package streebog

// rounds is the number of iteration constants, and of LPS over the message.
const rounds = 12

// compress is g of RFC 6986 section 7: the cipher of section 6 keyed by
// LPS(h ^ n) over m, then h and m added. Keys and message take turns, so that
// the processor may work on both.
func (h *word) compress(n, m *word) {
	var key, state word
	lps(&key, h, n)
	state = *m
	for i := range constants {
		lps(&state, &state, &key)
		lps(&key, &key, &constants[i])
	}
	for i := range h {
		h[i] ^= m[i] ^ state[i] ^ key[i]
	}
}

// lps is the three transformations S, P and L of RFC 6986 section 6 over a ^ b.
// Output word k takes byte k of each of the eight input words (that is P), and
// a table has what S and L make of such a byte. All is unrolled, and a byte as
// index of 256 needs no bounds check.
func lps(out, a, b *word) {
	t := &tables
	var o0, o1, o2, o3, o4, o5, o6, o7 uint64

	x := a[0] ^ b[0]
	o0, o1 = t[0][uint8(x)], t[0][uint8(x>>8)]
	o2, o3 = t[0][uint8(x>>16)], t[0][uint8(x>>24)]
	o4, o5 = t[0][uint8(x>>32)], t[0][uint8(x>>40)]
	o6, o7 = t[0][uint8(x>>48)], t[0][uint8(x>>56)]

	x = a[1] ^ b[1]
	o0, o1 = o0^t[1][uint8(x)], o1^t[1][uint8(x>>8)]
	o2, o3 = o2^t[1][uint8(x>>16)], o3^t[1][uint8(x>>24)]
	o4, o5 = o4^t[1][uint8(x>>32)], o5^t[1][uint8(x>>40)]
	o6, o7 = o6^t[1][uint8(x>>48)], o7^t[1][uint8(x>>56)]

	x = a[2] ^ b[2]
	o0, o1 = o0^t[2][uint8(x)], o1^t[2][uint8(x>>8)]
	o2, o3 = o2^t[2][uint8(x>>16)], o3^t[2][uint8(x>>24)]
	o4, o5 = o4^t[2][uint8(x>>32)], o5^t[2][uint8(x>>40)]
	o6, o7 = o6^t[2][uint8(x>>48)], o7^t[2][uint8(x>>56)]

	x = a[3] ^ b[3]
	o0, o1 = o0^t[3][uint8(x)], o1^t[3][uint8(x>>8)]
	o2, o3 = o2^t[3][uint8(x>>16)], o3^t[3][uint8(x>>24)]
	o4, o5 = o4^t[3][uint8(x>>32)], o5^t[3][uint8(x>>40)]
	o6, o7 = o6^t[3][uint8(x>>48)], o7^t[3][uint8(x>>56)]

	x = a[4] ^ b[4]
	o0, o1 = o0^t[4][uint8(x)], o1^t[4][uint8(x>>8)]
	o2, o3 = o2^t[4][uint8(x>>16)], o3^t[4][uint8(x>>24)]
	o4, o5 = o4^t[4][uint8(x>>32)], o5^t[4][uint8(x>>40)]
	o6, o7 = o6^t[4][uint8(x>>48)], o7^t[4][uint8(x>>56)]

	x = a[5] ^ b[5]
	o0, o1 = o0^t[5][uint8(x)], o1^t[5][uint8(x>>8)]
	o2, o3 = o2^t[5][uint8(x>>16)], o3^t[5][uint8(x>>24)]
	o4, o5 = o4^t[5][uint8(x>>32)], o5^t[5][uint8(x>>40)]
	o6, o7 = o6^t[5][uint8(x>>48)], o7^t[5][uint8(x>>56)]

	x = a[6] ^ b[6]
	o0, o1 = o0^t[6][uint8(x)], o1^t[6][uint8(x>>8)]
	o2, o3 = o2^t[6][uint8(x>>16)], o3^t[6][uint8(x>>24)]
	o4, o5 = o4^t[6][uint8(x>>32)], o5^t[6][uint8(x>>40)]
	o6, o7 = o6^t[6][uint8(x>>48)], o7^t[6][uint8(x>>56)]

	x = a[7] ^ b[7]
	o0, o1 = o0^t[7][uint8(x)], o1^t[7][uint8(x>>8)]
	o2, o3 = o2^t[7][uint8(x>>16)], o3^t[7][uint8(x>>24)]
	o4, o5 = o4^t[7][uint8(x>>32)], o5^t[7][uint8(x>>40)]
	o6, o7 = o6^t[7][uint8(x>>48)], o7^t[7][uint8(x>>56)]

	// Word by word: a literal would be built aside and copied in halves that the
	// processor cannot forward.
	out[0], out[1], out[2], out[3] = o0, o1, o2, o3
	out[4], out[5], out[6], out[7] = o4, o5, o6, o7
}

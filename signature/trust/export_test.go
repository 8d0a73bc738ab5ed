// SPDX-License-Identifier: Apache-2.0

package trust

// ReadContent reads what was signed, without a signature, for the fuzz target.
func ReadContent(content []byte) (*List, error) {
	l := &List{}
	return l, newListReader(content, l).read()
}

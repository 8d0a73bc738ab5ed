// SPDX-License-Identifier: Apache-2.0

package pcsc

import "strings"

// maxName is the length of a program's name in the kernel.
const maxName = 15

// safeName keeps letters, digits and a few signs of a program's name.
func safeName(s string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-+:", r):
			return r
		}
		return -1
	}, strings.TrimSpace(s))
	return clean[:min(len(clean), maxName)]
}

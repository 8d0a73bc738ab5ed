// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"fmt"
	"strconv"
)

// maxTries bounds a number of tries; cards count to 15.
const maxTries = 255

// Tries is how many times a PIN may still be tried. Unknown (the zero value),
// a number, and blocked are three different things: "unknown" is never shown
// as a number and never taken for leave to try again. Values compare by ==.
type Tries struct {
	known bool
	n     uint8
}

// Unknown says that the device does not tell.
func Unknown() Tries { return Tries{} }

// Left says that n tries are left; n under 1 is Blocked, n over 255 is 255.
func Left(n int) Tries { return Tries{known: true, n: uint8(max(0, min(n, maxTries)))} }

// Blocked says that no try is left.
func Blocked() Tries { return Tries{known: true} }

// Count returns the tries left and whether the device told: (0, true) when
// blocked, (0, false) when unknown.
func (t Tries) Count() (n int, known bool) { return int(t.n), t.known }

// Blocked reports that the device told that no try is left.
func (t Tries) Blocked() bool { return t.known && t.n == 0 }

// String returns "unknown", "blocked" or the number.
func (t Tries) String() string {
	switch {
	case !t.known:
		return "unknown"
	case t.n == 0:
		return "blocked"
	default:
		return strconv.Itoa(int(t.n))
	}
}

// MarshalText writes what String returns.
func (t Tries) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote and nothing else.
func (t *Tries) UnmarshalText(b []byte) error {
	if len(b) > len("unknown") {
		return fmt.Errorf("read tries: %d bytes", len(b))
	}
	switch s := string(b); s {
	case "unknown":
		*t = Unknown()
	case "blocked":
		*t = Blocked()
	default:
		n, err := strconv.ParseUint(s, 10, 8)
		if err != nil || n == 0 || s[0] == '0' || s[0] == '+' {
			return fmt.Errorf("read tries: not a number from 1 to %d", maxTries)
		}
		*t = Left(int(n))
	}
	return nil
}

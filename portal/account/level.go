// SPDX-License-Identifier: Apache-2.0

package account

import "fmt"

// Level is how much is known of the holder. Levels are ordered: a higher one
// holds everything that a lower one does.
//
//	none ──▶ simplified ──▶ standard ──▶ confirmed
//	            ▲ │  ▲          │  ▲          │
//	            │ └──┼──────────┘  └──────────┤   down: data found wrong, document
//	            │    └────────────────────────┘   or certificate revoked
type Level int

// The ladder.
const (
	// None is an account that has no confirmed contact; it is never stored.
	None Level = iota
	// Simplified has a confirmed phone or e-mail.
	Simplified
	// Standard has person data that the state registers confirmed.
	Standard
	// Confirmed has a holder whose identity one of the methods confirmed.
	Confirmed
)

var levelNames = [...]string{"none", "simplified", "standard", "confirmed"}

// String returns the level's stable name.
func (l Level) String() string {
	if l < None || l > Confirmed {
		return fmt.Sprintf("level(%d)", int(l))
	}
	return levelNames[l]
}

// ParseLevel reads a level's stable name.
func ParseLevel(s string) (Level, error) {
	for i, name := range levelNames {
		if name == s {
			return Level(i), nil
		}
	}
	return None, fmt.Errorf("parse level: unknown name %q", s)
}

// Levels lists every level, lowest first.
func Levels() []Level { return []Level{None, Simplified, Standard, Confirmed} }

// moves is the table of legal level changes. One step up at a time, each by
// its own check; down only as far as what is still known allows.
var moves = map[Level][]Level{
	None:       {Simplified},
	Simplified: {Standard},
	Standard:   {Confirmed, Simplified},
	Confirmed:  {Standard, Simplified},
}

// MayMove reports whether an account may go from one level to another. Staying
// is not a move.
func MayMove(from, to Level) bool {
	for _, l := range moves[from] {
		if l == to {
			return true
		}
	}
	return false
}

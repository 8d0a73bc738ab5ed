// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"time"

	"zaver/signature/algo"
)

// Obstacle is why a certificate's key may not sign at a moment. Its words are stable: programs for tokens and cards put
// "token." or "card." before them and have a code.
type Obstacle string

// The obstacles, the first that applies counts.
const (
	ObstacleKey      Obstacle = "cert_unsupported" // the key's algorithm or size is not in the table
	ObstacleLegacy   Obstacle = "cert_legacy"      // a key of GOST R 34.10-2001, which may sign no more
	ObstacleCA       Obstacle = "cert_ca"          // a certificate of a certification authority
	ObstacleUsage    Obstacle = "cert_key_usage"   // not meant for signatures
	ObstacleEarly    Obstacle = "cert_not_yet"     // its time, or its key's, has not begun
	ObstacleExpired  Obstacle = "cert_expired"     // its time is over
	ObstacleKeyEnded Obstacle = "key_expired"      // the private key's own time of use is over
)

// Obstacles returns every obstacle.
func Obstacles() []Obstacle {
	return []Obstacle{ObstacleKey, ObstacleLegacy, ObstacleCA, ObstacleUsage, ObstacleEarly, ObstacleExpired, ObstacleKeyEnded}
}

// Obstacle says what keeps the key from signing a statement at a moment, "" when nothing does. It looks at the
// certificate alone; chain, revocation and accreditation are for others to judge.
func (c *Certificate) Obstacle(at time.Time) Obstacle {
	if c.PublicKey == nil {
		return ObstacleKey
	}
	if c.PublicKey.Kind() == algo.GOST2001 {
		return ObstacleLegacy
	}
	if _, err := algo.ForKey(c.PublicKey.Kind(), c.PublicKey.Bits()); err != nil {
		return ObstacleKey
	}
	switch {
	case c.IsCA:
		return ObstacleCA
	case c.HasKeyUsage && c.KeyUsage&(DigitalSignature|NonRepudiation) == 0:
		return ObstacleUsage
	case at.Before(c.NotBefore), !c.KeyNotBefore.IsZero() && at.Before(c.KeyNotBefore):
		return ObstacleEarly
	case at.After(c.NotAfter):
		return ObstacleExpired
	case !c.KeyUsableAt(at):
		return ObstacleKeyEnded
	}
	return ""
}

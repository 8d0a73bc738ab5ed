// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
)

// secret makes a token of 32 random bytes and its SHA-256, which alone is stored.
func secret() (token string, hash [32]byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, sha256.Sum256([]byte(token))
}

// hashOf is the stored form of a token that came from outside; tokens are of one
// length, so anything longer is no token.
func hashOf(token string) ([32]byte, bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(32) {
		return [32]byte{}, false
	}
	return sha256.Sum256([]byte(token)), true
}

// nonce makes the 32 random bytes of a statement.
func nonce() (b [32]byte) {
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return b
}

// name makes a random public name of 16 bytes.
func name() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// isName reports whether s may be a name that name made.
func isName(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 16 && hex.EncodeToString(b) == s
}

// controlCode makes 4 digits, each code equally likely.
func controlCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(10_000))
	if err != nil {
		return "", fmt.Errorf("make control code: %w", err)
	}
	return fmt.Sprintf("%04d", n.Int64()), nil
}

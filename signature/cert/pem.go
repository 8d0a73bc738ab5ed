// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"encoding/pem"
	"fmt"
)

// PEM returns the certificate as one PEM block.
func (c *Certificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// ParsePEM reads a bundle: CERTIFICATE blocks with any text between them. A
// block of another kind or a broken one is refused, never skipped, since a
// skipped anchor or a private key among anchors should not stay unseen. Codes:
// cert.malformed, cert.too_large.
func ParsePEM(b []byte) ([]*Certificate, error) {
	if len(b) > MaxBundle {
		return nil, &Error{Code: codeTooLarge, Reason: fmt.Sprintf("bundle of more than %d bytes", MaxBundle)}
	}
	begins := bytes.Count(b, []byte("-----BEGIN "))
	if begins > MaxBundleCount {
		return nil, &Error{Code: codeTooLarge, Reason: fmt.Sprintf("bundle of more than %d certificates", MaxBundleCount)}
	}
	var out []*Certificate
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 {
			return nil, malformed("PEM block %d is no plain CERTIFICATE", len(out)+1)
		}
		c, err := Parse(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read PEM block %d: %w", len(out)+1, err)
		}
		out = append(out, c)
	}
	if len(out) == 0 || len(out) != begins {
		return nil, malformed("bundle has %d PEM blocks, of which %d are readable", begins, len(out))
	}
	return out, nil
}

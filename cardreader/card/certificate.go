// SPDX-License-Identifier: Apache-2.0

package card

import (
	"context"
	"errors"

	"zaver/cardreader/apdu"
	"zaver/signature/cert"
)

// Certificate reads the certificate of the signature key, which needs no PIN.
// It is read from the card once.
func (c *Card) Certificate(ctx context.Context) (*cert.Certificate, error) {
	certs, err := c.Certificates(ctx)
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}

// Certificates reads the whole certificate file: the signature certificate and
// whatever chain follows it. There is at least one on success.
func (c *Card) Certificates(ctx context.Context) ([]*cert.Certificate, error) {
	c.mu.Lock()
	certs := c.certs
	c.mu.Unlock()
	if certs != nil {
		return certs, nil
	}
	err := c.section(ctx, false, func(s *session) (err error) {
		certs, err = s.readCertificates(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.certs = certs
	return certs, nil
}

// readFile reads a whole transparent file in chunks, bounded by the profile.
func (s *session) readFile(ctx context.Context, f *Place) ([]byte, error) {
	const op = "read a file"
	fcp, err := s.selectFile(ctx, f.FID, 0x04)
	if err != nil {
		return nil, err
	}
	size := f.Max
	if object, ok := apdu.Find(fcp, 0x62, 0x80); ok && len(object.Value) == 2 {
		size = int(object.Value[0])<<8 | int(object.Value[1])
	}
	if size > f.Max {
		return nil, &Error{Reason: Protocol, Op: op, Cause: errors.New("the file is longer than the profile allows")}
	}
	var content []byte
	for len(content) < size {
		at := len(content)
		want := min(s.card.profile.Chunk, size-at)
		r, err := s.channel.Exchange(ctx, apdu.Command{INS: 0xB0, P1: byte(at >> 8), P2: byte(at), Le: want})
		if err != nil {
			return nil, wrap(op, err)
		}
		end := r.SW.Meaning() == apdu.EndOfData
		if !r.SW.OK() && !end {
			return nil, s.card.statusError(op, r.SW)
		}
		if len(r.Data) > want {
			return nil, &Error{Reason: Protocol, Op: op, Cause: errors.New("the card gave more than was asked")}
		}
		content = append(content, r.Data...)
		if end || len(r.Data) == 0 {
			break
		}
	}
	return content, nil
}

// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"zaver/cardreader/apdu"
	"zaver/signature/cert"
)

// readCertificates reads the place that the profile names and takes the
// certificates out of it.
func (s *session) readCertificates(ctx context.Context) ([]*cert.Certificate, error) {
	const op = "read the certificate"
	place := &s.card.profile.Certificate
	content, err := s.readPlace(ctx, &place.Place)
	if e := (*Error)(nil); errors.As(err, &e) && e.Reason != Insecure && e.SW.Meaning() == apdu.NotFound {
		return nil, &Error{Reason: NoCertificate, Op: op, SW: e.SW}
	}
	if err != nil {
		return nil, err
	}
	der, err := place.open(content)
	if err == nil && len(bytes.Trim(der, "\x00\xFF")) == 0 {
		return nil, &Error{Reason: NoCertificate, Op: op}
	}
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	certs, err := splitCertificates(der)
	if err != nil {
		return nil, &Error{Reason: Protocol, Op: op, Cause: err}
	}
	return certs, nil
}

// readPlace reads a file or a data object, bounded by the profile.
func (s *session) readPlace(ctx context.Context, place *Place) ([]byte, error) {
	if place.Object != 0 {
		return s.readObject(ctx, place.Object, place.Max)
	}
	return s.readFile(ctx, place)
}

// readObject asks for a data object by its tag in a tag list (ISO/IEC 7816-4
// section 11.5.4) and returns the whole answer, of at most most bytes.
func (s *session) readObject(ctx context.Context, tag apdu.Tag, most int) ([]byte, error) {
	op := "read data object " + tag.String()
	r, err := s.exchange(ctx, op, apdu.Command{
		INS: 0xCB, P1: 0x3F, P2: 0xFF, Data: apdu.TagList(tag), Le: apdu.MaxShortLe,
	})
	if err != nil {
		return nil, err
	}
	if len(r.Data) > most {
		return nil, &Error{Reason: Protocol, Op: op, Cause: errors.New("the object is longer than the profile allows")}
	}
	return r.Data, nil
}

// open takes the certificate out of the container's bytes. No bytes and no
// error say that the container is empty.
func (p *Container) open(content []byte) ([]byte, error) {
	if len(p.Path) == 0 {
		return content, nil
	}
	der, found, err := apdu.Contents(content, p.Path...)
	if err != nil {
		return nil, fmt.Errorf("at %s: %w", p.Path, err)
	}
	if !found || len(der) == 0 || len(p.Compression) == 0 {
		return der, nil
	}
	flag, found, err := apdu.Contents(content, p.Compression...)
	switch {
	case err != nil:
		return nil, fmt.Errorf("at %s: %w", p.Compression, err)
	case !found || len(flag) == 0 || flag[0]&0x01 == 0:
		return der, nil
	}
	return inflate(der, p.Max)
}

// inflate uncompresses gzip (RFC 1952) of at most most bytes.
func inflate(b []byte, most int) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("compressed certificate: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("compressed certificate: %w", err)
	}
	if len(out) > most {
		return nil, errors.New("compressed certificate: longer than the profile allows")
	}
	return out, nil
}

// splitCertificates cuts bytes into DER certificates; bytes 00 and FF after
// the last one are the unused end of the file.
func splitCertificates(b []byte) ([]*cert.Certificate, error) {
	var certs []*cert.Certificate
	for len(bytes.Trim(b, "\x00\xFF")) > 0 {
		n, err := derLength(b)
		if err != nil {
			return nil, err
		}
		c, err := cert.Parse(b[:n])
		if err != nil {
			return nil, err
		}
		certs, b = append(certs, c), b[n:]
	}
	if len(certs) == 0 {
		return nil, errors.New("the certificate file is empty")
	}
	return certs, nil
}

// derLength returns the length in bytes of the DER SEQUENCE at the start of b.
func derLength(b []byte) (int, error) {
	cut := errors.New("the certificate file holds no whole DER SEQUENCE")
	if len(b) < 2 || b[0] != 0x30 {
		return 0, cut
	}
	n, head := int(b[1]), 2
	if n >= 0x80 {
		size := n & 0x7F
		if size < 1 || size > 3 || len(b) < 2+size {
			return 0, cut
		}
		n, head = 0, 2+size
		for _, c := range b[2:head] {
			n = n<<8 | int(c)
		}
	}
	if n > len(b)-head {
		return 0, cut
	}
	return head + n, nil
}

// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"zaver/signature/pin"
)

// A frame is one byte of kind, four bytes of length (big-endian), and the payload. Nothing is buffered
// beyond the frame asked for: what follows may be a PIN, which must be read into its own memory only.
const (
	kindJSON byte = 'J' // a request or a reply
	kindPIN  byte = 'P' // the bytes of a PIN and nothing else

	frameHeader = 5
	maxFrame    = 1 << 20 // bytes of JSON
)

var errFrame = errors.New("malformed frame")

// readHeader reads and checks a frame's header. io.EOF means that the other side ended between frames.
func readHeader(r io.Reader, kind byte) (int, error) {
	var h [frameHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, err
	}
	n, limit := binary.BigEndian.Uint32(h[1:]), uint32(maxFrame)
	if kind == kindPIN {
		limit = pin.MaxLen
	}
	if h[0] != kind || n == 0 || n > limit {
		return 0, fmt.Errorf("%w: kind %#x, length %d", errFrame, h[0], n)
	}
	return int(n), nil
}

func header(kind byte, n int) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, uint32(n))
}

// readJSON reads one JSON frame into v; fields that v does not have are refused.
func readJSON(r io.Reader, v any) error {
	n, err := readHeader(r, kindJSON)
	if err != nil {
		return err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: bytes after the message", errFrame)
	}
	return nil
}

func writeJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	if len(b) > maxFrame {
		return fmt.Errorf("%w: %d bytes", errFrame, len(b))
	}
	_, err = w.Write(append(header(kindJSON, len(b)), b...))
	return err
}

// readPIN reads a PIN frame straight into locked memory. The caller wipes it.
func readPIN(r io.Reader) (*pin.PIN, error) {
	n, err := readHeader(r, kindPIN)
	if err != nil {
		return nil, err
	}
	p := pin.New(make([]byte, n))
	if err := p.Use(func(b []byte) error {
		_, err := io.ReadFull(r, b)
		return err
	}); err != nil {
		p.Wipe()
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	return p, nil
}

// writePIN writes a PIN frame straight from locked memory.
func writePIN(w io.Writer, p *pin.PIN) error {
	return p.Use(func(b []byte) error {
		if len(b) == 0 || len(b) > pin.MaxLen {
			return fmt.Errorf("%w: PIN of %d bytes", errFrame, len(b))
		}
		if _, err := w.Write(header(kindPIN, len(b))); err != nil {
			return err
		}
		_, err := w.Write(b)
		return err
	})
}

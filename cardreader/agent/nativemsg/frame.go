// SPDX-License-Identifier: Apache-2.0

package nativemsg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds of one message, in bytes, without its length.
const (
	MaxIn  = 8 << 10   // from the browser; it may send 64 MiB
	MaxOut = 256 << 10 // to the browser, which ends the connection above 1 MiB
)

// ErrTooLong is wrapped when a message is longer than its bound.
var ErrTooLong = errors.New("message is too long")

// lengthSize is the size of a message's length, which is in the byte order of the machine: both ends are the same one.
const lengthSize = 4

// ReadFrame reads one message of at most limit bytes. The end of r before the first byte is io.EOF, in a message
// io.ErrUnexpectedEOF; a longer message is ErrTooLong and nothing of it is read.
func ReadFrame(r io.Reader, limit int) ([]byte, error) {
	var length [lengthSize]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.NativeEndian.Uint32(length[:])
	if uint64(n) > uint64(limit) {
		return nil, fmt.Errorf("%w: %d bytes of at most %d", ErrTooLong, n, limit)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return body, nil
}

// WriteFrame writes one message in one call. More than MaxOut bytes are ErrTooLong, and nothing is written.
func WriteFrame(w io.Writer, body []byte) error {
	if len(body) > MaxOut {
		return fmt.Errorf("%w: %d bytes of at most %d", ErrTooLong, len(body), MaxOut)
	}
	frame := make([]byte, lengthSize, lengthSize+len(body))
	binary.NativeEndian.PutUint32(frame, uint32(len(body)))
	_, err := w.Write(append(frame, body...))
	return err
}

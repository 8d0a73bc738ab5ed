// SPDX-License-Identifier: Apache-2.0

package cvc

import (
	"time"

	"zaver/cardreader/apdu"
)

// reader takes data objects one after another, in the order that the format
// fixes, and remembers the first fault.
type reader struct {
	list []apdu.TLV
	last []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = malformed(format, args...)
	}
}

func (r *reader) next(tag apdu.Tag) apdu.TLV {
	if r.err == nil && (len(r.list) == 0 || r.list[0].Tag != tag) {
		r.fail("no %s at its place", tag)
	}
	if r.err != nil {
		return apdu.TLV{}
	}
	object := r.list[0]
	r.list = r.list[1:]
	return object
}

// value returns the bytes of the next object, of least to most bytes.
func (r *reader) value(tag apdu.Tag, least, most int) []byte {
	object := r.next(tag)
	if n := len(object.Value); r.err == nil && (n < least || n > most) {
		r.fail("%s has %d bytes", tag, n)
	}
	if r.last = object.Value; r.err != nil {
		return nil
	}
	return object.Value
}

func (r *reader) byte(tag apdu.Tag) byte {
	if b := r.value(tag, 1, 1); r.err == nil {
		return b[0]
	}
	return 0
}

// day reads three bytes YYMMDD of packed digits; the century is the 21st.
func (r *reader) day(tag apdu.Tag) time.Time {
	b := r.value(tag, 3, 3)
	if r.err != nil {
		return time.Time{}
	}
	digits, err := apdu.DecodeN(b)
	if err != nil {
		r.fail("%s is no day", tag)
		return time.Time{}
	}
	t, err := time.Parse("20060102", "20"+digits)
	if err != nil {
		r.fail("%s is no day", tag)
	}
	return t
}

// nested returns a reader of the next object's members. After a fault it has
// none, and its own faults are not heard: the first one was.
func (r *reader) nested(tag apdu.Tag) *reader {
	object := r.next(tag)
	if r.err != nil {
		return &reader{err: r.err}
	}
	return &reader{list: object.Children}
}

func (r *reader) end() {
	if len(r.list) != 0 {
		r.fail("%s is too many", r.list[0].Tag)
	}
}

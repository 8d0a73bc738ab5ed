// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"hash/maphash"
	"math/bits"
	"sort"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"zaver/signature/cert"
	"zaver/signature/internal/der"
)

// removed is the reason removeFromCRL of a delta CRL (RFC 5280 section 5.3.1), hold that of a
// certificate whose revocation may be taken back.
const (
	hold    = 6
	removed = 8
)

// maxEntryExtensions bounds the extensions of one entry.
const maxEntryExtensions = 16

// entry is one revoked certificate.
type entry struct {
	serial     []byte // content octets
	at         time.Time
	reason     int
	invalidity time.Time // zero when absent
	issuer     []byte    // the value of the extension certificateIssuer, nil when absent
	unknown    string    // the first critical extension that is not understood
}

// run says that the entries from a position on are of another issuer (RFC 5280 section 5.3.3).
type run struct {
	from   uint32
	issuer []byte // GeneralNames
}

// open reads the entries once and makes the table: every byte is looked at, none is copied, and an
// entry takes 4 to 8 bytes.
func (l *list) open() *Problem {
	l.opened.Do(func() { l.broken = l.index() })
	return l.broken
}

func (l *list) index() *Problem {
	b, count := l.entries, 0
	for pos := 0; pos < len(b); count++ {
		_, _, stop, ok := der.Element(b, pos, len(b))
		if !ok {
			return malformed("entries of a CRL", nil)
		}
		pos = stop
	}
	l.seed = maphash.MakeSeed()
	l.table = make([]uint32, 1<<bits.Len(uint(count+count/2)))
	var e entry
	for pos := 0; pos < len(b); {
		start := pos
		if pos = l.readEntry(start, &e); pos < 0 {
			return malformed("entry of a CRL", nil)
		}
		if e.unknown != "" {
			// Such a list tells nothing about any certificate (RFC 5280 section 5.3).
			return &Problem{Code: CodeCriticalExtension, Detail: "entry extension " + e.unknown}
		}
		if e.issuer != nil {
			if l.scope == nil || !l.scope.indirect {
				return malformed("certificate issuer in a CRL that is not indirect", nil)
			}
			l.runs = append(l.runs, run{uint32(start), e.issuer})
		}
		l.insert(uint32(start), e.serial)
	}
	return nil
}

// slot is the place where the search for a serial number begins.
func (l *list) slot(serial []byte) uint64 { return maphash.Bytes(l.seed, serial) }

func (l *list) insert(pos uint32, serial []byte) {
	mask := uint64(len(l.table) - 1)
	i := l.slot(serial) & mask
	for ; l.table[i] != 0; i = (i + 1) & mask {
		first := l.table[i] - 1
		if string(l.serialAt(first)) == string(serial) {
			if l.again == nil {
				l.again = map[uint32][]uint32{}
			}
			l.again[first] = append(l.again[first], pos)
			return
		}
	}
	l.table[i] = pos + 1
}

// serialAt is the serial number of the entry at a position that was read before.
func (l *list) serialAt(pos uint32) []byte {
	_, start, stop, _ := der.Element(l.entries, int(pos), len(l.entries))
	_, start, stop, _ = der.Element(l.entries, start, stop)
	return l.entries[start:stop]
}

// readEntry reads the entry at a position and returns where the next begins, -1 when it is no entry.
func (l *list) readEntry(pos int, e *entry) int {
	*e = entry{}
	tag, start, stop, ok := der.Element(l.entries, pos, len(l.entries))
	if !ok || tag != der.TagSequence {
		return -1
	}
	w := walk{b: l.entries, pos: start, end: stop}
	e.serial = w.integer(der.TagInteger)
	e.at = w.time()
	if w.more() {
		var space [maxEntryExtensions]extension
		found := w.extensions(space[:0])
		if !w.done() || !l.hasV2 || len(found) > maxEntryExtensions {
			return -1
		}
		for i := range found {
			if !e.readExtension(&found[i]) {
				return -1
			}
		}
	}
	if !w.done() {
		return -1
	}
	return stop
}

// readExtension reports false for a known extension of wrong form.
func (e *entry) readExtension(x *extension) bool {
	w := walk{b: x.value, end: len(x.value)}
	switch string(x.oid) {
	case oidReasonCode:
		e.reason = w.small(tagEnumerated)
		return w.done()
	case oidInvalidityDate:
		e.invalidity = w.generalized()
		return w.done()
	case oidCertIssuer:
		e.issuer = x.value
		w.content(der.TagSequence)
		return w.done() && der.Valid(x.value) == nil
	}
	if x.critical && e.unknown == "" {
		e.unknown = x.name()
	}
	return true
}

// find returns the entries of a certificate: by serial number and, in an indirect CRL, by issuer.
func (l *list) find(c *cert.Certificate) ([]entry, *Problem) {
	if p := l.open(); p != nil {
		return nil, p
	}
	serial := integerOf(c.Serial)
	mask := uint64(len(l.table) - 1)
	for i := l.slot(serial) & mask; l.table[i] != 0; i = (i + 1) & mask {
		first := l.table[i] - 1
		if string(l.serialAt(first)) != string(serial) {
			continue
		}
		var out []entry
		for _, pos := range append([]uint32{first}, l.again[first]...) {
			ours, p := l.isOf(pos, c)
			if p != nil {
				return nil, p
			}
			if ours {
				var e entry
				l.readEntry(int(pos), &e)
				out = append(out, e)
			}
		}
		return out, nil
	}
	return nil, nil
}

// isOf reports whether the entry at a position is about a certificate of c's issuer: the last
// certificateIssuer up to there says whose it is, and without one the CRL's own issuer.
func (l *list) isOf(pos uint32, c *cert.Certificate) (bool, *Problem) {
	i := sort.Search(len(l.runs), func(i int) bool { return l.runs[i].from > pos })
	want := c.Issuer.Key()
	if i == 0 {
		return l.issuerKey == want, nil
	}
	s := cryptobyte.String(l.runs[i-1].issuer)
	names, err := cert.ReadGeneralNames(&s)
	if err != nil || !s.Empty() {
		return false, malformed("certificate issuer of a CRL entry", err)
	}
	for _, n := range names {
		if n.Tag == cert.DirectoryName && n.Name.Key() == want {
			return true, nil
		}
	}
	return false, nil
}

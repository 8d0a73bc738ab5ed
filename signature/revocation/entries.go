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

// entry is one revoked certificate as it stands in the list: parts of its bytes.
type entry struct {
	serial     []byte // content octets
	when       span   // revocationDate
	reason     int
	given      bool   // the reason is there
	invalidity span   // content of invalidityDate, zero when absent
	issuer     []byte // the value of the extension certificateIssuer, nil when absent
	unknown    []byte // the identifier of the first critical extension that is not understood
}

// span is an element: its identifier byte and its content.
type span struct {
	tag     byte
	content []byte
}

// time is the time of a span that was checked before.
func (s span) time() time.Time {
	if s.content == nil {
		return time.Time{}
	}
	w := walkOver(append([]byte{s.tag, byte(len(s.content))}, s.content...))
	return w.time()
}

// at is when the certificate was revoked, doubted since when its key was doubted, zero when not said.
func (e *entry) at() time.Time      { return e.when.time() }
func (e *entry) doubted() time.Time { return e.invalidity.time() }

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
		if e.unknown != nil {
			// Such a list tells nothing about any certificate (RFC 5280 section 5.3).
			return &Problem{Code: CodeCriticalExtension, Detail: "entry extension " + extension{oid: e.unknown}.name()}
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
// It runs for every entry of every list, so it allocates nothing and makes no times.
func (l *list) readEntry(pos int, e *entry) int {
	b := l.entries
	*e = entry{}
	tag, start, end, ok := der.Element(b, pos, len(b))
	if !ok || tag != der.TagSequence {
		return -1
	}
	tag, from, to, ok := der.Element(b, start, end)
	if !ok || tag != der.TagInteger || !der.Integer(b[from:to]) {
		return -1
	}
	e.serial = b[from:to]
	tag, from, to, ok = der.Element(b, to, end)
	if !ok || !isTime(tag, b[from:to]) {
		return -1
	}
	e.when = span{tag, b[from:to]}
	if to == end {
		return end
	}
	tag, from, to, ok = der.Element(b, to, end)
	if !ok || tag != der.TagSequence || to != end || from == to || !l.hasV2 || !e.readExtensions(b, from, to) {
		return -1
	}
	return end
}

// readExtensions reads the extensions of one entry: each identifier once.
func (e *entry) readExtensions(b []byte, pos, end int) bool {
	var seen [maxEntryExtensions][]byte
	for n := 0; pos < end; n++ {
		tag, from, stop, ok := der.Element(b, pos, end)
		if !ok || tag != der.TagSequence || n == maxEntryExtensions {
			return false
		}
		pos = stop
		tag, start, to, ok := der.Element(b, from, stop)
		if !ok || tag != der.TagOID || !der.ObjectIdentifier(b[start:to]) {
			return false
		}
		oid, critical := b[start:to], false
		tag, start, to, ok = der.Element(b, to, stop)
		if ok && tag == der.TagBoolean {
			if critical = true; to-start != 1 || b[start] != 0xff {
				return false
			}
			tag, start, to, ok = der.Element(b, to, stop)
		}
		if !ok || tag != der.TagOctetString || to != stop {
			return false
		}
		for _, other := range seen[:n] {
			if string(other) == string(oid) {
				return false
			}
		}
		if seen[n] = oid; !e.readExtension(oid, critical, b[start:to]) {
			return false
		}
	}
	return true
}

// readExtension reports false for a known extension of wrong form.
func (e *entry) readExtension(oid []byte, critical bool, value []byte) bool {
	tag, start, stop, ok := der.Element(value, 0, len(value))
	whole := ok && stop == len(value)
	switch string(oid) {
	case oidReasonCode:
		if !whole || tag != tagEnumerated || stop-start != 1 || value[start] >= 0x80 {
			return false
		}
		e.reason, e.given = int(value[start]), true
	case oidInvalidityDate:
		e.invalidity = span{tag, value[start:stop]}
		return whole && tag == der.TagGeneralized && isTime(tag, value[start:stop])
	case oidCertIssuer:
		e.issuer = value
		return whole && tag == der.TagSequence && der.Valid(value) == nil
	default:
		if critical && e.unknown == nil {
			e.unknown = oid
		}
	}
	return true
}

// isTime reports that content is a time as der.ReadTime takes it, without making it.
func isTime(tag byte, content []byte) bool {
	digits := 12
	if tag == der.TagGeneralized {
		digits = 14
	} else if tag != der.TagUTCTime {
		return false
	}
	if len(content) != digits+1 || content[digits] != 'Z' {
		return false
	}
	for _, c := range content[:digits] {
		if c < '0' || c > '9' {
			return false
		}
	}
	pair := func(i int) int { return int(content[i]-'0')*10 + int(content[i+1]-'0') }
	year, month := pair(digits-12), pair(digits-10)
	if tag == der.TagGeneralized {
		year += 100 * pair(0)
	}
	if month < 1 || month > 12 || pair(digits-6) > 23 || pair(digits-4) > 59 || pair(digits-2) > 59 {
		return false
	}
	last := int(daysOf[month-1])
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0 || tag == der.TagUTCTime) { // two digits: 00 is 2000
		last = 29
	}
	day := pair(digits - 8)
	return day >= 1 && day <= last
}

// daysOf are the days of the months.
var daysOf = [12]uint8{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

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
		whose := owner{run: -1}
		for _, pos := range append([]uint32{first}, l.again[first]...) {
			if p := whose.look(l, pos, c); p != nil {
				return nil, p
			}
			if whose.ours {
				var e entry
				l.readEntry(int(pos), &e)
				out = append(out, e)
			}
		}
		return out, nil
	}
	return nil, nil
}

// owner knows whether the entries of one run are about certificates of an issuer, so that the names of a
// run are read once for all its entries.
type owner struct {
	run  int // how many runs begin before the entry, -1: none was looked at
	ours bool
}

// look finds out whether the entry at a position is about a certificate of c's issuer: the last
// certificateIssuer up to there says whose it is, and without one the CRL's own issuer.
func (o *owner) look(l *list, pos uint32, c *cert.Certificate) *Problem {
	run := sort.Search(len(l.runs), func(i int) bool { return l.runs[i].from > pos })
	if run == o.run {
		return nil
	}
	o.run = run
	want := c.Issuer.Key()
	if run == 0 {
		o.ours = l.issuerKey == want
		return nil
	}
	s := cryptobyte.String(l.runs[run-1].issuer)
	names, err := cert.ReadGeneralNames(&s)
	if err != nil || !s.Empty() {
		return malformed("certificate issuer of a CRL entry", err)
	}
	o.ours = false
	for _, n := range names {
		o.ours = o.ours || n.Tag == cert.DirectoryName && n.Name.Key() == want
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"zaver/signature/cert"
	"zaver/signature/xmldsig/xmlread"
)

// Bounds inside a list.
const (
	maxField    = 4096 // bytes of a text
	maxStatuses = 256  // of one centre
)

// listReader reads what was signed. Elements are found by name, in any order; unknown ones are
// passed over, and one that must stand once is refused when it stands twice.
type listReader struct {
	r     *xmlread.Reader
	l     *List
	total int                        // certificates so far
	owner map[[sha256.Size]byte]int  // entry that a certificate was first seen in
	told  map[[sha256.Size]byte]bool // duplicates that were reported
	lost  int                        // findings over the bound
}

func newListReader(content []byte, l *List) *listReader {
	return &listReader{r: xmlread.New(content, xmlread.Limits{Bytes: 2 * MaxListBytes}), l: l,
		owner: map[[sha256.Size]byte]int{}, told: map[[sha256.Size]byte]bool{}}
}

func (p *listReader) find(code, centre, detail string) {
	if len(p.l.Findings) == MaxFindings {
		p.lost++
		p.l.Findings[MaxFindings-1] = Finding{Code: code, Detail: strconv.Itoa(p.lost+1) + " more findings"}
		return
	}
	p.l.Findings = append(p.l.Findings, Finding{code, centre, detail})
}

func malformedList(detail string, cause error) error {
	return &Error{Code: CodeListMalformed, Detail: detail, Cause: cause}
}

// read reads the whole list.
func (p *listReader) read() error {
	for { // what stands before the document element
		t, err := p.r.Next()
		if err != nil {
			return malformedList("read list", err)
		}
		if t.Kind == xmlread.Start {
			break
		}
	}
	if !p.r.Token().Is("", "АккредитованныеУдостоверяющиеЦентры") {
		return malformedList("another document", nil)
	}
	var version, date field
	err := p.children(func(name string) error {
		switch name {
		case "Версия":
			return p.text(&version)
		case "Дата":
			return p.text(&date)
		case "УдостоверяющийЦентр":
			return p.entry()
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	if _, err := p.r.Next(); !errors.Is(err, io.EOF) && err != nil {
		return malformedList("read list", err)
	}
	if p.l.Version, err = strconv.ParseInt(version.value, 10, 64); err != nil || p.l.Version < 1 {
		return malformedList("version", err)
	}
	var ok bool
	if p.l.Date, ok = parseMoment(date.value); !ok {
		return malformedList("date", nil)
	}
	p.l.Centres = len(p.l.Entries)
	return nil
}

// field is the text of an element that may stand once.
type field struct {
	value string
	set   bool
}

// children calls do for each child of the open element; do must read to the child's end.
func (p *listReader) children(do func(name string) error) error {
	depth := p.r.Depth()
	for {
		t, err := p.r.Next()
		switch {
		case err != nil:
			return malformedList("read list", err)
		case t.Kind == xmlread.End && p.r.Depth() < depth:
			return nil
		case t.Kind != xmlread.Start:
			continue
		}
		name := t.Local
		if t.Space != "" {
			name = ""
		}
		if err := do(name); err != nil {
			return err
		}
	}
}

// skip reads to the end of the open element.
func (p *listReader) skip() error {
	return p.children(func(string) error { return p.skip() })
}

// raw reads the text of the open element, which has no children.
func (p *listReader) raw(limit int) ([]byte, error) {
	depth := p.r.Depth()
	var out []byte
	for {
		t, err := p.r.Next()
		switch {
		case err != nil:
			return nil, malformedList("read list", err)
		case t.Kind == xmlread.End && p.r.Depth() < depth:
			return out, nil
		case t.Kind != xmlread.Text:
			return nil, malformedList("an element inside a text", nil)
		case len(out)+len(t.Data) > limit:
			return nil, &Error{Code: CodeListTooLarge, Detail: "text too long"}
		}
		out = append(out, t.Data...)
	}
}

// text reads a text that stands once; spaces around it go, those inside become single.
func (p *listReader) text(f *field) error {
	b, err := p.raw(maxField)
	if err != nil {
		return err
	}
	if f.set {
		return malformedList("an element twice", nil)
	}
	f.value, f.set = strings.Join(strings.Fields(string(b)), " "), true
	return nil
}

// history is what the statuses of one centre said.
type history struct {
	list     []Status
	present  bool // СтатусАккредитации was there
	now      Status
	unclear  bool // one could not be read
	repeated bool // СтатусАккредитации stood twice
}

// entry reads one centre.
func (p *listReader) entry() error {
	if len(p.l.Entries) == MaxEntries {
		return &Error{Code: CodeListTooLarge, Detail: "too many centres"}
	}
	fields := map[string]*field{"Название": {}, "КраткоеНазвание": {}, "ОГРН": {}, "ИНН": {}, "РеестровыйНомер": {}, "ПолномочияПереданыУЦсОГРН": {}}
	var h history
	var ders [][]byte
	err := p.children(func(name string) error {
		switch name {
		case "СтатусАккредитации":
			h.repeated = h.repeated || h.present
			h.present = true
			if err := p.status(&h); err != nil {
				return err
			}
			h.now = h.list[len(h.list)-1]
			return nil
		case "ИсторияСтатусовАккредитации":
			return p.inside(func() error { return p.status(&h) }, "СтатусАккредитации")
		case "ПрограммноАппаратныеКомплексы":
			return p.inside(func() error { return p.data(&ders) }, "ПрограммноАппаратныйКомплекс", "КлючиУполномоченныхЛиц", "Ключ", "Сертификаты", "ДанныеСертификата")
		}
		if f, ok := fields[name]; ok {
			return p.text(f)
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	if h.repeated {
		return malformedList("two present statuses of one centre", nil)
	}
	e := Entry{Name: fields["Название"].value, ShortName: fields["КраткоеНазвание"].value, OGRN: fields["ОГРН"].value,
		INN: fields["ИНН"].value, Number: fields["РеестровыйНомер"].value, Successor: fields["ПолномочияПереданыУЦсОГРН"].value}
	p.judge(&e, h)
	p.certificates(&e, ders)
	p.l.Entries = append(p.l.Entries, e)
	return nil
}

// inside goes down the path of names and calls do for each element at its end.
func (p *listReader) inside(do func() error, path ...string) error {
	return p.children(func(name string) error {
		switch {
		case name != path[0]:
			return p.skip()
		case len(path) == 1:
			return do()
		}
		return p.inside(do, path[1:]...)
	})
}

// status reads one status. One that cannot be read makes the history unclear: it may have been
// the one that ended the accreditation.
func (p *listReader) status(h *history) error {
	var text, from field
	err := p.children(func(name string) error {
		switch name {
		case "Статус":
			return p.text(&text)
		case "ДействуетС":
			return p.text(&from)
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	if len(h.list) == maxStatuses {
		return &Error{Code: CodeListTooLarge, Detail: "too many statuses of one centre"}
	}
	at, ok := parseMoment(from.value)
	h.unclear = h.unclear || !ok
	h.list = append(h.list, Status{text.value, at})
	return nil
}

// judge turns the statuses into periods.
func (p *listReader) judge(e *Entry, h history) {
	sortStatuses(h.list)
	e.Statuses = slices.CompactFunc(h.list, func(a, b Status) bool { return a.Text == b.Text && a.From.Equal(b.From) })
	for _, s := range e.Statuses {
		if !known(s.Text) {
			p.find(FindStatus, e.Name, strconv.Quote(s.Text))
		}
	}
	if !h.present || h.unclear {
		p.find(FindHistory, e.Name, "a status or its moment cannot be read")
		return
	}
	all := len(e.Statuses)
	counting := slices.DeleteFunc(slices.Clone(e.Statuses), h.now.contradicts)
	if len(counting) < all {
		p.find(FindHistory, e.Name, "accredited later than the present status, which does not count")
	}
	e.Periods = periods(counting)
}

// contradicts reports a past status that would make the centre accredited after the present one, which
// says that it is not.
func (s Status) contradicts(past Status) bool {
	return !counts(s.Text) && counts(past.Text) && past.From.After(s.From)
}

// data reads one ДанныеСертификата: the certificate itself, never what is said about it.
func (p *listReader) data(ders *[][]byte) error {
	seen := false
	return p.children(func(name string) error {
		if name != "Данные" {
			return p.skip()
		}
		if seen {
			return malformedList("an element twice", nil)
		}
		seen = true
		if p.total++; p.total > MaxListed {
			return &Error{Code: CodeListTooLarge, Detail: "too many certificates"}
		}
		b, err := p.raw(2 * cert.MaxSize)
		if err != nil {
			return err
		}
		clean := b[:0]
		for _, c := range b {
			if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
				clean = append(clean, c)
			}
		}
		der := make([]byte, base64.StdEncoding.DecodedLen(len(clean)))
		n, err := base64.StdEncoding.Decode(der, clean)
		if err != nil {
			n = 0 // reported with the certificates that don't parse
		}
		*ders = append(*ders, der[:n:n])
		return nil
	})
}

// certificates parses the certificates of one centre, each once.
func (p *listReader) certificates(e *Entry, ders [][]byte) {
	at := len(p.l.Entries)
	for _, der := range ders {
		sum := sha256.Sum256(der)
		first, listed := p.owner[sum]
		if listed && first == at {
			continue
		}
		c, err := cert.Parse(der)
		switch {
		case err != nil:
			p.find(FindCertificate, e.Name, err.Error())
			continue
		case !c.IsCA:
			p.find(FindAuthority, e.Name, "serial "+c.Serial.Text(16))
			continue
		}
		if !listed {
			p.owner[sum] = at
		} else if !p.told[sum] {
			p.told[sum] = true
			p.find(FindDuplicate, e.Name, "listed by "+p.l.Entries[first].Name+" too")
		}
		e.Certificates = append(e.Certificates, c)
	}
	if n := len(e.Periods); len(e.Certificates) == 0 && n > 0 && e.Periods[n-1].Until.IsZero() {
		p.find(FindEmpty, e.Name, "no certificate to count")
	}
}

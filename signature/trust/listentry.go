// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"

	"zaver/signature/cert"
)

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

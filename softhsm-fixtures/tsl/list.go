// SPDX-License-Identifier: Apache-2.0

package tsl

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zaver/signature/cert"
	"zaver/signature/xmldsig"
	"zaver/signature/xmldsig/c14n"
)

// List is a list of accredited centres to be written, as right or as wrong as one wishes.
type List struct {
	Version int64
	Date    time.Time
	Centres []Centre
	// RawVersion and RawDate replace what is written, when not empty; "-" leaves the element out.
	RawVersion, RawDate string
	// Extra is XML put into the document element after the centres.
	Extra string
	// Attributes are added to the document element: ` Id="list"`.
	Attributes string
}

// Centre is one entry.
type Centre struct {
	Name, ShortName, OGRN, INN, Number string
	// Successor is the OGRN of the centre that took over.
	Successor string
	// Statuses are the history, oldest first; the last is written as the present one.
	Statuses []Status
	// Certificates are DER.
	Certificates [][]byte
	// Extra is XML put into the entry; Backwards writes its elements in the opposite order.
	Extra     string
	Backwards bool
}

// Status is one status. RawFrom replaces the moment as written, when not empty.
type Status struct {
	Text    string
	From    time.Time
	RawFrom string
}

// Texts of statuses as the list has them.
const (
	Active     = "Действует"
	Ended      = "Прекращена"
	Annulled   = "Аннулирована"
	Suspended  = "Приостановлена"
	rootOpen   = "АккредитованныеУдостоверяющиеЦентры"
	timeFormat = "2006-01-02T15:04:05Z07:00"
)

// XML writes the list without a signature, indented as the ministry's is.
func (l List) XML() []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<" + rootOpen +
		` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="TSLExt.1.0.xsd"` + l.Attributes + ">\r\n")
	element(&b, "Версия", orText(l.RawVersion, strconv.FormatInt(l.Version, 10)))
	element(&b, "Дата", orText(l.RawDate, l.Date.Format(timeFormat)))
	for _, c := range l.Centres {
		c.write(&b)
	}
	b.WriteString(l.Extra + "</" + rootOpen + ">\r\n")
	return b.Bytes()
}

func orText(raw, otherwise string) string {
	if raw == "" {
		return otherwise
	}
	return raw
}

// element writes one element with text; "-" writes nothing.
func element(b *bytes.Buffer, name, text string) {
	if text == "-" {
		return
	}
	b.WriteString("  <" + name + ">")
	_ = xml.EscapeText(b, []byte(text)) // a bytes.Buffer takes everything
	b.WriteString("</" + name + ">\r\n")
}

func inside(name, content string) string {
	return "<" + name + ">\r\n" + content + "</" + name + ">\r\n"
}

func (c Centre) write(b *bytes.Buffer) {
	parts := []string{
		text("Название", c.Name), text("ЭлектроннаяПочта", "ca@"+orText(c.OGRN, "centre")+".example"), text("КраткоеНазвание", c.ShortName),
		inside("Адрес", text("Страна", "RU")+text("Город", "Москва")+inside("Регион", text("Код", "77")+text("Название", "г. Москва"))),
		c.complexes(), text("ИНН", c.INN), text("ОГРН", c.OGRN), text("РеестровыйНомер", c.Number),
	}
	var history strings.Builder
	for i, s := range c.Statuses {
		x := inside("СтатусАккредитации", text("Статус", s.Text)+text("ДействуетС", orText(s.RawFrom, s.From.Format(timeFormat))))
		history.WriteString(x)
		if i == len(c.Statuses)-1 {
			parts = append(parts, x)
		}
	}
	parts = append(parts, inside("ИсторияСтатусовАккредитации", history.String()))
	if c.Successor != "" {
		parts = append(parts, text("ПолномочияПереданыУЦсОГРН", c.Successor))
	}
	parts = append(parts, c.Extra)
	b.WriteString("<УдостоверяющийЦентр>\r\n")
	for i := range parts {
		if c.Backwards {
			i = len(parts) - 1 - i
		}
		b.WriteString(parts[i])
	}
	b.WriteString("</УдостоверяющийЦентр>\r\n")
}

func text(name, value string) string {
	var b bytes.Buffer
	element(&b, name, value)
	return b.String()
}

// complexes writes each certificate under a key of its own.
func (c Centre) complexes() string {
	var keys strings.Builder
	for _, der := range c.Certificates {
		sum := sha1.Sum(der)
		data := text("Отпечаток", strings.ToUpper(hex.EncodeToString(sum[:])))
		if parsed, err := cert.Parse(der); err == nil {
			data += text("СерийныйНомер", strings.ToUpper(parsed.Serial.Text(16))) + text("ПериодДействияС", parsed.NotBefore.Format(timeFormat)) +
				text("ПериодДействияДо", parsed.NotAfter.Format(timeFormat))
		}
		data += text("Данные", base64.StdEncoding.EncodeToString(der))
		keys.WriteString(inside("Ключ", text("ИдентификаторКлюча", hex.EncodeToString(sum[:4]))+
			inside("АдресаСписковОтзыва", text("Адрес", "http://127.0.0.1/crl"))+inside("Сертификаты", inside("ДанныеСертификата", data))))
	}
	return inside("ПрограммноАппаратныеКомплексы", inside("ПрограммноАппаратныйКомплекс",
		text("Псевдоним", c.ShortName)+text("КлассСредствЭП", "КС2")+inside("КлючиУполномоченныхЛиц", keys.String())))
}

// Sign writes the list with its signature, in the exclusive canonical form.
func (l List) Sign(k xmldsig.Key) ([]byte, error) {
	out, err := xmldsig.Sign(l.XML(), k, xmldsig.Form{Info: c14n.Method{Kind: c14n.Exclusive}, Content: c14n.Method{Kind: c14n.Exclusive}})
	if err != nil {
		return nil, fmt.Errorf("sign list: %w", err)
	}
	return out, nil
}

func replaceOnce(doc []byte, old, with string) []byte {
	return bytes.Replace(doc, []byte(old), []byte(with), 1)
}

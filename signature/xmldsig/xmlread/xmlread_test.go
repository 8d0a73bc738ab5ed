// SPDX-License-Identifier: Apache-2.0

package xmlread_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"zaver/signature/xmldsig/xmlread"
)

// read returns the tokens in short, and the error that ended them.
func read(doc string, limits xmlread.Limits) (string, error) {
	var b strings.Builder
	r := xmlread.New([]byte(doc), limits)
	for {
		t, err := r.Next()
		if err != nil {
			if again, err2 := r.Next(); again != nil || !errors.Is(err2, err) {
				return "", fmt.Errorf("after %w another answer", err)
			}
			return b.String(), err
		}
		switch t.Kind {
		case xmlread.Start:
			fmt.Fprintf(&b, "<{%s}%s", t.Space, t.Local)
			for _, a := range t.Attrs {
				fmt.Fprintf(&b, " {%s}%s=%q", a.Space, a.Local, a.Value)
			}
			b.WriteString(">")
		case xmlread.End:
			fmt.Fprintf(&b, "</%s>", t.Local)
		case xmlread.Text:
			fmt.Fprintf(&b, "%q", t.Data)
		case xmlread.Comment:
			fmt.Fprintf(&b, "!%q", t.Data)
		case xmlread.PI:
			fmt.Fprintf(&b, "?%s:%q", t.Local, t.Data)
		}
	}
}

func TestTokens(t *testing.T) {
	for doc, want := range map[string]string{
		`<a/>`: `<{}a></a>`,
		`<a x:b="&lt;&#65;" xmlns:x="urn:x"><x:c d='"'/>t&amp;<![CDATA[<&]]></a>`: `<{}a {urn:x}b="<A"><{urn:x}c {}d="\""></c>"t&""<&"</a>`,
		"<a b='1\r\n2\t3&#10;4'>\r\n</a>":                                         `<{}a {}b="1 2 3\n4">"\n"</a>`,
		`<?xml version="1.0"?><!-- c --><a><?p  q ?></a><?r?>`:                    `!" c "<{}a>?p:"q "</a>?r:""`,
		`<a xmlns="urn:1"><b xmlns=""/><c d="e"/></a>`:                            `<{urn:1}a><{}b></b><{urn:1}c {}d="e"></c></a>`,
		`<a xml:lang="ru"/>`:                                                      `<{}a {http://www.w3.org/XML/1998/namespace}lang="ru"></a>`,
		`<ё·1/>`:                                                                  `<{}ё·1></ё·1>`,
		`<a  ></a  >`:                                                             `<{}a></a>`,
	} {
		if got, err := read(doc, xmlread.Limits{}); got != want || !errors.Is(err, io.EOF) {
			t.Errorf("%s:\n%s\nwant\n%s\n%v", doc, got, want, err)
		}
	}
}

// TestRefused: every rule of well-formedness that an attacker could lean on.
func TestRefused(t *testing.T) {
	small := xmlread.Limits{Bytes: 400, Depth: 3, Attributes: 2, Name: 20, Namespaces: 3}
	for _, tt := range []struct{ name, doc, code string }{
		{"nothing", ``, xmlread.CodeMalformed},
		{"no element", ` <!-- --> `, xmlread.CodeMalformed},
		{"text before", `x<a/>`, xmlread.CodeMalformed},
		{"text after", `<a/>x`, xmlread.CodeMalformed},
		{"two elements", `<a/><b/>`, xmlread.CodeMalformed},
		{"not closed", `<a>`, xmlread.CodeMalformed},
		{"closed by another", `<a></b>`, xmlread.CodeMalformed},
		{"closed by a longer name", `<a></ab>`, xmlread.CodeMalformed},
		{"closed twice", `<a/></a>`, xmlread.CodeMalformed},
		{"doctype", `<!DOCTYPE a><a/>`, xmlread.CodeDoctype},
		{"entities", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, xmlread.CodeDoctype},
		{"doctype inside", `<a><!DOCTYPE b></a>`, xmlread.CodeDoctype},
		{"unknown entity", `<a>&b;</a>`, xmlread.CodeMalformed},
		{"bare &", `<a>b & c</a>`, xmlread.CodeMalformed},
		{"forbidden reference", `<a>&#0;</a>`, xmlread.CodeMalformed},
		{"reference to a surrogate", `<a>&#xD800;</a>`, xmlread.CodeMalformed},
		{"reference too big", `<a>&#x110000;</a>`, xmlread.CodeMalformed},
		{"reference without digits", `<a>&#x;</a>`, xmlread.CodeMalformed},
		{"long reference", `<a>&#0000000000000000065;</a>`, xmlread.CodeMalformed},
		{"control character", "<a>\x01</a>", xmlread.CodeMalformed},
		{"noncharacter", "<a>\uFFFF</a>", xmlread.CodeMalformed},
		{"not UTF-8", "<a>\xFF</a>", xmlread.CodeEncoding},
		{"overlong UTF-8", "<a>\xC0\xBC</a>", xmlread.CodeEncoding},
		{"UTF-16", "\xFF\xFE<\x00a\x00/\x00>\x00", xmlread.CodeEncoding},
		{"other encoding", `<?xml version="1.0" encoding="windows-1251"?><a/>`, xmlread.CodeEncoding},
		{"XML 1.1", `<?xml version="1.1"?><a/>`, xmlread.CodeEncoding},
		{"declaration without version", `<?xml encoding="utf-8"?><a/>`, xmlread.CodeMalformed},
		{"declaration with more", `<?xml version="1.0" more="1"?><a/>`, xmlread.CodeMalformed},
		{"declaration inside", `<a><?xml version="1.0"?></a>`, xmlread.CodeMalformed},
		{"declaration late", ` <?xml version="1.0"?><a/>`, xmlread.CodeMalformed},
		{"]]> in text", `<a>]]></a>`, xmlread.CodeMalformed},
		{"-- in a comment", `<a><!-- -- --></a>`, xmlread.CodeMalformed},
		{"comment ends in three", `<a><!-- ---></a>`, xmlread.CodeMalformed},
		{"CDATA outside", `<![CDATA[x]]><a/>`, xmlread.CodeMalformed},
		{"CDATA open", `<a><![CDATA[x</a>`, xmlread.CodeMalformed},
		{"attribute twice", `<a b="1" b="2"/>`, xmlread.CodeMalformed},
		{"attribute twice by namespace", `<a xmlns:p="urn:1" xmlns:q="urn:1"><b p:x="" q:x=""/></a>`, xmlread.CodeMalformed},
		{"attribute without space", `<a b="1"c="2"/>`, xmlread.CodeMalformed},
		{"attribute without quotes", `<a b=1/>`, xmlread.CodeMalformed},
		{"< in an attribute", `<a b="<"/>`, xmlread.CodeMalformed},
		{"prefix unknown", `<p:a/>`, xmlread.CodeMalformed},
		{"attribute prefix unknown", `<a p:b=""/>`, xmlread.CodeMalformed},
		{"prefix after its element", `<a><b xmlns:p="urn:p"/><p:c/></a>`, xmlread.CodeMalformed},
		{"prefix taken back", `<a xmlns:p=""/>`, xmlread.CodeMalformed},
		{"xml elsewhere", `<a xmlns:xml="urn:x"/>`, xmlread.CodeMalformed},
		{"xml's namespace", `<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`, xmlread.CodeTooLarge}, // over the small name limit
		{"xmlns declared", `<a xmlns:xmlns="urn:x"/>`, xmlread.CodeMalformed},
		{"element of xmlns", `<xmlns:a/>`, xmlread.CodeMalformed},
		{"declared twice", `<a xmlns:p="urn:1" xmlns:p="urn:2"/>`, xmlread.CodeMalformed},
		{"two colons", `<a:b:c xmlns:a="urn:a"/>`, xmlread.CodeMalformed},
		{"colon first", `<:a/>`, xmlread.CodeMalformed},
		{"colon last", `<a:/>`, xmlread.CodeMalformed},
		{"digit first", `<1a/>`, xmlread.CodeMalformed},
		{"digit after the colon", `<a:1 xmlns:a="urn:a"/>`, xmlread.CodeMalformed},
		{"too long", `<a>` + strings.Repeat(" ", 400) + `</a>`, xmlread.CodeTooLarge},
		{"too deep", `<a><a><a><a/></a></a></a>`, xmlread.CodeTooLarge},
		{"too many attributes", `<a b="" c="" d=""/>`, xmlread.CodeTooLarge},
		{"long name", `<` + strings.Repeat("a", 21) + `/>`, xmlread.CodeTooLarge},
		{"long namespace", `<a xmlns="urn:` + strings.Repeat("a", 20) + `"/>`, xmlread.CodeTooLarge},
		{"too many namespaces", `<a xmlns:a="a:" xmlns:b="a:"><a xmlns:c="a:" xmlns:d="a:"/></a>`, xmlread.CodeTooLarge},
	} {
		_, err := read(tt.doc, small)
		var e *xmlread.Error
		if !errors.As(err, &e) || e.Code != tt.code {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		}
	}
}

func TestCloneGoesItsOwnWay(t *testing.T) {
	r := xmlread.New([]byte(`<a b="x&#65;y"><c d="&#66;"/><e/></a>`), xmlread.Limits{})
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	c := r.Clone()
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if a := c.Token().Attrs; len(a) != 1 || a[0].Local != "b" || string(a[0].Value) != "xAy" {
		t.Errorf("the clone's token has changed to %v", a)
	}
	if tok, err := c.Next(); err != nil || tok.Local != "c" || r.Token().Local != "c" {
		t.Errorf("the clone gave %v, %v", tok, err)
	}
}

// TestLinear reads documents that would cost a careless reader more than linear time.
func TestLinear(t *testing.T) {
	const n = 1 << 19 // what is quadratic takes minutes
	for name, doc := range map[string]string{
		"open comments":   "<a>" + strings.Repeat("<!--", n/4),
		"open references": "<a>" + strings.Repeat("&", n),
		"open quotes":     "<a " + strings.Repeat("b='", n/3),
		"many elements":   "<a>" + strings.Repeat("<b/>", n/4) + "</a>",
		"many references": "<a>" + strings.Repeat("&#65;", n/5) + "</a>",
		"brackets":        "<a>" + strings.Repeat("]", n) + "</a>",
	} {
		began := cpu(t)
		_, _ = read(doc, xmlread.Limits{})
		if took := cpu(t) - began; took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
}

// cpu is the time that this process has computed: other work on the machine is not in it.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// FuzzRead: whatever is read to its end is also XML to the standard library, with the same elements.
func FuzzRead(f *testing.F) {
	for _, s := range []string{`<a/>`, `<?xml version="1.0" encoding="UTF-8"?><a b="&#x41;" xmlns:c="urn:c"><c:d><![CDATA[x]]></c:d><!--e--><?f g?></a>`, "<a>\r\n&lt;</a>", `<!DOCTYPE a><a/>`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		r := xmlread.New(doc, xmlread.Limits{Bytes: 1 << 20})
		var ours []string
		for {
			tok, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return
			}
			if tok.Kind == xmlread.Start {
				ours = append(ours, tok.Space+" "+tok.Local)
			}
		}
		d := xml.NewDecoder(bytes.NewReader(doc))
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return // it knows fewer names than XML 1.0 allows
			}
			if s, ok := tok.(xml.StartElement); ok {
				if s.Name.Space == "xml" {
					s.Name.Space = xmlread.XML
				}
				if len(ours) == 0 || ours[0] != s.Name.Space+" "+s.Name.Local {
					t.Fatalf("%q: element %v, ours %v", doc, s.Name, ours)
				}
				ours = ours[1:]
			}
		}
		if len(ours) != 0 {
			t.Fatalf("%q: more elements than the standard library sees: %v", doc, ours)
		}
	})
}

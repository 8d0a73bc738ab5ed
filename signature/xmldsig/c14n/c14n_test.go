// SPDX-License-Identifier: Apache-2.0

package c14n_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"zaver/signature/xmldsig/c14n"
	"zaver/signature/xmldsig/xmlread"
)

func canonical(t testing.TB, m c14n.Method, doc string, o c14n.Options) string {
	t.Helper()
	out, err := m.Document(xmlread.New([]byte(doc), xmlread.Limits{}), o)
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return string(out)
}

// documents are read by both sides: those of the recommendation that need no document type, and traps.
var documents = map[string]string{
	"3.1 instructions": "<?xml version=\"1.0\"?>\n\n<?xml-stylesheet   href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n\n<doc>Hello, world!<!-- Comment 1 --></doc>\n\n<?pi-without-data     ?>\n\n<!-- Comment 2 -->\n\n<!-- Comment 3 -->",
	"3.2 space":        "<doc>\n   <clean>   </clean>\n   <dirty>   A   B   </dirty>\n   <mixed>\n      A\n      <clean>   </clean>\n      B\n      <dirty>   A   B   </dirty>\n      C\n   </mixed>\n</doc>",
	"3.3 tags":         "<doc>\n   <e1   />\n   <e2   ></e2>\n   <e3   name = \"elem3\"   id=\"elem3\"   />\n   <e4   name=\"elem4\"   id=\"elem4\"   ></e4>\n   <e5 a:attr=\"out\" b:attr=\"sorted\" attr2=\"all\" attr=\"I'm\"\n      xmlns:b=\"http://www.ietf.org\"\n      xmlns:a=\"http://www.w3.org\"\n      xmlns=\"http://example.org\"/>\n   <e6 xmlns=\"\" xmlns:a=\"http://www.w3.org\">\n      <e7 xmlns=\"http://www.ietf.org\">\n         <e8 xmlns=\"\" xmlns:a=\"http://www.w3.org\">\n            <e9 xmlns=\"\" xmlns:a=\"http://www.ietf.org\" attr=\"default\"/>\n         </e8>\n      </e7>\n   </e6>\n</doc>",
	"3.4 characters":   "<doc>\n   <text>First line&#x0d;&#10;Second line</text>\n   <value>&#x32;</value>\n   <compute><![CDATA[value>\"0\" && value<\"10\" ?\"valid\":\"error\"]]></compute>\n   <compute expr='value>\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"'>valid</compute>\n   <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/>\n</doc>",
	"line ends":        "<a b=\"1\r\n2\r3\n4\t5\">x\r\ny\rz<!--c\r\nd--><?p e\r\nf?><![CDATA[g\r\nh\ri]]></a>\r\n",
	"prefixes":         "<p:a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" xmlns=\"urn:d\"><b q:x=\"1\"/><p:c xmlns:p=\"urn:p2\"><p:d xmlns:p=\"urn:p\"/></p:c><e xmlns=\"\"><f/><g xmlns=\"urn:d\"/></e></p:a>",
	"xml attributes":   "<a xml:lang=\"ru\" xml:space=\"preserve\" xml:id=\"x\" z=\"1\" b:z=\"2\" xmlns:b=\"urn:b\"><c xml:lang=\"en\"/></a>",
	"cyrillic":         "<АккредитованныеУдостоверяющиеЦентры xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"TSLExt.1.0.xsd\"><Версия>7</Версия><Ё ж=\"«»\">&lt;ъ&gt;</Ё></АккредитованныеУдостоверяющиеЦентры>",
	"outside":          "\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8' standalone='yes' ?><!--a--><?b?><c/><?d e?><!--f-->\n",
	"astral":           "<a b=\"&#x1F600;\">\U0001F600&#128512;</a>",
	"same uri":         "<a:x xmlns:a=\"urn:1\" xmlns:b=\"urn:1\"><b:y a:k=\"1\" b:l=\"2\"/></a:x>",
	"cdata in pieces":  "<a>1<![CDATA[2]]>3<![CDATA[]]>&#52;</a>",
}

// TestPeer compares with libxml2 every form of every document.
func TestPeer(t *testing.T) {
	flags := map[c14n.Kind]string{c14n.Inclusive: "--c14n", c14n.Inclusive11: "--c14n11", c14n.Exclusive: "--exc-c14n"}
	for name, doc := range documents {
		for kind, flag := range flags { // xmllint writes comments
			cmd := exec.Command("xmllint", "--nonet", flag, "-")
			cmd.Stdin = strings.NewReader(doc)
			var errs bytes.Buffer
			cmd.Stderr = &errs
			want, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: xmllint: %v %s", name, err, &errs)
			}
			if got := canonical(t, c14n.Method{Kind: kind, Comments: true}, doc, c14n.Options{}); got != string(want) {
				t.Errorf("%s %s:\n%q\nlibxml2:\n%q", name, flag, got, want)
			}
		}
	}
}

// TestRecommendation holds what Canonical XML 1.0 prints (sections 3.1 and 3.4).
func TestRecommendation(t *testing.T) {
	for _, tt := range []struct {
		name, doc, want string
		method          c14n.Method
		options         c14n.Options
	}{
		{"3.1 without comments", documents["3.1 instructions"], "<?xml-stylesheet href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n<doc>Hello, world!</doc>\n<?pi-without-data?>", c14n.Method{}, c14n.Options{}},
		{"3.1 with comments", documents["3.1 instructions"], "<?xml-stylesheet href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n<doc>Hello, world!<!-- Comment 1 --></doc>\n<?pi-without-data?>\n<!-- Comment 2 -->\n<!-- Comment 3 -->", c14n.Method{Comments: true}, c14n.Options{}},
		{"document element alone", documents["3.1 instructions"], "<doc>Hello, world!</doc>", c14n.Method{}, c14n.Options{Root: true}},
		{"3.4", documents["3.4 characters"], "<doc>\n   <text>First line&#xD;\nSecond line</text>\n   <value>2</value>\n   <compute>value&gt;\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"</compute>\n   <compute expr=\"value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;\">valid</compute>\n   <norm attr=\" '    &#xD;&#xA;&#x9;   ' \"></norm>\n</doc>", c14n.Method{}, c14n.Options{}},
		{"skip", "<a>1<b>2<b/></b>3</a>", "<a>13</a>", c14n.Method{}, c14n.Options{Skip: 4}},
		{"listed prefix", "<a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><b/></a>", "<a xmlns:q=\"urn:q\"><b></b></a>", c14n.Method{Kind: c14n.Exclusive, Prefixes: []string{"q", "none"}}, c14n.Options{}},
		{"listed default", "<p:a xmlns=\"urn:d\" xmlns:p=\"urn:p\"><p:b xmlns=\"\"/></p:a>", "<p:a xmlns=\"urn:d\" xmlns:p=\"urn:p\"><p:b xmlns=\"\"></p:b></p:a>", c14n.Method{Kind: c14n.Exclusive, Prefixes: []string{""}}, c14n.Options{}},
	} {
		if got := canonical(t, tt.method, tt.doc, tt.options); got != tt.want {
			t.Errorf("%s:\n%q\nwant\n%q", tt.name, got, tt.want)
		}
	}
}

// TestElement writes a part with what it inherits (Canonical XML 1.0 and 1.1 section 2.4, exclusive section 3).
func TestElement(t *testing.T) {
	doc := `<r xmlns="urn:d" xmlns:p="urn:p" xml:lang="ru" xml:id="i" xml:space="default"><p:s xml:space="preserve"><t/></p:s></r>`
	for kind, want := range map[c14n.Kind]string{
		c14n.Inclusive:   `<p:s xmlns="urn:d" xmlns:p="urn:p" xml:id="i" xml:lang="ru" xml:space="preserve"><t></t></p:s>`,
		c14n.Inclusive11: `<p:s xmlns="urn:d" xmlns:p="urn:p" xml:lang="ru" xml:space="preserve"><t></t></p:s>`,
		c14n.Exclusive:   `<p:s xmlns:p="urn:p" xml:space="preserve"><t xmlns="urn:d"></t></p:s>`,
	} {
		r := xmlread.New([]byte(doc), xmlread.Limits{})
		for range 2 {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
		got, err := c14n.Method{Kind: kind}.Element(r.Clone(), c14n.Options{})
		if err != nil || string(got) != want {
			t.Errorf("kind %d: %v\n%s\nwant\n%s", kind, err, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	wide := "<r xmlns:p=\"urn:" + strings.Repeat("x", 900) + "\">" + strings.Repeat("<p:a/>", 4000) + "</r>"
	for _, tt := range []struct {
		name, doc string
		method    c14n.Method
		want      error
	}{
		{"relative namespace", `<a xmlns="relative/path"/>`, c14n.Method{}, c14n.ErrNamespace},
		{"relative namespace unused", `<a xmlns:p="relative"/>`, c14n.Method{Kind: c14n.Exclusive}, c14n.ErrNamespace},
		{"grows by declarations", wide, c14n.Method{Kind: c14n.Exclusive}, c14n.ErrTooLarge},
	} {
		_, err := tt.method.Document(xmlread.New([]byte(tt.doc), xmlread.Limits{}), c14n.Options{Limit: 1 << 20})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestURI(t *testing.T) {
	for _, kind := range []c14n.Kind{c14n.Inclusive, c14n.Inclusive11, c14n.Exclusive} {
		for _, comments := range []bool{false, true} {
			m := c14n.Method{Kind: kind, Comments: comments}
			if got, ok := c14n.ByURI(m.URI()); !ok || got.Kind != kind || got.Comments != comments {
				t.Errorf("%s: %+v %v", m.URI(), got, ok)
			}
		}
	}
	if _, ok := c14n.ByURI("http://www.w3.org/TR/1999/REC-xpath-19991116"); ok {
		t.Error("XPath is a canonical form")
	}
}

// FuzzCanonical: a canonical form is its own canonical form, under every method.
func FuzzCanonical(f *testing.F) {
	for _, doc := range documents {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, m := range []c14n.Method{{Comments: true}, {Kind: c14n.Inclusive11}, {Kind: c14n.Exclusive, Prefixes: []string{"p", ""}}} {
			once, err := m.Document(xmlread.New(doc, xmlread.Limits{Bytes: 1 << 20}), c14n.Options{})
			if err != nil {
				continue
			}
			twice, err := m.Document(xmlread.New(once, xmlread.Limits{}), c14n.Options{})
			if err != nil || !bytes.Equal(once, twice) {
				t.Fatalf("%q\n%q\n%q %v", doc, once, twice, err)
			}
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"zaver/cmd/internal/offline"
	"zaver/portal/text"
	"zaver/signature/revocation"
	"zaver/signature/verify"
)

// answers reads what a batch said: id and exit code of each line.
func (d *desk) answers(in string) []string {
	d.t.Helper()
	exit, out, errs := d.run(in, "batch")
	if exit != 0 || errs != "" {
		d.t.Fatalf("exit %d: %s", exit, errs)
	}
	var got []string
	for line := range strings.Lines(out) {
		var a struct {
			ID     json.RawMessage
			Exit   *int
			Error  string
			Report *struct{ Verdict string }
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil || a.Exit == nil || (a.Report == nil) != (a.Error != "") {
			d.t.Fatalf("%v: %s", err, line)
		}
		got = append(got, fmt.Sprintf("%s %d", a.ID, *a.Exit))
	}
	return got
}

// Every line gets its answer in its turn, whatever the lines before it were.
func TestBatchLines(t *testing.T) {
	d, f := newDesk(t), newFamily()
	leaf, ca, root := quote(d.file("leaf", f.leaf.DER)), quote(d.file("ca", f.ca.DER)), quote(d.file("root", f.root.DER))
	good := func(more string) string {
		return `{` + more + `"verify":"chain","file":` + leaf + `,"untrusted":` + ca + `,"anchors":[` + root + `]}`
	}
	for _, c := range []struct{ line, want string }{
		{good(``), " 0"},
		{good(`"id":12345678901234567890,`), "12345678901234567890 0"},
		{good(`"id":{"a":[1,null]},`), `{"a":[1,null]} 0`},
		{good(`"id":null,`), "null 0"},
		{good(`"id":1,"explicit-policy":true,"policy":"1.2.3",`), "1 1"},
		{good(`"id":2,"--explicit_policy":true,"policy":["1.2.3"],`), "2 1"},
		{good(`"id":3,"at":1893456000,`), "3 0"},
		{good(`"id":4,"at":"2019-01-01",`), "4 1"},
		{good(`"id":5,"crl":` + quote(d.folder("none")) + `,`), "5 2"},
		{good(`"id":6,"at":"never",`), "6 3"},
		{good(`"surprise":1,"id":7,`), "7 3"},
		{`{"id":8,"verify":"chain","file":` + leaf + `}`, "8 3"},
		{`{"id":9,"verify":"batch","file":` + leaf + `,"anchors":` + root + `}`, "9 3"},
		{good(`"id":10,"explicit-policy":true,"explicit_policy":false,`), "10 3"},
		{good(`"id":11,`) + `]`, " 3"},
		{good(`"id":12,`) + `{}`, " 3"},
		{`[]`, " 3"},
		{`null`, " 3"},
		{"\xff\xfe", " 3"},
		{strings.Repeat("[", 100000), " 3"},
		{`{"id":13,"file":"` + strings.Repeat("x", offline.MaxLine) + `"}`, " 3"},
		{good(`"id":14,`), "14 0"},
	} {
		if got := d.answers(c.line); len(got) != 1 || got[0] != c.want {
			t.Errorf("%.120s: %q, want %q", c.line, got, c.want)
		}
	}
	var in strings.Builder
	var want []string
	for i := range 300 {
		switch i % 3 {
		case 0:
			fmt.Fprintln(&in, good(fmt.Sprintf(`"id":%d,`, i)))
			want = append(want, fmt.Sprintf("%d 0", i))
		case 1:
			fmt.Fprint(&in, "nonsense\r\n\n")
			want = append(want, " 3")
		default:
			fmt.Fprintln(&in, `{"id":"`+strings.Repeat("y", offline.MaxLine)+`"}`)
			want = append(want, " 3")
		}
	}
	if got := d.answers(in.String()); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%d answers, want %d", len(got), len(want))
	}
}

// Every code that a report may show has words in both languages, what to do among them.
func TestReportCodesHaveWords(t *testing.T) {
	d := newDesk(t)
	for _, code := range append(append(verify.Codes(), offline.Codes()...), revocation.Codes()...) {
		for _, lang := range text.Languages() {
			if !d.words.Has(lang, code) || !d.words.Has(lang, code+".do") {
				t.Errorf("%s has no words in %s", code, lang)
			}
		}
	}
}

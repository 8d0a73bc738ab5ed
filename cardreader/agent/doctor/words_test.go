// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/words"
)

var (
	codeForm = regexp.MustCompile(`^doctor\.[a-z]+\.[a-z_]+$`)
	hole     = regexp.MustCompile(`\{[a-z]+\}`)
)

func TestEveryCodeHasWords(t *testing.T) {
	for _, code := range doctor.Codes() {
		t.Run(code, func(t *testing.T) {
			ru, ruDo := doctor.Explain(words.Russian, code)
			en, enDo := doctor.Explain(words.English, code)
			if !codeForm.MatchString(code) || ru == "" || en == "" || doctor.AreaOf(code) == "" {
				t.Fatalf("%q, %q", ru, en)
			}
			if (ruDo == "") != (enDo == "") {
				t.Errorf("a remedy in one language only: %q, %q", ruDo, enDo)
			}
			if strings.IndexFunc(en+enDo, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) >= 0 {
				t.Errorf("Russian letters in %q %q", en, enDo)
			}
			holes := func(s string) []string {
				found := hole.FindAllString(s, -1)
				slices.Sort(found)
				return found
			}
			if diff := cmp.Diff(holes(ru), holes(en)); diff != "" {
				t.Errorf("places differ:\n%s", diff)
			}
			if strings.HasSuffix(ru, ".") && !strings.HasSuffix(ru, "дн.") || strings.HasSuffix(en, ".") {
				t.Errorf("a text is no sentence with a full stop: %q, %q", ru, en)
			}
		})
	}
}

// Every code that the package names is in its table.
func TestEveryConstantIsInTheTable(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := doctor.Codes()
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if seen++; !slices.Contains(codes, code) {
			t.Errorf("%s has no words", code)
		}
		return true
	})
	if seen < 60 {
		t.Errorf("found only %d codes", seen)
	}
}

// The document names every code of a fault or warning with its exit code.
func TestDocument(t *testing.T) {
	b, err := os.ReadFile("../../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if cells := strings.Split(line, "|"); len(cells) >= 5 {
			rows[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[len(cells)-2])
		}
	}
	for _, code := range doctor.Codes() {
		if strings.HasSuffix(code, ".ok") || strings.HasSuffix(code, ".skipped") {
			continue
		}
		exit, there := rows[code]
		if !there {
			t.Errorf("docs/doctor.md does not list %s", code)
			continue
		}
		if _, remedy := doctor.Explain(words.English, code); remedy != "" && exit != strconv.Itoa(doctor.AreaOf(code).Exit()) && exit != "0" {
			t.Errorf("docs/doctor.md says exit code %s of %s, not %d", exit, code, doctor.AreaOf(code).Exit())
		}
	}
	for code := range rows {
		if strings.HasPrefix(code, "doctor.") && !slices.Contains(doctor.Codes(), code) {
			t.Errorf("docs/doctor.md lists %s, which is none", code)
		}
	}
}

func TestExitCodesDiffer(t *testing.T) {
	seen := map[int]doctor.Area{}
	for _, a := range doctor.Areas() {
		switch other, twice := seen[a.Exit()]; {
		case twice:
			t.Errorf("%s and %s share exit code %d", a, other, a.Exit())
		case a.Exit() != 3 && (a.Exit() < 10 || a.Exit() > 63):
			t.Errorf("%s has exit code %d", a, a.Exit())
		}
		seen[a.Exit()] = a
	}
}

func TestJSONShape(t *testing.T) {
	r := doctor.Report{Format: doctor.Format, Version: "1", Language: words.Russian, Exit: 14, Millis: 5,
		Lines: []doctor.Line{{Code: doctor.CodeReaderNone, State: doctor.Fault, Area: doctor.AreaReader, Text: "t", Remedy: "r", Detail: "d"}}}
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	line := map[string]any{"code": "doctor.reader.none", "state": "fault", "area": "reader", "text": "t", "remedy": "r", "detail": "d"}
	want := map[string]any{"format": "zaver.doctor/v1", "version": "1", "language": "ru", "exit": 14.0, "millis": 5.0, "lines": []any{line},
		"equipment": map[string]any{"readers": 0.0, "cards": 0.0, "modules": 0.0, "tokens": 0.0, "certificates": 0.0, "portals": 0.0, "browsers": 0.0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTextForPeople(t *testing.T) {
	r := doctor.Report{Language: words.English, Exit: 14, Lines: []doctor.Line{
		{Code: "doctor.reader.none", State: doctor.Fault, Area: doctor.AreaReader, Text: "No reader", Remedy: "Connect one.", Detail: "usb"},
		{Code: "doctor.clock.ok", State: doctor.OK, Area: doctor.AreaClock, Text: "Clock: all is well"},
	}}
	var out bytes.Buffer
	if err := r.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	want := "FAULT  No reader  [doctor.reader.none]\n       usb\n       -> Connect one.\nok     Clock: all is well  [doctor.clock.ok]\nCause: No reader\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

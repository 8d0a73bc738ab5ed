// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/card"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

var isoVerify = card.PadEntry{
	Command: unhex("00 20 00 02 08 20 FF FF FF FF FF FF FF"), Min: 4, Max: 8, Language: "ru", Timeout: 30 * time.Second,
}

var isoChange = card.PadEntry{
	Command: unhex("00 24 00 02 10 20 FF FF FF FF FF FF FF 20 FF FF FF FF FF FF FF"), NewAt: 8, Min: 6, Max: 12, Old: true, Confirm: true, Language: "en",
}

func with(e card.PadEntry, edit func(*card.PadEntry)) card.PadEntry {
	edit(&e)
	return e
}

// TestPadMessage holds every byte against part 10; the fields of the ISO 9564
// form are those of the example in USB CCID 1.1 (89 47 04).
func TestPadMessage(t *testing.T) {
	for _, c := range []struct {
		name   string
		entry  card.PadEntry
		pad    padProperties
		modify bool
		want   string
	}{
		{"verify, iso 9564", isoVerify, padProperties{}, false,
			"1E 00 89 47 04 08 04 02 01 19 04 00 000000 0D000000 00200002 08 20FFFFFFFFFFFFFF"},
		{"verify, ascii, english", with(isoVerify, func(e *card.PadEntry) { e.Format, e.Language = card.PadASCII, "en" }), padProperties{}, false,
			"1E 00 82 08 00 08 04 02 01 09 04 00 000000 0D000000 00200002 08 20FFFFFFFFFFFFFF"},
		{"verify, block at 1", with(isoVerify, func(e *card.PadEntry) {
			e.Command, e.BlockAt = unhex("00 20 00 02 09 00 20 FF FF FF FF FF FF FF"), 1
		}), padProperties{}, false,
			"1E 00 91 47 0C 08 04 02 01 19 04 00 000000 0E000000 00200002 09 00 20FFFFFFFFFFFFFF"},
		{"verify, second timeout", isoVerify, padProperties{timeout2: true, end: 2}, false,
			"1E 1E 89 47 04 08 04 02 01 19 04 00 000000 0D000000 00200002 08 20FFFFFFFFFFFFFF"},
		{"verify, own timeout", with(isoVerify, func(e *card.PadEntry) { e.Timeout = 0 }), padProperties{}, false,
			"00 00 89 47 04 08 04 02 01 19 04 00 000000 0D000000 00200002 08 20FFFFFFFFFFFFFF"},
		{"verify, no enter key, one length", with(isoVerify, func(e *card.PadEntry) { e.Min, e.Max = 6, 6 }), padProperties{end: 1}, false,
			"1E 00 89 47 04 06 06 01 01 19 04 00 000000 0D000000 00200002 08 20FFFFFFFFFFFFFF"},
		{"verify, narrow keypad", isoVerify, padProperties{low: 5, high: 6}, false,
			"1E 00 89 47 04 06 05 02 01 19 04 00 000000 0D000000 00200002 08 20FFFFFFFFFFFFFF"},
		{"change", isoChange, padProperties{}, true,
			"00 00 89 47 04 00 08 0C 06 03 02 03 09 04 00 01 02 000000 15000000 00240002 10 20FFFFFFFFFFFFFF 20FFFFFFFFFFFFFF"},
		{"change, new only", with(isoChange, func(e *card.PadEntry) {
			e.Command, e.NewAt, e.Old = unhex("00 24 01 02 08 20 FF FF FF FF FF FF FF"), 0, false
		}), padProperties{}, true,
			"00 00 89 47 04 00 00 0C 06 01 02 02 09 04 01 02 02 000000 0D000000 00240102 08 20FFFFFFFFFFFFFF"},
		{"change, not repeated", with(isoChange, func(e *card.PadEntry) { e.Confirm = false }), padProperties{}, true,
			"00 00 89 47 04 00 08 0C 06 02 02 02 09 04 00 01 02 000000 15000000 00240002 10 20FFFFFFFFFFFFFF 20FFFFFFFFFFFFFF"},
		{"change, ascii", with(isoChange, func(e *card.PadEntry) { e.Format, e.Max = card.PadASCII, 8 }), padProperties{}, true,
			"00 00 82 08 00 00 08 08 06 03 02 03 09 04 00 01 02 000000 15000000 00240002 10 20FFFFFFFFFFFFFF 20FFFFFFFFFFFFFF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := padMessage(c.entry, c.pad, c.modify)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(unhex(c.want), got); diff != "" {
				t.Errorf("%s\n%X", diff, got)
			}
		})
	}
}

func TestPadMessageRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		edit   func(*card.PadEntry)
		pad    padProperties
		modify bool
	}{
		{name: "no command", edit: func(e *card.PadEntry) { e.Command = nil }},
		{name: "no data", edit: func(e *card.PadEntry) { e.Command = unhex("00 20 00 02 00 00") }},
		{name: "data cut short", edit: func(e *card.PadEntry) { e.Command = e.Command[:9] }},
		{name: "extended command", edit: func(e *card.PadEntry) { e.Command = make([]byte, 300) }},
		{name: "unknown format", edit: func(e *card.PadEntry) { e.Format = 7 }},
		{name: "block of 16", edit: func(e *card.PadEntry) { e.Block = 16 }},
		{name: "negative block", edit: func(e *card.PadEntry) { e.Block = -1 }},
		{name: "block outside", edit: func(e *card.PadEntry) { e.BlockAt = 1 }},
		{name: "block before", edit: func(e *card.PadEntry) { e.BlockAt = -1 }},
		{name: "new block outside", edit: func(e *card.PadEntry) { e.NewAt = 1 }, modify: true},
		{name: "new block before", edit: func(e *card.PadEntry) { e.NewAt = -1 }, modify: true},
		{name: "min above max", edit: func(e *card.PadEntry) { e.Min = 9 }},
		{name: "no digits", edit: func(e *card.PadEntry) { e.Min, e.Max = 0, 0 }},
		{name: "more digits than the block holds", edit: func(e *card.PadEntry) { e.Max = 15 }},
		{name: "more ascii digits than the block holds", edit: func(e *card.PadEntry) { e.Format, e.Max = card.PadASCII, 9 }},
		{name: "keypad for shorter PINs", edit: func(*card.PadEntry) {}, pad: padProperties{low: 1, high: 3}},
		{name: "keypad for longer PINs", edit: func(*card.PadEntry) {}, pad: padProperties{low: 9, high: 12}},
		{name: "no enter key, several lengths", edit: func(*card.PadEntry) {}, pad: padProperties{end: 1}},
		{name: "ends by timeout only", edit: func(*card.PadEntry) {}, pad: padProperties{end: 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := padMessage(with(isoVerify, c.edit), c.pad, c.modify); err == nil {
				t.Errorf("%X", got)
			}
		})
	}
}

func TestPadSeconds(t *testing.T) {
	for in, want := range map[time.Duration]byte{-1: 0, 0: 0, 1: 1, time.Second: 1, 1500 * time.Millisecond: 2, 255 * time.Second: 255, time.Hour: 255} {
		if got := padSeconds(in); got != want {
			t.Errorf("%s: %d, want %d", in, got, want)
		}
	}
}

func TestParseFeatures(t *testing.T) {
	for _, c := range []struct {
		name, in       string
		verify, modify bool
	}{
		{"none", "", false, false},
		{"direct", "06 04 42330006 07 04 42330007 0A 04 4233000A 12 04 42330012", true, true},
		{"two steps", "01 04 42330001 02 04 42330002", true, false},
		{"half of two steps", "01 04 42330001 04 04 42330004", false, false},
		{"modify alone", "03 04 42330003 04 04 42330004", false, true},
		{"unknown ones besides", "06 04 42330006 77 04 42330077", true, false},
		{"cut", "06 04 423300", false, false},
		{"wrong length", "06 03 42330006", false, false},
		{"code zero", "06 04 00000000", false, false},
		{"the code of the question", "06 04 42000D48", false, false},
		{"twice", "06 04 42330006 06 04 42330007", false, false},
		{"too many", strings.Repeat("06 04 42330006", 65), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parseFeatures(unhex(c.in))
			if f.verify() != c.verify || f.modify() != c.modify {
				t.Errorf("%v", f)
			}
		})
	}
}

func TestParseProperties(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     padProperties
	}{
		{"none", "", padProperties{}},
		{"all", "01 02 0000 02 01 07 03 01 01 06 01 04 07 01 08 0B 02 6B07 0C 02 3130", padProperties{end: 7, timeout2: true, low: 4, high: 8, vendor: 0x076B, product: 0x3031}},
		{"cut after the vendor", "0B 02 6B07 0C 02 31", padProperties{vendor: 0x076B}},
		{"wrong lengths", "02 02 0707 0B 04 6B070000 06 00", padProperties{}},
		{"impossible numbers", "06 01 63 07 01 00", padProperties{}},
		{"limits that cross", "06 01 08 07 01 04", padProperties{}},
		{"length past the end", "02 FF 07", padProperties{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, parseProperties(unhex(c.in)), cmp.AllowUnexported(padProperties{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPadAnswer: the keypad's own words do not reach the card layer, the card's do.
func TestPadAnswer(t *testing.T) {
	own := map[uint16]bool{0x6400: true, 0x6401: true, 0x6402: true, 0x6403: true, 0x6B80: true}
	for sw := range 0x10000 {
		b, err := padAnswer("test", []byte{byte(sw >> 8), byte(sw)})
		if (err != nil) != own[uint16(sw)] || (b == nil) != own[uint16(sw)] {
			t.Fatalf("%04X: %X, %v", sw, b, err)
		}
	}
	for _, n := range []int{0, 1, 3, 258} {
		if _, err := padAnswer("test", bytes.Repeat([]byte{0x90}, n)); err == nil {
			t.Errorf("an answer of %d bytes", n)
		}
	}
}

func TestParsePadRules(t *testing.T) {
	for _, c := range []struct{ name, file, wrong string }{
		{"empty", "", ""},
		{"comments", "# one\n\n   # two\n", ""},
		{"all forms", "deny usb 076b:3031\nallow usb 076B:3031 verify # back\ndeny name plain\ndeny name \"two words\" modify", ""},
		{"DOS lines", "deny usb 076b:3031\r\nallow name \"x\"\r\n", ""},
		{"languages", "language usb 076b:3031 en\nlanguage name \"*pad*\" ru # its display", ""},
		{"no language", "language name x", "line 1: language"},
		{"another language", "language name x de", "line 1: language"},
		{"no verb", "usb 076b:3031", "line 1: 2 words"},
		{"another verb", "\nforbid usb 076b:3031", "line 2: \"forbid\""},
		{"another kind", "deny pci 076b:3031", "line 1: \"pci\""},
		{"short number", "deny usb 76b:3031", "line 1: \"76b:3031\""},
		{"no number", "deny usb 076x:3031", "line 1: \"076x\""},
		{"no colon", "deny usb 076b3031", "line 1: \"076b3031\""},
		{"empty pattern", "deny name \"\"", "line 1: a pattern"},
		{"open quotation", "deny name \"x", "line 1: a quotation"},
		{"no space", "deny name \"x\"verify", "line 1: no space"},
		{"another function", "deny name x sign", "line 1: \"sign\""},
		{"too many words", "deny name x verify modify", "line 1: 5 words"},
		{"long line", "deny name " + strings.Repeat("x", 600), "line 1: more than"},
		{"long pattern", "deny name " + strings.Repeat("x", 300), "line 1: a pattern"},
		{"many rules", strings.Repeat("deny name x\n", 2001), "line 2001: more than"},
		{"big file", strings.Repeat("#\n", 1<<18), "file of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParsePadRules([]byte(c.file))
			switch {
			case c.wrong == "" && err != nil:
				t.Error(err)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("%v, want %q", err, c.wrong)
			}
		})
	}
}

// TestBuiltinPadRules: the file that comes with the program is right, and
// every rule of it has its source above.
func TestBuiltinPadRules(t *testing.T) {
	rules, err := BuiltinPadRules()
	if err != nil || len(rules) == 0 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	for _, paragraph := range strings.Split(string(builtinPadRules), "\n\n")[1:] {
		if strings.Contains(paragraph, "\ndeny ") && !strings.Contains(paragraph, "# https://") {
			t.Errorf("no source for\n%s", paragraph)
		}
	}
	for _, c := range []struct {
		name            string
		vendor, product uint16
		want            bool
	}{
		{"HID Global OMNIKEY 3x21 Smart Card Reader [OMNIKEY 3x21 Smart Card Reader] 00 00", 0, 0, true},
		{"anything", 0x076B, 0x6632, true},
		{"Gemalto PC Pinpad 00 00", 0x08E6, 0x3478, false},
	} {
		if verify, modify := rulesFor(rules, c.name, c.vendor, c.product).denied(); verify != c.want || modify != c.want {
			t.Errorf("%s: %t, %t", c.name, verify, modify)
		}
	}
}

// The last rule that fits decides, and rules of languages deny nothing.
func TestPadLanguageRules(t *testing.T) {
	for _, c := range []struct{ name, rules, want string }{
		{"none", "", ""},
		{"of another reader", "language name \"Bad*\" en", ""},
		{"by name", "language name \"good*\" en", "en"},
		{"by USB numbers", "language usb 076b:3031 ru", "ru"},
		{"the last", "language name * en\nlanguage usb 076b:3031 ru\ndeny name nobody", "ru"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules, err := ParsePadRules([]byte(c.rules))
			if err != nil {
				t.Fatal(err)
			}
			fit := rulesFor(rules, "Good Pad 00 00", 0x076B, 0x3031)
			if got := fit.language(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if verify, modify := fit.denied(); verify || modify {
				t.Errorf("denied: %t, %t", verify, modify)
			}
		})
	}
}

func TestWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true}, {"*", "", true}, {"a*c", "abc", true},
		{"a*c", "abd", false}, {"a*a", "a", false}, {"*b*", "abc", true}, {"*b*b*", "abc", false}, {"a**c", "ac", true}, {"[x]*", "[x] 00", true},
	} {
		if got := wildcard(c.pattern, c.name); got != c.want {
			t.Errorf("%q against %q: %t", c.pattern, c.name, got)
		}
	}
}

func FuzzPadRules(f *testing.F) {
	f.Add(builtinPadRules, "HID Global OMNIKEY 6121 00 00")
	f.Add([]byte("language name * en\nlanguage usb 076b:3031 ru"), "x")
	f.Add([]byte("deny name \"*a*b*\" verify\nallow usb 0000:ffff"), "axxb")
	f.Fuzz(func(t *testing.T, file []byte, name string) {
		rules, err := ParsePadRules(file)
		if err != nil {
			if rules != nil || !strings.HasPrefix(err.Error(), "rules for keypads: ") {
				t.Errorf("%v, %d rules", err, len(rules))
			}
			return
		}
		fit := rulesFor(rules, name, 0x076B, 0x3031)
		if l := fit.language(); l != "" && l != "ru" && l != "en" || len(fit) > len(rules) {
			t.Errorf("%d of %d rules fit, language %q", len(fit), len(rules), l)
		}
		fit.denied()
	})
}

// FuzzPadAnswers feeds what readers tell of themselves, and builds an entry
// from it: the structure must hold the command, and never more digits than the
// card takes.
func FuzzPadAnswers(f *testing.F) {
	f.Add(unhex("06 04 42330006 12 04 42330012"), unhex("02 01 07 06 01 04 07 01 08 0B 02 6B07"), unhex("00000200"))
	f.Add(unhex("06 04"), unhex("02 FF"), unhex("0000"))
	f.Fuzz(func(t *testing.T, list, properties, older []byte) {
		found := parseFeatures(list)
		if len(found) > maxFeatures || found.verify() && found[verifyDirect] == 0 && found[verifyStart] == 0 {
			t.Errorf("%v", found)
		}
		p := parseProperties(properties)
		p.fromPINProperties(older)
		for _, modify := range []bool{false, true} {
			e := isoVerify
			if modify {
				e = isoChange
			}
			b, err := padMessage(e, p, modify)
			if err != nil {
				continue
			}
			at := 5
			if modify {
				at = 7
			}
			if !bytes.HasSuffix(b, e.Command) || int(b[at]) > e.Max || b[at+1] > b[at] || int(b[at+1]) < e.Min {
				t.Errorf("%X from %+v", b, p)
			}
		}
		_, _ = padAnswer("fuzz", list)
	})
}

func TestSafeName(t *testing.T) {
	for in, want := range map[string]string{
		"scdaemon\n": "scdaemon", "Web Content": "WebContent", "a\x1b[31mb": "a31mb", "зло": "", "": "", strings.Repeat("x", 40): strings.Repeat("x", 15), "../x;y": "..xy",
	} {
		if got := safeName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

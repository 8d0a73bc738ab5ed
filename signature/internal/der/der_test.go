// SPDX-License-Identifier: Apache-2.0

package der

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
)

func TestValid(t *testing.T) {
	deep := func(n int) string {
		b := []byte{5, 0}
		for range n {
			var c cryptobyte.Builder
			c.AddASN1(0x30, func(c *cryptobyte.Builder) { c.AddBytes(b) })
			b = c.BytesOrPanic()
		}
		return hex.EncodeToString(b)
	}
	for name, r := range map[string]struct {
		hex  string
		want bool
	}{
		"null":                      {"0500", true},
		"sequence":                  {"30030101ff", true},
		"context constructed":       {"a0020500", true},
		"context primitive":         {"800101", true},
		"long length":               {"048180" + strings.Repeat("00", 128), true},
		"deepest":                   {deep(MaxDepth - 1), true},
		"too deep":                  {deep(MaxDepth), false},
		"nothing":                   {"", false},
		"behind the end":            {"05000500", false},
		"cut":                       {"3003010", false},
		"cut inside":                {"30020101", false},
		"indefinite":                {"30800000", false},
		"indefinite context":        {"a08005000000", false},
		"end of contents":           {"30020000", false},
		"overlong length":           {"04810100", false},
		"overlong length of length": {"0482008000", false},
		"boolean 01":                {"010101", false},
		"boolean of two":            {"0102ffff", false},
		"null with content":         {"050100", false},
		"integer padded":            {"02020001", false},
		"integer padded negative":   {"0202ff80", false},
		"integer empty":             {"0200", false},
		"integer with sign byte":    {"02020080", true},
		"bits padded":               {"03020701", false},
		"bits right":                {"03020780", true},
		"bits none":                 {"030100", true},
		"bits none padded":          {"030101", false},
		"bits eight unused":         {"03020800", false},
		"bits empty":                {"0300", false},
		"oid":                       {"06032a0304", true},
		"oid padded":                {"06042a800304", false},
		"oid cut":                   {"06022a83", false},
		"oid empty":                 {"0600", false},
		"string in pieces":          {"2404040201ff", false},
		"primitive sequence":        {"1000", false},
		"primitive set":             {"1100", false},
		"high tag":                  {"1f8101" + "00", false},
	} {
		b, err := hex.DecodeString(strings.TrimSuffix(r.hex, "0"[:len(r.hex)%2]))
		if err != nil {
			t.Fatal(name, err)
		}
		if err := Valid(b); (err == nil) != r.want || err != nil && !errors.Is(err, ErrNotDER) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadTime(t *testing.T) {
	for _, r := range []struct {
		tag   byte
		text  string
		want  string
		wrong bool
	}{
		{23, "261122100000Z", "2026-11-22T10:00:00Z", false},
		{23, "491231235959Z", "2049-12-31T23:59:59Z", false},
		{23, "500101000000Z", "1950-01-01T00:00:00Z", false},
		{23, "991231235959Z", "1999-12-31T23:59:59Z", false},
		{24, "20500101000000Z", "2050-01-01T00:00:00Z", false},
		{24, "20261122100000Z", "2026-11-22T10:00:00Z", true},
		{23, "2611221000Z", "", false},
		{23, "261122100000+0300", "", false},
		{23, "260230100000Z", "", false},
		{23, "261122100060Z", "", false},
		{24, "20261122100000.5Z", "", false},
		{24, "20261122100000.0Z", "", false},
		{24, "20261122100000", "", false},
		{24, "261122100000Z", "", false},
		{22, "261122100000Z", "", false},
	} {
		s := cryptobyte.String(append([]byte{r.tag, byte(len(r.text))}, r.text...))
		got, tag, ok := ReadTime(&s)
		if ok != (r.want != "") || ok && (got.Format("2006-01-02T15:04:05Z") != r.want || WrongChoice(got, tag) != r.wrong) {
			t.Errorf("%d %s: %v, %v", r.tag, r.text, got, ok)
		}
	}
	if _, _, ok := ReadTime(new(cryptobyte.String)); ok {
		t.Error("a time was read from nothing")
	}
}

func TestReadAlgorithm(t *testing.T) {
	for in, want := range map[string]string{
		"300506032a0304":         "1.2.3.4 ",
		"300706032a03040500":     "1.2.3.4 0500",
		"300906032a030405000500": "",
		"30020500":               "",
		"3000":                   "",
		"":                       "",
	} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		s := cryptobyte.String(b)
		oid, params, ok := ReadAlgorithm(&s)
		if ok != (want != "") || ok && oid.String()+" "+hex.EncodeToString(params) != want {
			t.Errorf("%s: %v %x %v", in, oid, params, ok)
		}
	}
}

// FuzzValid proves that no input takes the walk out of its bounds, and that
// what is valid carries no byte more.
func FuzzValid(f *testing.F) {
	for _, s := range []string{"30030101ff", "a08005000000", "2404040201ff", "30020000"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if Valid(b) == nil && Valid(append(bytes.Clone(b), 0)) == nil {
			t.Error("a byte behind the end went unseen")
		}
		s := cryptobyte.String(b)
		_, _, _ = ReadTime(&s)
		s = cryptobyte.String(b)
		_, _, _ = ReadAlgorithm(&s)
	})
}

// SPDX-License-Identifier: Apache-2.0

package pinentry

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
)

func TestParseReply(t *testing.T) {
	long := "D " + strings.Repeat("x", maxLine)
	for _, c := range []struct {
		line string
		kind kind
		code uint32
		data string
		bad  bool
	}{
		{line: "OK", kind: kindOK},
		{line: "OK Pleased to meet you", kind: kindOK},
		{line: "ERR 83886179 Operation cancelled <Pinentry>", kind: kindErr, code: 83886179},
		{line: "ERR 99", kind: kindErr, code: 99},
		{line: "D 1234", kind: kindData, data: "1234"},
		{line: "D ", kind: kindData},
		{line: "D", kind: kindData},
		{line: "D 1%252%0a%0D", kind: kindData, data: "1%2\n\r"},
		{line: "D  a", kind: kindData, data: " a"},
		{line: "S ERROR tty.x 83886142", kind: kindInfo},
		{line: "# comment", kind: kindInfo},
		{line: "INQUIRE QUALITY", kind: kindInquire},
		{line: "", bad: true},
		{line: "HTTP/1.1 200 OK", bad: true},
		{line: "OKAY", bad: true},
		{line: "ERR", bad: true},
		{line: "ERR 0 fine", bad: true},
		{line: "ERR -1", bad: true},
		{line: "ERR 4294967296", bad: true},
		{line: "D %", bad: true},
		{line: "D %4", bad: true},
		{line: "D %zz", bad: true},
		{line: long, bad: true},
	} {
		r, err := parseReply([]byte(c.line))
		if (err != nil) != c.bad {
			t.Errorf("%.40q: error %v", c.line, err)
			continue
		}
		if err != nil {
			if !errors.Is(err, errSyntax) {
				t.Errorf("%.40q: %v is not errSyntax", c.line, err)
			}
			continue
		}
		if r.kind != c.kind || r.code != c.code || string(r.data) != c.data {
			t.Errorf("%.40q: got %v %d %q", c.line, r.kind, r.code, r.data)
		}
	}
}

// Decoding leaves nothing of the longer, encoded form behind.
func TestUnescapeWipesTheRest(t *testing.T) {
	b := []byte("%31%32%33%34")
	got, err := unescape(b)
	if err != nil || string(got) != "1234" {
		t.Fatalf("got %q, %v", got, err)
	}
	if !bytes.Equal(b[4:], make([]byte, len(b)-4)) {
		t.Errorf("left behind: %q", b[4:])
	}
}

func TestLineReader(t *testing.T) {
	in := "OK one\r\nD 1234\n\nOK three\n"
	l := lineReader{in: iotest.OneByteReader(strings.NewReader(in))}
	for _, want := range []string{"OK one", "D 1234", "", "OK three"} {
		got, err := l.next()
		if err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	if _, err := l.next(); !errors.Is(err, io.EOF) {
		t.Errorf("end: %v", err)
	}
	l.wipe()
	if l.buf != [len(l.buf)]byte{} {
		t.Error("wipe left bytes")
	}
	l = lineReader{in: strings.NewReader(strings.Repeat("x", 3*maxLine))}
	if _, err := l.next(); !errors.Is(err, errSyntax) {
		t.Errorf("endless line: %v", err)
	}
}

func TestCommand(t *testing.T) {
	got, err := command("SETDESC", "100% да\r\nнет")
	if err != nil || got != "SETDESC 100%25 да%0Aнет\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := command("SETDESC", strings.Repeat("%", MaxText/3)); err != nil {
		t.Errorf("a text of MaxText: %v", err)
	}
	for _, bad := range []string{"a\x00b", strings.Repeat("x", maxLine)} {
		if _, err := command("SETDESC", bad); err == nil {
			t.Errorf("accepted %.10q", bad)
		}
	}
}

// Whatever a text holds, it stays one line and comes back as it was.
func FuzzCommand(f *testing.F) {
	f.Add("Портал: Демо\nКод: 1234")
	f.Add("%0A%\r\nGETPIN")
	f.Fuzz(func(t *testing.T, text string) {
		line, err := command("SETDESC", text)
		if err != nil {
			return
		}
		body, ok := strings.CutSuffix(line, "\n")
		if !ok || strings.ContainsAny(body, "\r\n\x00") {
			t.Fatalf("not one line: %q", line)
		}
		_, value, _ := strings.Cut(body, " ")
		got, err := url.PathUnescape(value)
		if want := strings.ReplaceAll(text, "\r", ""); err != nil || got != want {
			t.Fatalf("%q came back as %q, %v", want, got, err)
		}
	})
}

func FuzzParseReply(f *testing.F) {
	for _, s := range []string{"OK", "ERR 83886179 x", "D 12%2534", "D %zz", "S x", "# y", "INQUIRE z", "D %"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		secret := bytes.Clone(line)
		r, err := parseReply(bytes.Clone(line))
		if err != nil {
			if !errors.Is(err, errSyntax) {
				t.Fatalf("%v is not errSyntax", err)
			}
			if s := string(secret); len(s) > 40 && strings.Contains(err.Error(), s) {
				t.Fatal("the error repeats the line")
			}
			return
		}
		if len(r.data) > len(line) || r.kind == kindErr && r.code == 0 {
			t.Fatalf("got %+v", r)
		}
		if r.kind == kindData {
			again, err := unescape([]byte(strings.ReplaceAll(string(r.data), "%", "%25")))
			if err != nil || !bytes.Equal(again, r.data) {
				t.Fatalf("%q doesn't survive a round trip: %q, %v", r.data, again, err)
			}
		}
	})
}

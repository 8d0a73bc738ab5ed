// SPDX-License-Identifier: Apache-2.0

package nativemsg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func frame(body string) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func TestReadFrame(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want string
		err  error
	}{
		{"one message", frame(`{"do":"hello"}`), `{"do":"hello"}`, nil},
		{"empty message", frame(""), "", nil},
		{"as long as may be", frame(strings.Repeat("x", MaxIn)), strings.Repeat("x", MaxIn), nil},
		{"one byte too long", frame(strings.Repeat("x", MaxIn+1)), "", ErrTooLong},
		{"length of four gigabytes", []byte{0xff, 0xff, 0xff, 0xff}, "", ErrTooLong},
		{"nothing", nil, "", io.EOF},
		{"cut in the length", []byte{1, 0}, "", io.ErrUnexpectedEOF},
		{"cut after the length", frame("abc")[:4], "", io.ErrUnexpectedEOF},
		{"cut in the message", frame("abc")[:6], "", io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadFrame(bytes.NewReader(c.in), MaxIn)
			if !errors.Is(err, c.err) || string(got) != c.want {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestWriteFrame(t *testing.T) {
	var out bytes.Buffer
	if err := WriteFrame(&out, []byte("{}")); err != nil || !bytes.Equal(out.Bytes(), frame("{}")) {
		t.Errorf("wrote %q, %v", out.Bytes(), err)
	}
	out.Reset()
	if err := WriteFrame(&out, make([]byte, MaxOut+1)); !errors.Is(err, ErrTooLong) || out.Len() != 0 {
		t.Errorf("a message above the bound: %v, %d bytes", err, out.Len())
	}
}

func TestCheckCaller(t *testing.T) {
	allowed := []string{"lkhhhejdfbkjbnmohlahghgnkekdngdc", "agent@zaver.ru"}
	const chromium = "chrome-extension://lkhhhejdfbkjbnmohlahghgnkekdngdc/"
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"Chromium", []string{chromium}, allowed[0]},
		{"Chromium on Windows", []string{chromium, "--parent-window=132"}, allowed[0]},
		{"Firefox", []string{"/home/a/.mozilla/native-messaging-hosts/ru.zaver.agent.json", "agent@zaver.ru"}, allowed[1]},
		{"nobody", nil, ""},
		{"empty", []string{""}, ""},
		{"another extension", []string{"chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"}, ""},
		{"another extension in Firefox", []string{"/a/ru.zaver.agent.json", "evil@example"}, ""},
		{"no slash", []string{strings.TrimSuffix(chromium, "/")}, ""},
		{"path behind", []string{chromium + "page.html"}, ""},
		{"capitals", []string{strings.ToUpper(chromium)}, ""},
		{"two origins", []string{chromium, chromium}, ""},
		{"web page", []string{"https://lkhhhejdfbkjbnmohlahghgnkekdngdc/"}, ""},
		{"Firefox's id as Chromium's", []string{"chrome-extension://agent@zaver.ru/x"}, ""},
		{"relative manifest", []string{"ru.zaver.agent.json", "agent@zaver.ru"}, ""},
		{"no manifest", []string{"agent@zaver.ru"}, ""},
		{"something behind", []string{"/a/ru.zaver.agent.json", "agent@zaver.ru", "x"}, ""},
		{"option behind", []string{chromium, "--config=/tmp/evil"}, ""},
		{"empty id", []string{"chrome-extension:///"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := CheckCaller(c.args, allowed)
			if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, ErrCaller) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

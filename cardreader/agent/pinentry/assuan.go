// SPDX-License-Identifier: Apache-2.0

package pinentry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxLine is Assuan's longest line, without its line feed (libassuan ASSUAN_LINELENGTH less CR LF).
const maxLine = 1000

// The codes of libgpg-error that a pinentry answers with; the source sits in the bits from 24 up.
const (
	codeMask         = 0xffff
	codeTimeout      = 62
	codeCancelled    = 99
	codeNotConfirmed = 114
	codeFullyCancel  = 198
)

// serverError is an ERR line.
type serverError struct{ code uint32 }

func (e *serverError) Error() string {
	return fmt.Sprintf("pinentry answered error %d", e.code&codeMask)
}

func (e *serverError) timeout() bool      { return e.code&codeMask == codeTimeout }
func (e *serverError) notConfirmed() bool { return e.code&codeMask == codeNotConfirmed }
func (e *serverError) cancelled() bool {
	return e.code&codeMask == codeCancelled || e.code&codeMask == codeFullyCancel
}

type kind int

const (
	kindOK kind = iota
	kindErr
	kindData
	kindInfo // status or comment: carries nothing for us
	kindInquire
)

// reply is one line of the server; data lies in the line given to parseReply.
type reply struct {
	kind kind
	code uint32
	data []byte
}

var errSyntax = errors.New("line is not Assuan")

// parseReply reads one line without its line feed. The data of a D line is decoded in place.
// The error never repeats the line, which may hold a PIN.
func parseReply(line []byte) (reply, error) {
	if len(line) > maxLine {
		return reply{}, fmt.Errorf("%w: longer than %d bytes", errSyntax, maxLine)
	}
	word, rest, _ := bytes.Cut(line, []byte(" "))
	switch {
	case len(line) > 0 && line[0] == '#', string(word) == "S":
		return reply{kind: kindInfo}, nil
	case string(word) == "OK":
		return reply{kind: kindOK}, nil
	case string(word) == "INQUIRE":
		return reply{kind: kindInquire}, nil
	case string(word) == "D":
		data, err := unescape(rest)
		return reply{kind: kindData, data: data}, err
	case string(word) == "ERR":
		number, _, _ := bytes.Cut(rest, []byte(" "))
		code, err := strconv.ParseUint(string(number), 10, 32)
		if err != nil || code == 0 {
			return reply{}, fmt.Errorf("%w: ERR without a code", errSyntax)
		}
		return reply{kind: kindErr, code: uint32(code)}, nil
	}
	return reply{}, errSyntax
}

// unescape decodes %XX in place and returns the shorter slice of b. What lay behind it is wiped.
func unescape(b []byte) ([]byte, error) {
	n := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '%' {
			if i+2 >= len(b) {
				return nil, fmt.Errorf("%w: cut escape", errSyntax)
			}
			hi, lo := unhex(b[i+1]), unhex(b[i+2])
			if hi < 0 || lo < 0 {
				return nil, fmt.Errorf("%w: bad escape", errSyntax)
			}
			c = byte(hi<<4 | lo)
			i += 2
		}
		b[n] = c
		n++
	}
	clear(b[n:])
	return b[:n], nil
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

var escaper = strings.NewReplacer("%", "%25", "\r", "", "\n", "%0A")

// EscapedLen is the length of a text as it is sent, to be kept below MaxText.
func EscapedLen(s string) int { return len(escaper.Replace(s)) }

// command builds one line, with its line feed.
func command(name, value string) (string, error) {
	if strings.ContainsRune(value, 0) {
		return "", fmt.Errorf("%s: text holds a zero byte", name)
	}
	line := name
	if value != "" {
		line += " " + escaper.Replace(value)
	}
	if len(line) > maxLine {
		return "", fmt.Errorf("%s: text of %d bytes is too long", name, len(line))
	}
	return line + "\n", nil
}

// lineReader cuts a stream into lines in one buffer that can be wiped.
type lineReader struct {
	in   io.Reader
	buf  [maxLine + 2]byte
	r, w int
}

// next returns the next line without its line feed; it is good until the next call.
func (l *lineReader) next() ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.r:l.w], '\n'); i >= 0 {
			line := l.buf[l.r : l.r+i]
			l.r += i + 1
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		n := copy(l.buf[:], l.buf[l.r:l.w])
		clear(l.buf[n:l.w])
		l.r, l.w = 0, n
		if l.w == len(l.buf) {
			return nil, fmt.Errorf("%w: longer than %d bytes", errSyntax, maxLine)
		}
		n, err := l.in.Read(l.buf[l.w:])
		l.w += n
		if n == 0 && err != nil {
			return nil, err
		}
	}
}

func (l *lineReader) wipe() {
	clear(l.buf[:])
	l.r, l.w = 0, 0
}

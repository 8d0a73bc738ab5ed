// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/verify"
)

// block is one DER value of a file and where it came from.
type block struct {
	DER  []byte
	Type string // PEM type, empty for plain DER
	From string // file, and the block's number where there are several
}

var (
	pemBegin = []byte("-----BEGIN ")
	byteMark = []byte("\xef\xbb\xbf")
)

// split gives the DER values of a file: PEM blocks with any text around them, DER
// as it is, or the base64 of one DER value without PEM's lines, as some signing
// tools write it. broken counts the PEM blocks that cannot be read.
func split(name string, b []byte) (out []block, broken int) {
	b = bytes.TrimPrefix(b, byteMark)
	want := 0
	if len(b) == 0 || b[0] != 0x30 {
		want = blocksIn(b)
	}
	if want == 0 {
		return []block{{DER: plain(b), From: name}}, 0
	}
	for p, rest := pem.Decode(b); p != nil; p, rest = pem.Decode(rest) {
		der := p.Bytes
		if p.Type == "TRUSTED CERTIFICATE" {
			der = first(der) // OpenSSL's own: what the certificate is trusted for stands behind it
		}
		out = append(out, block{DER: der, Type: p.Type, From: name})
	}
	if want > 1 {
		for i := range out {
			out[i].From = fmt.Sprintf("%s (block %d)", name, i+1)
		}
	}
	return out, max(want-len(out), 0)
}

// blocksIn counts the lines that begin a PEM block.
func blocksIn(b []byte) int {
	n := bytes.Count(b, append([]byte("\n"), pemBegin...))
	if bytes.HasPrefix(b, pemBegin) {
		n++
	}
	return n
}

// first is the first DER element of the bytes, or all of them when there is none.
func first(b []byte) []byte {
	in := cryptobyte.String(b)
	var out cryptobyte.String
	if !in.ReadASN1Element(&out, casn1.SEQUENCE) {
		return b
	}
	return out
}

// plain undoes base64 where the bytes are nothing else and hide a SEQUENCE: "M" is
// how its first octet looks then.
func plain(b []byte) []byte {
	text := bytes.TrimSpace(b)
	if len(text) < 4 || text[0] != 'M' {
		return b
	}
	text = bytes.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, text)
	der := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(der, text)
	if err != nil || n == 0 || der[0] != 0x30 {
		return b
	}
	return der[:n]
}

// isSequence says whether the bytes could be one of the things that are asked for.
func isSequence(b []byte) bool {
	in := cryptobyte.String(b)
	return in.SkipASN1(casn1.SEQUENCE) && in.Empty()
}

// heap is what was read for an option, and what had to be left out.
type heap struct {
	blocks   []block
	findings []verify.Finding
}

// skip tells what was left out.
func (h *heap) skip(option, from, why string) {
	h.findings = append(h.findings, verify.Finding{Code: codeSkipped, Severity: verify.Warn, Detail: fmt.Sprintf("%s %s: %s", option, from, why)})
}

// load reads all that an option names, split into DER values. types are words of
// the PEM types that belong there.
func load(option string, names []string, types ...string) (heap, error) {
	var h heap
	files, err := expand(option, names)
	if err != nil {
		return h, err
	}
	for _, name := range files {
		b, err := read(option, name)
		if err != nil {
			return h, err
		}
		list, broken := split(name, b)
		if broken > 0 {
			h.skip(option, name, fmt.Sprintf("%d broken PEM blocks", broken))
		}
		for _, x := range list {
			switch {
			case x.Type != "" && !isOf(x.Type, types):
				h.skip(option, x.From, "a PEM block of another kind: "+x.Type)
			case !isSequence(x.DER):
				h.skip(option, x.From, "neither PEM nor DER")
			default:
				h.blocks = append(h.blocks, x)
			}
		}
	}
	return h, nil
}

func isOf(pemType string, types []string) bool {
	for _, t := range types {
		if strings.Contains(pemType, t) {
			return true
		}
	}
	return false
}

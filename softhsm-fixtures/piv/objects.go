// SPDX-License-Identifier: Apache-2.0

package piv

import (
	"bytes"
	"compress/gzip"
	"fmt"

	"zaver/cardreader/apdu"
)

// Tags of data objects (SP 800-73-4 part 1, table 3). They are kept apart from
// the production profile on purpose: a slip in one must show in the other.
const (
	tagCCC       = "\x5F\xC1\x07"
	tagCHUID     = "\x5F\xC1\x02"
	tagHistory   = "\x5F\xC1\x0C"
	tagDiscovery = "\x7E"
	tagPrinted   = "\x5F\xC1\x09"
	tagContainer = 0x53
	tagError     = 0xFE // error detection code, always empty
)

// certificateTags are the containers of the keys' certificates.
var certificateTags = map[byte]string{
	Authentication: "\x5F\xC1\x05", DigitalSignature: "\x5F\xC1\x0A", KeyManagement: "\x5F\xC1\x0B", CardAuthentication: "\x5F\xC1\x01",
}

// object is one data object as GET DATA answers it.
type object struct {
	content []byte
	secret  bool // only after the PIN
}

// put appends one object. Tags here may say "constructed" over contents that
// are no objects, so apdu.TLV does not serve.
func put(dst []byte, tag apdu.Tag, content ...byte) []byte {
	b := apdu.TLV{Tag: 0x04, Value: content}.Append(nil) // for the length
	if tag > 0xFF {
		dst = append(dst, byte(tag>>8))
	}
	return append(append(dst, byte(tag)), b[1:]...)
}

func objects(cfg Config) (map[string]object, error) {
	history := put(put(put(nil, 0xC1, 0), 0xC2, 0), tagError)
	printed := put(put(nil, 0x01, []byte("ZAVER TEST CARD")...), tagError)
	policy := put(put(nil, 0x4F, AID()...), 0x5F2F, 0x40, 0x00) // the PIN of this application alone
	out := map[string]object{
		tagCCC:       {content: put(nil, tagContainer, capabilities(cfg)...)},
		tagCHUID:     {content: put(nil, tagContainer, chuid(cfg)...)},
		tagHistory:   {content: put(nil, tagContainer, history...)},
		tagDiscovery: {content: put(nil, 0x7E, policy...)},
		tagPrinted:   {content: put(nil, tagContainer, printed...), secret: true},
	}
	for ref, der := range cfg.Certificates {
		tag, ok := certificateTags[ref]
		if !ok {
			return nil, fmt.Errorf("key %02X has no certificate container", ref)
		}
		content, err := certificate(der, cfg.Compress)
		if err != nil {
			return nil, err
		}
		out[tag] = object{content: put(nil, tagContainer, content...)}
	}
	return out, nil
}

// certificate writes the contents of a certificate's container (part 1, table 13).
func certificate(der []byte, compress bool) ([]byte, error) {
	info := byte(0)
	if compress {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(der); err != nil {
			return nil, fmt.Errorf("compress a certificate: %w", err)
		}
		if err := z.Close(); err != nil {
			return nil, fmt.Errorf("compress a certificate: %w", err)
		}
		der, info = b.Bytes(), 1
	}
	return put(put(put(nil, 0x70, der...), 0x71, info), tagError), nil
}

// chuid writes the Card Holder Unique Identifier (part 1, table 9), unsigned.
func chuid(cfg Config) []byte {
	b := put(nil, 0x30, fascN()...)
	b = put(b, 0x34, cfg.GUID[:]...)
	b = put(b, 0x35, []byte(cfg.Expires.Format("20060102"))...)
	return put(put(b, 0x3E), tagError)
}

// capabilities writes the Card Capability Container (part 1, table 8): an
// identifier of the card, the version of the table, and empty members.
func capabilities(cfg Config) []byte {
	id := append([]byte{0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02}, cfg.GUID[:14]...)
	b := put(nil, 0xF0, id...)
	b = put(b, 0xF1, 0x21)
	b = put(b, 0xF2, 0x21)
	b = put(b, 0xF3)
	b = put(b, 0xF4, 0x00)
	b = put(b, 0xF5, 0x10)
	for _, tag := range []apdu.Tag{0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD} {
		b = put(b, tag)
	}
	return put(b, tagError)
}

// fascN is the number of a card that no agency issued (agency 9999, 25 bytes of
// five-bit digits with parity).
func fascN() []byte {
	digits := []int{11, 9, 9, 9, 9, 13, 9, 9, 9, 9, 13, 9, 9, 9, 9, 9, 9, 13, 0, 13, 1, 13,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1, 15}
	check := 0
	for _, d := range digits {
		check ^= d
	}
	out := make([]byte, 25)
	for i, d := range append(digits, check) {
		parity := 1
		for j := range 4 { // least significant bit first, odd parity last
			bit := d >> j & 1
			parity ^= bit
			setBit(out, 5*i+j, bit)
		}
		setBit(out, 5*i+4, parity)
	}
	return out
}

func setBit(b []byte, at, bit int) { b[at/8] |= byte(bit) << (7 - at%8) }

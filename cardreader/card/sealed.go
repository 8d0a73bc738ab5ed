// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"context"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"

	"zaver/cardreader/apdu"
	"zaver/signature/gost/kuznyechik"
)

// Data objects of secure messaging (ISO/IEC 7816-4 section 10.2).
const (
	tagCiphered apdu.Tag = 0x87 // 01 and a cryptogram
	tagLe       apdu.Tag = 0x97
	tagStatus   apdu.Tag = 0x99
	tagMAC      apdu.Tag = 0x8E
)

const (
	blockSize = 16
	macSize   = 8
	// maxSealedData is the most data of one sealed command, and of a sealed
	// answer that fits a short response: 4 + 3 + 1 + 224 + 10 bytes, where 224
	// bytes of data would need another block of padding.
	maxSealedData = 223
	padding       = 0x01 // indicator in 87: padded with 80 and zeros
)

// sealed is a [Channel] under secure messaging. After any failure it is dead:
// the card has dropped its keys too, and what it says unsealed proves nothing.
type sealed struct {
	once       Channel
	encryption *kuznyechik.Cipher
	mac        *kuznyechik.Cipher
	counter    uint64
	dead       error
}

// wipe forgets the keys.
func (s *sealed) wipe() {
	s.encryption.Wipe()
	s.mac.Wipe()
	s.dead = errOver
}

// errEnded is why a session is over after the card refused a command that needs rights.
var (
	errEnded = errors.New("the session ended with an earlier refusal")
	errOver  = errors.New("the session is over")
)

// Exchange seals cmd, sends it once and opens the answer. Commands with more
// data than one sealed command takes are chained, each part sealed by itself.
// An answer that is not sealed as it must be is an *[Error] of reason
// [Insecure], whatever it says.
func (s *sealed) Exchange(ctx context.Context, cmd apdu.Command) (apdu.Response, error) {
	parts := cmd.Chain(maxSealedData)
	for _, part := range parts[:len(parts)-1] {
		if r, err := s.exchange(ctx, part); err != nil || !r.SW.OK() {
			return r, err
		}
	}
	last := parts[len(parts)-1]
	r, err := s.exchange(ctx, last)
	if err != nil {
		return r, err
	}
	if n, ok := r.SW.RightLe(); ok && last.Le > 0 { // a new command, under a new counter
		last.Le = n
		return s.exchange(ctx, last)
	}
	return r, nil
}

func (s *sealed) exchange(ctx context.Context, cmd apdu.Command) (apdu.Response, error) {
	if s.dead != nil {
		return apdu.Response{}, &Error{Reason: Insecure, Op: "use secure messaging", Cause: s.dead}
	}
	out, err := s.wrap(cmd)
	if err != nil {
		return apdu.Response{}, err
	}
	answer, err := s.once.Exchange(ctx, out)
	if err != nil {
		s.dead = err
		return apdu.Response{}, err
	}
	r, err := s.unwrap(answer, cmd.Le)
	if err != nil {
		s.dead = err
		// Without the status word: outside of secure messaging it is nobody's, and callers must not act upon it.
		return apdu.Response{}, &Error{Reason: Insecure, Op: "open the card's answer", Cause: err}
	}
	if endsSession(cmd, r.SW) {
		s.dead = errEnded
	}
	return r, nil
}

// endsSession says whether the card drops its keys after this answer: any
// refusal of a command that uses or changes a password or signs. The counter of
// tries, asked for without data, is no refusal.
func endsSession(cmd apdu.Command, sw apdu.SW) bool {
	switch cmd.INS {
	case 0x20:
		return !sw.OK() && len(cmd.Data) > 0
	case 0x24, 0x2C, 0x2A:
		return !sw.OK()
	}
	return false
}

// wrap seals one command under the next counter.
func (s *sealed) wrap(cmd apdu.Command) (apdu.Command, error) {
	s.counter += 2
	counter := counterBlock(s.counter)
	out := apdu.Command{CLA: cmd.CLA | apdu.SecureMessaging, INS: cmd.INS, P1: cmd.P1, P2: cmd.P2, Le: apdu.MaxShortLe}
	var objects []byte
	if len(cmd.Data) > 0 {
		objects = apdu.TLV{Tag: tagCiphered, Value: s.encrypt(counter, cmd.Data)}.Append(objects)
	}
	switch {
	case cmd.Le > apdu.MaxShortLe:
		objects = apdu.TLV{Tag: tagLe, Value: []byte{byte(cmd.Le >> 8), byte(cmd.Le)}}.Append(objects)
		out.Le = apdu.MaxExtendedLe
	case cmd.Le > 0:
		objects = apdu.TLV{Tag: tagLe, Value: []byte{byte(cmd.Le)}}.Append(objects)
	}
	header := make([]byte, blockSize)
	copy(header, []byte{out.CLA, out.INS, out.P1, out.P2, 0x80})
	mac, err := s.mac.MAC(macSize, counter, header, objects)
	if err != nil {
		return apdu.Command{}, err
	}
	out.Data = apdu.TLV{Tag: tagMAC, Value: mac}.Append(objects)
	return out, nil
}

// counterBlock is a counter as one block: eight zero bytes, then it, big-endian.
func counterBlock(counter uint64) []byte {
	b := make([]byte, blockSize)
	binary.BigEndian.PutUint64(b[blockSize-8:], counter)
	return b
}

// iv makes the counter unpredictable to who does not know the key.
func (s *sealed) iv(counter []byte) []byte {
	iv := make([]byte, blockSize)
	s.encryption.Encrypt(iv, counter)
	return iv
}

// encrypt pads in the buffer that becomes the cryptogram, so that no copy of the data stays.
func (s *sealed) encrypt(counter, data []byte) []byte {
	size := (len(data)/blockSize + 1) * blockSize
	out := make([]byte, 1+size)
	out[0] = padding
	copy(out[1:], data)
	out[1+len(data)] = 0x80
	cipher.NewCBCEncrypter(s.encryption, s.iv(counter)).CryptBlocks(out[1:], out[1:])
	return out
}

// unwrap opens an answer to a command that asked for le bytes. The MAC is
// checked before anything else is believed.
func (s *sealed) unwrap(r apdu.Response, le int) (apdu.Response, error) {
	if len(r.Data) == 0 {
		return apdu.Response{}, fmt.Errorf("status %s came without secure messaging", r.SW)
	}
	objects, err := canonical(r.Data)
	if err != nil {
		return apdu.Response{}, err
	}
	status, objects := take(objects, tagStatus)
	ciphered, objects := take(objects, tagCiphered)
	mac, objects := take(objects, tagMAC)
	if len(status) != 2 || len(mac) != macSize || len(objects) != 0 {
		return apdu.Response{}, errors.New("the data objects of the answer are not 99, 87, 8E")
	}
	counter := counterBlock(s.counter + 1)
	covered := r.Data[:len(r.Data)-macSize-2]
	if !s.mac.Authentic(mac, counter, covered) {
		return apdu.Response{}, errors.New("the MAC of the answer is wrong")
	}
	sw := apdu.SW(status[0])<<8 | apdu.SW(status[1])
	if sw != r.SW {
		return apdu.Response{}, fmt.Errorf("status %s outside, %s inside", r.SW, sw)
	}
	if ciphered == nil {
		return apdu.Response{SW: sw}, nil
	}
	data, err := s.decrypt(counter, ciphered)
	if err != nil {
		return apdu.Response{}, err
	}
	if len(data) > le {
		return apdu.Response{}, fmt.Errorf("%d bytes of data, %d were asked for", len(data), le)
	}
	return apdu.Response{Data: data, SW: sw}, nil
}

// take returns the value of the first object when it has that tag; nil means that it has not.
func take(objects []apdu.TLV, tag apdu.Tag) ([]byte, []apdu.TLV) {
	if len(objects) == 0 || objects[0].Tag != tag || len(objects[0].Value) == 0 {
		return nil, objects
	}
	return objects[0].Value, objects[1:]
}

// canonical parses TLV without padding and with shortest lengths: one answer, one writing.
func canonical(b []byte) ([]apdu.TLV, error) {
	list, err := apdu.ParseTLV(b)
	if err != nil {
		return nil, err
	}
	var again []byte
	for _, object := range list {
		again = object.Append(again)
	}
	if !bytes.Equal(again, b) {
		return nil, errors.New("padding or a long length among the data objects")
	}
	return list, nil
}

func (s *sealed) decrypt(counter, ciphered []byte) ([]byte, error) {
	body := bytes.Clone(ciphered[1:])
	if ciphered[0] != padding || len(body) == 0 || len(body)%blockSize != 0 {
		return nil, errors.New("the cryptogram has a wrong form")
	}
	cipher.NewCBCDecrypter(s.encryption, s.iv(counter)).CryptBlocks(body, body)
	if data, ok := kuznyechik.Unpad(body); ok {
		return data, nil
	}
	return nil, errors.New("the padding is wrong")
}

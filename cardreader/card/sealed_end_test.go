// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
	"zaver/signature/gost/kuznyechik"
)

// TestSealedWipes: neither the data that were sealed nor the keys stay.
func TestSealedWipes(t *testing.T) {
	s, _ := pair(t)
	out, err := s.wrap(apdu.Command{INS: 0x20, P2: 2, Data: []byte("\x26\x12\x34\x56\xFF\xFF\xFF\xFF")})
	if err != nil || bytes.Contains(out.Data, []byte{0x12, 0x34, 0x56}) {
		t.Errorf("%X, %v", out.Data, err)
	}
	s.wipe()
	if *s.encryption != (kuznyechik.Cipher{}) || *s.mac != (kuznyechik.Cipher{}) {
		t.Error("the keys stay")
	}
	_, err = s.Exchange(t.Context(), apdu.Command{INS: 0x20})
	wantInsecure(t, err)
}

// fixed answers every command alike.
type fixed struct {
	r   apdu.Response
	err error
}

func (f fixed) Exchange(context.Context, apdu.Command) (apdu.Response, error) { return f.r, f.err }

// TestFailedBeginningWipes: keys that were agreed with a card that then failed to confirm them are not left in memory.
func TestFailedBeginningWipes(t *testing.T) {
	for name, c := range map[string]struct {
		plain fixed
		kept  bool
	}{
		"no answer":        {fixed{err: errors.New("pulled")}, false},
		"refused":          {fixed{r: apdu.Response{SW: 0x6300}}, false},
		"wrong cryptogram": {fixed{r: apdu.Response{Data: make([]byte, macSize), SW: apdu.SWOK}}, false},
		"short cryptogram": {fixed{r: apdu.Response{Data: make([]byte, 1), SW: apdu.SWOK}}, false},
		"right":            {fixed{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := pair(t)
			proof := make([]byte, 64+randomSize)
			if c.kept {
				cryptogram, err := s.mac.MAC(macSize, proof[64:])
				if err != nil {
					t.Fatal(err)
				}
				c.plain.r = apdu.Response{Data: cryptogram, SW: apdu.SWOK}
			}
			err := s.begin(t.Context(), Entry{Plain: c.plain, Card: &Card{profile: &Profile{}}}, proof)
			if (err == nil) != c.kept {
				t.Errorf("error %v", err)
			}
			if kept := *s.encryption != (kuznyechik.Cipher{}) || *s.mac != (kuznyechik.Cipher{}); kept != c.kept {
				t.Errorf("keys kept: %t", kept)
			}
		})
	}
}

// TestBrokenWire: a lost answer is the carrier's error, and the session's end.
func TestBrokenWire(t *testing.T) {
	s, _ := pair(t)
	s.once = broken{}
	_, err := s.Exchange(t.Context(), apdu.Command{INS: 0x20, Data: make([]byte, 8)})
	if !errors.Is(err, &Error{Reason: Removed}) {
		t.Errorf("%v", err)
	}
	_, err = s.Exchange(t.Context(), apdu.Command{INS: 0x20})
	wantInsecure(t, err)
	if err != nil && !strings.Contains(err.Error(), "card.removed") {
		t.Errorf("%v does not say what came before", err)
	}
}

type broken struct{}

func (broken) Exchange(context.Context, apdu.Command) (apdu.Response, error) {
	return apdu.Response{}, &Error{Reason: Removed, Op: "transmit"}
}

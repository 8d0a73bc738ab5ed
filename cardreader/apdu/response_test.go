// SPDX-License-Identifier: Apache-2.0

package apdu

import (
	"bytes"
	"errors"
	"testing"
)

func TestParseResponse(t *testing.T) {
	r, err := ParseResponse([]byte{1, 2, 0x90, 0x00})
	if err != nil || !bytes.Equal(r.Data, []byte{1, 2}) || !r.SW.OK() {
		t.Errorf("got %v, %v", r, err)
	}
	if got := r.Bytes(); !bytes.Equal(got, []byte{1, 2, 0x90, 0x00}) {
		t.Errorf("encoded as %X", got)
	}
	for _, n := range []int{0, 1, MaxExtendedLe + 3} {
		if _, err := ParseResponse(make([]byte, n)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestMeaning(t *testing.T) {
	for sw, want := range map[SW]Meaning{
		0x9000: Success, 0x6105: MoreData, 0x6C10: WrongLe, 0x63C2: PINWrong, 0x63C0: PINWrong, 0x6300: PINWrong,
		0x6983: PINBlocked, 0x6984: PINUnusable, 0x6982: NeedsPIN, 0x6A82: NotFound, 0x6A88: NotFound, 0x6282: EndOfData,
		0x6B00: EndOfData, 0x6D00: Unsupported, 0x6E00: Unsupported, 0x6700: WrongParameters, 0x6F00: Fault, 0x6F12: Fault,
		0x6581: Fault, 0x6400: Fault, 0x9602: Other, 0x0000: Other, 0x6283: Refused,
	} {
		if got := sw.Meaning(); got != want {
			t.Errorf("%s means %d, want %d", sw, got, want)
		}
	}
}

func TestStatusWordNumbers(t *testing.T) {
	if n, ok := SW(0x6100).More(); n != 256 || !ok {
		t.Errorf("6100: %d, %v", n, ok)
	}
	if n, ok := SW(0x6C08).RightLe(); n != 8 || !ok {
		t.Errorf("6C08: %d, %v", n, ok)
	}
	if n, ok := SW(0x63C3).Tries(); n != 3 || !ok {
		t.Errorf("63C3: %d, %v", n, ok)
	}
	if _, ok := SW(0x6300).Tries(); ok {
		t.Error("6300 says how many tries are left")
	}
	if Counter(3) != 0x63C3 || Counter(-1) != 0x63C0 || Counter(99) != 0x63CF {
		t.Error("Counter is out of range")
	}
	if SW(0x9000).String() != "9000" {
		t.Error("a status word does not print as four digits")
	}
}

// SPDX-License-Identifier: Apache-2.0

package apdu

import "fmt"

// Response is one response APDU.
type Response struct {
	Data []byte
	SW   SW
}

// ParseResponse decodes a response APDU of at most MaxExtendedLe bytes of data.
// Data points into b.
func ParseResponse(b []byte) (Response, error) {
	n := len(b) - 2
	if n < 0 || n > MaxExtendedLe {
		return Response{}, malformed("response of %d bytes", len(b))
	}
	return Response{Data: b[:n:n], SW: SW(b[n])<<8 | SW(b[n+1])}, nil
}

// Bytes encodes the response.
func (r Response) Bytes() []byte {
	b := make([]byte, 0, len(r.Data)+2)
	return append(append(b, r.Data...), byte(r.SW>>8), byte(r.SW))
}

// SW is a status word, SW1 in the high byte.
type SW uint16

// Status words by name (ISO/IEC 7816-4 tables 5 and 6).
const (
	SWOK                    SW = 0x9000
	SWEndOfFile             SW = 0x6282
	SWDeactivated           SW = 0x6283
	SWWrongLength           SW = 0x6700
	SWChannelUnsupported    SW = 0x6881
	SWMessagingUnsupported  SW = 0x6882
	SWLastOfChainExpected   SW = 0x6883
	SWChainUnsupported      SW = 0x6884
	SWIncompatibleFile      SW = 0x6981
	SWSecurityStatus        SW = 0x6982
	SWMethodBlocked         SW = 0x6983
	SWReferenceUnusable     SW = 0x6984
	SWConditions            SW = 0x6985
	SWNoCurrentFile         SW = 0x6986
	SWWrongData             SW = 0x6A80
	SWFunctionUnsupported   SW = 0x6A81
	SWFileNotFound          SW = 0x6A82
	SWRecordNotFound        SW = 0x6A83
	SWNoSpace               SW = 0x6A84
	SWWrongP1P2             SW = 0x6A86
	SWReferenceNotFound     SW = 0x6A88
	SWWrongOffset           SW = 0x6B00
	SWInstructionUnknown    SW = 0x6D00
	SWClassUnsupported      SW = 0x6E00
	SWUnknown               SW = 0x6F00
	swMoreData              SW = 0x6100
	swWrongLe               SW = 0x6C00
	swCounter               SW = 0x63C0
	swVerificationFailed    SW = 0x6300
	highByte, counterPrefix SW = 0xFF00, 0xFFF0
)

// Meaning groups status words by what the terminal can do about them.
type Meaning uint8

// What a status word means. Other is any word without a row.
const (
	Other           Meaning = iota
	Success                 // 9000
	MoreData                // 61xx: GET RESPONSE brings the rest
	WrongLe                 // 6Cxx: ask again with the right Le
	PINWrong                // 63Cx, 6300: verification failed
	PINBlocked              // 6983: no try is left
	PINUnusable             // 6984: reference data not usable (not initialised or must be changed)
	NotFound                // 6A82, 6A83, 6A88: no such file, record or data
	NeedsPIN                // 6982: security status not satisfied
	EndOfData               // 6282, 6B00: read past the end
	Refused                 // the command is understood but not allowed here or now
	Unsupported             // class, instruction, function or chaining not known to the card
	WrongParameters         // 6700, 6A80, 6A86: the terminal's fault
	Fault                   // 64xx, 65xx, 6Fxx: the card's fault
)

var meanings = map[SW]Meaning{
	SWOK: Success, SWEndOfFile: EndOfData, SWWrongOffset: EndOfData,
	SWMethodBlocked: PINBlocked, SWReferenceUnusable: PINUnusable, SWSecurityStatus: NeedsPIN,
	SWFileNotFound: NotFound, SWRecordNotFound: NotFound, SWReferenceNotFound: NotFound,
	SWDeactivated: Refused, SWIncompatibleFile: Refused, SWConditions: Refused, SWNoCurrentFile: Refused, SWNoSpace: Refused,
	SWChannelUnsupported: Unsupported, SWMessagingUnsupported: Unsupported, SWChainUnsupported: Unsupported,
	SWFunctionUnsupported: Unsupported, SWInstructionUnknown: Unsupported, SWClassUnsupported: Unsupported,
	SWWrongLength: WrongParameters, SWWrongData: WrongParameters, SWWrongP1P2: WrongParameters, SWLastOfChainExpected: WrongParameters,
	swVerificationFailed: PINWrong,
}

// Meaning classifies the status word.
func (s SW) Meaning() Meaning {
	if m, ok := meanings[s]; ok {
		return m
	}
	switch {
	case s&highByte == swMoreData:
		return MoreData
	case s&highByte == swWrongLe:
		return WrongLe
	case s&counterPrefix == swCounter:
		return PINWrong
	}
	switch s & highByte {
	case 0x6400, 0x6500, 0x6F00:
		return Fault
	}
	return Other
}

// OK reports success.
func (s SW) OK() bool { return s == SWOK }

// More returns the bytes still waiting for GET RESPONSE when the word is 61xx.
func (s SW) More() (n int, ok bool) {
	return le(int(s&0xFF), MaxShortLe), s&highByte == swMoreData
}

// RightLe returns the Le to ask with when the word is 6Cxx.
func (s SW) RightLe() (n int, ok bool) {
	return le(int(s&0xFF), MaxShortLe), s&highByte == swWrongLe
}

// Tries returns the tries left when the word is 63Cx.
func (s SW) Tries() (n int, ok bool) { return int(s & 0x0F), s&counterPrefix == swCounter }

// Counter returns 63Cx for n tries left (0 to 15).
func Counter(n int) SW { return swCounter | SW(min(max(n, 0), 15)) }

// String returns the word as four hexadecimal digits.
func (s SW) String() string { return fmt.Sprintf("%04X", uint16(s)) }

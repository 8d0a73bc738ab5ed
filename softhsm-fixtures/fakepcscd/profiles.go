// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import "encoding/binary"

// Profile is a kind of reader.
type Profile struct {
	Name    string // of the profile
	Reader  string // the reader's name
	Options PadOptions
	Pad     bool // the reader says that it has a keypad
	Honest  bool // and it works
}

// Profiles are the readers that tests go through: honest ones, and ones that lie.
func Profiles() []Profile {
	start := []byte{VerifyStart, VerifyFinish, ModifyStart, ModifyFinish, PINProperties}
	return []Profile{
		{Name: "no keypad", Reader: "Plain Reader"},
		{Name: "direct", Reader: "Good Pad", Pad: true, Honest: true},
		{Name: "start and finish", Reader: "Two Step Pad", Pad: true, Honest: true, Options: PadOptions{Features: start}},
		{Name: "start, keys and finish", Reader: "Key Telling Pad", Pad: true, Honest: true, Options: PadOptions{Features: append([]byte{KeyPressed, Abort}, start...)}},
		{Name: "verify only", Reader: "Verify Pad", Pad: true, Honest: true, Options: PadOptions{Features: []byte{VerifyDirect, TLVProperties}}},
		{Name: "enter key only", Reader: "Enter Pad", Pad: true, Honest: true, Options: PadOptions{Validation: 2}},
		{Name: "own limits", Reader: "Narrow Pad", Pad: true, Honest: true, Options: PadOptions{Min: 4, Max: 8}},
		{Name: "known liar by USB", Reader: "Some Reader", Pad: true, Options: PadOptions{Vendor: 0x076B, Product: 0x3031, RV: RVNotTransacted}},
		{Name: "known liar by name", Reader: "HID Global OMNIKEY 6121 Smart Card Reader", Pad: true, Options: PadOptions{RV: RVNotTransacted}},
		{Name: "fails", Reader: "Failing Pad", Pad: true, Options: PadOptions{RV: RVNotTransacted}},
		{Name: "does not know its feature", Reader: "Forgetful Pad", Pad: true, Options: PadOptions{RV: RVUnsupportedFeature}},
		{Name: "answers nothing", Reader: "Silent Pad", Pad: true, Options: PadOptions{Empty: true}},
		{Name: "answers one byte", Reader: "Short Pad", Pad: true, Options: PadOptions{Answer: []byte{0x90}}},
		{Name: "answers for another command", Reader: "Confused Pad", Pad: true, Options: PadOptions{Answer: []byte{0x6F, 0x02, 0x84, 0x00, 0x90, 0x00}}},
		{Name: "refuses the structure", Reader: "Choosy Pad", Pad: true, Options: PadOptions{Answer: []byte{0x6B, 0x80}}},
		{Name: "features cut short", Reader: "Cut Pad", Options: PadOptions{RawFeatures: []byte{VerifyDirect, 4, 0x42, 0x33}}},
		{Name: "features of wrong lengths", Reader: "Long Pad", Options: PadOptions{RawFeatures: []byte{VerifyDirect, 5, 0, 0x42, 0x33, 0, 6, ModifyDirect, 0}}},
		{Name: "features without end", Reader: "Endless Pad", Options: PadOptions{RawFeatures: make([]byte, 60000)}},
		{Name: "properties of nonsense", Reader: "Nonsense Pad", Pad: true, Honest: true, Options: PadOptions{RawProperties: []byte{2, 200, 1, 6, 1, 99, 7}}},
		{Name: "a control code of nobody", Reader: "Stranger Pad", Pad: true, Options: PadOptions{RawFeatures: binary.BigEndian.AppendUint32([]byte{VerifyDirect, 4}, 0x42000001)}},
	}
}

// New makes a reader of the profile.
func (p Profile) New() *Reader {
	o := ReaderOptions{Name: p.Reader + " 00 00"}
	if p.Pad || p.Options.RawFeatures != nil {
		o.Pad = NewPad(p.Options)
	}
	return NewReader(o)
}

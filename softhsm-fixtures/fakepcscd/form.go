// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import "encoding/binary"

// form is what a structure of part 10 says about an entry. It is read by the
// standard, not as anybody writes it.
type form struct {
	modify         bool
	bytes          bool // positions in bytes, not in bits
	position       int
	right          bool
	encoding       int // 0 binary, 1 BCD, 2 ASCII
	lengthBits     int // size of the number of digits in the command
	lengthAt       int // its position, in bits
	block          int // bytes
	oldAt, newAt   int
	least, most    int
	again, current bool
	validation     byte
	command        []byte
}

const (
	verifyHead = 19
	modifyHead = 24
)

// readForm reads PIN_VERIFY or PIN_MODIFY.
func readForm(b []byte, modify bool) (f form, ok bool) {
	head := verifyHead
	if modify {
		head = modifyHead
	}
	if len(b) < head+5 || int64(binary.LittleEndian.Uint32(b[head-4:])) != int64(len(b)-head) {
		return f, false
	}
	f.modify, f.command = modify, b[head:]
	f.bytes, f.position = b[2]&0x80 != 0, int(b[2]>>3&0x0F)
	f.right, f.encoding = b[2]&0x04 != 0, int(b[2]&0x03)
	f.lengthBits, f.block = int(b[3]>>4), int(b[3]&0x0F)
	f.lengthAt = int(b[4] & 0x0F)
	if b[4]&0x10 != 0 {
		f.lengthAt *= 8
	}
	at := 5
	if modify {
		f.oldAt, f.newAt, at = int(b[5]), int(b[6]), 7
	}
	f.most, f.least = int(b[at]), int(b[at+1])
	at += 2
	if modify {
		f.again, f.current = b[at]&1 != 0, b[at]&2 != 0
		at++
	}
	f.validation = b[at]
	messages := b[at+1]
	language := binary.LittleEndian.Uint16(b[at+2:])
	if !f.bytes {
		if f.position%8 != 0 {
			return f, false
		}
		f.position /= 8
	}
	right := f.encoding == 1 || f.encoding == 2
	return f, right && !f.right && f.block > 0 && f.most >= f.least && f.most > 0 &&
		f.validation != 0 && f.validation < 8 && messages != 0 && language != 0 && int(f.command[4]) == len(f.command)-5
}

// Answers of a keypad.
const (
	swTimeout  = 0x6400
	swCancel   = 0x6401
	swMismatch = 0x6402
	swLength   = 0x6403
	swForm     = 0x6B80
)

// fill puts what was typed into the command.
func (f form) fill(p Press, o PadOptions) (command []byte, sw uint16) {
	switch {
	case f.validation&o.Validation == 0:
		return nil, swForm
	case p.Cancel:
		return nil, swCancel
	case p.Timeout:
		return nil, swTimeout
	}
	command = append([]byte(nil), f.command...)
	if !f.modify {
		return command, f.put(command, 0, p.Digits)
	}
	if f.current {
		if sw := f.put(command, f.oldAt, p.Digits); sw != 0 {
			return nil, sw
		}
	}
	if f.again && p.New != p.Again {
		return nil, swMismatch
	}
	return command, f.put(command, f.newAt, p.New)
}

// put writes digits into the block that begins at an offset of the command's data.
func (f form) put(command []byte, at int, digits string) (sw uint16) {
	if len(digits) < f.least || len(digits) > f.most {
		return swLength
	}
	data := command[5:]
	begin := at + f.position
	need := len(digits)
	if f.encoding == 1 {
		need = (len(digits) + 1) / 2
	}
	if need > f.block || begin+need > len(data) {
		return swForm
	}
	for i := range len(digits) {
		d := digits[i]
		switch {
		case f.encoding == 2:
			data[begin+i] = d
		case i%2 == 0:
			data[begin+i/2] = (d-'0')<<4 | data[begin+i/2]&0x0F
		default:
			data[begin+i/2] = data[begin+i/2]&0xF0 | (d - '0')
		}
	}
	switch f.lengthBits {
	case 4:
		i := at + f.lengthAt/8
		if f.lengthAt%8 == 4 {
			data[i] = data[i]&0xF0 | byte(len(digits))
		} else {
			data[i] = data[i]&0x0F | byte(len(digits))<<4
		}
	case 8:
		data[at+f.lengthAt/8] = byte(len(digits))
	}
	return 0
}

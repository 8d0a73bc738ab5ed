// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"encoding/binary"
	"fmt"
	"time"

	"zaver/cardreader/card"
)

// Values of PIN_VERIFY and PIN_MODIFY (PC/SC part 10 revision 2.02.09, sections
// 2.5.2 and 2.5.3; the fields are those of USB CCID 1.1 section 6.1.11).
const (
	formatBytes = 0x80 // positions of bmFormatString are in bytes
	formatBCD   = 0x01
	formatASCII = 0x02

	endByMax   = 0x01 // the entry ends with the last digit allowed
	endByKey   = 0x02 // … with the enter key
	confirmNew = 0x01
	confirmOld = 0x02

	// The reader's own messages, by bMsgIndex (USB CCID 1.1, sections 6.1.11 and 6.1.12).
	promptPIN   = 0
	promptNew   = 1
	promptAgain = 2

	langRussian = 0x0419
	langEnglish = 0x0409

	defaultBlock = 8
	maxBlock     = 15
	maxDigits    = 15
)

// padMessage builds PIN_VERIFY, or PIN_MODIFY with modify.
func padMessage(e card.PadEntry, p padProperties, modify bool) ([]byte, error) {
	if err := checkEntry(e, modify); err != nil {
		return nil, err
	}
	low, high, end, err := p.limits(e)
	if err != nil {
		return nil, err
	}
	position := 0
	if !modify {
		position = e.BlockAt // PIN_VERIFY has no other place for it
	}
	format, block, length := padFormats(e, position)
	seconds := padSeconds(e.Timeout)
	first := seconds
	if !p.timeout2 {
		first = 0
	}
	b := []byte{seconds, first, format, block, length}
	if modify {
		b = append(b, byte(e.BlockAt), byte(e.NewAt))
	}
	// 0xXXYY, XX the least: in the order of the wire YY comes first.
	b = binary.LittleEndian.AppendUint16(b, uint16(low)<<8|uint16(high))
	messages := byte(1)
	if modify {
		var confirm byte
		if e.Confirm {
			confirm |= confirmNew
			messages++
		}
		if e.Old {
			confirm |= confirmOld
			messages++
		}
		b = append(b, confirm)
	}
	b = append(b, end, messages)
	b = binary.LittleEndian.AppendUint16(b, padLanguage(e.Language))
	switch {
	case !modify:
		b = append(b, promptPIN)
	case e.Old:
		b = append(b, promptPIN, promptNew, promptAgain)
	default:
		b = append(b, promptNew, promptAgain, promptAgain)
	}
	b = append(b, 0, 0, 0) // bTeoPrologue: the driver makes its own
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Command)))
	return append(b, e.Command...), nil
}

// padFormats gives bmFormatString, bmPINBlockString and bmPINLengthFormat.
func padFormats(e card.PadEntry, position int) (format, block, length byte) {
	size := e.Block
	if size == 0 {
		size = defaultBlock
	}
	if e.Format == card.PadASCII {
		return formatBytes | byte(position)<<3 | formatASCII, byte(size), 0
	}
	// One octet of 2 and length, whose lower half is the keypad's to fill (4 bits
	// after 4 bits), then the digits.
	return formatBytes | byte(position+1)<<3 | formatBCD, 4<<4 | byte(size-1), byte(8*position + 4)
}

func checkEntry(e card.PadEntry, modify bool) error {
	size := e.Block
	if size == 0 {
		size = defaultBlock
	}
	room := size
	if e.Format == card.PadISO9564 {
		room = 2 * (size - 1)
	}
	switch {
	case len(e.Command) < 6 || len(e.Command) > 260 || int(e.Command[4]) > len(e.Command)-5 || e.Command[4] == 0:
		return fmt.Errorf("command of %d bytes without data", len(e.Command))
	case e.Format != card.PadISO9564 && e.Format != card.PadASCII:
		return fmt.Errorf("unknown format %d", e.Format)
	case size < 1 || size > maxBlock:
		return fmt.Errorf("block of %d bytes", e.Block)
	case e.Min < 0 || e.Max < 1 || e.Min > e.Max || e.Max > maxDigits || e.Max > room:
		return fmt.Errorf("%d to %d digits in a block of %d bytes", e.Min, e.Max, size)
	case e.BlockAt < 0 || e.BlockAt+size > int(e.Command[4]):
		return fmt.Errorf("block at %d of %d bytes of data", e.BlockAt, e.Command[4])
	case modify && (e.NewAt < 0 || e.NewAt+size > int(e.Command[4])):
		return fmt.Errorf("new block at %d of %d bytes of data", e.NewAt, e.Command[4])
	case !modify && (e.BlockAt > 14 || e.Format == card.PadISO9564 && e.BlockAt > 1):
		return fmt.Errorf("block at %d, which PIN_VERIFY cannot say", e.BlockAt)
	}
	return nil
}

// padSeconds rounds up, because 0 means the reader's own time.
func padSeconds(t time.Duration) byte {
	if t <= 0 {
		return 0
	}
	return byte(min((t+time.Second-1)/time.Second, 255))
}

func padLanguage(l string) uint16 {
	if l == "ru" {
		return langRussian
	}
	return langEnglish
}

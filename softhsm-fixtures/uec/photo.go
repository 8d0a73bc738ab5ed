// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
)

// maxPhoto is the most bytes of a photo: offsets of READ BINARY have 15 bits.
const maxPhoto = 0x7F00

// portrait draws the picture of nobody: a head and shoulders.
func portrait() []byte {
	const width, height = 60, 80
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			shade := color.RGBA{0xD8, 0xE4, 0xF0, 0xFF}
			head, shoulders := (x-30)*(x-30)*4/3+(y-32)*(y-32), (x-30)*(x-30)+(y-88)*(y-88)
			switch {
			case head < 18*18:
				shade = color.RGBA{0xE0, 0xB8, 0x98, 0xFF}
			case shoulders < 34*34:
				shade = color.RGBA{0x40, 0x58, 0x80, 0xFF}
			}
			m.Set(x, y, shade)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic("uec: " + err.Error()) // writing to memory
	}
	return b.Bytes()
}

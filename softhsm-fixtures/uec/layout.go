// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"golang.org/x/text/encoding/charmap"

	"zaver/cardreader/apdu"
)

// Tags of the application (kept apart from the production profile on purpose:
// a slip in one must show in the other).
const (
	tagFCI       apdu.Tag = 0x6F
	tagFCP       apdu.Tag = 0x62
	tagAID       apdu.Tag = 0x84
	tagLifeCycle apdu.Tag = 0x8A
	tagFileSize  apdu.Tag = 0x80
	tagOwnData   apdu.Tag = 0xA5
	tagFirstDay  apdu.Tag = 0x5F25
	tagLastDay   apdu.Tag = 0x5F24
	tagVersion   apdu.Tag = 0x9F08
	tagAUC       apdu.Tag = 0xC2
	tagSectors   apdu.Tag = 0xE0
	tagSector    apdu.Tag = 0xE1
	tagSectorID  apdu.Tag = 0xDF20
	tagFormat    apdu.Tag = 0xDF21
	tagBlocks    apdu.Tag = 0xE2
	tagBlock     apdu.Tag = 0xE3
	tagBlockID   apdu.Tag = 0xDF22
	tagFID       apdu.Tag = 0x51
	tagStatus    apdu.Tag = 0xDF2C
)

// File identifiers.
const (
	fidRoot        = 0x3F3F
	fidPAN         = 0x0009
	fidGreeting    = 0x000A
	fidCertificate = 0x0011
	fidMark        = 0x0012
	fidSector1     = 0x1001
	fidPublic      = 0x1101
	fidPersonal    = 0x1102
	fidPrivate     = 0x1104
)

// file is a node of the card's file system.
type file struct {
	fid      uint16
	content  []byte              // of an elementary file
	children []*file             // of a directory
	objects  map[apdu.Tag][]byte // read by GET DATA while the file is current
	secret   bool                // objects need PIN1
	info     []apdu.TLV          // members of A5 in the answer to SELECT
}

func (f *file) child(fid uint16) *file {
	for _, c := range f.children {
		if c.fid == fid {
			return c
		}
	}
	return nil
}

func fidBytes(fid uint16) []byte { return []byte{byte(fid >> 8), byte(fid)} }

// layout builds the files that confirmation uses (numbers of the application's
// root; sectors and blocks of the holder's data).
func layout(cfg Config) (*file, error) {
	pan, err := apdu.EncodeCN(cfg.PAN, 10)
	if err != nil {
		return nil, errors.New("PAN is not a number of at most 19 digits")
	}
	greeting, err := text(cfg.Greeting, 40)
	if err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	personal, err := personalObjects(cfg.Holder)
	if err != nil {
		return nil, err
	}
	private := map[apdu.Tag][]byte{}
	if err := putTexts(private, []textObject{{0x5F42, cfg.Holder.Address, 200}, {0xDF25, cfg.Holder.Phone, 80}, {0xDF26, cfg.Holder.Email, 60}}); err != nil {
		return nil, err
	}
	blocks := []*file{
		{fid: fidPublic, objects: map[apdu.Tag][]byte{}},
		{fid: fidPersonal, objects: personal, secret: true},
		{fid: fidPrivate, objects: private, secret: true},
	}
	list := apdu.TLV{Tag: tagBlocks}
	for _, b := range blocks {
		list.Children = append(list.Children, apdu.TLV{Tag: tagBlock, Children: []apdu.TLV{
			{Tag: tagBlockID, Value: []byte{byte(b.fid) & 0x0F}}, {Tag: tagFID, Value: fidBytes(b.fid)},
		}})
	}
	return &file{
		fid:     fidRoot,
		objects: map[apdu.Tag][]byte{0x5A: pan, tagStatus: {0x77}},
		children: []*file{
			{fid: fidPAN, content: pan},
			{fid: fidGreeting, content: greeting, objects: map[apdu.Tag][]byte{0xDF2A: greeting}},
			{fid: fidCertificate, content: bytes.Join(cfg.Certificates, nil)},
			{fid: fidMark, content: []byte{0x01}},
			{fid: fidSector1, children: blocks, info: []apdu.TLV{list}},
		},
	}, nil
}

func personalObjects(h Holder) (map[apdu.Tag][]byte, error) {
	objects := map[apdu.Tag][]byte{}
	var err error
	if objects[0xDF27], err = apdu.EncodeCN(h.SNILS, 6); err != nil {
		return nil, fmt.Errorf("SNILS: %w", err)
	}
	if h.Policy != "" {
		if objects[0xDF2B], err = apdu.EncodeN(h.Policy, 8); err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
	}
	if !h.BirthDate.IsZero() {
		if objects[0x5F2B], err = apdu.EncodeN(h.BirthDate.Format("20060102"), 4); err != nil {
			return nil, fmt.Errorf("birth date: %w", err)
		}
	}
	if h.Sex != 0 {
		objects[0x5F35] = []byte{byte(h.Sex)}
	}
	return objects, putTexts(objects, []textObject{
		{0x5F20, h.FullName, 26}, {0xDF2D, h.Surname, 40}, {0xDF2E, h.Given, 40}, {0xDF2F, h.Patronymic, 40},
		{0xDF23, h.IssuerAddress, 100}, {0xDF24, h.BirthPlace, 100},
	})
}

type textObject struct {
	tag  apdu.Tag
	text string
	most int
}

// putTexts writes texts that are not empty; one that is too long is cut, as a
// personaliser's machine does.
func putTexts(objects map[apdu.Tag][]byte, texts []textObject) error {
	for _, t := range texts {
		if t.text == "" {
			continue
		}
		b, err := text(t.text, t.most)
		if err != nil {
			return fmt.Errorf("%s: %w", t.tag, err)
		}
		objects[t.tag] = b
	}
	return nil
}

func text(s string, most int) ([]byte, error) {
	b, err := charmap.ISO8859_5.NewEncoder().Bytes([]byte(s))
	if err != nil {
		return nil, errors.New("not writable in ISO 8859-5")
	}
	return b[:min(len(b), most)], nil
}

// selectAnswer is the FCI or FCP of a file.
func (c *Card) selectAnswer(f *file, p2 byte) []byte {
	if f.children == nil {
		if p2 == 0x04 {
			return apdu.TLV{Tag: tagFCP, Children: []apdu.TLV{
				{Tag: tagFileSize, Value: []byte{byte(len(f.content) >> 8), byte(len(f.content))}},
				{Tag: 0x83, Value: fidBytes(f.fid)},
			}}.Append(nil)
		}
		return apdu.TLV{Tag: tagFCI, Children: []apdu.TLV{{Tag: 0x83, Value: fidBytes(f.fid)}}}.Append(nil)
	}
	if f != c.root {
		return apdu.TLV{Tag: tagFCI, Children: []apdu.TLV{
			{Tag: 0x83, Value: fidBytes(f.fid)}, {Tag: tagOwnData, Children: f.info},
		}}.Append(nil)
	}
	sector := apdu.TLV{Tag: tagSector, Children: []apdu.TLV{
		{Tag: tagSectorID, Value: []byte{0x01}}, {Tag: tagFID, Value: fidBytes(fidSector1)}, {Tag: tagFormat, Value: []byte{0x12}},
	}}
	own := []apdu.TLV{
		{Tag: tagLastDay, Value: yymmdd(c.last)}, {Tag: tagFirstDay, Value: yymmdd(c.first)},
		{Tag: tagVersion, Value: []byte{0x11}}, {Tag: tagAUC, Value: []byte{0x20, 0x00}},
		{Tag: tagSectors, Children: []apdu.TLV{sector}},
	}
	return apdu.TLV{Tag: tagFCI, Children: []apdu.TLV{
		{Tag: tagAID, Value: AID()}, {Tag: tagLifeCycle, Value: []byte{0x05}}, {Tag: tagOwnData, Children: own},
	}}.Append(nil)
}

func yymmdd(t time.Time) []byte {
	b, err := apdu.EncodeN(t.Format("060102"), 3)
	if err != nil {
		return []byte{0, 0, 0}
	}
	return b
}

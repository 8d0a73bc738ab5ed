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
	fidOwnCVC      = 0x000B
	fidIssuerCVC   = 0x000C
	fidKey         = 0x000F
	fidCertificate = 0x0011
	fidMark        = 0x0012
	fidSector1     = 0x1001
	fidPublic      = 0x1101
	fidPersonal    = 0x1102
	fidPhoto       = 0x1103
	fidPrivate     = 0x1104
)

// file is a node of the card's file system.
type file struct {
	fid      uint16
	content  []byte              // of an elementary file
	children []*file             // of a directory
	objects  map[apdu.Tag][]byte // read by GET DATA while the file is current
	access   access              // of content and objects
	info     []apdu.TLV          // members of A5 in the answer to SELECT
}

// access says who may read a file.
type access byte

const (
	anyone   access = iota
	terminal        // under secure messaging
	holder          // and after PIN1
)

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
	public := map[apdu.Tag][]byte{}
	if err := putTexts(public, []textObject{{0xDF23, cfg.Holder.IssuerAddress, 100}}); err != nil {
		return nil, err
	}
	private, err := privateTemplate(cfg.Holder)
	if err != nil {
		return nil, err
	}
	photo := cfg.Holder.Photo
	if photo == nil {
		photo = portrait()
	}
	if len(photo) > maxPhoto {
		return nil, errors.New("the photo is too long")
	}
	blocks := []*file{
		{fid: fidPublic, objects: public},
		{fid: fidPersonal, objects: personal, access: holder},
		{fid: fidPhoto, content: apdu.TLV{Tag: 0x5F40, Value: photo}.Append(nil), access: holder},
		{fid: fidPrivate, content: private, access: holder},
	}
	list := apdu.TLV{Tag: tagBlocks}
	for _, b := range blocks {
		list.Children = append(list.Children, apdu.TLV{Tag: tagBlock, Children: []apdu.TLV{
			{Tag: tagBlockID, Value: []byte{byte(b.fid) & 0x0F}}, {Tag: tagFID, Value: fidBytes(b.fid)},
		}})
	}
	state := byte(0x77)
	if cfg.Inconsistent {
		state = 0x7F
	}
	snils, _ := apdu.EncodeCN(cfg.Holder.SNILS, 6) // judged with the personal objects
	own, issuer := cfg.Root.Certificates(append(bytes.Clone(pan), snils...), cfg.Application.Public(), cfg.First, cfg.Last)
	if cfg.Spoil != nil {
		own, issuer = cfg.Spoil(own, issuer)
	}
	key := apdu.TLV{Tag: 0xEA, Children: []apdu.TLV{{Tag: 0x81, Value: cfg.Application.Public()}}}.Append(nil)
	return &file{
		fid:     fidRoot,
		objects: map[apdu.Tag][]byte{tagStatus: {state}},
		children: []*file{
			{fid: fidPAN, content: pan, objects: map[apdu.Tag][]byte{0x5A: pan}, access: terminal},
			{fid: fidGreeting, content: greeting, objects: map[apdu.Tag][]byte{0xDF2A: greeting}, access: terminal},
			{fid: fidOwnCVC, content: own, access: terminal},
			{fid: fidIssuerCVC, content: issuer, access: terminal},
			{fid: fidKey, content: key},
			{fid: fidCertificate, content: bytes.Join(cfg.Certificates, nil), access: terminal},
			{fid: fidMark, content: []byte{0x01}},
			{fid: fidSector1, children: blocks, info: []apdu.TLV{list}},
		},
	}, nil
}

// privateTemplate is block 4 of sector format 1.2: one object 75.
func privateTemplate(h Holder) ([]byte, error) {
	objects := map[apdu.Tag][]byte{}
	texts := []textObject{{0x5F42, h.Address, 200}, {0xDF25, h.Phone, 80}, {0xDF26, h.Email, 60}, {0xDF5C, h.INN, 12}}
	if err := putTexts(objects, texts); err != nil {
		return nil, err
	}
	template := apdu.TLV{Tag: 0x75}
	for _, t := range texts {
		if value, ok := objects[t.tag]; ok {
			template.Children = append(template.Children, apdu.TLV{Tag: t.tag, Value: value})
		}
	}
	return template.Append(nil), nil
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
		{0xDF24, h.BirthPlace, 100},
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
	return c.rootAnswer(p2)
}

// rootAnswer is what the application says of itself: FMD of version 1.1 when it
// is asked for, else FCI.
func (c *Card) rootAnswer(p2 byte) []byte {
	sector := apdu.TLV{Tag: tagSector, Children: []apdu.TLV{
		{Tag: tagSectorID, Value: []byte{0x01}}, {Tag: tagFID, Value: fidBytes(fidSector1)}, {Tag: tagFormat, Value: []byte{0x12}},
	}}
	if p2 == 0x08 {
		return apdu.TLV{Tag: 0x64, Children: []apdu.TLV{
			{Tag: tagVersion, Value: []byte{0x11}}, {Tag: tagLastDay, Value: yymmdd(c.last)}, {Tag: tagFirstDay, Value: yymmdd(c.first)},
			{Tag: tagAUC, Value: []byte{0xA0, 0x00}}, {Tag: 0x8F, Value: []byte{0x01}}, {Tag: tagSectors, Children: []apdu.TLV{sector}},
		}}.Append(nil)
	}
	own := []apdu.TLV{
		{Tag: tagLastDay, Value: yymmdd(c.last)}, {Tag: tagFirstDay, Value: yymmdd(c.first)},
		{Tag: tagVersion, Value: []byte{0x11}}, {Tag: tagAUC, Value: []byte{0xA0, 0x00}},
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

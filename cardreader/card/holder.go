// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"

	"zaver/cardreader/apdu"
	"zaver/cardreader/cvc"
	"zaver/signature/ident"
	"zaver/signature/pin"
)

// HolderData is what the card says about its holder. Fields that the card does
// not carry are zero. It is personal data: never logged.
type HolderData struct {
	SNILS         ident.SNILS
	Policy        string // number of the medical insurance policy, 16 digits
	FullName      string // short form of the whole name
	Name          ident.PersonName
	IssuerAddress string
	BirthDate     time.Time // midnight UTC of the day
	BirthPlace    string
	Sex           int // ISO/IEC 5218: 1 male, 2 female
	Address       string
	Phone         string
	Email         string
	INN           string // 12 digits
	Photo         []byte // JPEG as the card has it, not looked into
}

// setters put a decoded field in its place; the names are those of profiles.
var setters = map[string]func(*HolderData, string) error{
	"snils": func(h *HolderData, s string) (err error) {
		h.SNILS, err = ident.ParseSNILS(s)
		return err
	},
	"policy":         func(h *HolderData, s string) error { h.Policy = s; return nil },
	"full_name":      func(h *HolderData, s string) error { h.FullName = s; return nil },
	"surname":        func(h *HolderData, s string) error { h.Name.Surname = s; return nil },
	"given":          func(h *HolderData, s string) error { h.Name.Given = s; return nil },
	"patronymic":     func(h *HolderData, s string) error { h.Name.Patronymic = s; return nil },
	"issuer_address": func(h *HolderData, s string) error { h.IssuerAddress = s; return nil },
	"birth_date": func(h *HolderData, s string) (err error) {
		if h.BirthDate, err = time.Parse("20060102", s); err != nil {
			return errors.New("no such day") // the parser's own error repeats the date
		}
		return nil
	},
	"birth_place": func(h *HolderData, s string) error { h.BirthPlace = s; return nil },
	"sex": func(h *HolderData, s string) error {
		if s != "\x01" && s != "\x02" {
			return errors.New("neither 1 nor 2")
		}
		h.Sex = int(s[0])
		return nil
	},
	"address": func(h *HolderData, s string) error { h.Address = s; return nil },
	"phone":   func(h *HolderData, s string) error { h.Phone = s; return nil },
	"email":   func(h *HolderData, s string) error { h.Email = s; return nil },
	"inn":     func(h *HolderData, s string) error { h.INN = s; return nil },
	"photo":   func(h *HolderData, s string) error { h.Photo = []byte(s); return nil },
}

// FieldNames returns the names that a profile may give to fields, sorted.
func FieldNames() []string {
	names := make([]string, 0, len(setters))
	for name := range setters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ReadHolder reads the holder's data under the password that the profile names
// for them (PIN1).
func (c *Card) ReadHolder(ctx context.Context, p *pin.PIN) (*HolderData, error) {
	places := &c.profile.Holder
	pw, err := c.profile.password(places.Password)
	if err != nil {
		return nil, err
	}
	if err := c.permits("read the holder's data", cvc.ReadHolder); err != nil {
		return nil, err
	}
	var h HolderData
	err = c.section(ctx, true, func(s *session) error {
		if err := s.verify(ctx, pw, p); err != nil {
			return err
		}
		for i := range places.Blocks {
			if err := s.readBlock(ctx, &places.Blocks[i], &h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &h, nil
}

// readBlock walks from the root over the sector to the block, by the
// directories that the card shows, and reads the block's fields.
func (s *session) readBlock(ctx context.Context, b *Block, h *HolderData) error {
	p := s.card.profile
	root, err := s.selectFile(ctx, p.Root, p.SelectP2)
	if err != nil {
		return err
	}
	sector, err := p.Sectors.lookup(root, b.Sector)
	if err != nil {
		return err
	}
	blocks, err := s.selectFile(ctx, sector, p.SelectP2)
	if err != nil {
		return err
	}
	fid, err := p.Blocks.lookup(blocks, b.Block)
	if err != nil {
		return err
	}
	if b.Max > 0 {
		return s.readBlockFile(ctx, fid, b, h)
	}
	if _, err := s.selectFile(ctx, fid, p.SelectP2); err != nil {
		return err
	}
	for i := range b.Fields {
		if err := s.readField(ctx, &b.Fields[i], h); err != nil {
			return err
		}
	}
	return nil
}

// readBlockFile reads the block as one file and takes the fields out of it.
func (s *session) readBlockFile(ctx context.Context, fid []byte, b *Block, h *HolderData) error {
	content, err := s.readFile(ctx, &Place{FID: fid, Max: b.Max})
	if err != nil {
		return err
	}
	objects, err := apdu.ParseTLV(content)
	if err != nil {
		return &Error{Reason: Protocol, Op: "read a block", Cause: err}
	}
	if len(b.Path) > 0 {
		holder, _ := apdu.Find(objects, b.Path...)
		objects = holder.Children
	}
	for i := range b.Fields {
		f := &b.Fields[i]
		object, ok := apdu.Find(objects, f.Tag)
		if !ok {
			continue // the card does not carry this field
		}
		if err := f.put(object.Value, h); err != nil {
			return &Error{Reason: Protocol, Op: "read " + f.Name, Cause: err}
		}
	}
	return nil
}

// lookup finds the file identifier of the entry with that id.
func (d Directory) lookup(answer []apdu.TLV, id byte) ([]byte, error) {
	list, _ := apdu.Find(answer, d.List...)
	for _, entry := range list.Children {
		if entry.Tag != d.Entry {
			continue
		}
		got, _ := apdu.Find(entry.Children, d.ID)
		fid, ok := apdu.Find(entry.Children, d.FID)
		if bytes.Equal(got.Value, []byte{id}) && ok && len(fid.Value) == 2 {
			return fid.Value, nil
		}
	}
	return nil, &Error{Reason: Protocol, Op: fmt.Sprintf("find entry %02X in the card's directory", id)}
}

func (s *session) readField(ctx context.Context, f *Field, h *HolderData) error {
	op := "read " + f.Name
	r, err := s.channel.Exchange(ctx, apdu.Command{INS: 0xCA, P1: byte(f.Tag >> 8), P2: byte(f.Tag), Le: apdu.MaxShortLe})
	if err != nil {
		return wrap(op, err)
	}
	if r.SW.Meaning() == apdu.NotFound {
		return nil // the card does not carry this field
	}
	if !r.SW.OK() {
		return s.card.statusError(op, r.SW)
	}
	objects, err := apdu.ParseTLV(r.Data)
	if err != nil {
		return &Error{Reason: Protocol, Op: op, Cause: err}
	}
	object, ok := apdu.Find(objects, f.Tag)
	if !ok {
		return &Error{Reason: Protocol, Op: op, Cause: errors.New("another data object came")}
	}
	if err := f.put(object.Value, h); err != nil {
		return &Error{Reason: Protocol, Op: op, Cause: err}
	}
	return nil
}

// put decodes the field and sets it.
func (f *Field) put(b []byte, h *HolderData) error {
	text, err := f.decode(b)
	if err == nil && text != "" {
		err = setters[f.Name](h, text)
	}
	return err
}

// decode checks the length and returns the field as text: digits for packed
// numbers, the byte itself for a byte. Errors do not repeat the value.
func (f *Field) decode(b []byte) (string, error) {
	if len(b) > f.Max {
		return "", errors.New("longer than the profile allows")
	}
	switch f.Type {
	case Packed:
		return apdu.DecodeCN(b)
	case Number:
		return apdu.DecodeN(b)
	case Byte:
		if len(b) != 1 {
			return "", errors.New("not one byte")
		}
		return string(b), nil
	case Binary:
		return string(b), nil
	default:
		return decodeText(b)
	}
}

// decodeText reads ISO 8859-5; padding at the end is cut, control characters
// are refused.
func decodeText(b []byte) (string, error) {
	b = bytes.TrimRight(b, "\x00 ")
	for _, c := range b {
		if c < 0x20 || c >= 0x7F && c < 0xA0 {
			return "", errors.New("control character in text")
		}
	}
	text, err := charmap.ISO8859_5.NewDecoder().Bytes(b)
	if err != nil {
		return "", errors.New("not ISO 8859-5")
	}
	return strings.TrimSpace(string(text)), nil
}

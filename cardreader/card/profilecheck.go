// SPDX-License-Identifier: Apache-2.0

package card

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"zaver/cardreader/apdu"
	"zaver/signature/algo"
)

// profileChecker turns a file into a profile and remembers the first fault.
type profileChecker struct {
	lines map[string]int
	err   error
}

func (c *profileChecker) fault(field, format string, args ...any) {
	if c.err != nil {
		return
	}
	line, at := 0, field
	for line == 0 { // a missing member is reported at the object that lacks it
		line = c.lines[at]
		if line == 0 && at == "" {
			line = 1
		}
		cut := strings.LastIndexAny(at, ".[")
		at = at[:max(cut, 0)]
	}
	c.err = &ProfileError{Line: line, Field: field, Reason: fmt.Sprintf(format, args...)}
}

// bytes reads hexadecimal of least to most bytes.
func (c *profileChecker) bytes(field, s string, least, most int) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	switch {
	case err != nil:
		c.fault(field, "is not hexadecimal")
	case len(b) < least || len(b) > most:
		c.fault(field, "has %d bytes, not %d to %d", len(b), least, most)
	default:
		return b
	}
	return make([]byte, max(least, 1))
}

func (c *profileChecker) tag(field, s string) apdu.Tag {
	tag, err := apdu.ParseTag(s)
	if err != nil {
		c.fault(field, "is not a tag")
	}
	return tag
}

func (c *profileChecker) path(field, s string) TagPath {
	if s == "" {
		return nil
	}
	var path TagPath
	for _, part := range strings.Split(s, "/") {
		path = append(path, c.tag(field, part))
	}
	return path
}

func (c *profileChecker) between(field string, n, least, most int) int {
	if n < least || n > most {
		c.fault(field, "is %d, not %d to %d", n, least, most)
	}
	return n
}

func (c *profileChecker) profile(f *profileFile) *Profile {
	if f.Format != profileFormat {
		c.fault("format", "is %q, not %q", f.Format, profileFormat)
	}
	if f.Name == "" || strings.Trim(f.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		c.fault("name", "must be lower-case letters, digits and hyphens")
	}
	for _, lang := range []string{"ru", "en"} {
		if f.Title[lang] == "" {
			c.fault("title", "has no words in %q", lang)
		}
	}
	p := &Profile{
		Name: f.Name, Title: f.Title,
		AID:             c.bytes("aid", f.AID, 5, 16),
		SelectP2:        c.bytes("select_p2", f.SelectP2, 1, 1)[0],
		Validity:        ValidityPlaces{First: c.path("validity.first", f.Validity.First), Last: c.path("validity.last", f.Validity.Last)},
		Chunk:           c.between("chunk", f.Chunk, 1, apdu.MaxShortLe),
		SecureMessaging: f.SecureMessaging,
		Root:            c.bytes("root", f.Root, 2, 2),
	}
	if _, err := suiteNamed(f.SecureMessaging); err != nil {
		c.fault("secure_messaging", "%v", err)
	}
	for i, a := range f.ATRs {
		at := fmt.Sprintf("atr[%d]", i)
		hint := ATRHint{ATR: c.bytes(at+".atr", a.ATR, 2, 33)}
		hint.Mask = c.bytes(at+".mask", a.Mask, len(hint.ATR), len(hint.ATR))
		p.ATRs = append(p.ATRs, hint)
	}
	c.passwords(p, f)
	c.holder(p, f)
	p.Certificate = File{
		FID: c.bytes("certificate.fid", f.Certificate.FID, 2, 2),
		Max: c.between("certificate.max", f.Certificate.Max, 1, 0x7FFF),
	}
	c.signature(p, f)
	c.statusWords(p, f)
	return p
}

func (c *profileChecker) passwords(p *Profile, f *profileFile) {
	for i, w := range f.Passwords {
		at := fmt.Sprintf("passwords[%d]", i)
		if w.Name == "" {
			c.fault(at+".name", "is empty")
		}
		if _, err := p.password(w.Name); err == nil {
			c.fault(at+".name", "stands twice")
		}
		if w.Format != "iso9564-2" {
			c.fault(at+".format", "is %q, not \"iso9564-2\"", w.Format)
		}
		c.between(at+".max", w.Max, 4, 2*(pinBlockSize-1))
		c.between(at+".min", w.Min, 4, w.Max)
		c.between(at+".tries", w.Tries, 1, 15)
		p.Passwords = append(p.Passwords, Password{
			Name: w.Name, Ref: c.bytes(at+".ref", w.Ref, 1, 1)[0], Min: w.Min, Max: w.Max,
			Tries: w.Tries, UnblockedBy: w.UnblockedBy, ConfirmLast: w.ConfirmLast,
		})
	}
	for i, w := range f.Passwords {
		if w.UnblockedBy != "" {
			c.refers(p, fmt.Sprintf("passwords[%d].unblocked_by", i), w.UnblockedBy)
		}
	}
}

func (c *profileChecker) refers(p *Profile, field, name string) {
	if _, err := p.password(name); err != nil {
		c.fault(field, "names no password of the profile")
	}
}

func (c *profileChecker) directory(field string, d directoryFile) Directory {
	if d.List == "" {
		c.fault(field+".list", "is not a tag")
	}
	return Directory{
		List: c.path(field+".list", d.List), Entry: c.tag(field+".entry", d.Entry),
		ID: c.tag(field+".id", d.ID), FID: c.tag(field+".fid", d.FID),
	}
}

func (c *profileChecker) holder(p *Profile, f *profileFile) {
	p.Sectors = c.directory("sectors", f.Sectors)
	p.Blocks = c.directory("blocks", f.Blocks)
	p.Holder.Password = f.Holder.Password
	c.refers(p, "holder.password", f.Holder.Password)
	seen := map[string]bool{}
	for i, b := range f.Holder.Blocks {
		at := fmt.Sprintf("holder.blocks[%d]", i)
		block := Block{Sector: c.bytes(at+".sector", b.Sector, 1, 1)[0], Block: c.bytes(at+".block", b.Block, 1, 1)[0]}
		for j, fd := range b.Fields {
			at := fmt.Sprintf("%s.fields[%d]", at, j)
			if !slices.Contains(FieldNames(), fd.Name) {
				c.fault(at+".name", "is not one of %s", strings.Join(FieldNames(), ", "))
			}
			if seen[fd.Name] {
				c.fault(at+".name", "stands twice")
			}
			seen[fd.Name] = true
			field := Field{
				Name: fd.Name, Tag: c.tag(at+".tag", fd.Tag), Type: FieldType(fd.Type),
				Max: c.between(at+".max", fd.Max, 1, apdu.MaxExtendedData),
			}
			if field.Tag > 0xFFFF {
				c.fault(at+".tag", "does not fit P1 and P2 of GET DATA")
			}
			if !slices.Contains([]FieldType{Text, Packed, Number, Byte}, field.Type) {
				c.fault(at+".type", "is not text, cn, n or byte")
			}
			block.Fields = append(block.Fields, field)
		}
		p.Holder.Blocks = append(p.Holder.Blocks, block)
	}
}

func (c *profileChecker) signature(p *Profile, f *profileFile) {
	s := f.Signature
	c.refers(p, "signature.password", s.Password)
	p.Signature = Signature{Password: s.Password, Algorithms: s.Algorithms, Size: c.between("signature.size", s.Size, 2, 512)}
	if s.Size%2 != 0 {
		c.fault("signature.size", "is odd: the halves r and s are of one length")
	}
	if len(s.Algorithms) == 0 {
		c.fault("signature.algorithms", "is empty")
	}
	for i, name := range s.Algorithms {
		if _, err := algo.ByName(name); err != nil {
			c.fault(fmt.Sprintf("signature.algorithms[%d]", i), "is not in the table of algorithms")
		}
	}
	if s.MSE == "" {
		return
	}
	mse, err := apdu.ParseCommand(c.bytes("signature.mse", s.MSE, 4, 261))
	if err != nil || mse.INS != 0x22 {
		c.fault("signature.mse", "is not an MSE command")
	}
	p.Signature.MSE = &mse
}

func (c *profileChecker) statusWords(p *Profile, f *profileFile) {
	p.StatusWords = map[apdu.SW]Reason{}
	for word, reason := range f.StatusWords {
		at := "status_words." + word
		sw := c.bytes(at, word, 2, 2)
		if !slices.Contains(Reasons(), Reason(reason)) {
			c.fault(at, "is not a reason")
		}
		if c.err == nil {
			p.StatusWords[apdu.SW(sw[0])<<8|apdu.SW(sw[1])] = Reason(reason)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package card

import (
	"fmt"
	"slices"
	"strings"

	"zaver/cardreader/apdu"
)

func (c *profileChecker) directory(field string, d directoryFile) Directory {
	if d.List == "" {
		c.fault(field+".list", "is not a tag")
	}
	return Directory{
		List: c.path(field+".list", d.List), Entry: c.tag(field+".entry", d.Entry),
		ID: c.tag(field+".id", d.ID), FID: c.tag(field+".fid", d.FID),
	}
}

// holder reads the places of the holder's data; a card without any names none
// of the members.
func (c *profileChecker) holder(p *Profile, f *profileFile) {
	if _, there := c.lines["holder"]; !there {
		for _, member := range []string{"root", "sectors", "blocks"} {
			if _, there := c.lines[member]; there {
				c.fault(member, "serves nothing without holder")
			}
		}
		return
	}
	p.Root = c.bytes("root", f.Root, 2, 2)
	p.Sectors = c.directory("sectors", f.Sectors)
	p.Blocks = c.directory("blocks", f.Blocks)
	p.Holder.Password = f.Holder.Password
	c.refers(p, "holder.password", f.Holder.Password)
	if len(f.Holder.Blocks) == 0 {
		c.fault("holder.blocks", "is empty")
	}
	seen := map[string]bool{}
	for i, b := range f.Holder.Blocks {
		at := fmt.Sprintf("holder.blocks[%d]", i)
		block := Block{Sector: c.bytes(at+".sector", b.Sector, 1, 1)[0], Block: c.bytes(at+".block", b.Block, 1, 1)[0]}
		if b.Max != 0 {
			block.Max, block.Path = c.between(at+".max", b.Max, 1, maxBlockFile), c.path(at+".path", b.Path)
		} else if b.Path != "" {
			c.fault(at+".path", "is for blocks that are files: there is no max")
		}
		for j, fd := range b.Fields {
			at := fmt.Sprintf("%s.fields[%d]", at, j)
			if seen[fd.Name] {
				c.fault(at+".name", "stands twice")
			}
			seen[fd.Name] = true
			block.Fields = append(block.Fields, c.field(at, fd))
		}
		p.Holder.Blocks = append(p.Holder.Blocks, block)
	}
}

func (c *profileChecker) field(at string, fd fieldFile) Field {
	if !slices.Contains(FieldNames(), fd.Name) {
		c.fault(at+".name", "is not one of %s", strings.Join(FieldNames(), ", "))
	}
	field := Field{
		Name: fd.Name, Tag: c.tag(at+".tag", fd.Tag), Type: FieldType(fd.Type),
		Max: c.between(at+".max", fd.Max, 1, apdu.MaxExtendedData),
	}
	if field.Tag > 0xFFFF {
		c.fault(at+".tag", "does not fit P1 and P2 of GET DATA")
	}
	if !slices.Contains([]FieldType{Text, Packed, Number, Byte, Binary}, field.Type) {
		c.fault(at+".type", "is not text, cn, n, byte or b")
	}
	return field
}

// maxBlockFile bounds a block that is a file: offsets of READ BINARY have 15 bits.
const maxBlockFile = 0x7FFF

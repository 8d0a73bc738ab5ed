// SPDX-License-Identifier: Apache-2.0

package card

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"zaver/cardreader/apdu"
)

// Profile is everything the code must be told about one kind of card. It is
// read from a data file by [LoadProfile] and never changed afterwards.
type Profile struct {
	Name     string            // short ASCII name: "uec-test"
	Title    map[string]string // words for people by language
	AID      []byte            // application identifier, 5 to 16 bytes
	ATRs     []ATRHint         // only order the attempts, see Open
	SelectP2 byte              // P2 of SELECT: which answer is wanted
	Root     []byte            // file identifier that returns to the application's root

	Validity        ValidityPlaces
	Chunk           int    // most bytes of one READ BINARY
	SecureMessaging string // name of the suite
	Passwords       []Password
	Holder          HolderPlaces
	Certificate     File
	Signature       Signature
	StatusWords     map[apdu.SW]Reason // reasons for status words of this card's own
	Sectors, Blocks Directory
}

// ATRHint is an answer to reset and a mask of the same length; bits where the
// mask is zero do not count.
type ATRHint struct{ ATR, Mask []byte }

// ValidityPlaces are the places of the two days in the answer to SELECT.
type ValidityPlaces struct{ First, Last TagPath }

// TagPath leads to a data object, outermost tag first.
type TagPath []apdu.Tag

// String returns the path as a profile writes it: "6F/A5/5F24".
func (p TagPath) String() string {
	parts := make([]string, len(p))
	for i, tag := range p {
		parts[i] = tag.String()
	}
	return strings.Join(parts, "/")
}

// Password is one password of the card.
type Password struct {
	Name        string // how errors and prompts call it: "PIN2"
	Ref         byte   // reference in P2
	Min, Max    int    // digits
	Tries       int    // factory try limit, for words only: what is left is read from the card
	UnblockedBy string // name of the password that unblocks this one; empty when none can
	ConfirmLast bool   // before the last try the user must be asked for an extra yes
}

// File is a transparent file.
type File struct {
	FID []byte
	Max int // bytes
}

// Signature says how the card signs.
type Signature struct {
	Password   string        // name of the password asked for every signature
	MSE        *apdu.Command // sent before signing; nil when the card needs none
	Algorithms []string      // names in package algo, best first
	Size       int           // bytes of the raw signature r||s
}

// Directory is how a list of sub-directories is written in the answer to SELECT.
type Directory struct {
	List    TagPath  // to the list
	Entry   apdu.Tag // one entry
	ID, FID apdu.Tag // within the entry
}

// HolderPlaces are the places of the holder's data.
type HolderPlaces struct {
	Password string // name of the password that opens them
	Blocks   []Block
}

// Block is a group of data objects read by GET DATA after selecting the block.
type Block struct {
	Sector, Block byte // identifiers in the directories
	Fields        []Field
}

// Field is one data object of the holder's data.
type Field struct {
	Name string // of a field of HolderData, see FieldNames
	Tag  apdu.Tag
	Type FieldType
	Max  int // bytes
}

// FieldType is how a data object is written (domain words of the card).
type FieldType string

// Field types.
const (
	Text   FieldType = "text" // ISO 8859-5
	Packed FieldType = "cn"   // packed digits, left-aligned, padded with F
	Number FieldType = "n"    // packed digits filling every byte
	Byte   FieldType = "byte" // one binary byte
)

// MatchATR reports whether a hint of the profile matches the answer to reset.
func (p *Profile) MatchATR(atr []byte) bool {
	for _, hint := range p.ATRs {
		if len(hint.ATR) != len(atr) {
			continue
		}
		same := true
		for i := range atr {
			same = same && (atr[i]^hint.ATR[i])&hint.Mask[i] == 0
		}
		if same {
			return true
		}
	}
	return false
}

// Password returns the rules of the named password.
func (p *Profile) Password(name string) (Password, bool) {
	pw, err := p.password(name)
	if err != nil {
		return Password{}, false
	}
	return *pw, true
}

func (p *Profile) password(name string) (*Password, error) {
	for i := range p.Passwords {
		if p.Passwords[i].Name == name {
			return &p.Passwords[i], nil
		}
	}
	return nil, &Error{Reason: Unsupported, Op: "find the password " + name}
}

//go:embed profiles/*.json
var builtin embed.FS

// BuiltinProfiles returns the profiles that come with the program.
func BuiltinProfiles() ([]*Profile, error) { return LoadProfiles(builtin, "profiles") }

// LoadProfiles reads every *.json file of a directory, in the order of their
// names. One bad file fails the whole: a card silently unknown helps nobody.
func LoadProfiles(fsys fs.FS, dir string) ([]*Profile, error) {
	names, err := fs.Glob(fsys, path.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("find card profiles: %w", err)
	}
	profiles := make([]*Profile, 0, len(names))
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read a card profile: %w", err)
		}
		p, err := LoadProfile(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		profiles = append(profiles, p)
	}
	return profiles, nil
}

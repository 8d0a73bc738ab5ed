// SPDX-License-Identifier: Apache-2.0

package card

import (
	"strings"

	"zaver/cardreader/apdu"
)

// Profile is everything the code must be told about one kind of card. It is
// read from a data file by [LoadProfile] and never changed afterwards.
type Profile struct {
	Name     string            // short ASCII name: "uec-test"
	Kind     Kind              // what the card is offered for
	Title    map[string]string // words for people by language
	AID      []byte            // application identifier, 5 to 16 bytes
	ATRs     []ATRHint         // only order the attempts, see Open
	SelectP2 byte              // P2 of SELECT: which answer is wanted
	Root     []byte            // file identifier that returns to the application's root

	Validity        ValidityPlaces
	Chunk           int    // most bytes of one READ BINARY
	SecureMessaging string // name of the suite
	Secure          SecurePlaces
	Passwords       []Password
	Holder          HolderPlaces
	Certificate     Container
	Signature       Signature
	StatusWords     map[apdu.SW]Reason // reasons for status words of this card's own
	Sectors, Blocks Directory
}

// Kind says what a card is offered for.
type Kind string

// Kinds of cards.
const (
	KindUEC       Kind = "uec"       // an identification card: the card's own method of confirmation
	KindSignature Kind = "signature" // a card that holds a signature key, offered beside tokens
)

// OfKind returns the profiles of that kind, in their order.
func OfKind(profiles []*Profile, kind Kind) []*Profile {
	var out []*Profile
	for _, p := range profiles {
		if p.Kind == kind {
			out = append(out, p)
		}
	}
	return out
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
	Name        string     // how errors and prompts call it: "PIN2"
	Ref         byte       // reference in P2
	Format      PINFormat  // how it is written into a block
	Characters  Characters // what it may consist of
	Min, Max    int        // characters
	Tries       int        // factory try limit, for words only: what is left is read from the card; 0 when not known
	Counter     Counter    // how what is left is read
	Change      Change     // how it is changed; empty when it cannot be
	Unblock     Unblock    // how it is unblocked; empty when it cannot be
	UnblockedBy string     // name of the password that unblocks this one; empty when none can
	ConfirmLast bool       // before the last try the user must be asked for an extra yes
}

// UnblockSetsNew reports whether unblocking needs a new value of the password;
// otherwise the new value is optional.
func (p Password) UnblockSetsNew() bool {
	return p.Unblock == UnblockCodeNew || p.Unblock == UnblockNew
}

// PINFormat is how a password is written into its block of 8 bytes.
type PINFormat string

// PIN formats.
const (
	// ISO9564 is the format 2 block of ISO 9564-1: 2 and the number of digits,
	// packed digits, F to the end. At most 14 digits.
	ISO9564 PINFormat = "iso9564-2"
	// ASCIIPadded is one byte a character and FF to the end. At most 8 characters.
	ASCIIPadded PINFormat = "ascii-ff"
)

// Characters are what a password may consist of.
type Characters string

// Sets of characters.
const (
	Digits    Characters = "digits"
	Printable Characters = "printable" // ASCII from 20 to 7E; such a password cannot be typed on a keypad
)

// Counter is how the tries left are read before a password is shown.
type Counter string

// Ways to read the tries left.
const (
	CounterVerify Counter = "verify" // VERIFY without data answers 63Cx (ISO/IEC 7816-4 section 11.6.6)
	CounterNone   Counter = "none"   // the card does not tell: the number stays unknown
)

// Change is what CHANGE REFERENCE DATA carries (ISO/IEC 7816-4 section 11.6.7).
type Change string

// Ways to change a password.
const (
	ChangeOldNew Change = "old-new" // P1=00: the old value and the new one
	ChangeNew    Change = "new"     // P1=01: the new value, after VERIFY of the old one
)

// Unblock is what RESET RETRY COUNTER carries (ISO/IEC 7816-4 section 11.6.10).
type Unblock string

// Ways to unblock a password.
const (
	UnblockCodeNew Unblock = "code-new" // P1=00: the unblocking password and the new value
	UnblockNew     Unblock = "new"      // P1=02: the new value, after VERIFY of the unblocking password
	UnblockNothing Unblock = "nothing"  // P1=03: nothing, after VERIFY of the unblocking password
)

// Place is where a card keeps bytes that anyone may read: a transparent file
// read by READ BINARY, or a data object asked for by its tag (GET DATA, INS CB
// with a tag list 5C, ISO/IEC 7816-4 section 11.5.4). One of FID and Object is set.
type Place struct {
	FID    []byte   // file identifier, two bytes
	Object apdu.Tag // tag of the data object
	Max    int      // bytes
}

// Container is a place and where in its bytes the certificate lies. Place.Max
// bounds the certificate uncompressed, too.
type Container struct {
	Place
	Path        TagPath // to the certificate; empty when the bytes are certificates and nothing else
	Compression TagPath // to a byte whose lowest bit says that the certificate is compressed by gzip; empty when it never is
}

// Signature says how the card signs.
type Signature struct {
	Password   string  // name of the password asked for every signature
	Command    SignINS // the command
	Algorithms []SignatureAlgorithm
}

// SignINS names a command that signs.
type SignINS string

// Commands that sign.
const (
	// PSO is COMPUTE DIGITAL SIGNATURE (ISO/IEC 7816-8 section 11.5), INS 2A with P1P2 9E9A.
	PSO SignINS = "pso"
	// GeneralAuthenticate is INS 87 (ISO/IEC 7816-4 section 11.5.5) with a dynamic authentication template
	// 7C that asks for a response (82, empty) to a challenge (81).
	GeneralAuthenticate SignINS = "general-authenticate"
)

// SignatureAlgorithm is one algorithm of the signature key. A card whose key
// may be of several kinds has several rows; the first that fits the
// certificate's key is used.
type SignatureAlgorithm struct {
	Name   string        // in package algo
	Bits   int           // size of the key that the row is for; 0 any
	Key    byte          // reference of the key, P2 of GENERAL AUTHENTICATE
	ID     byte          // reference of the algorithm, P1 of GENERAL AUTHENTICATE
	MSE    *apdu.Command // sent before signing; nil when the card needs none
	Input  SignInput     // what the card is given
	Answer SignAnswer    // what it gives
	Size   int           // bytes of the raw signature: of r and s together, or of the modulus
}

// SignInput is what a card signs.
type SignInput string

// Inputs. The last two are for RSA with PKCS #1 v1.5 (RFC 8017 section 9.2).
const (
	InputDigest     SignInput = "digest"      // the digest
	InputDigestInfo SignInput = "digest-info" // DigestInfo; the card pads
	InputPKCS1      SignInput = "pkcs1"       // the whole padded block, as long as the modulus
)

// SignAnswer is how a card writes a signature.
type SignAnswer string

// Answers.
const (
	AnswerRS  SignAnswer = "rs"  // two halves of one length, r before s
	AnswerSR  SignAnswer = "sr"  // two halves of one length, s before r
	AnswerDER SignAnswer = "der" // ECDSA-Sig-Value (RFC 3279 section 2.2.3)
	AnswerRaw SignAnswer = "raw" // one number as long as the modulus
)

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

// Block is a group of data objects: read one by one by GET DATA after selecting
// the block, or all at once where the block is a transparent file that holds them.
type Block struct {
	Sector, Block byte    // identifiers in the directories
	Max           int     // bytes of the file; 0 says GET DATA
	Path          TagPath // in a file: to the object that holds the fields; empty when they stand alone
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
	Binary FieldType = "b"    // bytes as they are
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

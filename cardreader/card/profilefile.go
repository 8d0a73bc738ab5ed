// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// profileFormat is the first member of every profile file.
const profileFormat = "zaver.card/v1"

// maxProfileSize bounds a profile file in bytes.
const maxProfileSize = 64 << 10

// ProfileError says what is wrong with a profile file, and where.
type ProfileError struct {
	Line   int    // first line is 1
	Field  string // "holder.blocks[1].fields[0].tag"; empty for a fault of the whole file
	Reason string
}

func (e *ProfileError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Field, e.Reason)
}

// The file as written; names are the members, bytes are hexadecimal.
type profileFile struct {
	Format          string            `json:"format"`
	Name            string            `json:"name"`
	Title           map[string]string `json:"title"`
	AID             string            `json:"aid"`
	ATRs            []atrFile         `json:"atr"`
	SelectP2        string            `json:"select_p2"`
	Root            string            `json:"root"`
	Validity        validityFile      `json:"validity"`
	Chunk           int               `json:"chunk"`
	SecureMessaging string            `json:"secure_messaging"`
	Passwords       []passwordFile    `json:"passwords"`
	Sectors         directoryFile     `json:"sectors"`
	Blocks          directoryFile     `json:"blocks"`
	Holder          holderFile        `json:"holder"`
	Certificate     fileFile          `json:"certificate"`
	Signature       signatureFile     `json:"signature"`
	StatusWords     map[string]string `json:"status_words"`
}

type (
	atrFile struct {
		ATR  string `json:"atr"`
		Mask string `json:"mask"`
	}
	validityFile struct {
		First string `json:"first"`
		Last  string `json:"last"`
	}
	passwordFile struct {
		Name        string `json:"name"`
		Ref         string `json:"ref"`
		Format      string `json:"format"`
		Min         int    `json:"min"`
		Max         int    `json:"max"`
		Tries       int    `json:"tries"`
		UnblockedBy string `json:"unblocked_by"`
		ConfirmLast bool   `json:"confirm_last"`
	}
	directoryFile struct {
		List  string `json:"list"`
		Entry string `json:"entry"`
		ID    string `json:"id"`
		FID   string `json:"fid"`
	}
	holderFile struct {
		Password string      `json:"password"`
		Blocks   []blockFile `json:"blocks"`
	}
	blockFile struct {
		Sector string      `json:"sector"`
		Block  string      `json:"block"`
		Fields []fieldFile `json:"fields"`
	}
	fieldFile struct {
		Name string `json:"name"`
		Tag  string `json:"tag"`
		Type string `json:"type"`
		Max  int    `json:"max"`
	}
	fileFile struct {
		FID string `json:"fid"`
		Max int    `json:"max"`
	}
	signatureFile struct {
		Password   string   `json:"password"`
		MSE        string   `json:"mse"`
		Algorithms []string `json:"algorithms"`
		Size       int      `json:"size"`
	}
)

// LoadProfile reads a profile file: strict JSON of at most 64 KiB, no unknown
// and no repeated members, everything checked. Its errors are *[ProfileError].
func LoadProfile(b []byte) (*Profile, error) {
	if len(b) > maxProfileSize {
		return nil, &ProfileError{Line: 1, Reason: "the file is too long"}
	}
	at, err := locate(b)
	if err != nil {
		return nil, err
	}
	var f profileFile
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, decodeError(b, at, err)
	}
	c := &profileChecker{lines: at}
	p := c.profile(&f)
	if c.err != nil {
		return nil, c.err
	}
	return p, nil
}

// decodeError gives the standard decoder's error its place.
func decodeError(b []byte, at map[string]int, err error) error {
	if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) {
		return &ProfileError{Line: lineAt(b, e.Offset), Field: e.Field, Reason: "is a " + e.Value}
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if name, err = strconv.Unquote(name); err == nil {
			place, line := name, 0
			for path, n := range at {
				if (path == name || strings.HasSuffix(path, "."+name)) && (line == 0 || n < line) {
					place, line = path, n
				}
			}
			return &ProfileError{Line: max(line, 1), Field: place, Reason: "is not a member of a profile"}
		}
	}
	return &ProfileError{Line: 1, Reason: err.Error()}
}

func lineAt(b []byte, offset int64) int {
	return 1 + bytes.Count(b[:min(max(offset, 0), int64(len(b)))], []byte("\n"))
}

// locate finds the line of every value by its path, and refuses what the
// standard decoder lets pass: repeated members and text after the value.
func locate(b []byte) (map[string]int, error) {
	l := &locator{b: b, dec: json.NewDecoder(bytes.NewReader(b)), at: map[string]int{}}
	err := l.value("", 0)
	if err == nil {
		if _, err = l.dec.Token(); errors.Is(err, io.EOF) {
			return l.at, nil
		}
		if err == nil {
			err = errors.New("text after the end")
		}
	}
	if e := (*ProfileError)(nil); errors.As(err, &e) {
		return nil, e
	}
	return nil, &ProfileError{Line: lineAt(b, l.dec.InputOffset()), Reason: err.Error()}
}

type locator struct {
	b   []byte
	dec *json.Decoder
	at  map[string]int
}

const maxProfileDepth = 16

func (l *locator) value(path string, depth int) error {
	if depth > maxProfileDepth {
		return errors.New("nested too deep")
	}
	token, err := l.dec.Token()
	if err != nil {
		return err
	}
	l.at[path] = lineAt(l.b, l.dec.InputOffset())
	switch token {
	case json.Delim('{'):
		err = l.object(path, depth)
	case json.Delim('['):
		for i := 0; err == nil && l.dec.More(); i++ {
			err = l.value(path+"["+strconv.Itoa(i)+"]", depth+1)
		}
	default:
		return nil
	}
	if err == nil {
		_, err = l.dec.Token() // the closing bracket
	}
	return err
}

func (l *locator) object(path string, depth int) error {
	for l.dec.More() {
		token, err := l.dec.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return errors.New("a member has no name")
		}
		member := name
		if path != "" {
			member = path + "." + name
		}
		if _, twice := l.at[member]; twice {
			return &ProfileError{Line: lineAt(l.b, l.dec.InputOffset()), Field: member, Reason: "stands twice"}
		}
		if err := l.value(member, depth+1); err != nil {
			return err
		}
	}
	return nil
}

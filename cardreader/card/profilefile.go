// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// profileFormat is the first member of every profile file.
const profileFormat = "zaver.card/v1"

// maxProfileSize bounds a profile file in bytes.
const maxProfileSize = 64 << 10

// ProfileError says what is wrong with a profile file, and where.
type ProfileError struct {
	File   string // base name; empty from LoadProfile, which is told of no file
	Line   int    // first line is 1
	Field  string // "holder.blocks[1].fields[0].tag"; empty for a fault of the whole file
	Reason string
}

// Error returns file, line, field and what is wrong with it: "own.json: line 7: signature.algorithms: is empty".
func (e *ProfileError) Error() string {
	at := fmt.Sprintf("line %d: ", e.Line)
	if e.File != "" {
		at = e.File + ": " + at
	}
	if e.Field != "" {
		at += e.Field + ": "
	}
	return at + e.Reason
}

// The file as written; names are the members, bytes are hexadecimal.
type profileFile struct {
	Format          string            `json:"format"`
	Name            string            `json:"name"`
	Kind            string            `json:"kind"`
	Title           map[string]string `json:"title"`
	AID             string            `json:"aid"`
	ATRs            []atrFile         `json:"atr"`
	SelectP2        string            `json:"select_p2"`
	Root            string            `json:"root"`
	Validity        validityFile      `json:"validity"`
	Chunk           int               `json:"chunk"`
	SecureMessaging string            `json:"secure_messaging"`
	Secure          *secureFile       `json:"secure"`
	Passwords       []passwordFile    `json:"passwords"`
	Sectors         directoryFile     `json:"sectors"`
	Blocks          directoryFile     `json:"blocks"`
	Holder          holderFile        `json:"holder"`
	Certificate     containerFile     `json:"certificate"`
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
		Characters  string `json:"characters"`
		Min         int    `json:"min"`
		Max         int    `json:"max"`
		Tries       int    `json:"tries"`
		Counter     string `json:"counter"`
		Change      string `json:"change"`
		Unblock     string `json:"unblock"`
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
		Max    int         `json:"max"`
		Path   string      `json:"path"`
		Fields []fieldFile `json:"fields"`
	}
	fieldFile struct {
		Name string `json:"name"`
		Tag  string `json:"tag"`
		Type string `json:"type"`
		Max  int    `json:"max"`
	}
	containerFile struct {
		FID         string `json:"fid"`
		Object      string `json:"object"`
		Max         int    `json:"max"`
		Path        string `json:"path"`
		Compression string `json:"compression"`
	}
	signatureFile struct {
		Password   string          `json:"password"`
		Command    string          `json:"command"`
		Algorithms []algorithmFile `json:"algorithms"`
	}
	algorithmFile struct {
		Name   string `json:"name"`
		Bits   int    `json:"bits"`
		Key    string `json:"key"`
		ID     string `json:"id"`
		MSE    string `json:"mse"`
		Input  string `json:"input"`
		Answer string `json:"answer"`
		Size   int    `json:"size"`
	}
)

// LoadProfile reads a profile file: strict JSON of at most 64 KiB, no unknown
// and no repeated members, everything checked. Its errors are *[ProfileError].
func LoadProfile(b []byte) (*Profile, error) {
	if len(b) > maxProfileSize {
		return nil, &ProfileError{Line: 1, Reason: "the file is too long"}
	}
	places, err := locate(b, reflect.TypeFor[profileFile]())
	if err != nil {
		return nil, err
	}
	var f profileFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, decodeError(b, places, err)
	}
	c := &profileChecker{lines: places.at}
	p := c.profile(&f)
	if c.err != nil {
		return nil, c.err
	}
	return p, nil
}

// decodeError gives the standard decoder's error its place.
func decodeError(b []byte, places *locator, err error) error {
	if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) {
		path := places.pathAt(e.Field, e.Offset)
		line := places.at[path]
		if line == 0 {
			line = lineAt(b, e.Offset)
		}
		return &ProfileError{Line: line, Field: path, Reason: "is a " + e.Value}
	}
	return &ProfileError{Line: 1, Reason: err.Error()}
}

func lineAt(b []byte, offset int64) int {
	return 1 + bytes.Count(b[:min(max(offset, 0), int64(len(b)))], []byte("\n"))
}

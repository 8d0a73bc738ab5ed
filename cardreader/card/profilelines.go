// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

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

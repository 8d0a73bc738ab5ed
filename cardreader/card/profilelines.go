// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// locate finds the line of every value by its path in a file that is to be read
// into a value of type t, and refuses what the standard decoder lets pass:
// repeated members, members in other letters, and text after the value. The
// decoder knows unknown members, too, but not where they stand.
func locate(b []byte, t reflect.Type) (*locator, error) {
	l := &locator{
		b: b, dec: json.NewDecoder(bytes.NewReader(b)), at: map[string]int{}, ends: map[string]int64{}, members: map[string]bool{},
	}
	listMembers(t, "", l.members)
	err := l.value("", 0)
	if err == nil {
		if _, err = l.dec.Token(); errors.Is(err, io.EOF) {
			return l, nil
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
	b    []byte
	dec  *json.Decoder
	at   map[string]int   // line of the value
	ends map[string]int64 // offset behind its first token

	// members are the paths, without indexes, of every member that there may be;
	// true says that the names below it are free (languages, status words).
	members map[string]bool
}

// pathAt finds the value of that path without indexes at which the standard
// decoder stopped.
func (l *locator) pathAt(field string, offset int64) string {
	found, nearest := field, int64(len(l.b))+1
	for path, end := range l.ends {
		if end >= offset && end < nearest && withoutIndexes(path) == field {
			found, nearest = path, end
		}
	}
	return found
}

func withoutIndexes(path string) string {
	var b strings.Builder
	for i, inside := 0, false; i < len(path); i++ {
		inside = inside && path[i] != ']' || path[i] == '['
		if !inside && path[i] != ']' {
			b.WriteByte(path[i])
		}
	}
	return b.String()
}

func listMembers(t reflect.Type, at string, known map[string]bool) {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if at != "" {
		known[at] = t.Kind() == reflect.Map
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		listMembers(t.Field(i).Type, join(at, t.Field(i).Tag.Get("json")), known)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// isMember reports whether that name may stand there.
func (l *locator) isMember(path, name string) bool {
	at := withoutIndexes(path)
	if l.members[at] {
		return true
	}
	_, known := l.members[join(at, name)]
	return known
}

const maxProfileDepth = 16

const notMember = "is not a member of a profile"

func (l *locator) value(path string, depth int) error {
	if depth > maxProfileDepth {
		return errors.New("nested too deep")
	}
	token, err := l.dec.Token()
	if err != nil {
		return err
	}
	l.at[path], l.ends[path] = lineAt(l.b, l.dec.InputOffset()), l.dec.InputOffset()
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
		member := join(path, name)
		if !l.isMember(path, name) {
			return &ProfileError{Line: lineAt(l.b, l.dec.InputOffset()), Field: member, Reason: notMember}
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

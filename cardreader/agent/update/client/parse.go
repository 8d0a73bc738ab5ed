// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

const maxDepth = 16 // of values within values; the publisher's metadata have seven

// parse reads a file of metadata of one role. go-tuf's decoders dereference what a null leaves out, before any signature was looked at, so no null may
// stand anywhere; should they trip over something else, that is an error of the file and not the end of the program.
func parse[T metadata.Roles](b []byte) (m *metadata.Metadata[T], err error) {
	if err := plain(b); err != nil {
		return nil, err
	}
	defer func() {
		if trouble := recover(); trouble != nil {
			m, err = nil, fmt.Errorf("metadata can't be read: %v", trouble)
		}
	}()
	return new(metadata.Metadata[T]).FromBytes(b)
}

// plain takes one JSON value without nulls, not too deep, and nothing behind it.
func plain(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	depth := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && depth == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("metadata are no JSON: %w", err)
		}
		switch token {
		case nil:
			return errors.New("a null in metadata")
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > maxDepth {
			return errors.New("metadata are too deep")
		}
		if depth == 0 && d.More() {
			return errors.New("something stands behind the metadata")
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package nativemsg

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

// Whatever comes in, reading stays within its bounds, and what is accepted is what any JSON reader would read: a flat
// object with the fields of its kind, each once.
func FuzzMessages(f *testing.F) {
	for _, body := range []string{
		`{"do":"hello","sender":"https://a"}`,
		`{"do":"confirm","sender":"https://a","origin":"https://a","request":"r","ticket":"t","method":"token","lang":"ru"}`,
		`{"do":"doctor","sender":"https://a","lang":"en"}`, `{"do":"cancel"}`, `{"do":"hello","do":"confirm"}`, `{"DO":"hello"}`, `[]`, ``,
	} {
		f.Add(frame(body))
	}
	f.Add(append(frame(`{"do":"cancel"}`), frame(`{"do":"hello","sender":"s"}`)...))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		for {
			body, err := ReadFrame(r, MaxIn)
			if err != nil {
				return
			}
			if len(body) > MaxIn {
				t.Fatalf("%d bytes", len(body))
			}
			do, fields, err := parse(body)
			if err != nil {
				continue
			}
			var m map[string]string
			if err := json.Unmarshal(body, &m); err != nil {
				t.Fatalf("accepted what is no object of texts: %v", err)
			}
			if m["do"] != do || len(m) != len(fields)+1 {
				t.Fatalf("read %s %v from %q", do, fields, body)
			}
			for name, value := range fields {
				if m[name] != value || !slices.Contains(allowed[do], name) {
					t.Fatalf("field %q of %q is %q", name, do, value)
				}
			}
		}
	})
}

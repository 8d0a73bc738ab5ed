// SPDX-License-Identifier: Apache-2.0

package message

import (
	"encoding/json"
	"testing"
)

// What is accepted means the same to every JSON reader: five strings, each once.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`{"origin":"https://a","request":"r","ticket":"t","method":"token","lang":"ru"}`))
	f.Add([]byte(`{"origin":"https://a","request":"r","ticket":"t","method":"uec"}`))
	f.Add([]byte(`{"origin":"a","origin":"b"}`))
	f.Add([]byte(`{"ORIGIN":"a"} `))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		if err != nil {
			return
		}
		var m map[string]string
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatalf("accepted what is no object of strings: %v", err)
		}
		lang, told := m["lang"]
		if want := 4; told && len(m) != want+1 || !told && len(m) != want {
			t.Fatalf("accepted %d fields", len(m))
		}
		if m["origin"] != r.Origin || m["request"] != r.Request || m["ticket"] != r.Ticket || m["method"] != string(r.Method) || lang != string(r.Language) {
			t.Fatalf("read %+v from %q", r, body)
		}
	})
}

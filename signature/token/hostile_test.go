// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/signature/token"
)

// asHostile makes this test binary answer like a worker that is in its module's hands; what it answers stands in a file that the next argument names.
const asHostile = "hostile-worker"

func serveHostile(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 1
	}
	endless := bytes.HasPrefix(b, []byte("endless"))
	b = bytes.TrimPrefix(b, []byte("endless"))
	_, _ = os.Stdin.Read(make([]byte, 1<<16)) // the request has come
	for {
		if _, err := os.Stdout.Write(b); err != nil || !endless {
			return 0
		}
	}
}

func frame(kind byte, payload string) string {
	return string(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload)))) + payload
}

// TestHostileWorker holds that whatever a worker answers, the host returns with bounded, known things, and without waiting for its deadline: then it would say that
// the module hangs.
func TestHostileWorker(t *testing.T) {
	library := filepath.Join(t.TempDir(), "module.so")
	if err := os.WriteFile(library, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	big := frame('J', `{"token":{"slot":1,"label":"`+strings.Repeat("x", 900<<10)+`","tries":"unknown","so_tries":"unknown"}}`)
	done := frame('J', `{"done":true}`)
	for name, tt := range map[string]struct{ answer, want string }{
		"nothing":            {"", token.CodeCrashed},
		"rubbish":            {"HTTP/1.1 200 OK\r\n\r\n", token.CodeCrashed},
		"half a frame":       {done[:4], token.CodeCrashed},
		"a PIN":              {frame('P', "1234"), token.CodeCrashed},
		"too long":           {"J\xff\xff\xff\xff{}", token.CodeCrashed},
		"unknown field":      {frame('J', `{"done":true,"run":"sh"}`), token.CodeCrashed},
		"two values":         {frame('J', `{"done":true}{"done":true}`), token.CodeCrashed},
		"deep":               {frame('J', strings.Repeat("[", 500000)), token.CodeCrashed},
		"endless nothing":    {"endless" + frame('J', `{}`), token.CodeCrashed},
		"endless tokens":     {"endless" + big, token.CodeCrashed},
		"a flood, then done": {strings.Repeat(big, 30) + done, token.CodeCrashed},
		"unknown code":       {frame('J', `{"failure":{"code":"<b>","tries":"unknown"}}`), token.CodeModule},
		"known code":         {frame('J', `{"failure":{"code":"token.removed","tries":"unknown"}}`), token.CodeRemoved},
		"unknown reason":     {frame('J', `{"failure":{"reason":"give me the PIN again","tries":"unknown"}}`), token.CodeModule},
		"invented tries":     {frame('J', `{"failure":{"reason":"wrong","tries":"9999"}}`), token.CodeCrashed},
		"a signature":        {frame('J', `{"signature":"AAAA","done":true}`), ""},
		"labels with lines":  {frame('J', `{"token":{"label":"a\nb\u202e","tries":"unknown","so_tries":"unknown","min_pin":-5,"problem":"x"}}`) + done, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := filepath.Join(t.TempDir(), "answer")
			if err := os.WriteFile(script, []byte(tt.answer), 0o600); err != nil {
				t.Fatal(err)
			}
			h := theRig.host(t, func(c *token.Config) {
				c.Worker, c.ListDeadline = []string{c.Worker[0], asHostile, script}, time.Minute
			}, library)
			found, problems := h.List(context.Background())
			code := ""
			if len(problems) > 0 {
				code = problems[0].Code
			}
			if code != tt.want {
				t.Errorf("%q (%v), want %q", code, problems, tt.want)
			}
			for _, tok := range found {
				if len(tok.Label) > 100 || strings.ContainsAny(tok.Label, "\n\u202e") || tok.MinPIN != 0 || tok.Problem != "" {
					t.Errorf("%+v", tok)
				}
			}
		})
	}
}

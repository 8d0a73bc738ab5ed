// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"zaver/signature/verify"
)

// answer is one line of a batch.
type answer struct {
	ID      json.RawMessage `json:"id,omitempty"`
	Exit    int             `json:"exit"`
	Verdict verify.Verdict  `json:"verdict,omitempty"`
	Error   string          `json:"error,omitempty"`
	Report  *verify.Audit   `json:"report,omitempty"`
}

// batch answers one request a line, in their order. A line that cannot be read is
// answered, too: who asks gets as many lines as were sent, empty ones apart.
func (w World) batch(ctx context.Context) error {
	in := bufio.NewReaderSize(w.In, 64<<10)
	out := bufio.NewWriter(w.Out)
	for ctx.Err() == nil {
		line, more, err := nextLine(in)
		if err != nil {
			return fmt.Errorf("read requests: %w", err)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			b, err := json.Marshal(w.answer(ctx, text))
			if err != nil {
				return fmt.Errorf("write an answer: %w", err)
			}
			_, _ = out.Write(append(b, '\n')) // Flush reports it
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write an answer: %w", err)
			}
		}
		if !more {
			return nil
		}
	}
	return ctx.Err()
}

// nextLine reads a line; of what is longer than MaxLine only that much and one
// byte is kept.
func nextLine(in *bufio.Reader) (line []byte, more bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part[:min(len(part), MaxLine+1-len(line))]...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return line, false, nil
		default:
			return line, err == nil, err
		}
	}
}

// answer answers one line. Whatever happens over it, the lines behind it have their turn.
func (w World) answer(ctx context.Context, line []byte) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{ID: a.ID, Exit: ExitUndecidable, Error: fmt.Sprintf("internal error: %v", p)}
		}
	}()
	r, id, err := readRequest(line)
	a.ID = id
	if err != nil {
		a.Exit, a.Error = ExitUsage, "read the request: "+err.Error()
		return a
	}
	report, err := w.judge(ctx, r)
	if err != nil {
		a.Exit, a.Error = ExitUndecidable, err.Error()
		if isUsage(err) {
			a.Exit = ExitUsage
		}
		return a
	}
	a.Exit, a.Verdict, a.Report = exit(report.Verdict), report.Verdict, report
	return a
}

// readRequest reads one line. The id is given back even when the rest is wrong.
// Names may be written as on the command line, explicit-policy for
// explicit_policy, and one value may stand for a list of one.
func readRequest(line []byte) (Request, json.RawMessage, error) {
	var r Request
	if len(line) > MaxLine {
		return r, nil, fmt.Errorf("line of more than %d bytes", MaxLine)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return r, nil, err
	}
	id := fields["id"]
	delete(fields, "id")
	plain := make(map[string]json.RawMessage, len(fields))
	for name, value := range fields {
		name = strings.ReplaceAll(strings.TrimPrefix(name, "--"), "-", "_")
		if _, twice := plain[name]; twice {
			return r, id, fmt.Errorf("field %q is there twice", name)
		}
		plain[name] = value
	}
	for _, name := range []string{"anchors", "untrusted", "crl", "ocsp", "policy"} {
		if v := plain[name]; len(v) > 0 && v[0] == '"' {
			plain[name] = append(append(json.RawMessage{'['}, v...), ']')
		}
	}
	if v := plain["at"]; len(v) > 0 && v[0] >= '0' && v[0] <= '9' {
		plain["at"] = append(append(json.RawMessage{'"'}, v...), '"')
	}
	b, err := json.Marshal(plain)
	if err != nil {
		return r, id, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return r, id, d.Decode(&r)
}

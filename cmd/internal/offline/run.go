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
	"time"

	"zaver/portal/text"
	"zaver/signature/verify"
)

// World is what verify needs from outside.
type World struct {
	In        io.Reader
	Out, Errs io.Writer
	// Now is the clock.
	Now func() time.Time
	// Words are the sentences behind the codes.
	Words *text.Catalogue
	// Lang is the language of the environment, "ru" or "en".
	Lang string
}

// answer is one line of a batch.
type answer struct {
	ID      any            `json:"id,omitempty"`
	Exit    int            `json:"exit"`
	Verdict verify.Verdict `json:"verdict,omitempty"`
	Error   string         `json:"error,omitempty"`
	Report  *verify.Audit  `json:"report,omitempty"`
}

// Run does what the words after "verify" say and returns the exit code.
func Run(ctx context.Context, args []string, w World) int {
	r, o, err := parse(args)
	if err == nil && o.Help {
		_, err = io.WriteString(w.Out, Usage)
		return w.end(err)
	}
	if err == nil {
		_, err = o.language(w)
	}
	if err != nil {
		return w.end(err)
	}
	if r.Verify == askBatch {
		return w.end(w.batch(ctx))
	}
	report, err := w.judge(ctx, r)
	if err != nil {
		return w.end(err)
	}
	if err := w.show(report, o); err != nil {
		return w.end(err)
	}
	return exit(report.Verdict)
}

func exit(v verify.Verdict) int {
	switch v {
	case verify.Valid:
		return ExitValid
	case verify.Undecidable:
		return ExitUndecidable
	default:
		return ExitInvalid
	}
}

// end reports why no answer was given.
func (w World) end(err error) int {
	if err == nil {
		return ExitValid
	}
	_, _ = fmt.Fprintf(w.Errs, "zaver-portal verify: %v\n", err)
	if !isUsage(err) {
		return ExitUndecidable
	}
	_, _ = io.WriteString(w.Errs, "zaver-portal verify help explains the options\n")
	return ExitUsage
}

// batch answers one request a line. A line that cannot be read is answered, too:
// who asks gets as many lines as were sent.
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

// nextLine reads a line of at most MaxLine bytes; what is longer is cut, and
// will not parse.
func nextLine(in *bufio.Reader) (line []byte, more bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line) < MaxLine {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return line, false, nil
		default:
			return line, err == nil, err
		}
	}
}

func (w World) answer(ctx context.Context, line []byte) answer {
	var r Request
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	err := d.Decode(&r)
	if err == nil && d.More() {
		err = errors.New("more than one value in the line")
	}
	if err == nil && len(line) >= MaxLine {
		err = fmt.Errorf("line of more than %d bytes", MaxLine)
	}
	if err != nil {
		return answer{ID: r.ID, Exit: ExitUsage, Error: "read the request: " + err.Error()}
	}
	report, err := w.judge(ctx, r)
	if err != nil {
		code := ExitUndecidable
		if isUsage(err) {
			code = ExitUsage
		}
		return answer{ID: r.ID, Exit: code, Error: err.Error()}
	}
	return answer{ID: r.ID, Exit: exit(report.Verdict), Verdict: report.Verdict, Report: report}
}

// language decides in which language the report is written.
func (o Options) language(w World) (text.Lang, error) {
	name := o.Lang
	if name == "" {
		name = w.Lang
	}
	if lang, ok := text.ParseLang(name); ok {
		return lang, nil
	}
	if o.Lang != "" {
		return "", usagef("--lang %q: ru or en", o.Lang)
	}
	return text.Russian, nil
}

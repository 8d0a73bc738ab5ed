// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
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

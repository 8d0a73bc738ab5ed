// SPDX-License-Identifier: Apache-2.0

// Package boot alone owns what every program does before its own work: read a
// strict configuration file, open the log, catch the signals, and say a failure
// to the person in the terminal with a hint and an exit code.
//
// Everything here is called from main, by one goroutine.
package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode"
)

// Exit codes that all programs share.
const (
	ExitOK      = 0
	ExitFailure = 1 // the work failed
	ExitUsage   = 2 // the command line is wrong
	ExitConfig  = 3 // the configuration is missing or wrong
	ExitRunning = 4 // another instance holds what is needed
)

const maxConfig = 1 << 20

// Failure is an error for the person in the terminal.
type Failure struct {
	Exit int    // one of the Exit codes, or a code of the program's own
	Hint string // what to do about it; may be empty
	Line int    // of the configuration file where it is wrong; 0 when unknown
	Err  error  // nil when everything was said already: only the exit code is left
}

// ErrOpenToAll is wrapped when everybody may change a configuration file.
var ErrOpenToAll = errors.New("everybody may change this file")

// Error returns the cause's text.
func (f *Failure) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("exit code %d", f.Exit)
	}
	return f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Fail makes a Failure from a format.
func Fail(exit int, hint, format string, args ...any) error {
	return &Failure{Exit: exit, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// Report writes err as "program: what" and a "hint:" line, and returns the exit code. Errors may repeat what a device or a file said: nothing of
// it is obeyed by a terminal.
func Report(w io.Writer, program string, err error) int {
	if err == nil {
		return ExitOK
	}
	report, exit := fmt.Sprintf("%s: %v\n", program, err), ExitFailure
	var f *Failure
	if errors.As(err, &f) {
		exit = f.Exit
		if f.Err == nil {
			return exit
		}
		if f.Hint != "" {
			report += fmt.Sprintf("hint: %s\n", f.Hint)
		}
	}
	_, _ = io.WriteString(w, harmless(report)) // where errors can't be written, the exit code is all there is
	return exit
}

// harmless puts a question mark in the place of what a terminal obeys or what turns text around.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// LoadConfig reads a JSON file into a struct. Unknown fields, a second value and anything longer than 1 MiB are
// refused; a file that everybody may change is, too. Errors name file, line and field, with ExitConfig; a missing file also matches fs.ErrNotExist.
func LoadConfig(path string, into any) error {
	f, err := os.Open(path)
	if err != nil {
		return &Failure{Exit: ExitConfig, Hint: "give another file with --config", Err: fmt.Errorf("open configuration: %w", err)}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return &Failure{Exit: ExitConfig, Err: fmt.Errorf("open configuration: %w", err)}
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o002 != 0 {
		return Fail(ExitConfig, "chmod o-w "+path, "%s: %w", path, ErrOpenToAll)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return &Failure{Exit: ExitConfig, Err: fmt.Errorf("read configuration: %w", err)}
	}
	if len(b) > maxConfig {
		return Fail(ExitConfig, "", "%s: longer than %d bytes", path, maxConfig)
	}
	if line, err := decode(b, into); err != nil {
		return &Failure{Exit: ExitConfig, Line: line, Err: fmt.Errorf("%s:%d: %w", path, line, err)}
	}
	return nil
}

// decode reads exactly one value, and returns the line where it went wrong.
func decode(b []byte, into any) (int, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	at := dec.InputOffset()
	if err == nil {
		if _, next := dec.Token(); !errors.Is(next, io.EOF) {
			err = errors.New("something stands behind the configuration")
		}
	}
	if err == nil {
		return 0, nil
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
		err = fmt.Errorf("field %q must be a %s, not a %s", kind.Field, kind.Type, kind.Value)
	}
	at = min(at, int64(len(b)))
	return 1 + bytes.Count(b[:at], []byte("\n")), err
}

// Log says where a program logs. The zero value is text on standard error from level info.
type Log struct {
	File  string `json:"file,omitempty"`  // appended to; empty means standard error
	Level string `json:"level,omitempty"` // debug, info, warn or error
	JSON  bool   `json:"json,omitempty"`
}

// OpenLog opens the log; the function closes it.
func OpenLog(c Log, stderr io.Writer) (*slog.Logger, func() error, error) {
	level := slog.LevelInfo
	if c.Level != "" {
		if err := level.UnmarshalText([]byte(c.Level)); err != nil {
			return nil, nil, Fail(ExitConfig, "use debug, info, warn or error", "log level %q: %w", c.Level, err)
		}
	}
	w, closeLog := stderr, func() error { return nil }
	if c.File != "" {
		f, err := os.OpenFile(c.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, &Failure{Exit: ExitConfig, Err: fmt.Errorf("open log: %w", err)}
		}
		w, closeLog = f, f.Close
	}
	options := &slog.HandlerOptions{Level: level}
	if c.JSON {
		return slog.New(slog.NewJSONHandler(w, options)), closeLog, nil
	}
	return slog.New(slog.NewTextHandler(w, options)), closeLog, nil
}

// Signals returns a context that ends at the first SIGINT, SIGTERM or SIGHUP. After it a SIGINT ends the process at once: the
// person is tired of waiting. A repeated SIGTERM does not: the kernel sends one for each thread of a parent that dies, and the
// work of ending in order must not be cut short by that.
func Signals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		select {
		case <-heard:
			signal.Reset(syscall.SIGINT)
			cancel()
		case <-ctx.Done():
			signal.Stop(heard)
		}
	}()
	return ctx, cancel
}

// OneInstance takes a lock file and keeps it until the returned function is called or the process ends. A held
// lock gives a Failure with ExitRunning.
func OneInstance(path string) (release func() error, err error) {
	f, err := openLock(path)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	held, err := lock(f)
	if err != nil || held {
		_ = f.Close()
	}
	switch {
	case held:
		return nil, Fail(ExitRunning, "end the other one first", "another instance is running (it holds %s)", path)
	case err != nil:
		return nil, fmt.Errorf("take lock %s: %w", path, err)
	}
	return func() error { return errors.Join(unlock(f), f.Close()) }, nil
}

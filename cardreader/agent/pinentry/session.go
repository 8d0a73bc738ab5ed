// SPDX-License-Identifier: Apache-2.0

package pinentry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zaver/signature/procgroup"
)

// answerLimit is how long a pinentry may take for what needs no person; graceLimit is how long after the
// person's own time limit it may take to say so. Beyond them it counts as hanging, and is killed.
const (
	answerLimit = 10 * time.Second
	graceLimit  = 3 * time.Second
)

// session is one running pinentry process; one goroutine uses it.
type session struct {
	ctx     context.Context
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	lines   lineReader
	hung    atomic.Bool
	mu      sync.Mutex // guards reaped: a reaped process's number may be another's
	reaped  bool
	unwatch func() bool
	answer  time.Duration
	grace   time.Duration
	// tty is the terminal on which the program asks; empty when it has a window.
	tty string
	// repeated is set when the program says that the PIN was typed twice.
	repeated bool
}

// start runs the program and brings it to the point where a question can be asked.
func (p *Program) start(ctx context.Context, d Dialog) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Killing is ours (see kill): the standard way reaches the leader of the group alone.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.path, p.args...)
	cmd.Env = p.env
	// A session of its own: no controlling terminal, so no job control stops a pinentry that opens the
	// terminal by name, and one kill reaches a wrapper script's children too.
	procgroup.LeadSession(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	s := &session{ctx: ctx, cmd: cmd, stdin: stdin, lines: lineReader{in: stdout}, answer: p.answer, grace: p.grace}
	s.unwatch = context.AfterFunc(ctx, s.kill)
	if err := s.prepare(p, d); err != nil {
		defer s.close()
		return nil, s.explain(err)
	}
	return s, nil
}

func (s *session) prepare(p *Program, d Dialog) error {
	defer s.within(s.answer)()
	if err := s.reply(nil); err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	for _, o := range p.options {
		var refused *serverError
		// An option that a flavour doesn't know costs nothing.
		if err := s.send("OPTION", o); err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	flavor := ""
	_ = s.exchange("GETINFO", "flavor", func(data []byte) error {
		flavor = string(data)
		return nil
	})
	if _, other, falls := strings.Cut(flavor, ":"); falls {
		flavor = other // a graphical program that found no display: "gtk2:curses"
	}
	if flavor == flavorTTY || flavor == flavorCurses {
		s.tty = p.tty
	}
	d = d.forFlavor(flavor)
	seconds := (d.limit() + time.Second - 1) / time.Second
	for _, c := range [...]struct{ name, value string }{
		{"SETTITLE", d.Title}, {"SETDESC", d.Text}, {"SETPROMPT", d.Prompt}, {"SETERROR", d.Error},
		{"SETOK", d.OK}, {"SETCANCEL", d.Cancel}, {"SETNOTOK", d.NotOK}, {"SETTIMEOUT", fmt.Sprint(int(seconds))},
	} {
		if c.value == "" {
			continue
		}
		if err := s.send(c.name, c.value); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	if d.Repeat == "" {
		return nil
	}
	for _, c := range [...]struct{ name, value string }{{"SETREPEAT", d.Repeat}, {"SETREPEATERROR", d.RepeatError}} {
		var refused *serverError
		// A program that has no second field doesn't know this, or forgets it: PIN asks again then.
		if err := s.send(c.name, c.value); err != nil && !errors.As(err, &refused) {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// The programs that ask on a terminal.
const (
	flavorTTY    = "tty"
	flavorCurses = "curses"
)

// cursesLabel is the longest label, in bytes, with which pinentry-curses 1.2 finds room for three buttons on
// 80 columns; it counts bytes, makes all buttons as wide as the widest, and refuses the dialog otherwise.
const cursesLabel = 22

// forFlavor fits the buttons to a terminal flavour. The plain one picks keys from ASCII letters only, and would
// show foreign words ("[o]K") behind Russian labels: its buttons get numbers. Curses gets the first word of a long label.
func (d Dialog) forFlavor(flavor string) Dialog {
	fit := func(key, label string) string {
		label = strings.ReplaceAll(label, "_", "__")
		switch {
		case label == "":
		case flavor == flavorTTY:
			return "_" + key + " " + label
		case flavor == flavorCurses && len(label) > cursesLabel:
			label, _, _ = strings.Cut(label, " ")
		}
		return label
	}
	d.OK, d.Cancel, d.NotOK = fit("1", d.OK), fit("2", d.Cancel), fit("3", d.NotOK)
	if flavor == flavorTTY {
		d.Text += "\n" // the buttons follow without a gap
	}
	return d
}

// ask puts the question and waits for the person. Keys that were typed on the terminal before do not answer it.
func (s *session) ask(name string, d Dialog, data func([]byte) error) error {
	if s.tty != "" {
		dropInput(s.tty)
	}
	defer s.within(d.limit() + s.grace)()
	return s.exchange(name, "", data)
}

func (s *session) send(name, value string) error { return s.exchange(name, value, nil) }

func (s *session) exchange(name, value string, data func([]byte) error) error {
	line, err := command(name, value)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(s.stdin, line); err != nil {
		return fmt.Errorf("write command: %w", err)
	}
	return s.reply(data)
}

// reply reads up to the line that ends an answer.
func (s *session) reply(data func([]byte) error) error {
	for lines := 0; lines < 100; lines++ {
		line, err := s.lines.next()
		if err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		r, err := parseReply(line)
		s.repeated = s.repeated || r.kind == kindInfo && string(line) == "S PIN_REPEATED"
		if err == nil && r.kind == kindData && data != nil {
			err = data(r.data)
		}
		if r.kind == kindData || err != nil {
			clear(line)
		}
		switch {
		case err != nil:
			return err
		case r.kind == kindOK:
			return nil
		case r.kind == kindErr:
			return &serverError{r.code}
		case r.kind == kindInquire:
			return fmt.Errorf("%w: unexpected inquiry", errSyntax)
		}
	}
	return fmt.Errorf("%w: endless answer", errSyntax)
}

// within kills the process when the returned function isn't called in time.
func (s *session) within(limit time.Duration) (done func()) {
	t := time.AfterFunc(limit, func() {
		s.hung.Store(true)
		s.kill()
	})
	return func() { t.Stop() }
}

// explain turns what went wrong into one of the package's errors.
func (s *session) explain(err error) error {
	var refused *serverError
	switch {
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case s.hung.Load():
		return fmt.Errorf("%w: no answer in time", ErrBroken)
	case errors.As(err, &refused) && refused.timeout():
		return ErrTimeout
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// kill ends the process and what it started; safe from any goroutine, harmless after the end.
func (s *session) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reaped {
		return
	}
	procgroup.Kill(s.cmd)
}

// close wipes the buffer and ends the process: politely when it listens, else by force.
func (s *session) close() {
	s.lines.wipe()
	if !s.hung.Load() && s.ctx.Err() == nil {
		stop := s.within(time.Second)
		_, err := io.WriteString(s.stdin, "BYE\n")
		for err == nil {
			_, err = s.lines.next()
		}
		stop()
		s.lines.wipe()
	}
	s.unwatch()
	_ = s.stdin.Close()
	s.kill()
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.cmd.Wait() // the exit code says nothing that the dialog hasn't said
	s.reaped = true
}

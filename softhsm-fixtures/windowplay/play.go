// SPDX-License-Identifier: Apache-2.0

package windowplay

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"zaver/cardreader/agent/window"
)

// Play speaks the protocol over in and out by the script at path, until the input ends or the script ends it; the int is the exit code.
// A result is closed at once unless the script says otherwise.
func Play(path string, in io.Reader, out io.Writer) int {
	p := player{path: path, out: out}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &p.script)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, programName+":", err)
		return 2
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, window.MaxMessage+1)
	for lines.Scan() {
		m, err := window.ParseMessage(lines.Bytes())
		if err != nil {
			fmt.Fprintln(os.Stderr, programName+":", err)
			return 1
		}
		p.record(lines.Text())
		if !p.take(m) {
			return p.code
		}
	}
	return 0
}

type player struct {
	path   string
	script Script
	out    io.Writer
	code   int
	signed bool
}

func (p *player) record(line string) {
	f, err := os.OpenFile(p.path+shownExt, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return
	}
	_, _ = f.WriteString(line + "\n")
	_ = f.Close()
}

// take does what the script says at a message; false ends the program.
func (p *player) take(m window.Message) bool {
	switch {
	case m.Show != nil:
		if p.script.AtShow == NoDisplay {
			p.say(window.Answer{Event: window.EventNoDisplay})
			p.code = 3
			return false
		}
		// A window that fails here fails before it is on the screen.
		if slices.Contains([]Act{"", Wait, Cancel}, p.script.AtShow) {
			p.say(window.Answer{Event: window.EventReady})
		}
		return p.act(p.script.AtShow, m)
	case m.Rows != nil:
		if p.script.AtRows == "" {
			return p.act(Sign, m)
		}
		return p.act(p.script.AtRows, m)
	case m.Progress != nil && p.signed:
		act := p.script.AtProgress
		p.script.AtProgress = ""
		return p.act(act, m)
	case m.Result != nil && p.script.AtResult == "":
		p.say(window.Answer{Event: window.EventClosed})
		return false
	case m.Result != nil:
		return p.act(p.script.AtResult, m)
	}
	return true
}

func (p *player) act(a Act, m window.Message) bool {
	switch a {
	case Sign:
		p.sign(m.Rows)
	case Twice:
		p.sign(m.Rows)
		p.sign(m.Rows)
	case Cancel:
		p.say(window.Answer{Event: window.EventCancel})
		return false
	case Close:
		p.say(window.Answer{Event: window.EventClosed})
		return false
	case Stall:
		var fds [2]int
		if err := syscall.Pipe(fds[:]); err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, os.NewFile(uintptr(fds[0]), "nothing")) // nobody will ever write to it
	case Die:
		p.code = 1
		return false
	case Crash:
		_, _ = io.WriteString(p.out, `{"event":"cho`)
		p.code = 134
		return false
	case Garbage:
		_, _ = io.WriteString(p.out, "Gtk-WARNING: cannot open display\n")
	case Unknown:
		_, _ = io.WriteString(p.out, `{"event":"sign_all"}`+"\n")
	case Endless:
		for range 1 << 12 {
			if _, err := io.WriteString(p.out, strings.Repeat("x", 4096)); err != nil {
				return false
			}
		}
	case Flood:
		for {
			if _, err := io.WriteString(p.out, `{"event":"ready"}`+"\n"); err != nil {
				return false
			}
		}
	case Wait, NoDisplay, "":
	}
	return true
}

func (p *player) sign(rows []window.Row) {
	row := p.script.Row
	if row == nil {
		n := slices.IndexFunc(rows, func(r window.Row) bool { return r.Chosen })
		if n < 0 {
			n = slices.IndexFunc(rows, func(r window.Row) bool { return r.Usable })
		}
		row = &n
	}
	p.signed = true
	p.say(window.Answer{Event: window.EventChoose, Row: row})
}

func (p *player) say(a window.Answer) {
	b, err := json.Marshal(a)
	if err == nil {
		_, _ = p.out.Write(append(b, '\n'))
	}
}

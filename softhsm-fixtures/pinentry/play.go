// SPDX-License-Identifier: Apache-2.0

package pinentry

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"zaver/cardreader/agent/pinentry"
)

// Error codes of libgpg-error with the source "pinentry" (5 << 24).
const (
	errCancelled    = 5<<24 | 99
	errNotConfirmed = 5<<24 | 114
	errTimeout      = 5<<24 | 62
	errUnknown      = 5<<24 | 275
)

// Play speaks Assuan as a pinentry does, over in and out, answering by the
// script at path. It returns when the other side says BYE or closes; the int is the exit code. An OK to a question comes when the question
// was there for as long as the client wants a person to look at it (pinentry.Rest), or at once when hurried.
func Play(path string, hurried bool, in io.Reader, out io.Writer) int {
	p := player{path: path, hurried: hurried, out: out, parent: os.Getppid()}
	p.say("OK Pleased to meet you")
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if !p.handle(lines.Text()) {
			return p.exit
		}
	}
	return p.exit
}

type player struct {
	path    string
	hurried bool
	out     io.Writer
	parent  int // the process that started it
	shown   Shown
	exit    int
	// forgetful is a program that takes SETREPEAT and shows one field all the same.
	forgetful bool
}

func (p *player) say(line string) { _, _ = io.WriteString(p.out, line+"\n") }

func (p *player) handle(line string) bool {
	name, value, _ := strings.Cut(line, " ")
	text, err := url.PathUnescape(value)
	if err != nil {
		p.say(fmt.Sprintf("ERR %d bad escape", errUnknown))
		return true
	}
	if set := p.setting(name); set != nil {
		*set = text
		p.say("OK")
		return true
	}
	switch name {
	case "OPTION", "RESET", "NOP":
		p.say("OK")
	case "GETINFO":
		p.info(value)
	case "MESSAGE":
		p.record(name, OK)
		p.say("OK")
	case "CONFIRM", "GETPIN":
		return p.ask(name)
	case "BYE":
		p.say("OK closing connection")
		return false
	default:
		p.say(fmt.Sprintf("ERR %d Unknown IPC command", errUnknown))
	}
	return true
}

func (p *player) setting(name string) *string {
	return map[string]*string{"SETTITLE": &p.shown.Title, "SETDESC": &p.shown.Text, "SETPROMPT": &p.shown.Prompt,
		"SETERROR": &p.shown.Error, "SETOK": &p.shown.OK, "SETCANCEL": &p.shown.Cancel, "SETNOTOK": &p.shown.NotOK,
		"SETTIMEOUT": &p.shown.Timeout, "SETREPEAT": &p.shown.Repeat, "SETREPEATERROR": &p.shown.RepeatError}[name]
}

func (p *player) info(what string) {
	switch what {
	case "pid":
		p.say(fmt.Sprintf("D %d", os.Getpid()))
	case "flavor":
		p.say("D scripted")
	}
	p.say("OK")
}

// ask answers one question by the script; false ends the process.
func (p *player) ask(command string) bool {
	looked := time.NewTimer(pinentry.Rest)
	defer looked.Stop()
	answer, err := p.next(command)
	if err != nil {
		fmt.Fprintln(os.Stderr, program+":", err)
		p.exit = 2
		return false
	}
	answer, held := strings.CutPrefix(answer, holdMark)
	kind := answer
	if command == "GETPIN" && !isWord(answer) {
		kind = "pin"
	}
	p.record(command, kind)
	if held {
		p.hold()
	}
	if command == "CONFIRM" && answer == OK && !p.hurried {
		<-looked.C
	}
	switch answer {
	case Crash:
		p.exit = 134
		_, _ = io.WriteString(p.out, "D 12") // half a line, as a crash leaves it
		return false
	case Hang:
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		p.outlive()
		return false
	case Garbage:
		p.say("HTTP/1.1 200 OK")
	case Cancel:
		p.say(fmt.Sprintf("ERR %d Operation cancelled", errCancelled))
	case Other:
		p.say(fmt.Sprintf("ERR %d Not confirmed", errNotConfirmed))
	case Timeout:
		p.say(fmt.Sprintf("ERR %d Timeout", errTimeout))
	default:
		if command == "GETPIN" {
			if p.shown.Repeat != "" && !p.forgetful {
				p.say("S PIN_REPEATED")
			}
			p.say("D " + strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(answer))
		}
		p.say("OK")
	}
	return true
}

func isWord(answer string) bool {
	switch answer {
	case OK, AtOnce, Cancel, Other, Timeout, Crash, Hang, Garbage:
		return true
	}
	return false
}

// outlive returns when the program's parent has died: an agent that is killed cannot end its dialogs, and they would stay for ever.
func (p *player) outlive() {
	for range time.Tick(time.Second) {
		if os.Getppid() != p.parent {
			return
		}
	}
}

func (p *player) hold() {
	f, err := os.Open(p.path + holdExt)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, f)
	_ = f.Close()
}

func makeFIFO(path string) error {
	if err := syscall.Mkfifo(path, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make fifo: %w", err)
	}
	return nil
}

// record appends what was shown to the transcript.
func (p *player) record(command, answer string) {
	s := p.shown
	s.Command, s.Answer = command, answer
	p.shown.Error = "" // as pinentry does: an error text is shown once
	b, err := json.Marshal(s)
	if err != nil {
		return
	}
	f, err := os.OpenFile(p.path+showsExt, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return
	}
	_, _ = f.Write(append(b, '\n'))
	_ = f.Close()
}

// next takes the next answer for a command; processes share the cursor.
func (p *player) next(command string) (string, error) {
	b, err := os.ReadFile(p.path)
	if err != nil {
		return "", err
	}
	var s Script
	if err := json.Unmarshal(b, &s); err != nil {
		return "", fmt.Errorf("read script: %w", err)
	}
	p.forgetful = s.NoRepeat
	answers := s.Confirm
	if command == "GETPIN" {
		answers = s.PIN
	}
	if len(answers) == 0 {
		return Cancel, nil
	}
	n, err := p.count(command)
	if err != nil {
		return "", err
	}
	return answers[min(n, len(answers)-1)], nil
}

// count returns how often the command was answered before, and adds one.
func (p *player) count(command string) (int, error) {
	f, err := os.OpenFile(p.path+stateExt, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return 0, fmt.Errorf("lock cursor: %w", err)
	}
	given := map[string]int{}
	if err := json.NewDecoder(f).Decode(&given); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read cursor: %w", err)
	}
	n := given[command]
	given[command]++
	b, err := json.Marshal(given)
	if err != nil {
		return 0, err
	}
	if err := f.Truncate(0); err != nil {
		return 0, fmt.Errorf("write cursor: %w", err)
	}
	_, err = f.WriteAt(b, 0)
	return n, err
}

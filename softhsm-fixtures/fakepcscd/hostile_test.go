// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/fakepcscd"
)

// A hostile daemon is the honest one with some bytes of its answers changed:
// five bytes of input are the number of the answer, the place and the value of
// 16 bits there.
const editSize = 5

func edit(n byte, at, value uint16) []byte {
	b := binary.BigEndian.AppendUint16([]byte{n}, at)
	return binary.BigEndian.AppendUint16(b, value)
}

// apply changes the answer number n as the input says.
func apply(input, answer []byte, n int) []byte {
	for ; len(input) >= editSize; input = input[editSize:] {
		if int(input[0]) != n || len(answer) == 0 {
			continue
		}
		at := int(binary.BigEndian.Uint16(input[1:])) % len(answer)
		answer[at] = input[3]
		if at+1 < len(answer) {
			answer[at+1] = input[4]
		}
	}
	return answer
}

// outcome is what became of a child under a hostile daemon.
type outcome struct {
	first, second string // codes; empty quotes are success
	crashed       bool
	stderr        string
}

// visit has a child work with a hostile daemon, and then with an honest one.
func visit(t *testing.T, input []byte) outcome {
	t.Helper()
	a := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "A", Pad: fakepcscd.NewPad(fakepcscd.PadOptions{})})
	a.Insert(newToy())
	a.Pad().Person(fakepcscd.Press{Digits: "1234"}, fakepcscd.Press{Digits: "1234"}, fakepcscd.Press{Digits: "1234"})
	d, err := fakepcscd.Start(place, fakepcscd.Options{}, a)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		d.Kill()
		_ = fakepcscd.RemoveSocket(place)
	}()
	answers := make(chan int, 1)
	answers <- 0
	d.Inject(fakepcscd.Fault{Times: -1, Edit: func(answer []byte) []byte {
		n := <-answers
		answers <- n + 1
		return apply(input, answer, n)
	}})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childVariable+"=session", "GOTRACEBACK=all")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*patience, func() { _ = cmd.Process.Kill() })
	var o outcome
	lines := bufio.NewReader(out)
	line, _ := lines.ReadString('\n')
	o.first = strings.TrimSpace(line)
	d.Kill() // frees whatever hangs
	_ = fakepcscd.RemoveSocket(place)
	honest, err := fakepcscd.Start(place, fakepcscd.Options{}, a)
	if err != nil {
		t.Fatal(err)
	}
	defer honest.Kill()
	_, _ = io.WriteString(in, "\n")
	line, _ = lines.ReadString('\n')
	o.second = strings.TrimSpace(line)
	_ = in.Close()
	_, _ = io.Copy(io.Discard, lines)
	o.crashed = cmd.Wait() != nil
	o.stderr = stderr.String()
	if !late.Stop() {
		t.Errorf("the child hangs: %+v", o)
	}
	return o
}

// judge fails unless the child came through, or the library was what broke:
// that believes its daemon's lengths, which is a finding about the library.
func (o outcome) judge(t *testing.T) {
	t.Helper()
	if !o.crashed {
		if !strings.HasPrefix(o.first, `"`) || strings.Contains(o.first, "no code") {
			t.Errorf("with the hostile daemon: %s", o.first)
		}
		if o.second != `""` {
			t.Errorf("with the honest daemon afterwards: %s (before: %s)\n%s", o.second, o.first, o.stderr)
		}
		return
	}
	if ours(o.stderr) {
		t.Errorf("a crash of ours:\n%s", o.stderr)
		return
	}
	head, _, _ := strings.Cut(o.stderr, "\n")
	t.Logf("a crash of the library: %s", head)
}

// ours tells a panic in this house's code from one in the binding or the C library.
func ours(stderr string) bool {
	_, after, found := strings.Cut(stderr, "\npanic: ")
	if !found && !strings.HasPrefix(stderr, "panic: ") {
		return false
	}
	if !found {
		after = stderr
	}
	for line := range strings.Lines(after) {
		switch {
		case strings.HasPrefix(line, "github.com/ebfe/scard"):
			return false
		case strings.HasPrefix(line, "zaver/"):
			return true
		}
	}
	return true
}

// Answers of a child in their order: version, context, states (list, twice),
// and so on; which is which is not important to a fuzzer.
func hostileSeeds() map[string][]byte {
	return map[string][]byte{
		"honest":                       nil,
		"another version":              edit(0, 0, 0x0900),
		"version refused":              edit(0, 8, 0x1E00),
		"context refused":              edit(1, 8, 0x1D00),
		"reader's name without an end": append(edit(2, 0, 0x4141), edit(3, 127, 0x4141)...),
		"state of nonsense":            append(edit(2, 132, 0xFFFF), edit(4, 132, 0xFFFF)...),
		"ATR a bit too long":           append(edit(4, 176, 0x2200), edit(5, 176, 0x2200)...),
		"ATR of 200 bytes":             append(edit(4, 176, 0xC800), edit(5, 176, 0xC800)...),
		"ATR of four thousand million": append(append(edit(4, 176, 0xFFFF), edit(4, 178, 0xFFFF)...), append(edit(5, 176, 0xFFFF), edit(5, 178, 0xFFFF)...)...),
		"another protocol":             edit(9, 140, 0x0700),
		"handle zero":                  edit(9, 140, 0),
		"answer of a length not there": append(edit(14, 24, 0xFF00), edit(15, 16, 0xFF00)...),
		"answer longer than the room":  append(append(edit(14, 26, 0xFFFF), edit(15, 18, 0xFFFF)...), edit(16, 18, 0xFFFF)...),
		"bytes everywhere":             bytes.Join([][]byte{edit(5, 3, 0xAAAA), edit(6, 1, 0x5555), edit(7, 2, 0xFFFF), edit(8, 5, 1), edit(10, 4, 0x8010), edit(11, 4, 0xFF), edit(12, 0, 0xFFFF)}, nil),
		"results that nobody knows":    bytes.Join([][]byte{edit(10, 4, 0x9999), edit(12, 4, 0x9999), edit(13, 28, 0x9999)}, nil),
	}
}

func TestHostileDaemon(t *testing.T) {
	for name, input := range hostileSeeds() {
		t.Run(name, func(t *testing.T) {
			o := visit(t, input)
			t.Logf("%s, then %s", o.first, o.second)
			o.judge(t)
		})
	}
}

// FuzzHostileDaemon: no answer of the daemon makes the process panic by its own
// fault, hang, or stay useless when an honest daemon comes.
func FuzzHostileDaemon(f *testing.F) {
	for _, input := range hostileSeeds() {
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		visit(t, input[:min(len(input), 40*editSize)]).judge(t)
	})
}

// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/fakepcscd"
)

// place is where the library looks for the daemon; it reads that once per process.
var place string

const childVariable = "ZAVER_FAKEPCSCD_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childVariable); mode != "" {
		os.Exit(child(mode))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fake-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	place = filepath.Join(dir, "comm")
	if err := os.Setenv("PCSCLITE_CSOCK_NAME", place); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// patience bounds waits; nothing should come near it.
const patience = 20 * time.Second

func serve(t testing.TB, o fakepcscd.Options, readers ...*fakepcscd.Reader) *fakepcscd.Daemon {
	t.Helper()
	d, err := fakepcscd.Start(place, o, readers...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Thaw()
		d.Kill()
		if err := fakepcscd.RemoveSocket(place); err != nil {
			t.Error(err)
		}
	})
	return d
}

func reader(name string) *fakepcscd.Reader {
	return fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: name})
}

// toy is a card that compares PIN blocks: 00 20 00 ref block.
type toy struct {
	mu       sync.Mutex
	atr      []byte
	block    string // of the right PIN
	tries    int
	commands [][]byte
	resets   int
	on       func(command []byte) ([]byte, error) // before anything else; nil, nil goes on
	off      chan struct{}
}

func newToy() *toy {
	return &toy{atr: []byte{0x3B, 0x80, 0x01, 0x81}, block: "\x24\x12\x34\xFF\xFF\xFF\xFF\xFF", tries: 3, off: make(chan struct{})}
}

func (c *toy) ATR() []byte { return c.atr }
func (c *toy) PowerOn()    {}

func (c *toy) PowerOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.off:
	default:
		close(c.off)
	}
}

func (c *toy) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resets++
}

// right sets the block of the right PIN, and returns the one before.
func (c *toy) right(block string) (before string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before = c.block
	if block != "" {
		c.block = block
	}
	return before
}

func (c *toy) seen() (commands [][]byte, tries, resets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.commands, c.tries, c.resets
}

func (c *toy) Transmit(b []byte) ([]byte, error) {
	c.mu.Lock()
	c.commands = append(c.commands, append([]byte(nil), b...))
	on := c.on
	c.mu.Unlock()
	if on != nil {
		if answer, err := on(b); answer != nil || err != nil {
			return answer, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ok := []byte{0x90, 0x00}
	if len(b) < 5 {
		return ok, nil
	}
	switch b[1] {
	case 0x20:
		switch {
		case c.tries == 0:
			return []byte{0x69, 0x83}, nil
		case string(b[5:]) != c.block:
			c.tries--
			return []byte{0x63, 0xC0 | byte(c.tries)}, nil
		}
		c.tries = 3
	case 0x24:
		c.block = string(b[len(b)-8:])
	}
	return ok, nil
}

func service() *pcsc.Service {
	return pcsc.New(pcsc.Config{MinBackoff: 5 * time.Millisecond, MaxBackoff: 40 * time.Millisecond})
}

func watch(t testing.TB, s *pcsc.Service) <-chan pcsc.Snapshot {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	snapshots := s.Watch(ctx)
	t.Cleanup(func() {
		cancel()
		late := time.After(patience)
		for {
			select {
			case _, open := <-snapshots:
				if !open {
					return
				}
			case <-late:
				t.Fatal("the watch does not end")
			}
		}
	})
	return snapshots
}

func await(t testing.TB, snapshots <-chan pcsc.Snapshot, what string, ok func(pcsc.Snapshot) bool) pcsc.Snapshot {
	t.Helper()
	late := time.After(patience)
	var last pcsc.Snapshot
	for {
		select {
		case s, open := <-snapshots:
			if !open {
				t.Fatalf("%s: the watch ended", what)
			}
			if last = s; ok(s) {
				return s
			}
		case <-late:
			t.Fatalf("%s: not within %s; last seen %+v", what, patience, last)
		}
	}
}

// held is a snapshot's readers with "+" for a card, "!" for a mute one and "-"
// for none, in the order of the daemon: "A+ B-".
func held(s pcsc.Snapshot) string {
	if s.Err != nil {
		return "no service"
	}
	var all []string
	for _, r := range s.Readers {
		state := "-"
		if r.Mute {
			state = "!"
		} else if r.Present {
			state = "+"
		}
		all = append(all, r.Name+state)
	}
	return strings.Join(all, " ")
}

func holds(want string) func(pcsc.Snapshot) bool {
	return func(s pcsc.Snapshot) bool { return held(s) == want }
}

func connect(t testing.TB, s *pcsc.Service, name string) *pcsc.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := s.Connect(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func lock(t testing.TB, c *pcsc.Conn) func(bool) error {
	t.Helper()
	unlock, err := c.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}

// code is the stable code of an error, and what else it says of a keypad.
func code(err error) string {
	var p *pin.Error
	var c *card.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p) && errors.Is(err, card.ErrPadTimeout):
		return p.Code() + " timeout"
	case errors.As(err, &p) && errors.Is(err, card.ErrPadMismatch):
		return p.Code() + " mismatch"
	case errors.As(err, &p):
		return p.Code()
	case errors.As(err, &c):
		return c.Code()
	}
	return "no code: " + err.Error()
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%q (%v), want %q", got, err, want)
	}
}

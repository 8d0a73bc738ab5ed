// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"bytes"
	"errors"
	"testing"
)

// echo counts what reaches it and answers 9000.
type echo struct {
	answered, resets int
	own              any // of the latest command
}

func (e *echo) Reset() { e.resets++ }
func (e *echo) Answer(_ []byte, own any) []byte {
	e.answered++
	e.own = own
	return []byte{0x90, 0x00}
}

func TestFaults(t *testing.T) {
	verify, empty := []byte{0, 0x20, 0, 0x80, 8, 1, 2, 3, 4, 5, 6, 7, 8}, []byte{0, 0x20, 0, 0x80}
	tests := []struct {
		name     string
		fault    Fault
		commands [][]byte
		answer   []byte // of the last; nil for ErrPulled
		reached  int    // commands that reached the application
	}{
		{"none", Fault{}, [][]byte{empty}, []byte{0x90, 0x00}, 1},
		{"pulled before", Fault{Nth: 1, Action: PullBefore}, [][]byte{empty}, nil, 0},
		{"pulled after", Fault{Nth: 1, Action: PullAfter}, [][]byte{empty}, nil, 1},
		{"pulled stays out", Fault{Nth: 1, Action: PullAfter}, [][]byte{empty, empty}, nil, 1},
		{"answer instead", Fault{Action: Answer, Answer: []byte{0x64, 0x00}}, [][]byte{empty}, []byte{0x64, 0x00}, 0},
		{"once", Fault{Action: Answer, Answer: []byte{0x64, 0x00}}, [][]byte{empty, empty}, []byte{0x90, 0x00}, 1},
		{"second command", Fault{Nth: 2, Action: Answer, Answer: []byte{0x64, 0x00}}, [][]byte{empty, empty}, []byte{0x64, 0x00}, 1},
		{"with data", Fault{Data: true, Action: Answer, Answer: []byte{0x64, 0x00}}, [][]byte{empty, verify}, []byte{0x64, 0x00}, 1},
		{"other instruction", Fault{INS: 0x87, Action: PullBefore}, [][]byte{empty}, []byte{0x90, 0x00}, 1},
		{"one byte", Fault{INS: 0x87, Action: PullBefore}, [][]byte{{0}}, []byte{0x90, 0x00}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := &echo{}
			c := New([]byte{0x3B, 0x00}, app)
			c.PowerOn()
			if tt.fault.Action != 0 {
				c.Inject(tt.fault)
			}
			var got []byte
			var err error
			for _, command := range tt.commands {
				got, err = c.Transmit(command)
			}
			if !bytes.Equal(got, tt.answer) || (err != nil) != (tt.answer == nil) || err != nil && !errors.Is(err, ErrPulled) {
				t.Errorf("answer %X, %v; want %X", got, err, tt.answer)
			}
			if app.answered != tt.reached {
				t.Errorf("%d commands were answered, want %d", app.answered, tt.reached)
			}
		})
	}
}

func TestHang(t *testing.T) {
	for name, end := range map[string]func(*Chip){"release": (*Chip).Release, "power off": (*Chip).PowerOff} {
		t.Run(name, func(t *testing.T) {
			c := New(nil, &echo{})
			c.PowerOn()
			c.Inject(Fault{Action: Hang})
			hanging := c.Hanging()
			done := make(chan error, 1)
			go func() {
				_, err := c.Transmit([]byte{0, 0xA4, 0, 0})
				done <- err
			}()
			<-hanging
			end(c)
			if err := <-done; (err == nil) != (name == "release") {
				t.Errorf("the hang ends with %v", err)
			}
		})
	}
}

func TestHeal(t *testing.T) {
	app := &echo{}
	c := New([]byte{0x3B}, app)
	if _, err := c.Transmit([]byte{0, 1, 2, 3}); !errors.Is(err, ErrPulled) {
		t.Errorf("an answer without power: %v", err)
	}
	c.PowerOn()
	c.Inject(Fault{Action: PullBefore})
	c.Heal()
	if _, err := c.Transmit([]byte{0, 0xA4, 0, 0}); err != nil {
		t.Error(err)
	}
	c.Reset()
	c.PowerOff()
	if app.resets != 3 || !bytes.Equal(c.ATR(), []byte{0x3B}) || !bytes.Equal(c.Commands(), []byte{0xA4}) {
		t.Errorf("%d resets, commands %X", app.resets, c.Commands())
	}
}

// A fault of the application's own reaches it with the command that the fault is for, and nothing else happens.
func TestOwnFault(t *testing.T) {
	app := &echo{}
	c := New(nil, app)
	c.PowerOn()
	c.Inject(Fault{Match: func(command []byte) bool { return command[3] == 0x81 }, Own: "mine"})
	for _, tt := range []struct {
		p2   byte
		want any
	}{{0x80, nil}, {0x81, "mine"}, {0x81, nil}} {
		if b, err := c.Transmit([]byte{0, 0x20, 0, tt.p2}); err != nil || !bytes.Equal(b, []byte{0x90, 0x00}) || app.own != tt.want {
			t.Errorf("%02X: %X, %v, own %v; want %v", tt.p2, b, err, app.own, tt.want)
		}
	}
}

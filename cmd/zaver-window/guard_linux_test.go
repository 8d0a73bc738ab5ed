// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package main

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/window"
)

// do runs xdotool on the desk's screen.
func do(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command("xdotool", args...)
	c.Env = seat.env
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("xdotool %v: %v: %s", args, err, out)
	}
	return string(out)
}

// its is the window's number.
func its(t *testing.T) string {
	t.Helper()
	return strings.Fields(do(t, "search", "--sync", "--onlyvisible", "--name", "^"+forms["en"].Title+"$"))[0]
}

// signButton is where the button is: in the lower right corner.
func signButton(t *testing.T, id string) (x, y string) {
	t.Helper()
	at := map[string]int{}
	for line := range strings.Lines(do(t, "getwindowgeometry", "--shell", id)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		at[name], _ = strconv.Atoi(value)
	}
	return strconv.Itoa(at["X"] + at["WIDTH"] - 45), strconv.Itoa(at["Y"] + at["HEIGHT"] - 30)
}

// middle is where the pointer rests between tests: in the window, which is in the middle of the screen.
var middle = [2]string{"500", "450"}

// slowly is how many times slower than the real clock the window's goes while somebody clicks or types: no busy machine makes a pause of theirs
// as long as the button sleeps.
const slowly = 8

// guarded is a window with one click of a choice, and its clock; the pointer is put back afterwards.
func guarded(t *testing.T) (*shown, *clock) {
	t.Helper()
	k := newClock(t)
	t.Cleanup(func() {
		c := exec.Command("xdotool", "mousemove", middle[0], middle[1])
		c.Env = seat.env
		_ = c.Run()
	})
	// The agent hands none of these variables on.
	own := []string{"LD_PRELOAD=" + seat.clock, "CLOCK=" + k.path, seat.program}
	return open(t, window.Config{Path: "/usr/bin/env", Args: own, Env: seat.env}, forms["en"], rows(true)), k
}

// unsigned demands that nothing is chosen for a while.
func (x *shown) unsigned(t *testing.T, after string, while time.Duration) {
	t.Helper()
	select {
	case n := <-x.row:
		t.Fatalf("signed with %d by %s", n, after)
	case err := <-x.err:
		t.Fatal(err)
	case <-time.After(while):
	}
}

// rest is longer than the button sleeps.
const rest = 900 * time.Millisecond

// Who goes on clicking where the window pops up does not sign, however long; who waits and clicks then does. What comes on the screen
// again is as new.
func TestClicksOfAnotherWindow(t *testing.T) {
	x, clock := guarded(t)
	await(t, "the button", awake("Sign"))
	id := its(t)
	column, line := signButton(t, id)
	do(t, "windowunmap", "--sync", id)
	x.unsigned(t, "nobody", rest)
	clock.slow(slowly)
	// One process, and clicks for longer than the button sleeps by that clock.
	do(t, "mousemove", column, line, "windowmap", "--sync", id, "click", "--repeat", "80", "--delay", "80", "1")
	await(t, "the window", named("dialog", forms["en"].Title)) // it has taken the clicks
	clock.slow(1)
	x.unsigned(t, "a click", rest)
	await(t, "the button once more", awake("Sign"))
	do(t, "click", "1")
	if n := x.chosen(t); n != 0 {
		t.Errorf("signed with %d", n)
	}
}

// Who goes on typing when the window takes the keys does not sign either, also long after the list came.
func TestKeysOfAnotherWindow(t *testing.T) {
	x, clock := guarded(t)
	await(t, "the button", awake("Sign"))
	// Without a window manager the keys follow the pointer.
	do(t, "mousemove", "1", "1")
	x.unsigned(t, "nobody", rest)
	clock.slow(slowly)
	do(t, "mousemove", middle[0], middle[1], "key", "--delay", "15", "alt+s", "alt+s", "alt+s", "alt+s", "alt+s", "alt+s", "alt+s", "alt+s", "alt+s", "alt+s")
	await(t, "the window", named("dialog", forms["en"].Title)) // it has taken the keys
	clock.slow(1)
	x.unsigned(t, "a key", 4*rest) // nothing shows when keys count again
	press(t, "alt+s")
	if n := x.chosen(t); n != 0 {
		t.Errorf("signed with %d", n)
	}
}

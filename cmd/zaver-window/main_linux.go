// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

// Zaver-window draws the window in which a person sees one request, chooses a certificate, signs or declines, and reads the result. The
// agent starts it and speaks with it over standard input and output (the protocol is that of package cardreader/agent/window); every word
// comes from there. It has no network, no files and no PIN.
//
// All of GTK lives on the main goroutine's thread; another goroutine reads messages and hands them over through a queue.
package main

// #cgo pkg-config: gtk+-3.0
// #cgo CFLAGS: -Wall -Wextra -Wno-unused-parameter
// #include "window.h"
import "C"

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"zaver/cardreader/agent/window"
)

// Exit codes.
const (
	exitDone      = 0
	exitProtocol  = 1
	exitNoDisplay = 3
)

func main() {
	runtime.LockOSThread()
	signal.Ignore(syscall.SIGPIPE) // the agent may be gone while a result is shown
	in := bufio.NewReaderSize(os.Stdin, window.MaxMessage+1)
	first, err := next(in)
	if err != nil || first.Show == nil {
		end(exitProtocol, err)
	}
	if C.zw_init() == 0 {
		say(window.Answer{Event: window.EventNoDisplay})
		end(exitNoDisplay, nil)
	}
	build(first.Show)
	go receive(in)
	C.zw_run()
}

// next reads one message.
func next(in *bufio.Reader) (window.Message, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return window.Message{}, err
	}
	return window.ParseMessage(line[:len(line)-1])
}

// inbox holds messages on their way to GTK's thread; nil stands for the end of the input.
var inbox = make(chan *window.Message, 16)

// receive reads until the input ends.
func receive(in *bufio.Reader) {
	for {
		m, err := next(in)
		switch {
		case errors.Is(err, io.EOF):
			inbox <- nil
			C.zw_poke()
			return
		case err != nil || m.Show != nil:
			end(exitProtocol, err)
		}
		inbox <- &m
		C.zw_poke()
	}
}

// goArrived runs on GTK's thread, once for each message.
//
//export goArrived
func goArrived() {
	m := <-inbox
	switch {
	case m == nil:
		C.zw_orphan()
	case m.Rows != nil:
		showRows(m.Rows)
	case m.Progress != nil:
		showProgress(m.Progress)
	case m.Result != nil:
		showResult(m.Result)
	}
}

//export goShown
func goShown() { say(window.Answer{Event: window.EventReady}) }

//export goChosen
func goChosen(row C.int) {
	n := int(row)
	say(window.Answer{Event: window.EventChoose, Row: &n})
}

//export goCancelled
func goCancelled() {
	say(window.Answer{Event: window.EventCancel})
	end(exitDone, nil)
}

//export goClosed
func goClosed() {
	say(window.Answer{Event: window.EventClosed})
	end(exitDone, nil)
}

//export goOrphaned
func goOrphaned() { end(exitDone, nil) }

// say writes one answer. An agent that is gone hears nothing.
func say(a window.Answer) {
	b, err := json.Marshal(a)
	if err == nil {
		_, _ = os.Stdout.Write(append(b, '\n'))
	}
}

// end leaves at once: nothing here needs to be put away. The error is the protocol's and holds none of the texts.
func end(code int, err error) {
	if err != nil && !errors.Is(err, io.EOF) {
		_, _ = fmt.Fprintln(os.Stderr, "zaver-window:", err)
	}
	os.Exit(code)
}

// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package pcsc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"syscall"
	"time"
)

// askWait bounds one question how the service stands to us.
const askWait = time.Second

// mostAsked is how often a service may hang up on us before it turns us away: one that is killed lets go first of those whom it had taken, and
// then of its socket with those who wait there.
const mostAsked = 3

// ask looks how the service stands to this user. A service that is killed
// hangs up on whom it had not greeted yet, as one does that turns its user away:
// in the end nobody listens any more.
func ask() standing {
	for range mostAsked - 1 {
		if s := askOnce(); s != away {
			return s
		}
	}
	return askOnce()
}

// askOnce takes a service for one that turns us away when its socket is closed
// to this user, or when it accepts our connection and hangs up before a word: it
// asks the system's rules (polkit) then. To anybody else it answers the greeting
// of pcsc-lite's protocol (winscard_msg.h: size and number of the command,
// version, result), be it with a no.
func askOnce() standing {
	conn, err := (&net.Dialer{Timeout: askWait}).DialContext(context.Background(), "unix", serviceSocket())
	if errors.Is(err, fs.ErrPermission) {
		return away
	}
	if err != nil {
		return absent
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(askWait)); err != nil {
		return unknown
	}
	var greeting []byte
	for _, n := range []uint32{12, 0x11, 4, 4, 0} {
		greeting = binary.NativeEndian.AppendUint32(greeting, n)
	}
	if _, err = conn.Write(greeting); err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return away
	}
	return there // also when it takes its time
}

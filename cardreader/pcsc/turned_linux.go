// SPDX-License-Identifier: Apache-2.0

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

// turnedAwayWait bounds the question whether the service turns us away.
const turnedAwayWait = time.Second

// turnedAway reports whether the service's socket is closed to this user, or the
// service accepts our connection and hangs up
// before a word: it asks the system's rules (polkit) then. To anybody else it
// answers the greeting of pcsc-lite's protocol (winscard_msg.h: size and number
// of the command, version, result), be it with a no.
func turnedAway() (away, known bool) {
	conn, err := (&net.Dialer{Timeout: turnedAwayWait}).DialContext(context.Background(), "unix", serviceSocket())
	if err != nil {
		return errors.Is(err, fs.ErrPermission), true
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(turnedAwayWait)); err != nil {
		return false, false
	}
	var greeting []byte
	for _, n := range []uint32{12, 0x11, 4, 4, 0} {
		greeting = binary.NativeEndian.AppendUint32(greeting, n)
	}
	if _, err := conn.Write(greeting); err != nil {
		return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET), true
	}
	_, err = conn.Read(make([]byte, 1))
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET), true
}

// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// client is one connection: a context, or the messenger of a cancel.
type client struct {
	d       *Daemon
	conn    net.Conn
	write   sync.Mutex // before Daemon.mu
	context uint32
	waiting bool
}

func (d *Daemon) accept() {
	defer d.wg.Done()
	for {
		conn, err := d.listen.Accept()
		if err != nil {
			return
		}
		c := &client{d: d, conn: conn}
		d.mu.Lock()
		if d.down {
			d.mu.Unlock()
			_ = conn.Close()
			return
		}
		d.clients[c] = true
		d.wg.Add(1)
		d.mu.Unlock()
		go c.serve()
	}
}

// serve answers one client until it goes or is dropped.
func (c *client) serve() {
	defer c.d.wg.Done()
	defer c.gone()
	for {
		command, message, payload, err := c.receive()
		if err != nil || !c.d.awake() {
			return
		}
		fault := c.d.fault(command)
		if fault.Before != nil {
			fault.Before()
		}
		if fault.Hang {
			<-c.d.closed
			return
		}
		if fault.Delay > 0 && !c.d.pause(fault.Delay) {
			return
		}
		if c.d.opt.Respond != nil {
			answer := c.d.opt.Respond(command, encode(message, payload))
			if answer == nil || !c.send(answer) {
				return
			}
			continue
		}
		if !c.carryOut(command, message, payload, fault) {
			return
		}
		if fault.Unread {
			c.awaitUnread()
			return
		}
	}
}

// awaitUnread waits until a command has come, and leaves it where it is.
func (c *client) awaitUnread() {
	raw, err := c.conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Read(func(fd uintptr) bool { // whatever ends the wait, the connection breaks
		_, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return !errors.Is(err, unix.EAGAIN)
	})
}

// receive reads one command with its payload.
func (c *client) receive() (command Command, message, payload []byte, err error) {
	var head [8]byte
	if _, err = io.ReadFull(c.conn, head[:]); err != nil {
		return
	}
	size := binary.NativeEndian.Uint32(head[:])
	command = Command(binary.NativeEndian.Uint32(head[4:]))
	c.d.mu.Lock()
	c.d.seen[command]++
	c.d.mu.Unlock()
	if size > maxMessage {
		return command, nil, nil, errTooLong
	}
	message = make([]byte, size)
	if _, err = io.ReadFull(c.conn, message); err != nil {
		return
	}
	var more uint32
	switch command {
	case Transmit:
		var m transmitMsg
		if decode(message, &m) {
			more = m.SendLength
		}
	case Control:
		var m controlMsg
		if decode(message, &m) {
			more = m.SendLength
		}
	}
	if more > maxPayload {
		return command, nil, nil, errTooLong
	}
	payload = make([]byte, more)
	_, err = io.ReadFull(c.conn, payload)
	return
}

// send writes an answer; a client that does not read for long is dropped.
func (c *client) send(b []byte) bool {
	c.write.Lock()
	defer c.write.Unlock()
	return c.put(b)
}

func (c *client) put(b []byte) bool {
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.conn.Write(b)
	return err == nil
}

// gone lets go what the client held: its cards are reset if it was in a transaction.
func (c *client) gone() {
	_ = c.conn.Close()
	c.d.mu.Lock()
	delete(c.d.clients, c)
	c.waiting = false
	c.d.mu.Unlock()
	c.d.forget(c)
}

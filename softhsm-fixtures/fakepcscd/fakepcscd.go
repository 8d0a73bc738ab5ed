// SPDX-License-Identifier: Apache-2.0

// Package fakepcscd alone owns the smart-card daemon that does what it is told:
// the wire protocol of pcsc-lite's clients (4:4 and 4:5) on a unix socket, with
// readers, keypads, cards and people at the keypad that a test scripts, and
// faults at any byte of any message. Unlike the real daemon it has no poll:
// an event goes out within the call that makes it.
//
// libpcsclite reads the socket's place from PCSCLITE_CSOCK_NAME once per
// process, so a test binary has one place, where daemons may come and go:
// [Start] takes it, [Daemon.Kill] leaves it, another Start takes it again. A
// symbolic link there lets a test binary change between this daemon and a real
// one.
//
// A [Daemon] and its [Reader]s may be used from several goroutines. Cards are
// those of package vpcd.
package fakepcscd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Options say what kind of daemon it is; the zero value is that of pcsc-lite 1.9.
type Options struct {
	// Major and Minor are the daemon's protocol version; zero means 4:4.
	Major, Minor uint32
	// AnyVersion accepts clients of other versions, as daemons from 2.4.1 do;
	// otherwise they are refused as 1.9 does: the service has stopped.
	AnyVersion bool
	// Respond, when set, answers everything instead of the daemon: it gets each
	// command and returns what is written; nil closes the connection.
	Respond func(c Command, message []byte) []byte
}

// Daemon is one running daemon.
type Daemon struct {
	socket string
	opt    Options
	listen net.Listener
	wg     sync.WaitGroup
	closed chan struct{}

	mu      sync.Mutex
	clients map[*client]bool
	readers []*Reader
	handles map[uint32]*handle
	faults  []*Fault
	seen    map[Command]int
	next    uint32        // the last context or handle given out
	events  uint32        // readers that came or went
	frozen  chan struct{} // nil unless frozen; closed by Thaw
	unsent  bool          // an event waits for Thaw
	down    bool
}

// Start listens at the socket, which must not exist, with the readers plugged in.
func Start(socket string, o Options, readers ...*Reader) (*Daemon, error) {
	if o.Major == 0 && o.Minor == 0 {
		o.Major, o.Minor = 4, 4
	}
	if len(readers) > MaxReaders {
		return nil, fmt.Errorf("start the fake pcscd: %d readers", len(readers))
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("start the fake pcscd: %w", err)
	}
	d := &Daemon{
		socket: socket, opt: o, listen: l, closed: make(chan struct{}),
		clients: map[*client]bool{}, handles: map[uint32]*handle{}, seen: map[Command]int{},
	}
	for _, r := range readers {
		d.adopt(r)
	}
	d.wg.Add(1)
	go d.accept()
	return d, nil
}

// Socket returns where the daemon listens.
func (d *Daemon) Socket() string { return d.socket }

// Kill ends the daemon at once: connections break, the socket is gone. Cards
// lose their power and stay in their readers. It may be called twice.
func (d *Daemon) Kill() { d.end(true) }

// Abandon ends the daemon as SIGKILL does: its socket stays behind, dead.
func (d *Daemon) Abandon() { d.end(false) }

func (d *Daemon) end(unlink bool) {
	d.mu.Lock()
	if d.down {
		d.mu.Unlock()
		return
	}
	d.down = true
	close(d.closed)
	if l, ok := d.listen.(*net.UnixListener); ok {
		l.SetUnlinkOnClose(unlink)
	}
	_ = d.listen.Close()
	for c := range d.clients {
		_ = c.conn.Close()
	}
	readers := d.readers
	d.mu.Unlock()
	for _, r := range readers {
		r.release()
	}
	d.wg.Wait()
	for _, r := range readers {
		r.orphan(d)
	}
}

// Freeze stops the daemon in its tracks until Thaw: connections are accepted
// by the kernel, nothing is answered, events wait.
func (d *Daemon) Freeze() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.frozen == nil {
		d.frozen = make(chan struct{})
	}
}

// Thaw lets a frozen daemon go on.
func (d *Daemon) Thaw() {
	d.mu.Lock()
	if d.frozen != nil {
		close(d.frozen)
		d.frozen = nil
	}
	unsent := d.unsent
	d.unsent = false
	d.mu.Unlock()
	if unsent {
		d.notify()
	}
}

// Count returns how often a command was received, refused ones included.
func (d *Daemon) Count(c Command) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen[c]
}

// Clients returns the number of open connections.
func (d *Daemon) Clients() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.clients)
}

// Waiting returns the number of clients that wait for an event.
func (d *Daemon) Waiting() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.clients {
		if c.waiting {
			n++
		}
	}
	return n
}

var errTooLong = errors.New("a message is too long")

// awake waits while the daemon is frozen; false says that it has ended.
func (d *Daemon) awake() bool {
	for {
		d.mu.Lock()
		frozen := d.frozen
		d.mu.Unlock()
		if frozen == nil {
			return true
		}
		select {
		case <-frozen:
		case <-d.closed:
			return false
		}
	}
}

func (d *Daemon) pause(t time.Duration) bool {
	wait := time.NewTimer(t)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-d.closed:
		return false
	}
}

const writeTimeout = 5 * time.Second

// notify tells every waiting client that something has changed.
func (d *Daemon) notify() {
	d.mu.Lock()
	if d.frozen != nil {
		d.unsent = true
		d.mu.Unlock()
		return
	}
	var waiting []*client
	for c := range d.clients {
		if c.waiting {
			c.waiting = false
			waiting = append(waiting, c)
		}
	}
	d.mu.Unlock()
	for _, c := range waiting {
		if !c.send(encode(eventMsg{})) {
			_ = c.conn.Close()
		}
	}
}

// RemoveSocket removes what an abandoned daemon left at its socket's place.
func RemoveSocket(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove a dead socket: %w", err)
	}
	return nil
}

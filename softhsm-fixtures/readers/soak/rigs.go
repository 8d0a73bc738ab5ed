// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"sync"

	"zaver/softhsm-fixtures/fakepcscd"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/vpcd"
)

// blank is a card that answers 9000 to everything.
type blank struct{}

func (blank) ATR() []byte                     { return []byte{0x3B, 0x80, 0x01, 0x81} }
func (blank) PowerOn()                        {}
func (blank) PowerOff()                       {}
func (blank) Reset()                          {}
func (blank) Transmit([]byte) ([]byte, error) { return []byte{0x90, 0x00}, nil }

// fake is the scripted daemon.
type fake struct {
	socket string
	reader *fakepcscd.Reader

	mu sync.Mutex
	d  *fakepcscd.Daemon
}

// Fake makes a rig of the scripted daemon at a socket, which this process's
// PCSCLITE_CSOCK_NAME must name. It is running; Kill ends it for good.
func Fake(socket string) (Rig, error) {
	f := &fake{socket: socket, reader: fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "Soak Reader 00 00"})}
	return f, f.Start(context.Background())
}

func (f *fake) Reader() string { return f.reader.Name() }

func (f *fake) Insert(context.Context) error {
	f.reader.Insert(blank{})
	return nil
}

func (f *fake) Remove() error {
	f.reader.Remove()
	return nil
}

func (f *fake) Kill() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.d.Abandon()
	return nil
}

func (f *fake) Start(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := fakepcscd.RemoveSocket(f.socket); err != nil {
		return err
	}
	d, err := fakepcscd.Start(f.socket, fakepcscd.Options{}, f.reader)
	if err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	f.d = d
	return nil
}

// machine is the real daemon.
type machine struct {
	d    *readers.Daemon
	slot *vpcd.Slot
}

// Real makes a rig of a real daemon, which this process's PCSCLITE_CSOCK_NAME
// must name, and its virtual reader 0.
func Real(d *readers.Daemon, slot *vpcd.Slot) Rig { return machine{d, slot} }

func (m machine) Reader() string                   { return m.d.Reader(0) }
func (m machine) Insert(ctx context.Context) error { return m.slot.Insert(ctx, blank{}) }
func (m machine) Kill() error                      { return m.d.Kill() }
func (m machine) Start(ctx context.Context) error  { return m.d.Restart(ctx) }

func (m machine) Remove() error {
	m.slot.Remove()
	return nil
}

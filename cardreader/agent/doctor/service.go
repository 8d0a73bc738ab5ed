// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// The greeting of pcsc-lite's protocol (winscard_msg.h): a header of the body's size and the command, then the body.
// All numbers are of four bytes in the machine's order.
const (
	commandVersion = 0x11
	greetingSize   = 12 // major, minor, result
	protocolMajor  = 4
	minorOldest    = 4 // pcsc-lite up to 2.2
	minorNewest    = 6 // pcsc-lite 2.5
)

const (
	socketVariable = "PCSCLITE_CSOCK_NAME"
	socketPath     = "/run/pcscd/pcscd.comm"
)

var daemonPaths = []string{"/usr/sbin/pcscd", "/usr/bin/pcscd", "/sbin/pcscd", "/usr/local/sbin/pcscd"}

// Service looks at the smart-card service alone, as Run does, and returns what is wrong with it; false where nothing is.
func Service(ctx context.Context, c Config) (Line, bool) {
	u := &checkup{cfg: c.filled(), begun: time.Now(), touched: map[Area]bool{}}
	ctx, cancel := context.WithTimeout(ctx, devicesLimit)
	defer cancel()
	if u.service(ctx) && c.Cards != nil {
		u.look(ctx)
	}
	for _, l := range u.lines {
		if l.Area == AreaService && l.State == Fault {
			return l, true
		}
	}
	return Line{}, false
}

// service looks at the smart-card service itself and reports whether it is worth asking for readers.
func (u *checkup) service(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, serviceLimit)
	defer cancel()
	path := u.socket()
	major, minor, err := introduce(ctx, path)
	var answered *refusedVersion
	switch {
	case err == nil && (major != protocolMajor || minor < minorOldest || minor > minorNewest):
		u.add(Fault, CodeServiceProtocol, path, number("major", major), number("minor", minor))
	case errors.As(err, &answered):
		u.add(Fault, CodeServiceProtocol, path, number("major", answered.major), number("minor", answered.minor))
	case err != nil:
		u.add(Fault, u.serviceFault(ctx, err), path+": "+err.Error())
	default:
		return true
	}
	return false
}

// socket is where the service listens.
func (u *checkup) socket() string {
	if path := u.cfg.Env(socketVariable); path != "" {
		return path
	}
	return filepath.Join(u.cfg.Root, socketPath)
}

// introduce greets the service in the oldest version that we know, and where it refuses that, in its own.
func introduce(ctx context.Context, path string) (major, minor int, err error) {
	major, minor, err = greet(ctx, path, minorOldest)
	var answered *refusedVersion
	if errors.As(err, &answered) && answered.major == protocolMajor && answered.minor > minorOldest && answered.minor <= minorNewest {
		return greet(ctx, path, answered.minor)
	}
	return major, minor, err
}

// refusedLibrary judges a service that greets us and is none to the library: their versions differ, unless it has gone meanwhile.
func (u *checkup) refusedLibrary(ctx context.Context, refused error) {
	path := u.socket()
	major, minor, err := introduce(ctx, path)
	if err != nil {
		u.add(Fault, u.serviceFault(ctx, err), path+": "+err.Error())
		return
	}
	u.add(Fault, CodeServiceProtocol, refused.Error(), number("major", major), number("minor", minor))
}

// serviceFault names why the greeting failed.
func (u *checkup) serviceFault(ctx context.Context, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist) && !u.installed(daemonPaths):
		return CodeServiceMissing
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTSOCK):
		return CodeServiceStopped
	case errors.Is(err, fs.ErrPermission):
		return CodeServiceDenied
	case errors.Is(err, errClosed):
		return CodeServicePolicy
	case errors.Is(err, errNonsense):
		return CodeServiceForeign
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return CodeServiceHung
	}
	return CodeServiceStopped
}

// installed reports whether one of the files is there.
func (u *checkup) installed(paths []string) bool {
	for _, p := range paths {
		if _, err := os.Stat(filepath.Join(u.cfg.Root, p)); err == nil {
			return true
		}
	}
	return false
}

var (
	errClosed   = errors.New("the service hung up at once")
	errNonsense = errors.New("the answer is none of a smart-card service")
)

// refusedVersion is the service's version where it refuses ours.
type refusedVersion struct{ major, minor int }

func (r *refusedVersion) Error() string { return "the service refuses our protocol" }

// greet says the protocol's version to the service and returns the service's own.
func greet(ctx context.Context, path string, ourMinor int) (major, minor int, err error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return 0, 0, err
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	order := binary.NativeEndian
	var message []byte
	for _, n := range []uint32{greetingSize, commandVersion, protocolMajor, uint32(ourMinor), 0} {
		message = order.AppendUint32(message, n)
	}
	if _, err := conn.Write(message); err != nil {
		return 0, 0, closedOr(err)
	}
	var answer [greetingSize]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return 0, 0, closedOr(err)
	}
	return readGreeting(answer[:])
}

func closedOr(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return errClosed
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errNonsense
	}
	return err
}

// readGreeting reads the service's version and whether it takes ours.
func readGreeting(b []byte) (major, minor int, err error) {
	if len(b) != greetingSize {
		return 0, 0, errNonsense
	}
	order := binary.NativeEndian
	major, minor = int(int32(order.Uint32(b))), int(int32(order.Uint32(b[4:])))
	if major < 0 || major > 99 || minor < 0 || minor > 99 {
		return 0, 0, errNonsense
	}
	if order.Uint32(b[8:]) != 0 {
		return 0, 0, &refusedVersion{major, minor}
	}
	return major, minor, nil
}

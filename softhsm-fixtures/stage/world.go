// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/mailsink"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/registers"
	"zaver/softhsm-fixtures/smsc"
	"zaver/softhsm-fixtures/tsl"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
	"zaver/softhsm-fixtures/windowplay"
)

// Ports of the servers that a person meets, or that certificates name. The
// zero value takes free ones.
type Ports struct {
	Portal, Inbox, PKI, Agent int
}

// Pleasant are the ports of the demo.
func Pleasant() Ports { return Ports{Portal: 8080, Inbox: 8081, PKI: 8082, Agent: 24738} }

// Config says what world to start. The zero value gives the one of tests: a
// temporary folder, free ports, programs built from the tree, a scripted PIN entry.
type Config struct {
	// Dir keeps everything; empty means a temporary folder that Close removes.
	// Started by root, every user must be able to walk to it: the database
	// server is an unprivileged user.
	Dir   string
	Ports Ports
	// Host is the name in the portal's origin: 127.0.0.1 when empty. Browsers take a page from that address for one that needs
	// no leave to reach loopback, but not one from "localhost".
	Host string
	// Programs is the folder with zaver-portal and zaver-agent; empty builds them.
	Programs string
	// Scripted is the program, with its first arguments, that plays the scripted
	// PIN entry; empty builds one.
	Scripted []string
	// Person asks the PIN of the person in front of the computer, by whatever
	// program the agent finds, instead of the script.
	Person bool
	// TTY is the terminal on which a person is asked where there is no display.
	TTY string
	// RegisterDelay is how long a register thinks.
	RegisterDelay time.Duration
	// Pages adds what is served beside the inbox; may be nil.
	Pages func(w *World, mux *http.ServeMux)
}

// World is everything that runs.
type World struct {
	// Dir is the folder of this world.
	Dir string

	PKI       *pki.PKI
	Centres   *tsl.Server // the list of accredited centres
	Registers *registers.Bus
	SMS       *smsc.Server
	Mail      *mailsink.Server
	Inbox     *inbox.Inbox
	Pcscd     *readers.Daemon
	Pinentry  *pinentry.Pinentry // nil when a person is asked
	Portal    *Program
	Agent     *Program

	cfg  Config
	gost *gosttoken.Compiled
	// gostModule is the driver of tokens with GOST keys that the agent loads.
	gostModule *gosttoken.Store
	accredited []tsl.Centre // what the list says in truth
	ports      Ports
	programs   string
	pinentry   []string // argv of the scripted one
	slots      [readers.Slots]*vpcd.Slot
	cards      *uec.Root  // the system that cards of this world and the agent's terminal belong to
	drawer     sync.Mutex // one at a time makes and plugs tokens and cards
	plugged    []*Token
	holder     string // key of the person whose card was inserted last by InsertCard
	settings   sync.Mutex
	agent      AgentSettings
	window     *windowplay.Window // nil until it is needed
	closers    []func() error     // last first
}

// Origin is the portal's web origin, which the agent pins.
func (w *World) Origin() string {
	return fmt.Sprintf("http://%s:%d", cmp.Or(w.cfg.Host, "127.0.0.1"), w.ports.Portal)
}

// InboxURL is the page with all letters and SMS.
func (w *World) InboxURL() string { return fmt.Sprintf("http://127.0.0.1:%d", w.ports.Inbox) }

// AgentURL is the agent's loopback door.
func (w *World) AgentURL() string { return fmt.Sprintf("http://127.0.0.1:%d", w.ports.Agent) }

// path is a place in the folder.
func (w *World) path(parts ...string) string {
	return filepath.Join(append([]string{w.Dir}, parts...)...)
}

// Start brings the world up and waits until portal and agent answer. On an
// error nothing is left running.
func Start(ctx context.Context, cfg Config) (*World, error) {
	w := &World{cfg: cfg, ports: cfg.Ports, cards: uec.NewRoot()}
	for _, step := range []func(context.Context) error{
		w.makeDir, w.takePorts, w.findPrograms, w.startPKI, w.startCentres, w.startTokens, w.startInbox, w.startRegisters, w.startReaders, w.startPinentry, w.startPortal, w.startAgent,
	} {
		err := ctx.Err()
		if err == nil {
			err = step(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

// Close ends everything in order: the agent first, then the portal with its
// database, then what they talked to. A temporary folder is removed.
func (w *World) Close() error {
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i]())
	}
	w.closers = nil
	return errors.Join(errs...)
}

func (w *World) atEnd(f func() error) { w.closers = append(w.closers, f) }

func (w *World) makeDir(context.Context) error {
	if w.cfg.Dir != "" {
		dir, err := filepath.Abs(w.cfg.Dir)
		if err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		w.Dir = dir
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		return w.lockDir()
	}
	dir, err := os.MkdirTemp("", "zaver-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	w.Dir = dir
	w.atEnd(func() error { return os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { // the database's user walks through
		return fmt.Errorf("make folder: %w", err)
	}
	return nil
}

func (w *World) startPKI(context.Context) error {
	var err error
	listen := ""
	if w.ports.PKI != 0 {
		listen = address(w.ports.PKI)
	}
	if w.PKI, err = pki.Start(pki.Config{Dir: w.path("pki"), Listen: listen}); err != nil {
		return err
	}
	w.atEnd(w.PKI.Close)
	return w.PKI.WriteTrust(w.path("trust"))
}

// startTokens installs the driver of tokens with GOST keys; no token is plugged in yet.
func (w *World) startTokens(ctx context.Context) (err error) {
	if w.gost, err = gosttoken.Compile(ctx, w.path("drivers")); err != nil {
		return err
	}
	if w.gostModule, err = w.gost.Store(w.path("drivers", "gost")); err != nil {
		return err
	}
	return w.gostModule.PlugIn()
}

// startInbox starts the mail server, the SMS centre and the page that shows what they took.
func (w *World) startInbox(context.Context) error {
	w.Inbox = inbox.New(time.Now)
	var err error
	if w.Mail, err = mailsink.Start("127.0.0.1:0", w.Inbox); err != nil {
		return err
	}
	w.atEnd(w.Mail.Close)
	if w.SMS, err = smsc.Start(smsc.Config{Address: "127.0.0.1:0", SystemID: smsUser, Password: smsPassword, Inbox: w.Inbox}); err != nil {
		return err
	}
	w.atEnd(w.SMS.Close)
	listener, err := net.Listen("tcp", address(w.ports.Inbox))
	if err != nil {
		return fmt.Errorf("listen for the inbox page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", w.Inbox.Handler())
	if w.cfg.Pages != nil {
		w.cfg.Pages(w, mux)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // it says that it was closed
	}()
	w.atEnd(func() error {
		err := server.Close()
		<-done
		return err
	})
	return nil
}

func (w *World) startRegisters(context.Context) error {
	var err error
	if w.Registers, err = registers.Start(registers.Config{Address: "127.0.0.1:0", Delay: w.cfg.RegisterDelay}); err != nil {
		return err
	}
	w.atEnd(w.Registers.Close)
	return nil
}

func (w *World) startReaders(ctx context.Context) error {
	var err error
	if w.Pcscd, err = readers.Start(ctx); err != nil {
		return err
	}
	w.atEnd(w.Pcscd.Close)
	for i := range w.slots {
		w.slots[i] = vpcd.NewSlot(w.Pcscd.Slot(i))
	}
	w.atEnd(func() error {
		for _, s := range w.slots {
			s.Remove()
		}
		return nil
	})
	return w.PlugIn()
}

func (w *World) startPinentry(ctx context.Context) error {
	if w.cfg.Person {
		return nil
	}
	dir := w.path("pinentry")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	scripted := w.cfg.Scripted
	if len(scripted) == 0 {
		program, err := pinentry.Build(ctx, dir)
		if err != nil {
			return err
		}
		scripted = []string{program}
	}
	var err error
	if w.Pinentry, err = pinentry.New(dir, scripted[0], pinentry.Script{}); err != nil {
		return err
	}
	w.pinentry = append(slices.Clone(scripted), w.Pinentry.Argv()[1:]...)
	return nil
}

// SPDX-License-Identifier: Apache-2.0

// Package doctor alone owns the self-check of the agent: what may be wrong with this computer, in which order the
// causes count, what each fault is called, and how a person gets rid of it.
//
// [Run] asks everything at the same time. Every check has a deadline of its own, and what does not answer is a fault
// with a name, so a run ends within three seconds whatever hangs. A cause hides what follows from it: where the
// smart-card service is gone, nothing is said of readers. The first line of a report therefore names the cause.
//
// The Text and Remedy of a [Line] are made of fixed words and numbers only. Paths, readers, tokens and addresses stand
// in Detail, which [Report.Public] leaves out: a page and the support bundle never see it.
//
// Run may be called from many goroutines. It changes nothing: no PIN is asked, no try is spent, no file is left.
package doctor

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/pcsc"
	"zaver/signature/token"
)

// Format is the first member of the JSON report.
const Format = "zaver.doctor/v1"

// Time limits. A whole run takes the longest of them at most, and some milliseconds.
const (
	wholeLimit   = 2600 * time.Millisecond
	serviceLimit = 1000 * time.Millisecond // the smart-card service's greeting
	lookLimit    = 1200 * time.Millisecond // the list of readers
	cardLimit    = 1800 * time.Millisecond // one card; they are read at the same time
	devicesLimit = 2400 * time.Millisecond // these three together
	moduleLimit  = 2200 * time.Millisecond // all PKCS#11 modules
	portalLimit  = 2200 * time.Millisecond // one portal; they are asked at the same time
	programLimit = 1500 * time.Millisecond // the greeting of a program
	doorLimit    = 800 * time.Millisecond
	issuerLimit  = 1800 * time.Millisecond // addresses of certificates, once a certificate was found
)

// Cards is the agent's view of the readers; *cards.Source is one.
type Cards interface {
	Look(ctx context.Context) ([]pcsc.Reader, error)
	Read(ctx context.Context, r pcsc.Reader) (agent.Credential, error)
}

// Tokens is the agent's view of the PKCS#11 modules; *token.Host is one. Its ListDeadline should be [ModuleDeadline].
type Tokens interface {
	Modules() []string
	ListEach(ctx context.Context, f func(token.Listing)) []token.ModuleError
}

// ModuleDeadline is how long a module may take to list its tokens before it counts as hanging.
const ModuleDeadline = 1500 * time.Millisecond

// Portal is a portal as the configuration names it, not checked yet.
type Portal struct{ Name, Origin, Key string }

// Settings is what the doctor must know of the configuration.
type Settings struct {
	Path     string // of the file
	Portals  []Portal
	Port     int    // of the loopback door
	Profiles string // folder of the user's card profiles; may be empty
	Terminal error  // why the terminal file can't be used, or nil
	Fault    *SettingsFault
}

// SettingsFault says why the configuration could not be read.
type SettingsFault struct {
	Code string // CodeConfigMissing, CodeConfigMalformed, CodeConfigInvalid or CodeConfigPermissions
	Line int    // of the file; 0 when unknown
	Err  error
}

// Updates is what the doctor must know to tell what the last check for a newer version saw. It asks no server.
type Updates struct {
	On    bool   // the configuration names a server of updates
	State string // the folder that remembers what was seen; may be empty
}

// Config is what a run needs. Everything outside is here, so that a test can break one thing at a time.
type Config struct {
	Language words.Language
	Version  string       // of the program
	Method   agent.Method // what the person wants to use; empty: any
	Settings Settings

	Cards    Cards           // nil: cards are not looked at
	Tokens   Tokens          // nil: tokens are not looked at
	Pinentry pinentry.Config // the dialog program
	Window   *window.Config  // of the consent window's program; nil: this build has none
	Updates  Updates         // what is known of newer versions
	Program  string          // path of this program, which the browsers' manifests must lead to
	// Native says that a page asks through native messaging: its browser has a way to the agent, and that another one has none is a warning.
	Native bool

	Root string              // before every system path; empty: the real system
	Home string              // the person's folder
	Env  func(string) string // nil: an empty environment

	Roots  *x509.CertPool    // for TLS; nil: the system's
	Client http.RoundTripper // for portals and certification authorities; nil: a careful transport of its own
	Now    func() time.Time  // nil: time.Now
	Limits func() Limits     // nil: this process's
	Free   func(path string) (uint64, error)
	// HeldByAnother reports whether another user of this computer listens on a port of 127.0.0.1; nil: nobody knows.
	HeldByAnother func(port int) bool
}

// Limits are what the system grants this process.
type Limits struct {
	CoreDumps    bool   // a crash would write memory to disk
	LockedMemory uint64 // bytes that may be locked
}

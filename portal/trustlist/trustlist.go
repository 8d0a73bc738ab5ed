// SPDX-License-Identifier: Apache-2.0

// Package trustlist alone owns which set of anchors and centres is in force and
// how it changes: the anchors of the operator's folder, completed by the newest
// accepted list of accredited centres.
//
// A list is accepted only when package trust has proved it, and its version
// never goes back, also between several portals over one database. The last
// good list stays in force whatever fails. Every accepted list is kept as it
// came, and every set that was in force by its id, so that old evidence can be
// judged again under what was known then. A Service may be used by many
// goroutines; the set in force is swapped atomically.
//
// Limits: a list of 64 MiB, two minutes for a download, https only except on
// this machine.
package trustlist

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"zaver/signature/trust"
)

// Codes beside those of package trust.
const (
	CodeUnreachable = "trust.list.unreachable" // the list could not be downloaded
	CodeStale       = "trust.list.stale"       // the list in force is older than it should be
	CodeInternal    = "internal"               // the portal itself failed
)

// Codes lists the codes that this package adds.
func Codes() []string { return []string{CodeUnreachable, CodeStale} }

// Defaults of Config.
const (
	DefaultEvery     = 6 * time.Hour
	DefaultWarnAfter = 7 * 24 * time.Hour
	DefaultTimeout   = 2 * time.Minute
)

// ErrUnreachable is wrapped by every failure of a download.
var ErrUnreachable = errors.New("the list of accredited centres cannot be downloaded")

// ErrNoSet is wrapped when no set with an id is kept.
var ErrNoSet = errors.New("no such set is kept")

// Accepted is a list that was accepted.
type Accepted struct {
	trust.ListRef
	// Raw is the SHA-256 of the document as received.
	Raw [sha256.Size]byte
	// Signer is the fingerprint of the signer's certificate.
	Signer [sha256.Size]byte
	// Source is where it came from: an address or "file".
	Source   string
	At       time.Time
	Findings []trust.Finding
}

// Kept is a set to be kept.
type Kept struct {
	ID, Base string
	// List is the version of its list, 0 without one.
	List int64
	// Content is what trust.Set.Marshal wrote.
	Content []byte
}

// Tries says how renewing goes.
type Tries struct {
	// Last and Succeeded are zero when there was none.
	Last, Succeeded time.Time
	// Failure is the code of the last try, empty after a good one.
	Failure string
}

// Store keeps lists and sets.
type Store interface {
	// InForce returns the list in force, false when there is none.
	InForce(ctx context.Context) (Accepted, bool, error)
	// Document returns an accepted list as it was received.
	Document(ctx context.Context, version int64) ([]byte, error)
	// Accept keeps list and set and puts the list in force, all or nothing, if its version is above
	// the one in force; else it changes nothing and returns false.
	Accept(ctx context.Context, a Accepted, document []byte, set Kept) (bool, error)
	// KeepSet keeps a set; one that is kept already stays as it is.
	KeepSet(ctx context.Context, set Kept) error
	// SetOf returns the kept set that was made of these two, or wraps ErrNoSet.
	SetOf(ctx context.Context, base string, list int64) ([]byte, error)
	// Set returns a kept set by its id, or wraps ErrNoSet.
	Set(ctx context.Context, id string) ([]byte, error)
	// Lists returns the accepted lists, newest first, at most limit.
	Lists(ctx context.Context, limit int) ([]Accepted, error)
	// Tried notes the end of a try; failure is empty for a good one.
	Tried(ctx context.Context, at time.Time, failure string) error
	Tries(ctx context.Context) (Tries, error)
	// Watch receives after a list was accepted, in any process; see store.Watch.
	Watch(ctx context.Context) <-chan struct{}
}

// Config is what a Service needs.
type Config struct {
	Store Store
	// Base is the set of the operator's folder.
	Base *trust.Set
	// URL is where the list is downloaded; empty means that lists come by Import alone.
	URL string
	// Signers are pinned as of trust.ListOptions.
	Signers [][sha256.Size]byte
	// Transport downloads; nil means the default.
	Transport http.RoundTripper
	// Timeout bounds a download; zero means DefaultTimeout.
	Timeout time.Duration
	// WarnAfter is the age from which a list counts as stale; zero means DefaultWarnAfter.
	WarnAfter time.Duration
	Now       func() time.Time
	Log       *slog.Logger
}

// Service knows the set in force.
type Service struct {
	c       Config
	client  *http.Client
	current atomic.Pointer[trust.Set]
	one     sync.Mutex // one change of the set at a time; guards kept
	kept    string     // id of the set that is known to be kept
}

// New makes a Service; the folder's set is in force until Load.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Base == nil || c.Now == nil || c.Log == nil {
		return nil, errors.New("make trust list: store, base set, clock and log are needed")
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.WarnAfter == 0 {
		c.WarnAfter = DefaultWarnAfter
	}
	if err := checkURL(c.URL); err != nil {
		return nil, err
	}
	s := &Service{c: c}
	s.client = s.newClient()
	s.current.Store(c.Base)
	return s, nil
}

// Set is the set in force. It never waits.
func (s *Service) Set() *trust.Set { return s.current.Load() }

// Load puts the set of the newest accepted list in force, and keeps it. A list that the folder's
// anchors no longer vouch for is left out, and that is logged as an error; the folder's own set is
// then in force.
func (s *Service) Load(ctx context.Context) error {
	s.one.Lock()
	defer s.one.Unlock()
	a, ok, err := s.c.Store.InForce(ctx)
	if err != nil {
		return fmt.Errorf("load trust list: %w", err)
	}
	set := s.c.Base
	if ok {
		if set, err = s.rebuild(ctx, a); err != nil {
			var refused *trust.Error
			if !errors.As(err, &refused) {
				return fmt.Errorf("load trust list: %w", err)
			}
			s.c.Log.ErrorContext(ctx, "the list of accredited centres in force is refused under the present anchors", "code", refused.Code,
				"version", a.Version, "cause", err.Error())
			set = s.c.Base
		}
	}
	if set.ID() != s.kept {
		if err := s.keep(ctx, set); err != nil {
			return fmt.Errorf("load trust list: %w", err)
		}
		s.kept = set.ID()
	}
	if s.current.Swap(set).ID() != set.ID() {
		s.c.Log.InfoContext(ctx, "set of trust anchors in force", "set", set.ID(), "list_version", a.Version)
	}
	return nil
}

// rebuild makes the set of an accepted list: from what is kept when the anchors are the same, else
// from the document, which is proved again for the moment at which it was accepted.
func (s *Service) rebuild(ctx context.Context, a Accepted) (*trust.Set, error) {
	if ref, ok := s.Set().List(); ok && ref.Version == a.Version && ref.Digest == a.Digest {
		return s.Set(), nil
	}
	content, err := s.c.Store.SetOf(ctx, s.c.Base.ID(), a.Version)
	if err == nil {
		set, err := s.restore(content, a)
		if err == nil {
			s.kept = set.ID()
			return set, nil
		}
		s.c.Log.ErrorContext(ctx, "a kept set is broken; it is made again from the list", "version", a.Version, "cause", err.Error())
	} else if !errors.Is(err, ErrNoSet) {
		return nil, err
	}
	document, err := s.c.Store.Document(ctx, a.Version)
	if err != nil {
		return nil, err
	}
	l, err := trust.OpenList(document, trust.ListOptions{Set: s.c.Base, At: a.At, Signers: s.c.Signers})
	if err != nil {
		return nil, err
	}
	return s.c.Base.With(l)
}

// restore reads a kept set and makes sure that it is one of the folder's anchors and of that list.
func (s *Service) restore(content []byte, a Accepted) (*trust.Set, error) {
	set, err := trust.Restore(content)
	if err != nil {
		return nil, err
	}
	if ref, ok := set.List(); !ok || ref.Version != a.Version || ref.Digest != a.Digest {
		return nil, errors.New("set of another list")
	}
	same := len(set.Anchors()) == len(s.c.Base.Anchors())
	for _, kept := range set.Anchors() {
		own, ok := s.c.Base.Find(kept.Certificate)
		same = same && ok && own.Kind == kept.Kind && own.AccreditedFrom.Equal(kept.AccreditedFrom) && own.AccreditedUntil.Equal(kept.AccreditedUntil)
	}
	if !same {
		return nil, errors.New("set of other anchors")
	}
	return set, nil
}

// keep keeps a set that is not kept yet.
func (s *Service) keep(ctx context.Context, set *trust.Set) error {
	k := Kept{ID: set.ID(), Base: s.c.Base.ID()}
	if ref, ok := set.List(); ok {
		k.List = ref.Version
	}
	_, err := s.c.Store.SetOf(ctx, k.Base, k.List)
	if !errors.Is(err, ErrNoSet) {
		return err
	}
	if k.Content, err = set.Marshal(); err != nil {
		return err
	}
	return s.c.Store.KeepSet(ctx, k)
}

// Follow puts every list in force that is accepted anywhere, until ctx ends.
func (s *Service) Follow(ctx context.Context) {
	for range s.c.Store.Watch(ctx) {
		if err := s.Load(ctx); err != nil && ctx.Err() == nil {
			s.c.Log.ErrorContext(ctx, "the new list of accredited centres is not in force here", "cause", err.Error())
		}
	}
}

// Restore returns a set that was in force once, by its id: what evidence names. It wraps ErrNoSet
// when there is none.
func (s *Service) Restore(ctx context.Context, id string) (*trust.Set, error) {
	if set := s.Set(); set.ID() == id {
		return set, nil
	}
	content, err := s.c.Store.Set(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("restore trust set: %w", err)
	}
	set, err := trust.Restore(content)
	if err == nil && set.ID() != id {
		err = &trust.Error{Code: trust.CodeSet, Detail: "another set is kept under this id"}
	}
	if err != nil {
		return nil, fmt.Errorf("restore trust set: %w", err)
	}
	return set, nil
}

// Lists returns the accepted lists, newest first.
func (s *Service) Lists(ctx context.Context, limit int) ([]Accepted, error) {
	return s.c.Store.Lists(ctx, limit)
}

// Status is what operators watch.
type Status struct {
	SetID   string         `json:"set"`
	Anchors int            `json:"anchors"`
	Centres int            `json:"certificates"`
	List    *trust.ListRef `json:"list,omitempty"`
	// Stale says that the list is older than it should be, or that one is to be downloaded and none is there.
	Stale bool          `json:"stale"`
	Age   time.Duration `json:"-"`
}

// Status tells about the set in force. It asks nobody.
func (s *Service) Status() Status {
	set := s.Set()
	out := Status{SetID: set.ID(), Anchors: len(set.Anchors()), Centres: len(set.Centres())}
	ref, ok := set.List()
	if !ok {
		out.Stale = s.c.URL != ""
		return out
	}
	out.List, out.Age = &ref, s.c.Now().Sub(ref.Date)
	out.Stale = out.Age > s.c.WarnAfter
	return out
}

// Tries tells how renewing goes.
func (s *Service) Tries(ctx context.Context) (Tries, error) { return s.c.Store.Tries(ctx) }

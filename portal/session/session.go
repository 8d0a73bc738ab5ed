// SPDX-License-Identifier: Apache-2.0

// Package session owns who is signed in: random tokens, their life, and the
// list of a holder's sessions.
//
// A token is 32 random bytes; only its SHA-256 is kept. A session ends 15
// minutes after it was last used, 12 hours after it began, or when its holder
// ends it. A Service is safe for concurrent use.
package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/fault"
)

// The life of a session.
const (
	Idle  = 15 * time.Minute
	Total = 12 * time.Hour
	// touchAfter is how old the note of the last use may grow before it is
	// renewed: a check writes at most once in that time.
	touchAfter = time.Minute
)

// None is the code for no session, an ended one, and a token of nobody.
const None fault.Code = "session.none"

// Codes lists the faults of this package.
func Codes() []fault.Code { return []fault.Code{None} }

// Hash is the SHA-256 of a token.
type Hash [sha256.Size]byte

// NewToken makes a token and its hash. The token goes to the holder, only the
// hash is kept.
func NewToken() (token string, hash Hash, err error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", Hash{}, fmt.Errorf("make token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), sha256.Sum256(b), nil
}

// HashToken returns the hash of a token that came from outside, and false for
// what can't be a token.
func HashToken(token string) (Hash, bool) {
	if len(token) != 43 {
		return Hash{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return Hash{}, false
	}
	return sha256.Sum256(b), true
}

// Fresh is a session about to be written, in the transaction that signs its
// holder in.
type Fresh struct {
	Hash             Hash
	Created, Expires time.Time
	Client           account.Client
}

// Begin makes a session and its token.
func Begin(client account.Client, now time.Time) (token string, f Fresh, err error) {
	token, hash, err := NewToken()
	if err != nil {
		return "", Fresh{}, err
	}
	return token, Fresh{Hash: hash, Created: now, Expires: now.Add(Total), Client: client}, nil
}

// Session is a live session with what every page needs of its account.
type Session struct {
	// ID names the session to its holder; it opens nothing.
	ID      string
	Account account.Account
	Created time.Time
	Seen    time.Time
	Expires time.Time
}

// Listed is a live session as its holder sees it among others.
type Listed struct {
	ID            string
	Created, Seen time.Time
	Client        account.Client
}

// Store keeps sessions. A session is live when it has not ended, expires after
// now and was seen after the moment idle.
type Store interface {
	// Find returns the live session of a token; fault.NotFound when there is none. One SELECT.
	Find(ctx context.Context, h Hash, now, idle time.Time) (Session, error)
	// Touch notes the last use.
	Touch(ctx context.Context, h Hash, now time.Time) error
	// End ends a session of the account that has not ended, with an event;
	// false when there is none. Either the hash or the id names it.
	End(ctx context.Context, by Ending) (bool, error)
	// Live lists the live sessions of an account, the newest first, at most 100.
	Live(ctx context.Context, id account.ID, now, idle time.Time) ([]Listed, error)
}

// Ending says which session ends and why.
type Ending struct {
	// Hash ends the session of a token, else ID one of Account's sessions.
	Hash    Hash
	Account account.ID
	ID      string
	Event   account.Event
}

// Service checks and ends sessions.
type Service struct {
	store Store
	now   func() time.Time
}

// New returns a service over a store and a clock.
func New(store Store, now func() time.Time) *Service { return &Service{store: store, now: now} }

// Check returns the live session of a token, or the fault None. It costs one
// SELECT, and once a minute an UPDATE.
func (s *Service) Check(ctx context.Context, token string) (Session, error) {
	found, hash, now, err := s.find(ctx, token)
	if err != nil {
		return Session{}, err
	}
	if now.Sub(found.Seen) >= touchAfter {
		if err := s.store.Touch(ctx, hash, now); err != nil {
			return Session{}, err
		}
	}
	return found, nil
}

// Look is Check for what a page does by itself, without its holder: it is no
// use of the session, so that one that was left open ends in its time.
func (s *Service) Look(ctx context.Context, token string) (Session, error) {
	found, _, _, err := s.find(ctx, token)
	return found, err
}

func (s *Service) find(ctx context.Context, token string) (Session, Hash, time.Time, error) {
	hash, ok := HashToken(token)
	now := s.now()
	if !ok {
		return Session{}, hash, now, fault.New(None)
	}
	found, err := s.store.Find(ctx, hash, now, now.Add(-Idle))
	if errors.Is(err, fault.New(fault.NotFound)) {
		err = fault.Wrap(None, err)
	}
	return found, hash, now, err
}

// SignOut ends the session of a token. Ending none is no error: the holder is
// signed out either way.
func (s *Service) SignOut(ctx context.Context, token string, client account.Client) error {
	hash, ok := HashToken(token)
	if !ok {
		return nil
	}
	_, err := s.store.End(ctx, Ending{Hash: hash, Event: account.Event{At: s.now(), Kind: account.EventSignedOut, Client: client}})
	return err
}

// EndOther ends one of an account's sessions by its id; fault.NotFound when
// the account has no such session.
func (s *Service) EndOther(ctx context.Context, id account.ID, sessionID string, client account.Client) error {
	ended, err := s.store.End(ctx, Ending{Account: id, ID: sessionID,
		Event: account.Event{Account: id, At: s.now(), Kind: account.EventSessionEnded, Client: client}})
	if err != nil {
		return err
	}
	if !ended {
		return fault.New(fault.NotFound)
	}
	return nil
}

// List returns the live sessions of an account, the newest first.
func (s *Service) List(ctx context.Context, id account.ID) ([]Listed, error) {
	now := s.now()
	return s.store.Live(ctx, id, now, now.Add(-Idle))
}

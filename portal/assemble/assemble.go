// SPDX-License-Identifier: Apache-2.0

// Package assemble owns how the portal is put together: the one place that
// knows every constructor, every kind of durable job and every recurring duty.
// It reads no configuration file and listens on no port; the program and the
// tests do.
//
// A Portal is used by one goroutine for Start and Stop; its parts are safe for
// concurrent use.
package assemble

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"

	"zaver/portal/audit"
	"zaver/portal/confirm"
	"zaver/portal/download"
	"zaver/portal/httpapi"
	"zaver/portal/notice"
	"zaver/portal/notify"
	"zaver/portal/password"
	"zaver/portal/profile"
	"zaver/portal/register"
	"zaver/portal/registry"
	"zaver/portal/seal"
	"zaver/portal/session"
	"zaver/portal/store"
	"zaver/portal/text"
	"zaver/portal/trustlist"
	"zaver/portal/validate"
	"zaver/portal/web"
	"zaver/signature/algo"
	"zaver/signature/challenge"
	"zaver/signature/revocation"
	"zaver/signature/timestamp"
	"zaver/signature/trust"
	"zaver/signature/verify"
)

// documents are the versions of the texts that people agree to, by their name
// in the catalogue. A changed text gets a new version.
func documents() []register.Document {
	return []register.Document{{Name: "terms", Version: "2026-11-22"}, {Name: "consent", Version: "2026-11-22"}}
}

// Config is what a portal is made of. Optional fields say so.
type Config struct {
	Store *store.Store
	// Seal are the keys that Store seals with.
	Seal *seal.Keys
	// Keys is the folder of the portal's note keys; they are made when missing.
	Keys string
	// Origin is the web origin, Agent the agent's loopback door as pages call it.
	Origin, Agent string
	// Trust are the anchors and centres of the operator's folder; lists of accredited centres add to them.
	Trust *trust.Set
	// TrustList says where the list is renewed from; the zero value renews none.
	TrustList TrustList
	// Senders carry notices; a channel without one loses its notices.
	Senders map[notice.Channel]notify.Sender
	// Registers reaches the state registers.
	Registers registry.Bus
	// Transport asks revocation services; nil means the default.
	Transport http.RoundTripper
	// Timestamps are the addresses of timestamp authorities (RFC 3161), asked in order; without one
	// the evidence holds signatures as they came.
	Timestamps []string
	// Packages are the agent's install packages that are handed out; nil means none.
	Packages *download.Shelf
	// Limits count tries; nil means register.DefaultLimits.
	Limits *register.Limits
	// Passwords bounds the hashing of passwords.
	Passwords password.Config
	// Proxies and MetricsFrom are as of httpapi.Config.
	Proxies, MetricsFrom []netip.Prefix
	Metrics              *prometheus.Registry
	Log                  *slog.Logger
	Now                  func() time.Time
}

// Portal is a whole portal.
type Portal struct {
	// Server answers HTTP.
	Server *httpapi.Server
	// Confirm and Registry are the services that recurring duties call.
	Confirm  *confirm.Service
	Registry *registry.Service
	// Audit signs and checks the audit log.
	Audit *audit.Keeper
	// TrustList knows the set of anchors and centres in force.
	TrustList *trustlist.Service
	// StatementKey is the public note key that agents pin; AuditKey that of checkpoints.
	StatementKey, AuditKey string

	store *store.Store
	log   *slog.Logger
	now   func() time.Time

	stop context.CancelFunc
	done sync.WaitGroup
}

// New puts a portal together. Nothing runs yet.
func New(c Config) (*Portal, error) {
	origin, err := url.Parse(c.Origin)
	if err != nil || !challenge.IsOrigin(c.Origin) { // no statement could be made otherwise
		return nil, fmt.Errorf("assemble portal: origin %q is not a web origin as a browser writes it", c.Origin)
	}
	texts, err := text.Load()
	if err != nil {
		return nil, fmt.Errorf("assemble portal: %w", err)
	}
	pages, err := web.New(texts)
	if err != nil {
		return nil, fmt.Errorf("assemble portal: %w", err)
	}
	p := &Portal{store: c.Store, log: c.Log, now: c.Now}
	if err := p.trustList(c); err != nil {
		return nil, fmt.Errorf("assemble portal: %w", err)
	}
	if err := p.confirmation(c, origin.Host); err != nil {
		return nil, fmt.Errorf("assemble portal: %w", err)
	}
	registrar, err := registrar(c)
	if err != nil {
		return nil, fmt.Errorf("assemble portal: %w", err)
	}
	p.Registry = registry.New(c.Store.Checks(), c.Registers)
	courier := notify.New(notify.Config{Outbox: c.Store.Outbox(), Texts: texts, Senders: c.Senders, Origin: c.Origin, Now: c.Now})
	if err := p.handle(courier); err != nil {
		return nil, fmt.Errorf("assemble portal: %w", err)
	}
	p.Server, err = httpapi.New(httpapi.Config{
		Register: registrar, Sessions: session.New(c.Store.Sessions(), c.Now), Profiles: profile.New(c.Store.Profiles(), c.Now),
		Checks: c.Store.Checks(), Journal: c.Store, Confirm: p.Confirm,
		Texts: texts, Pages: pages, Origin: c.Origin, Agent: c.Agent, StatementKey: p.StatementKey, Packages: c.Packages, Ready: c.Store.Ping, Warnings: p.warnings,
		Proxies: c.Proxies, MetricsFrom: c.MetricsFrom, Metrics: c.Metrics, Log: c.Log, Now: c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("assemble portal: %w", err)
	}
	return p, nil
}

// LoadKeys reads the keys that sign statements and audit checkpoints from the
// folder dir, and makes those that are missing. host names the portal in them.
func LoadKeys(dir, host string) (statements, checkpoints confirm.Key, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return confirm.Key{}, confirm.Key{}, fmt.Errorf("make key folder: %w", err)
	}
	if statements, err = confirm.LoadOrCreateKey(filepath.Join(dir, "statement.key"), host); err != nil {
		return confirm.Key{}, confirm.Key{}, fmt.Errorf("load statement key: %w", err)
	}
	if checkpoints, err = confirm.LoadOrCreateKey(filepath.Join(dir, "audit.key"), host+"/audit"); err != nil {
		return confirm.Key{}, confirm.Key{}, fmt.Errorf("load audit key: %w", err)
	}
	return statements, checkpoints, nil
}

// confirmation makes what judges signatures and keeps the proof.
func (p *Portal) confirmation(c Config, host string) error {
	statements, checkpoints, err := LoadKeys(c.Keys, host)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(checkpoints.Public)
	if err != nil {
		return fmt.Errorf("read audit key: %w", err)
	}
	p.StatementKey, p.AuditKey = statements.Public, checkpoints.Public
	p.Audit = audit.NewKeeper(c.Store.AuditLog(), host+"/audit", checkpoints.Signer, verifier)
	stampers, err := c.stampers()
	if err != nil {
		return err
	}
	checker, err := validate.New(validate.Config{
		Timestamps: stampers,
		Trust:      p.TrustList.Set,
		Revocation: revocation.NewChecker(revocation.Config{Transport: c.Transport, Now: c.Now}),
	})
	if err != nil {
		return err
	}
	p.Confirm, err = confirm.New(confirm.Config{Store: c.Store.Confirmations(), Checker: checker, Key: statements, Origin: c.Origin, Now: c.Now})
	return err
}

// stampers are the clients of the timestamp authorities.
func (c Config) stampers() ([]verify.Stamper, error) {
	var list []verify.Stamper
	for _, address := range c.Timestamps {
		s, err := timestamp.NewClient(timestamp.Config{
			URL: address, Transport: c.Transport, Timeout: stampTime, Digest: algo.Streebog256,
			Certificates: c.Trust.Centres(),
		})
		if err != nil {
			return nil, fmt.Errorf("set up timestamps: %w", err)
		}
		list = append(list, s)
	}
	return list, nil
}

// stampTime bounds one exchange with one authority of timestamps.
const stampTime = 4 * time.Second

func registrar(c Config) (*register.Service, error) {
	passwords, err := password.New(c.Passwords)
	if err != nil {
		return nil, err
	}
	limits := register.DefaultLimits()
	if c.Limits != nil {
		limits = *c.Limits
	}
	return register.New(register.Config{Store: c.Store.Registrations(), Accounts: c.Store.Credentials(), Counter: c.Store.Limits(), Limits: limits,
		Hasher: c.Seal, Passwords: passwords, Now: c.Now, Origin: c.Origin, Documents: documents()}), nil
}

// Start begins the durable jobs and the recurring duties. They end with Stop,
// not with ctx: work in hand is to be finished.
func (p *Portal) Start(ctx context.Context) error {
	if err := p.TrustList.Load(ctx); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if err := p.store.Jobs().Start(ctx); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	ctx, p.stop = context.WithCancel(ctx)
	p.done.Go(func() { p.TrustList.Follow(ctx) })
	for _, d := range p.duties() {
		p.done.Go(func() { p.repeat(ctx, d) })
	}
	return nil
}

// Stop ends event streams, duties and jobs; work in hand is finished within ctx.
func (p *Portal) Stop(ctx context.Context) error {
	p.Server.Drain()
	if p.stop == nil {
		return nil
	}
	p.stop()
	p.done.Wait()
	if err := p.store.Jobs().Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("stop jobs: %w", err)
	}
	return nil
}

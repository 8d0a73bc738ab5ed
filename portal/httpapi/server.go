// SPDX-License-Identifier: Apache-2.0

// Package httpapi owns the portal's HTTP: routes, handlers, cookies, headers
// and the translation of faults into answers. It is the only importer of the
// HTTP framework; it decides and verifies nothing itself.
//
// A Server is safe for concurrent use. Every request is bounded: bodies in
// size, handlers in time, streams in number and length.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/profile"
	"zaver/portal/register"
	"zaver/portal/registry"
	"zaver/portal/session"
	"zaver/portal/text"
	"zaver/portal/web"
)

// Registrar is the way into the portal; package register offers it.
type Registrar interface {
	Documents() []register.Document
	Start(ctx context.Context, in register.Start) (register.Waiting, error)
	Find(ctx context.Context, handle string) (register.Waiting, error)
	FindLink(ctx context.Context, token string) (register.Waiting, error)
	Resend(ctx context.Context, handle string, client account.Client) (register.Waiting, error)
	Confirm(ctx context.Context, handle, code string) (string, error)
	ConfirmLink(ctx context.Context, token string) (string, error)
	SetPassword(ctx context.Context, handle, chosen, repeated string, client account.Client) (register.SignedIn, error)
	SignIn(ctx context.Context, in register.SignIn) (register.SignedIn, error)
}

// Sessions says who is signed in; package session offers it.
type Sessions interface {
	Check(ctx context.Context, token string) (session.Session, error)
	Look(ctx context.Context, token string) (session.Session, error)
	SignOut(ctx context.Context, token string, client account.Client) error
	List(ctx context.Context, id account.ID) ([]session.Listed, error)
	EndOther(ctx context.Context, id account.ID, sessionID string, client account.Client) error
}

// Profiles keeps the personal data form; package profile offers it.
type Profiles interface {
	Draft(ctx context.Context, a account.Account) (profile.Draft, error)
	Save(ctx context.Context, a account.Account, version int, step profile.Step, typed profile.Form) (profile.Draft, error)
	Submit(ctx context.Context, a account.Account, client account.Client) (profile.Submission, error)
}

// Checks shows the register checks of an account.
type Checks interface {
	// Checks lists the latest check of each kind.
	Checks(ctx context.Context, id account.ID) ([]registry.Check, error)
	// WatchChecks receives after each change until ctx ends.
	WatchChecks(ctx context.Context, id account.ID) <-chan struct{}
}

// Journal lists the security events of an account, the newest first.
type Journal interface {
	Events(ctx context.Context, id account.ID, n int) ([]account.Event, error)
	// Confirmed tells when and how the account was confirmed last.
	Confirmed(ctx context.Context, id account.ID) (account.Event, bool, error)
}

// Confirmations carries out confirmations; package confirm offers it.
type Confirmations interface {
	Start(ctx context.Context, r confirm.Request) (confirm.Started, error)
	Status(ctx context.Context, id account.ID, request string) (confirm.Status, error)
	Watch(ctx context.Context, id account.ID, request string) (<-chan confirm.Status, error)
	Withdraw(ctx context.Context, id account.ID, request string) error
	Fetch(ctx context.Context, request, ticket string) (statement []byte, submit string, err error)
	Respond(ctx context.Context, a confirm.Answer) (confirm.Result, error)
	Cancel(ctx context.Context, request, submit, code string) error
}

// Config is everything that a Server needs; fields without a default in their
// comment are required.
type Config struct {
	Register Registrar
	Sessions Sessions
	Profiles Profiles
	Checks   Checks
	Journal  Journal
	Confirm  Confirmations

	Texts *text.Catalogue
	Pages *web.Pages
	// Origin is the portal's web origin, without a final slash.
	Origin string
	// Agent is the address of the agent's loopback door as pages call it.
	Agent string
	// StatementKey is the public note key that agents pin.
	StatementKey string
	// Packages are the agent's install packages that are handed out; nil means none.
	Packages Packages
	// Ready says why the portal can't serve, or nil.
	Ready func(ctx context.Context) error
	// Warnings are codes of what works but needs an operator, for /healthz; nil means none.
	Warnings func() []string
	// Proxies are the networks whose X-Forwarded-For is believed; may be empty.
	Proxies []netip.Prefix
	// MetricsFrom are the networks that may read /metrics; empty means loopback.
	MetricsFrom []netip.Prefix
	// Metrics collects the figures; nil means a registry of its own.
	Metrics *prometheus.Registry
	Log     *slog.Logger
	Now     func() time.Time
	// MaxStreams bounds the open event streams; zero means 2000. One account
	// has at most 8.
	MaxStreams int
}

// Server answers HTTP.
type Server struct {
	config  Config
	echo    *echo.Echo
	handler http.Handler
	secure  bool // the origin is https
	host    string
	metrics *metrics
	streams *streams
	givers  chan struct{} // a place for each package that is being handed out
	drained chan struct{}
	drain   sync.Once
}

// New checks the configuration and makes a server.
func New(c Config) (*Server, error) {
	origin, err := url.Parse(c.Origin)
	if err != nil || origin.Host == "" || (origin.Scheme != "https" && origin.Scheme != "http") || origin.Path != "" {
		return nil, fmt.Errorf("make server: origin %q is not a web origin", c.Origin)
	}
	if c.Register == nil || c.Sessions == nil || c.Profiles == nil || c.Checks == nil || c.Journal == nil || c.Confirm == nil {
		return nil, errors.New("make server: a service is missing")
	}
	if c.Texts == nil || c.Pages == nil || c.Ready == nil || c.Log == nil || c.Now == nil {
		return nil, errors.New("make server: texts, pages, readiness, log or clock is missing")
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if len(c.MetricsFrom) == 0 {
		c.MetricsFrom = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = 2000
	}
	s := &Server{config: c, echo: echo.New(), secure: origin.Scheme == "https", host: origin.Host, drained: make(chan struct{})}
	s.metrics = newMetrics(c.Metrics)
	s.streams = newStreams(c.MaxStreams)
	s.givers = make(chan struct{}, maxGivers)
	s.setUp()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Drain ends all event streams, so that a graceful stop need not wait for them.
func (s *Server) Drain() { s.drain.Do(func() { close(s.drained) }) }

func (s *Server) setUp() {
	e := s.echo
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.IPExtractor = clientAddress(s.config.Proxies)
	e.Use(s.observe, s.guard, s.bound)
	s.routes()

	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(s.denyCrossOrigin))
	s.handler = protection.Handler(e)
}

func (s *Server) routes() {
	e := s.echo
	assets := echo.WrapHandler(web.Assets())
	e.GET(web.AssetPrefix+"*", assets)
	e.HEAD(web.AssetPrefix+"*", assets)
	e.GET(packagePrefix+":name", s.givePackage)
	e.HEAD(packagePrefix+":name", s.givePackage)
	e.GET("/healthz", s.health)
	e.GET("/readyz", s.ready)
	e.GET("/metrics", s.figures)

	open := e.Group("", s.atOrigin, s.visit)
	open.GET("/", s.home)
	both(open, "/who", s.who, s.chooseWho)
	open.GET("/who/:kind", s.kind)
	open.GET("/terms", s.legal("terms", "service", "duties", "proof", "change"))
	open.GET("/consent", s.legal("consent", "what", "why", "who", "howlong"))
	open.GET("/help/agent", s.help)
	both(open, "/register", s.registerForm(false), s.registerStart(false))
	both(open, "/register/email", s.registerForm(true), s.registerStart(true))
	both(open, "/register/code", s.codeForm, s.codeSend)
	open.POST("/register/resend", s.resend)
	both(open, "/register/link", s.linkForm, s.linkSend)
	both(open, "/register/password", s.passwordForm, s.passwordSend)
	both(open, "/sign-in", s.signInForm, s.signIn)
	open.POST("/sign-out", s.signOut)

	own := e.Group("", s.atOrigin, s.visit, s.signedIn)
	own.GET("/register/done", s.registered)
	own.GET("/account", s.account)
	own.GET("/security", s.security)
	both(own, "/sessions", s.sessions, s.endSession)
	for _, step := range profile.Steps() {
		both(own, stepPath(step), s.profileForm(step), s.profileSave(step))
	}
	both(own, "/profile/check", s.summary, s.submit)
	own.GET("/checks", s.checks)
	own.GET("/checks/state", s.checksState)
	own.GET("/checks/events", s.checksEvents)
	both(own, "/confirm", s.methods, s.startConfirm)
	own.GET("/confirm/:request", s.runConfirm)
	own.GET("/confirm/:request/state", s.confirmState)
	own.GET("/confirm/:request/events", s.confirmEvents)
	own.GET("/confirm/:request/result", s.confirmResult)
	own.POST("/confirm/:request/cancel", s.cancelConfirm)

	agent := e.Group("/agent/v1", s.forAgent)
	agent.GET("/key", s.agentKey)
	agent.GET("/statement/:request", s.agentStatement)
	agent.POST("/response/:request", s.agentResponse)
	agent.POST("/cancel/:request", s.agentCancel)

	// The groups answer unknown paths through their own gates; nobody need sign
	// in to learn that there is no such page. The last to be named counts.
	absent := s.visit(func(echo.Context) error { return fault.New(fault.NotFound) })
	e.RouteNotFound("", absent)
	e.RouteNotFound("/*", absent)
}

// both serves a form: GET shows it, POST takes it.
func both(g *echo.Group, path string, show, take echo.HandlerFunc) {
	g.GET(path, show)
	g.POST(path, take)
}

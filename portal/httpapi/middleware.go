// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"zaver/portal/confirm"
)

// Bounds of one request.
const (
	pageTime   = 15 * time.Second
	agentTime  = 45 * time.Second // a check may ask revocation services
	streamTime = 10 * time.Minute // then the browser connects again
	bodySize   = 64 << 10
)

const requestIDKey = "request-id"

// statusClientGone is nginx's number; logs and figures show it.
const statusClientGone = 499

// observe gives each request an id, survives a panic, and writes one log line
// and the figures. Neither holds an address, a query or a body.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		started, client := s.config.Now(), c.Request().Context() // a handler's own context ends with it
		id := strings.ToLower(rand.Text()[:16])
		c.Set(requestIDKey, id)
		c.Response().Header().Set("X-Request-Id", id)
		s.metrics.inFlight.Inc()
		defer s.metrics.inFlight.Dec()
		func() {
			defer func() {
				if p := recover(); p != nil {
					if abort, ok := p.(error); ok && errors.Is(abort, http.ErrAbortHandler) {
						panic(p)
					}
					err = fmt.Errorf("handler panicked: %v", p)
					s.config.Log.ErrorContext(c.Request().Context(), "panic", "request", id, "value", fmt.Sprint(p), "stack", string(debug.Stack()))
				}
			}()
			err = next(c)
		}()
		switch {
		case err == nil:
		case errors.Is(client.Err(), context.Canceled) && !c.Response().Committed:
			// Whatever failed, failed because the client went away (the database calls it a cancelled statement). Nobody reads an answer.
			c.Response().WriteHeader(statusClientGone)
		default:
			s.fail(err, c)
		}
		route := c.Path()
		if route == "" {
			route = "unmatched"
		}
		took := s.config.Now().Sub(started)
		s.metrics.seen(route, c.Request().Method, c.Response().Status, took)
		s.config.Log.LogAttrs(c.Request().Context(), slog.LevelInfo, "request", slog.String("request", id), slog.String("method", c.Request().Method),
			slog.String("route", route), slog.Int("status", c.Response().Status), slog.Int64("bytes", c.Response().Size), slog.Duration("took", took))
		return nil
	}
}

// guard sets the headers that keep foreign content and frames out.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' " + s.config.Agent +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// bound limits the body and the time of a request. Streams set their own time.
func (s *Server) bound(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		size, limit := int64(bodySize), pageTime
		if strings.HasPrefix(r.URL.Path, "/agent/") {
			size, limit = confirm.MaxResponse+1, agentTime
		}
		if strings.HasSuffix(r.URL.Path, "/events") {
			limit = streamTime
		}
		if strings.HasPrefix(r.URL.Path, packagePrefix) {
			limit = packageTime
		}
		r.Body = http.MaxBytesReader(c.Response(), r.Body, size)
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		c.SetRequest(r.WithContext(ctx))
		control := http.NewResponseController(c.Response())
		// A recorder in a test has no deadlines; a server's connection has.
		if err := control.SetWriteDeadline(s.config.Now().Add(limit + 5*time.Second)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return fmt.Errorf("set write deadline: %w", err)
		}
		return next(c)
	}
}

// clientAddress says where requests come from. X-Forwarded-For is believed only
// from the given networks, else anyone could choose the address that limits count.
func clientAddress(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		bits := 128
		if p.Addr().Is4() {
			bits = 32
		}
		options = append(options, echo.TrustIPRange(&net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), bits)}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// denyCrossOrigin answers a request that another site made a browser send.
func (s *Server) denyCrossOrigin(w http.ResponseWriter, r *http.Request) {
	c := s.echo.NewContext(r, w)
	_ = s.observe(s.guard(func(c echo.Context) error { return errForbidden }))(c)
}

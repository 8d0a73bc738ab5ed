// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"zaver/cardreader/agent"
	"zaver/signature/challenge"
)

const (
	maxPortals = 8
	maxKey     = 4 << 10 // bytes of the answer with the portal's key
	// maxSkew is how far the clock may be off: a statement lives five minutes.
	maxSkew = 2 * time.Minute
)

// config reports what is wrong with the configuration.
func (u *checkup) config(context.Context) {
	s := u.cfg.Settings
	if s.Fault != nil {
		detail := s.Path
		if s.Fault.Err != nil {
			detail = s.Fault.Err.Error()
		}
		u.add(Fault, s.Fault.Code, detail, number("line", s.Fault.Line))
		return
	}
	if s.Terminal != nil {
		u.add(Fault, CodeConfigTerminal, s.Terminal.Error())
	}
	if len(s.Portals) == 0 {
		u.add(Fault, CodeConfigNoPortal, s.Path)
	}
	for i, p := range s.Portals {
		if err := agent.CheckOrigin(p.Origin); err != nil {
			u.add(Fault, CodeConfigOrigin, err.Error(), number("n", i+1))
		}
		if _, err := challenge.NewVerifier(p.Key); err != nil {
			u.add(Fault, CodeConfigKey, err.Error(), number("n", i+1))
		}
	}
	u.well(AreaConfig, s.Path)
}

// portals asks every portal for its key, all at the same time.
func (u *checkup) portals(ctx context.Context) {
	list := u.cfg.Settings.Portals
	u.count(func(e *Equipment) { e.Portals = len(list) })
	var asking sync.WaitGroup
	asked := false
	for i, p := range list[:min(len(list), maxPortals)] {
		if agent.CheckOrigin(p.Origin) == nil {
			asked = true
			asking.Go(func() { u.portal(ctx, i+1, p) })
		}
	}
	asking.Wait()
	if !asked {
		u.skip(AreaPortal, AreaClock)
		return
	}
	if u.spoken(AreaPortal) {
		u.skip(AreaClock) // nobody told the time
	}
	u.well(AreaPortal, "")
	u.well(AreaClock, "")
}

// portal asks one portal for its key.
func (u *checkup) portal(ctx context.Context, n int, p Portal) {
	ctx, cancel := context.WithTimeout(ctx, portalLimit)
	defer cancel()
	resp, err := u.get(ctx, http.MethodGet, p.Origin+"/agent/v1/key")
	if err != nil {
		u.portalFault(ctx, n, p, err)
		return
	}
	defer resp.Body.Close()
	u.clock(resp.Header.Get("Date"))
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxKey))
	if err != nil || ctx.Err() != nil {
		u.add(Fault, CodePortalHung, p.Origin, number("n", n))
		return
	}
	theirs, err := challenge.NewVerifier(string(b))
	if resp.StatusCode != http.StatusOK || err != nil {
		u.add(Fault, CodePortalAnswer, p.Origin+": "+resp.Status, number("n", n))
		return
	}
	if _, err := challenge.NewVerifier(p.Key); err != nil {
		return // the configuration's fault is named
	}
	if strings.TrimSpace(string(b)) != strings.TrimSpace(p.Key) {
		u.add(Fault, CodePortalKey, p.Origin+": "+theirs.Name(), number("n", n))
	}
}

// clock compares the computer's time with what an answer says. It reports whether that is far off.
func (u *checkup) clock(date string) bool {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return false
	}
	off := u.cfg.Now().Sub(theirs)
	if off.Abs() <= maxSkew {
		return false
	}
	if !u.spoken(AreaClock) {
		u.add(Fault, CodeClockOff, "", number("n", int(off/time.Second)))
	}
	return true
}

// portalFault names why a portal can't be asked.
func (u *checkup) portalFault(ctx context.Context, n int, p Portal, err error) {
	code := CodePortalConnect
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &dns) && !dns.IsTimeout:
		code = CodePortalName
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if u.insecureClock(ctx, p.Origin) {
			return // the clock is why
		}
		code = CodePortalTLSExpired
	case errors.As(err, &name):
		code = CodePortalTLSName
	case errors.As(err, &unknown), errors.As(err, &verification):
		code = CodePortalTLSUntrusted
	case errors.As(err, &record), errors.As(err, &alert):
		code = CodePortalTLS
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		code = CodePortalHung
	case strings.Contains(err.Error(), "tls:"):
		code = CodePortalTLS
	}
	u.add(Fault, code, p.Origin+": "+err.Error(), number("n", n))
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// insecureClock asks a portal whose certificate seems out of date for the time alone: a clock that is years off makes
// every certificate look so. Nothing else of the answer is used.
func (u *checkup) insecureClock(ctx context.Context, origin string) bool {
	t := u.transport(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // see above: only the time is read, and only to be shown
	defer t.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, origin+"/", nil)
	if err != nil {
		return false
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return u.clock(resp.Header.Get("Date"))
}

// get makes one request; redirects are not followed, and the address is left out of errors.
func (u *checkup) get(ctx context.Context, method, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "zaver-agent")
	carrier := u.cfg.Client
	if carrier == nil {
		own := u.transport(&tls.Config{RootCAs: u.cfg.Roots, MinVersion: tls.VersionTLS12, Time: u.cfg.Now})
		context.AfterFunc(ctx, own.CloseIdleConnections)
		carrier = own
	}
	resp, err := carrier.RoundTrip(req)
	var failed *url.Error
	if errors.As(err, &failed) {
		return nil, failed.Err
	}
	return resp, err
}

func (u *checkup) transport(t *tls.Config) *http.Transport {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: t, DisableKeepAlives: true, DisableCompression: true,
		DialContext: (&net.Dialer{Timeout: portalLimit}).DialContext, TLSHandshakeTimeout: portalLimit, MaxResponseHeaderBytes: 16 << 10}
}

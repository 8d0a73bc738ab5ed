// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

const (
	maxAnswer     = 64 << 10
	attemptLimit  = 15 * time.Second
	maxRetryAfter = 30 * time.Second
)

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}(\.[a-z0-9_]{1,48}){1,3}$`)

// client talks to portals; it may be used from many goroutines.
type client struct {
	http *http.Client
	ways [2]*http.Transport // over TLS, and in plain to loopback
}

func newClient(roots *x509.CertPool) *client {
	t := &http.Transport{
		Proxy:                  proxyOnlyHTTPS,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  attemptLimit,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        30 * time.Second,
	}
	plain := loopbackOnly(t.Clone())
	t.RegisterProtocol("http", plain)
	return &client{ways: [2]*http.Transport{t, plain}, http: &http.Client{Transport: t, Timeout: attemptLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// rest closes what is kept open for a next request, so that nothing wakes an agent at rest when its time has run out.
func (c *client) rest() {
	for _, t := range c.ways {
		t.CloseIdleConnections()
	}
}

func proxyOnlyHTTPS(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme != "https" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

// loopbackOnly makes plain http reach loopback addresses only, whatever a name resolves to.
func loopbackOnly(t *http.Transport) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !to.Addr().IsLoopback() {
			return fmt.Errorf("plain http to %s is refused", address)
		}
		return nil
	}}
	t.DialContext = dialer.DialContext
	return t
}

// answer is a portal's answer, whole and bounded.
type answer struct {
	status     int
	header     http.Header
	body       []byte
	retryAfter time.Duration
}

// outage reports an answer that may be better later.
func (a *answer) outage() bool {
	switch a.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// fault turns an answer that isn't 200 into an Error with the portal's code.
func (a *answer) fault() error {
	var b struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(a.body, &b) == nil && codeForm.MatchString(b.Code) {
		return fail(b.Code, fmt.Errorf("portal answered %d", a.status))
	}
	if a.outage() {
		return fail(CodePortalUnreachable, fmt.Errorf("portal answered %d", a.status))
	}
	return fail(CodePortalAnswer, fmt.Errorf("portal answered %d without a code", a.status))
}

// do makes one attempt. Its errors are failures of the network; TLS failures too, for they may be a proxy's passing fault.
func (c *client) do(ctx context.Context, method, target, auth, contentType, language string, body []byte) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	req.Header.Set("Authorization", auth)
	req.Header.Set("Accept-Language", language)
	req.Header.Set("User-Agent", "zaver-agent")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(b) > maxAnswer {
		return nil, fail(CodePortalAnswer, fmt.Errorf("answer is longer than %d bytes", maxAnswer))
	}
	out := &answer{status: resp.StatusCode, header: resp.Header, body: b}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		out.retryAfter = min(time.Duration(s)*time.Second, maxRetryAfter)
	}
	return out, nil
}

// withoutURL drops the address, which the log has already, from a transport error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// retry calls do until it has an answer that is no outage, or ctx ends; pauses double from first to sixteen times that.
// The returned error has the code agent.portal_unreachable unless ctx was cancelled or the answer can't be read.
func retry(ctx context.Context, first time.Duration, do func(context.Context) (*answer, error)) (*answer, error) {
	pause := first
	for {
		a, err := do(ctx)
		var coded *Error
		if errors.As(err, &coded) {
			return nil, err
		}
		if err == nil && !a.outage() {
			return a, nil
		}
		wait := pause
		if err == nil {
			err = fmt.Errorf("portal answered %d", a.status)
			wait = max(wait, a.retryAfter)
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
			return nil, fail(CodePortalUnreachable, err)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ended(ctx)
		}
		if ctx.Err() != nil {
			return nil, fail(CodePortalUnreachable, err)
		}
		pause = min(2*pause, 16*first)
	}
}

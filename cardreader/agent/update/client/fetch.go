// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"zaver/cardreader/agent/update"
)

const (
	maxRedirects = 3
	maxHeader    = 32 << 10 // bytes
)

// errAbsent says that the server has no such file.
var errAbsent = errors.New("the server has no such file")

// errRedirect says that a redirection leads where none may.
var errRedirect = errors.New("redirected to where it may not")

// CheckURL refuses what can't be the address of a repository.
func CheckURL(s string) error {
	_, err := baseURL(s)
	return err
}

// baseURL reads the address of the repository, with a slash at its end.
func baseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("address of updates: %w", err)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || u.Host == "" {
		return nil, fmt.Errorf("address of updates %q has more than a host and a folder, or less", s)
	}
	if u.Scheme != "https" && !plainLoopback(u) {
		return nil, fmt.Errorf("address of updates %q is not https", s)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// plainLoopback reports whether u is http on a literal loopback address: names can lead anywhere.
func plainLoopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && err == nil && ip.IsLoopback()
}

// newHTTP follows redirections to https alone; on plain loopback, where tests live, to plain loopback too.
func newHTTP(t http.RoundTripper, base *url.URL) *http.Client {
	if t == nil {
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout: 15 * time.Second, MaxResponseHeaderBytes: maxHeader, DisableCompression: true, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	}
	return &http.Client{Transport: t, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects || r.URL.Scheme != "https" && (!plainLoopback(base) || !plainLoopback(r.URL)) {
			return errRedirect
		}
		return nil
	}}
}

// open asks for one file. The caller closes the body. The address is below the base whatever the name is: names are checked before.
func (c *Client) open(ctx context.Context, name string) (*http.Response, error) {
	u := *c.base
	u.Path += name
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, update.Fail(update.CodeInternal, err)
	}
	r.Header.Set("User-Agent", "zaver-update") // no version: whoever serves the files need not know it
	r.Header.Set("Accept-Encoding", "identity")
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.transportError(ctx, name, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	_ = resp.Body.Close()
	cause := fmt.Errorf("%s: status %d", name, resp.StatusCode)
	// Stores of objects that let nobody list them say 403 of what is not there.
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusForbidden {
		cause = fmt.Errorf("%w: %w", cause, errAbsent)
	}
	return nil, update.Fail(update.CodeUnreachable, cause)
}

// get fetches one file of metadata of at most limit bytes.
func (c *Client) get(ctx context.Context, name string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Limits.Metadata)
	defer cancel()
	resp, err := c.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if int64(len(b)) > limit {
		return nil, update.Fail(update.CodeTooLong, fmt.Errorf("%s: more than %d bytes", name, limit))
	}
	if err != nil {
		return nil, c.transportError(ctx, name, err)
	}
	return b, nil
}

// transportError gives what failed on the way its code.
func (c *Client) transportError(ctx context.Context, name string, err error) error {
	cause := fmt.Errorf("%s: %w", name, err)
	var timeout net.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(context.Cause(ctx), errStalled), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return update.Fail(update.CodeTimeout, cause)
	case ctx.Err() != nil:
		return update.Fail(update.CodeInterrupted, cause)
	case errors.Is(err, errRedirect):
		return update.Fail(update.CodeInsecure, cause)
	case errors.As(err, &timeout) && timeout.Timeout():
		return update.Fail(update.CodeTimeout, cause)
	case errors.As(err, &untrusted):
		return update.Fail(certificateCode(untrusted.Err, c.cfg.Now()), cause)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return update.Fail(update.CodeCut, cause)
	}
	return update.Fail(update.CodeUnreachable, cause)
}

// certificateCode is the code of a server's certificate that was refused. A clock that is far off is seen here first, before any metadata.
func certificateCode(err error, now time.Time) string {
	var invalid x509.CertificateInvalidError
	switch {
	case !errors.As(err, &invalid) || invalid.Reason != x509.Expired:
		return update.CodeInsecure
	case invalid.Cert != nil && now.Before(invalid.Cert.NotBefore):
		return update.CodeClock
	}
	return update.CodeExpired
}

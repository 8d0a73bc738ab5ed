// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// checkAddress lets plain http and https through: no credentials, nothing else.
func checkAddress(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("scheme %q is not http or https", u.Scheme)
	}
	if u.Host == "" || u.User != nil {
		return errors.New("address without a host or with credentials")
	}
	return nil
}

// fetched is the body of an HTTP answer.
type fetched struct {
	body           []byte
	etag, modified string
	unchanged      bool // the version that is known already
}

// fetch gets a CRL, or posts an OCSP request when there is one. known is the CRL that an earlier
// answer held, nil when there is none.
func (k *Checker) fetch(ctx context.Context, address string, request []byte, known *list) (fetched, *Problem) {
	r, p := newRequest(ctx, address, request, known)
	if p != nil {
		return fetched{}, p
	}
	limit := k.cfg.MaxBytes
	if request != nil {
		limit = min(limit, MaxOCSP)
	}
	answer, err := k.client.Do(r)
	if err != nil {
		return fetched{}, netProblem(ctx, err)
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusNotModified && r.Header.Get("If-None-Match")+r.Header.Get("If-Modified-Since") != "":
		return fetched{unchanged: true}, nil
	case answer.StatusCode != http.StatusOK:
		return fetched{}, &Problem{Code: CodeUnreachable, Detail: fmt.Sprintf("HTTP status %d", answer.StatusCode)}
	case answer.ContentLength > limit:
		return fetched{}, &Problem{Code: CodeTooLarge, Detail: fmt.Sprintf("%d bytes announced", answer.ContentLength)}
	}
	var b bytes.Buffer
	if answer.ContentLength > 0 {
		b.Grow(int(answer.ContentLength) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return fetched{}, netProblem(ctx, err)
	}
	if n > limit {
		return fetched{}, &Problem{Code: CodeTooLarge, Detail: fmt.Sprintf("more than %d bytes", limit)}
	}
	return fetched{body: b.Bytes(), etag: answer.Header.Get("ETag"), modified: answer.Header.Get("Last-Modified")}, nil
}

func newRequest(ctx context.Context, address string, request []byte, known *list) (*http.Request, *Problem) {
	u, err := url.Parse(address)
	if err == nil {
		err = checkAddress(u)
	}
	if err != nil {
		return nil, &Problem{Code: CodeAddress, Detail: "refuse the address", Cause: err}
	}
	method, accept := http.MethodGet, "application/pkix-crl"
	var body io.Reader
	if request != nil {
		method, accept, body = http.MethodPost, "application/ocsp-response", bytes.NewReader(request)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, &Problem{Code: CodeAddress, Detail: "make a request", Cause: err}
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "zaver")
	if request != nil {
		r.Header.Set("Content-Type", "application/ocsp-request")
	}
	if known != nil && known.etag != "" {
		r.Header.Set("If-None-Match", known.etag)
	}
	if known != nil && known.modified != "" {
		r.Header.Set("If-Modified-Since", known.modified)
	}
	return r, nil
}

// netProblem tells a server that is too slow from one that is not there.
func netProblem(ctx context.Context, err error) *Problem {
	code := CodeUnreachable
	if ctx.Err() != nil {
		code = CodeTimeout
	}
	return &Problem{Code: code, Detail: "ask the server", Cause: err}
}

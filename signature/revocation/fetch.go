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

var errRedirects = errors.New("too many redirects")

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

// fetch gets a CRL, or posts an OCSP request when there is one.
func (k *Checker) fetch(ctx context.Context, address string, request []byte) ([]byte, *Problem) {
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
	answer, err := k.client.Do(r)
	if err != nil {
		return nil, netProblem(ctx, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, &Problem{Code: CodeUnreachable, Detail: fmt.Sprintf("HTTP status %d", answer.StatusCode)}
	}
	if answer.ContentLength > k.cfg.MaxBytes {
		return nil, &Problem{Code: CodeTooLarge, Detail: fmt.Sprintf("%d bytes announced", answer.ContentLength)}
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, k.cfg.MaxBytes+1))
	if err != nil {
		return nil, netProblem(ctx, err)
	}
	if int64(len(b)) > k.cfg.MaxBytes {
		return nil, &Problem{Code: CodeTooLarge, Detail: fmt.Sprintf("more than %d bytes", k.cfg.MaxBytes)}
	}
	return b, nil
}

// netProblem tells a server that is too slow from one that is not there.
func netProblem(ctx context.Context, err error) *Problem {
	code := CodeUnreachable
	if ctx.Err() != nil {
		code = CodeTimeout
	}
	return &Problem{Code: code, Detail: "ask the server", Cause: err}
}

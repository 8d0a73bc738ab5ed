// SPDX-License-Identifier: Apache-2.0

package timestamp_test

import (
	"context"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/timestamp"
	"zaver/softhsm-fixtures/mint"
)

// handler is an authority that answers by f.
func handler(t *testing.T, f func(w http.ResponseWriter, q mint.TSQ)) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		q, ok := mint.ReadTSQ(b)
		if !ok || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query" || !q.WantsCerts {
			t.Errorf("request %s %s", r.Method, r.Header.Get("Content-Type"))
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		f(w, q)
	}))
	t.Cleanup(s.Close)
	return s
}

// TestClient asks authorities that behave and others that do not.
func TestClient(t *testing.T) {
	tsa := authority(mint.GOST2012256, "")
	answer := func(edit func(*mint.TST)) func(http.ResponseWriter, mint.TSQ) {
		return func(w http.ResponseWriter, q mint.TSQ) {
			tst := mint.TST{ImprintDER: q.Imprint, Nonce: q.Nonce, Time: moment}
			edit(&tst)
			w.Write(mint.Granted(tst.Token(tsa)))
		}
	}
	for name, r := range map[string]struct {
		f    func(http.ResponseWriter, mint.TSQ)
		want string
	}{
		"good":               {answer(func(*mint.TST) {}), ""},
		"another nonce":      {answer(func(s *mint.TST) { s.Nonce = big.NewInt(1) }), "timestamp.nonce"},
		"no nonce":           {answer(func(s *mint.TST) { s.Nonce = nil }), "timestamp.nonce"},
		"other bytes":        {answer(func(s *mint.TST) { s.ImprintDER, s.Digest, s.Message = nil, mint.Streebog256, []byte("x") }), "timestamp.imprint"},
		"another digest":     {answer(func(s *mint.TST) { s.ImprintDER, s.Digest, s.Message = nil, mint.SHA256, message }), "timestamp.imprint"},
		"another policy":     {answer(func(s *mint.TST) { s.Policy = "1.2.3" }), "timestamp.policy"},
		"bad signature":      {answer(func(s *mint.TST) { s.Signer.EditSignature = mint.FlipBit(9) }), "timestamp.signature"},
		"refused":            {func(w http.ResponseWriter, _ mint.TSQ) { w.Write(mint.Rejected(2, "", 0)) }, "timestamp.refused"},
		"nothing":            {func(http.ResponseWriter, mint.TSQ) {}, "timestamp.malformed"},
		"error":              {func(w http.ResponseWriter, _ mint.TSQ) { w.WriteHeader(503) }, "timestamp.http"},
		"another type":       {func(w http.ResponseWriter, _ mint.TSQ) { w.Header().Set("Content-Type", "text/html") }, "timestamp.http"},
		"redirect":           {func(w http.ResponseWriter, _ mint.TSQ) { w.Header().Set("Location", "/"); w.WriteHeader(302) }, "timestamp.http"},
		"endless":            {func(w http.ResponseWriter, _ mint.TSQ) { w.Write(make([]byte, timestamp.MaxResponse+1)) }, "timestamp.too_large"},
		"ends in the middle": {func(w http.ResponseWriter, _ mint.TSQ) { w.Header().Set("Content-Length", "9"); w.Write([]byte("x")) }, "timestamp.unreachable"},
		"type with parameters": {func(w http.ResponseWriter, q mint.TSQ) {
			w.Header().Set("Content-Type", "application/timestamp-reply; x=y")
			answer(func(*mint.TST) {})(w, q)
		}, ""},
	} {
		c, err := timestamp.NewClient(timestamp.Config{URL: handler(t, r.f).URL, Digest: algo.Streebog256, Policy: []int{1, 2, 643, 2, 2, 38, 4}})
		if err != nil {
			t.Fatal(err)
		}
		token, err := c.Stamp(t.Context(), message)
		var p *timestamp.Problem
		got := ""
		if errors.As(err, &p) {
			got = p.Code
		}
		if got != r.want || (err == nil) != (token != nil) {
			t.Errorf("%s: got %v, want %q", name, err, r.want)
		}
		if err == nil && !token.Time.Equal(moment) {
			t.Errorf("%s: %v", name, token.Time)
		}
	}
}

// TestClientGivesUp waits no longer than it was told, and tells no address.
func TestClientGivesUp(t *testing.T) {
	stop := make(chan struct{})
	s := handler(t, func(http.ResponseWriter, mint.TSQ) { <-stop })
	defer close(stop)
	c, err := timestamp.NewClient(timestamp.Config{URL: s.URL + "/secret", Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Stamp(t.Context(), message); !errors.Is(err, &timestamp.Problem{Code: timestamp.CodeUnreachable}) ||
		!errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
	for _, u := range []string{"", "x", "ftp://x", "http://", "://"} {
		if _, err := timestamp.NewClient(timestamp.Config{URL: u}); err == nil {
			t.Errorf("%q is taken for an address", u)
		}
	}
}

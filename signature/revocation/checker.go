// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/singleflight"

	"zaver/signature/cert"
)

// Config is what NewChecker needs; zero fields take the defaults named.
type Config struct {
	// Transport carries the requests; nil is a transport of the checker's own.
	Transport http.RoundTripper
	// Now is the clock of the cache; nil is time.Now. The moment of judgement is an argument.
	Now func() time.Time
	// Timeout bounds one Check over all addresses; zero is 5 s. OCSP may use half of what is left
	// when a CRL can still be asked, and so on: no address starves those after it.
	Timeout time.Duration
	// MaxBytes bounds an answer; zero and anything above it is MaxAnswer.
	MaxBytes int64
	// MaxCache bounds how long an answer is kept, below its nextUpdate; zero is 10 min, negative
	// keeps nothing.
	MaxCache time.Duration
	// MaxEntries bounds the answers kept, MaxLists the CRLs kept; zero is 4096 and 64.
	MaxEntries, MaxLists int
	// Skew is by how much clocks may differ; zero is DefaultSkew.
	Skew time.Duration
}

// Checker asks the authorities that certificates name.
type Checker struct {
	cfg     Config
	client  *http.Client
	flights singleflight.Group // one Check for one certificate
	fetches singleflight.Group // one download of one CRL
	answers *cache[Result]
	lists   *cache[*crl]
}

// maxAddresses bounds how many OCSP addresses and how many CRL addresses of one certificate are
// asked.
const maxAddresses = 3

// maxRedirects bounds how often one request may be sent elsewhere.
const maxRedirects = 2

// NewChecker makes a checker.
func NewChecker(cfg Config) *Checker {
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns: 16, MaxIdleConnsPerHost: 2, MaxConnsPerHost: 16, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Timeout = orDefault(cfg.Timeout, 5*time.Second)
	cfg.MaxCache = orDefault(cfg.MaxCache, 10*time.Minute)
	cfg.Skew = orDefault(cfg.Skew, DefaultSkew)
	cfg.MaxEntries = orDefault(cfg.MaxEntries, 4096)
	cfg.MaxLists = orDefault(cfg.MaxLists, 64)
	if cfg.MaxBytes <= 0 || cfg.MaxBytes > MaxAnswer {
		cfg.MaxBytes = MaxAnswer
	}
	return &Checker{
		cfg: cfg,
		client: &http.Client{Transport: cfg.Transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errRedirects
			}
			return checkAddress(r.URL)
		}},
		answers: newCache[Result](cfg.MaxEntries), lists: newCache[*crl](cfg.MaxLists),
	}
}

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// CloseIdle closes connections that wait for the next request.
func (k *Checker) CloseIdle() { k.client.CloseIdleConnections() }

// Check answers the question. It always returns: a
// cancelled context or a silent server give Unknown. Equal questions at the same time share one
// answer, and the sharing goes on when one asker leaves.
func (k *Checker) Check(ctx context.Context, q Question) Result {
	c, issuer, at := q.Certificate, q.Issuer, q.At
	key := checkKey(c, issuer)
	if r, ok := k.answers.get(key, k.cfg.Now()); ok && fresh(r.ThisUpdate, r.NextUpdate, at, k.cfg.Skew) == nil {
		return r
	}
	// The flight outlives the asker who began it, or his leaving would fail the others.
	shared := context.WithoutCancel(ctx)
	minute := strconv.FormatInt(at.Unix()/60, 10) // other moments are other questions
	flight := k.flights.DoChan(key+minute, func() (any, error) {
		return k.ask(shared, key, c, issuer, at), nil
	})
	select {
	case r := <-flight:
		return r.Val.(Result) //nolint:forcetypeassert // ask returns nothing else
	case <-ctx.Done():
		return Result{Status: Unknown, Problems: []*Problem{{Code: CodeTimeout, Detail: "asker left", Cause: ctx.Err()}}}
	}
}

func checkKey(c, issuer *cert.Certificate) string {
	a, b := c.Fingerprint(), issuer.Fingerprint()
	return string(a[:]) + string(b[:])
}

// source is one address and what to do with it.
type source struct {
	kind Source
	url  string
}

// sources lists whom to ask: OCSP first, CRL second.
func sources(c *cert.Certificate) []source {
	var list []source
	for i, u := range c.OCSP {
		if i < maxAddresses {
			list = append(list, source{SourceOCSP, u})
		}
	}
	for i, u := range c.CRLs {
		if i < maxAddresses {
			list = append(list, source{SourceCRL, u})
		}
	}
	return list
}

// ask goes through the sources until one decides.
func (k *Checker) ask(ctx context.Context, key string, c, issuer *cert.Certificate, at time.Time) Result {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	result := Result{Status: Unknown}
	list := sources(c)
	if len(list) == 0 {
		result.Problems = []*Problem{{Code: CodeNoSource, Detail: "the certificate names no OCSP and no CRL address"}}
	}
	for i, s := range list {
		r, p := k.askOne(ctx, s, len(list)-i, c, issuer, at)
		if p != nil {
			p.Source, p.URL = s.kind, s.url
			result.Problems = append(result.Problems, p)
			continue
		}
		r.URL, r.Problems = s.url, result.Problems
		k.answers.put(key, r, k.cfg.Now(), k.until(r.NextUpdate))
		return r
	}
	return result
}

// until is when an answer leaves the cache.
func (k *Checker) until(next time.Time) time.Time {
	limit := k.cfg.Now().Add(k.cfg.MaxCache)
	if !next.IsZero() && next.Before(limit) {
		return next
	}
	return limit
}

// askOne gives one source an equal share of the time left.
func (k *Checker) askOne(ctx context.Context, s source, left int, c, issuer *cert.Certificate, at time.Time) (Result, *Problem) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	if s.kind == SourceCRL {
		return k.askCRL(ctx, s.url, c, issuer, at)
	}
	request, err := NewRequest(c, issuer)
	if err != nil {
		return Result{}, malformed("make an OCSP request", err)
	}
	der, p := k.fetch(ctx, s.url, request)
	if p != nil {
		return Result{}, p
	}
	return judgeOCSP(der, c, issuer, at, k.cfg.Skew)
}

// askCRL keeps opened CRLs by address and issuer, so that many certificates of one authority cost
// one download and one signature check.
func (k *Checker) askCRL(ctx context.Context, address string, c, issuer *cert.Certificate, at time.Time) (Result, *Problem) {
	sum := issuer.Fingerprint()
	key := string(sum[:]) + address
	if l, ok := k.lists.get(key, k.cfg.Now()); ok {
		if r, p := l.judge(c, at, k.cfg.Skew); p == nil {
			return r, nil
		}
	}
	flight := k.fetches.DoChan(key, func() (any, error) { return k.openList(ctx, key, address, issuer) })
	var r singleflight.Result
	select {
	case r = <-flight:
	case <-ctx.Done(): // joined a download that began later than this asker's share allows
		return Result{}, &Problem{Code: CodeTimeout, Detail: "wait for a download", Cause: ctx.Err()}
	}
	if r.Err != nil {
		var p *Problem
		if errors.As(r.Err, &p) {
			copied := *p // several askers may share it and each writes its own address
			return Result{}, &copied
		}
		return Result{}, malformed("open a CRL", r.Err)
	}
	return r.Val.(*crl).judge(c, at, k.cfg.Skew) //nolint:forcetypeassert // openList returns nothing else
}

// openList downloads a CRL, checks it and keeps it.
func (k *Checker) openList(ctx context.Context, key, address string, issuer *cert.Certificate) (*crl, error) {
	der, p := k.fetch(ctx, address, nil)
	if p != nil {
		return nil, p
	}
	l, p := openCRL(der, issuer)
	if p != nil {
		return nil, p
	}
	k.lists.put(key, l, k.cfg.Now(), k.until(l.next))
	return l, nil
}

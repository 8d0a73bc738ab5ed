// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"hash/maphash"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"zaver/signature/cert"
)

// NonceRule says whether OCSP requests carry a nonce (RFC 8954) and what becomes of answers without it.
// An answer with another nonce never counts.
type NonceRule int

// Rules for nonces.
const (
	// NonceNone sends none: freshness is thisUpdate and nextUpdate, as RFC 5019 has it.
	NonceNone NonceRule = iota
	// NonceTold sends one; an answer without it counts and is told as a Problem.
	NonceTold
	// NonceDemanded sends one; an answer without it decides nothing.
	NonceDemanded
)

// Config is what NewChecker needs; zero fields take the defaults named.
type Config struct {
	// Transport carries the requests; nil is a transport of the checker's own.
	Transport http.RoundTripper
	// Now is the clock of the cache; nil is time.Now. The moments of judgement are in the Question.
	Now func() time.Time
	// Timeout bounds one Check over all addresses; zero is 5 s. OCSP may use half of what is left
	// when a CRL can still be asked, and so on: no address starves those after it.
	Timeout time.Duration
	// MaxBytes bounds a CRL; zero and anything above it is MaxCRL. OCSP is bounded by MaxOCSP.
	MaxBytes int64
	// MaxCache bounds how long an answer is kept, below its nextUpdate; zero is 10 min, negative
	// keeps nothing.
	MaxCache time.Duration
	// MaxEntries bounds the answers kept, MaxLists the CRLs kept, MaxListBytes those in bytes; zero is
	// 4096, 64 and 256 MiB.
	MaxEntries, MaxLists int
	MaxListBytes         int64
	// Skew is by how much clocks may differ; zero is DefaultSkew, negative none.
	Skew time.Duration
	// MaxAge bounds the time from thisUpdate to the moment asked about; zero leaves it to nextUpdate.
	MaxAge time.Duration
	// Certificates are trusted in nothing; CRL signers and OCSP responders are looked for among them.
	Certificates []*cert.Certificate
	// Anchors are where the paths of CRL signers may end when a Question names no anchor.
	Anchors []*cert.Certificate
	// Responders is what becomes of answers by responders whose own state is not known.
	Responders ResponderRule
	// Nonce says whether requests carry a nonce.
	Nonce NonceRule
	// Legacy admits signatures by algorithms that are for old data only.
	Legacy bool
}

// Checker asks the authorities that certificates name.
type Checker struct {
	cfg     Config
	rules   *rules
	client  *http.Client
	seed    maphash.Seed
	flights singleflight.Group // one Check for one question
	fetches singleflight.Group // one download of one CRL
	answers *cache[decision]
	lists   *cache[*list]
}

// decision is what a question was decided by, to be judged again for the next one.
type decision struct {
	response *response
	url      string
	lists    []*list
	problems []*Problem // on the way to it
	told     []*Problem // about it, by the request
}

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
	cfg.MaxEntries = orDefault(cfg.MaxEntries, 4096)
	cfg.MaxLists = orDefault(cfg.MaxLists, 64)
	cfg.MaxListBytes = orDefault(cfg.MaxListBytes, 256<<20)
	if cfg.MaxBytes <= 0 || cfg.MaxBytes > MaxCRL {
		cfg.MaxBytes = MaxCRL
	}
	return &Checker{
		cfg: cfg,
		rules: &rules{
			skew: skewOr(cfg.Skew), maxAge: cfg.MaxAge, legacy: cfg.Legacy, rule: cfg.Responders,
			known: cfg.Certificates, anchors: cfg.Anchors,
		},
		client: &http.Client{Transport: cfg.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		seed:    maphash.MakeSeed(),
		answers: newCache[decision](cfg.MaxEntries, 0), lists: newCache[*list](cfg.MaxLists, cfg.MaxListBytes),
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

// Check answers the question. It always returns: a cancelled context or a silent server give
// Unknown. Equal questions at the same time share one answer, and the sharing goes on when one asker
// leaves.
func (k *Checker) Check(ctx context.Context, q Question) Result {
	if r, yes := incomplete(q); yes {
		return r
	}
	key := questionKey(q)
	d, kept := k.answers.get(key, k.cfg.Now())
	if kept {
		if r, ok := decide(ctx, d, newInquiry(k.rules, q, k.ask)); ok {
			return r
		}
	}
	// The flight outlives the asker who began it, or his leaving would fail the others.
	shared := context.WithoutCancel(ctx)
	flight := k.flights.DoChan(k.flightKey(key, q), func() (any, error) {
		ctx, cancel := context.WithTimeout(shared, k.cfg.Timeout)
		defer cancel()
		if !kept { // a flight may have ended since, and brought what is asked for
			if r, ok := k.again(ctx, key, newInquiry(k.rules, q, k.ask)); ok {
				return r, nil
			}
		}
		return k.ask(ctx, newInquiry(k.rules, q, k.ask), false), nil
	})
	select {
	case r := <-flight:
		return r.Val.(Result) //nolint:forcetypeassert // ask returns nothing else
	case <-ctx.Done():
		return Result{Status: Unknown, Problems: []*Problem{{Code: CodeTimeout, Detail: "asker left", Cause: ctx.Err()}}}
	}
}

// Kept answers a question by what decided it before, without a wait for others: false when that is not
// kept or decides no more. Only the state of whoever signed it may have to be asked for anew.
func (k *Checker) Kept(ctx context.Context, q Question) (Result, bool) {
	if _, yes := incomplete(q); yes {
		return Result{}, false
	}
	return k.again(ctx, questionKey(q), newInquiry(k.rules, q, k.ask))
}

func pairKey(c, issuer *cert.Certificate) string {
	a, b := c.Fingerprint(), issuer.Fingerprint()
	return string(a[:]) + string(b[:])
}

// questionKey is equal for questions that may share what decided them.
func questionKey(q Question) string {
	key := pairKey(q.Certificate, q.Issuer)
	if q.Anchor != nil {
		sum := q.Anchor.Fingerprint()
		key += string(sum[:])
	}
	return key
}

// flightKey is equal for questions that may share their whole answer: of one minute, with the same
// certificates at hand.
func (k *Checker) flightKey(key string, q Question) string {
	b := binary.BigEndian.AppendUint64([]byte(key), uint64(q.At.Unix()/60))
	b = binary.BigEndian.AppendUint64(b, uint64(clock(q).Unix()/60))
	for _, c := range q.Certificates {
		b = binary.BigEndian.AppendUint64(b, maphash.Bytes(k.seed, c.Raw))
	}
	if q.Directory != nil {
		b = binary.BigEndian.AppendUint64(b, maphash.Comparable(k.seed, q.Directory))
	}
	return string(b)
}

// again judges by what decided the question before, as long as that is kept.
func (k *Checker) again(ctx context.Context, key string, i *inquiry) (Result, bool) {
	d, ok := k.answers.get(key, k.cfg.Now())
	if !ok {
		return Result{}, false
	}
	return decide(ctx, d, i)
}

// decide judges by what decided the question before: false when it decides no more.
func decide(ctx context.Context, d decision, i *inquiry) (Result, bool) {
	var r Result
	if d.response != nil {
		var p *Problem
		if r, p = i.byResponse(ctx, d.response); p != nil {
			return Result{}, false
		}
		r.URL = d.url
	} else if r = i.byLists(ctx, d.lists); r.Status == Unknown {
		return Result{}, false
	}
	r.Problems = concat(d.problems, r.Problems)
	return r, true
}

func concat(lists ...[]*Problem) []*Problem {
	var out []*Problem
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// until is when an answer leaves the cache.
func (k *Checker) until(next time.Time) time.Time {
	limit := k.cfg.Now().Add(k.cfg.MaxCache)
	if !next.IsZero() && next.Before(limit) {
		return next
	}
	return limit
}

// newNonce is a fresh nonce when the configuration wants one.
func (k *Checker) newNonce() []byte {
	if k.cfg.Nonce == NonceNone {
		return nil
	}
	b := make([]byte, NonceSize)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return b
}

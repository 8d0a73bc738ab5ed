// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/singleflight"

	"zaver/signature/cert"
)

// maxAddresses bounds how many OCSP addresses and how many addresses of one distribution point are
// asked, maxDownloads the CRLs that one certificate names.
const (
	maxAddresses = 3
	maxDownloads = 8
)

// source is one address and what to do with it.
type source struct {
	kind  Source
	url   string
	point int // addresses of one distribution point hold the same CRL
}

// sources lists whom to ask: OCSP first, CRLs second.
func sources(c *cert.Certificate, onlyCRL bool) []source {
	var out []source
	for i, u := range c.OCSP {
		if !onlyCRL && i < maxAddresses {
			out = append(out, source{SourceOCSP, u, -1})
		}
	}
	lists := 0
	for n := range c.CRLPoints {
		for i, u := range addresses(c.CRLPoints[n]) {
			if i < maxAddresses && lists < maxDownloads {
				out = append(out, source{SourceCRL, u, n})
				lists++
			}
		}
	}
	return out
}

// addresses are the full names of a distribution point that are addresses.
func addresses(d cert.DistributionPoint) []string {
	var out []string
	for _, n := range d.FullName {
		if n.Tag == cert.URI {
			out = append(out, n.Text)
		}
	}
	return out
}

// ask goes through the sources until one decides. CRLs for some reasons each are put together.
func (k *Checker) ask(ctx context.Context, i *inquiry, onlyCRL bool) Result {
	if _, bounded := ctx.Deadline(); !bounded { // a question about the signer of a kept answer
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, k.cfg.Timeout)
		defer cancel()
	}
	key := questionKey(i.q)
	if i.depth > 0 && !onlyCRL { // the outermost question has looked already
		if r, ok := k.again(ctx, key, i); ok {
			return r
		}
	}
	var problems []*Problem
	list := sources(i.q.Certificate, onlyCRL)
	if len(list) == 0 {
		problems = append(problems, &Problem{Code: CodeNoSource, Detail: "the certificate names no OCSP and no CRL address"})
	}
	var d decision
	answered := map[int]bool{}
	for n, s := range list {
		if s.kind == SourceCRL && answered[s.point] {
			continue
		}
		r, p := k.askOne(ctx, i, s, len(list)-n, &d)
		if p != nil {
			p.Source, p.URL = s.kind, s.url
			problems = append(problems, p)
			continue
		}
		answered[s.point] = s.kind == SourceCRL
		problems = append(problems, d.told...)
		if r.Status == Unknown {
			if len(r.Problems) > 0 {
				problems = append(problems, r.Problems[0])
			}
			continue
		}
		d.problems = problems
		r.Problems = concat(problems, r.Problems)
		if !onlyCRL {
			k.answers.put(key, d, 0, k.cfg.Now(), k.until(r.NextUpdate))
		}
		return r
	}
	return Result{Status: Unknown, Problems: problems}
}

// askOne gives one source an equal share of the time left.
func (k *Checker) askOne(ctx context.Context, i *inquiry, s source, left int, d *decision) (Result, *Problem) {
	share := ctx
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		share, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	d.told = nil
	if s.kind == SourceCRL {
		return k.askCRL(ctx, share, i, s.url, d)
	}
	nonce := k.newNonce()
	request, err := NewRequest(i.q.Certificate, i.q.Issuer, nonce)
	if err != nil {
		return Result{}, malformed("make an OCSP request", err)
	}
	got, p := k.fetch(share, s.url, request, nil)
	if p != nil {
		return Result{}, p
	}
	response, p := readResponse(got.body)
	if p != nil {
		return Result{}, p
	}
	if p := k.checkNonce(response, nonce, d); p != nil {
		return Result{}, p
	}
	r, p := i.byResponse(ctx, response)
	if p != nil {
		return Result{}, p
	}
	r.URL, d.response, d.url = s.url, response, s.url
	for _, t := range d.told {
		t.Source, t.URL = s.kind, s.url
	}
	return r, nil
}

// checkNonce compares the nonce of an answer with the one sent.
func (k *Checker) checkNonce(r *response, nonce []byte, d *decision) *Problem {
	switch {
	case nonce == nil, bytes.Equal(r.nonce, nonce):
		return nil
	case r.nonce != nil:
		return &Problem{Code: CodeNonce, Detail: "the answer has another nonce than the request"}
	case k.cfg.Nonce == NonceDemanded:
		return &Problem{Code: CodeNoNonce, Detail: "the answer has no nonce"}
	}
	d.told = []*Problem{{Code: CodeNoNonce, Detail: "the answer has no nonce"}}
	return nil
}

// askCRL gets the CRL and its deltas and judges by all CRLs that were got so far.
func (k *Checker) askCRL(ctx, share context.Context, i *inquiry, address string, d *decision) (Result, *Problem) {
	l, p := k.download(share, address)
	if p != nil {
		return Result{}, p
	}
	if !slices.Contains(d.lists, l) {
		d.lists = append(d.lists, l)
	}
	for _, u := range freshest(i.q.Certificate, l) {
		delta, p := k.download(share, u)
		switch {
		case p != nil:
			p.Source, p.URL = SourceCRL, u
			d.told = append(d.told, p)
		case !slices.Contains(d.lists, delta):
			d.lists = append(d.lists, delta)
		}
	}
	return i.byLists(ctx, d.lists), nil
}

// freshest are the addresses of delta CRLs: named by the complete CRL, else by the certificate (RFC 5280
// sections 5.2.6 and 4.2.1.15).
func freshest(c *cert.Certificate, l *list) []string {
	var out []string
	for _, points := range [][]cert.DistributionPoint{l.freshest, c.FreshestCRL} {
		for n := range points {
			for _, u := range addresses(points[n]) {
				if len(out) < maxAddresses && !slices.Contains(out, u) {
					out = append(out, u)
				}
			}
		}
	}
	return out
}

// download keeps CRLs by address, so that many certificates of one authority cost one download, one
// signature check and one reading.
func (k *Checker) download(ctx context.Context, address string) (*list, *Problem) {
	if l, ok := k.lists.get(address, k.cfg.Now()); ok {
		return l, nil
	}
	flight := k.fetches.DoChan(address, func() (any, error) { return k.fetchList(ctx, address) })
	var r singleflight.Result
	select {
	case r = <-flight:
	case <-ctx.Done(): // joined a download that began later than this asker's share allows
		return nil, &Problem{Code: CodeTimeout, Detail: "wait for a download", Cause: ctx.Err()}
	}
	if r.Err != nil {
		var p *Problem
		if errors.As(r.Err, &p) {
			copied := *p // several askers may share it and each writes its own address
			return nil, &copied
		}
		return nil, malformed("open a CRL", r.Err)
	}
	return r.Val.(*list), nil //nolint:forcetypeassert // fetchList returns nothing else
}

// fetchList downloads a CRL and keeps it; a server that says that nothing has changed is believed, since
// the kept one is judged by its own times all the same.
func (k *Checker) fetchList(ctx context.Context, address string) (*list, error) {
	if l, ok := k.lists.get(address, k.cfg.Now()); ok { // another flight may have ended since the look before
		return l, nil
	}
	old, _ := k.lists.ended(address)
	got, p := k.fetch(ctx, address, nil, old)
	if p != nil {
		return nil, p
	}
	l := old
	if !got.unchanged {
		if l, p = readList(got.body); p != nil {
			return nil, p
		}
		l.url, l.etag, l.modified = address, got.etag, got.modified
	}
	size := int64(len(l.raw) + len(l.entries)/4)
	k.lists.put(address, l, size, k.cfg.Now(), k.until(l.next))
	return l, nil
}

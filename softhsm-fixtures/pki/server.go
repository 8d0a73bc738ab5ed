// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// serve starts answering; Close ends it.
func (p *PKI) serve() {
	p.server = &http.Server{Handler: http.HandlerFunc(p.handle), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(p.done)
		_ = p.server.Serve(p.listener) // always ends with ErrServerClosed after Close
	}()
}

// handle routes by hand: a base64 request in the path may hold "//", which http.ServeMux rewrites.
func (p *PKI) handle(w http.ResponseWriter, r *http.Request) {
	p.answering.RLock()
	defer p.answering.RUnlock()
	if p.closed {
		panic(http.ErrAbortHandler) // read before Close, and come to here after it
	}
	parts := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/", 3)
	if len(parts) < 2 {
		http.NotFound(w, r)
		return
	}
	service := Service(parts[0])
	suffix := map[Service]string{CRL: ".crl", CAIssuer: ".cer"}[service]
	a := p.Authority(strings.TrimSuffix(parts[1], suffix))
	if a == nil || !strings.HasSuffix(parts[1], suffix) {
		http.NotFound(w, r)
		return
	}
	f := a.fault(service)
	if misbehave(w, r, f) {
		return
	}
	switch service {
	case OCSP:
		a.serveOCSP(w, r, parts[2:], f.kind)
	case TSA:
		a.serveTSA(w, r, f.kind)
	case CRL:
		der, err := a.MakeCRL(f.kind)
		answer(w, "application/pkix-crl", der, err)
	case CAIssuer:
		answer(w, "application/pkix-cert", a.party.DER, nil)
	default:
		http.NotFound(w, r)
	}
}

// misbehave plays the faults that are the same for every service.
func misbehave(w http.ResponseWriter, r *http.Request, f *fault) bool {
	switch f.kind {
	case Fail:
		http.Error(w, "made to fail", http.StatusInternalServerError)
	case Stall:
		// The body is read first: without that the server does not notice a client that leaves.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
		select {
		case <-r.Context().Done():
		case <-f.cleared:
		}
		return true
	case Die:
		panic(http.ErrAbortHandler)
	case Garbage:
		_, _ = w.Write([]byte("0\x82\xff\xffthis is no answer"))
	case Endless:
		chunk := bytes.Repeat([]byte{0x30}, 64<<10)
		for range 1024 {
			if _, err := w.Write(chunk); err != nil {
				return true
			}
		}
	case Redirect:
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
	default:
		return false
	}
	return true
}

func (a *Authority) serveOCSP(w http.ResponseWriter, r *http.Request, rest []string, f Fault) {
	var request []byte
	var err error
	switch {
	case r.Method == http.MethodPost:
		request, err = io.ReadAll(io.LimitReader(r.Body, 64<<10))
	case r.Method == http.MethodGet && len(rest) == 1:
		var text string
		if text, err = url.PathUnescape(rest[0]); err == nil {
			request, err = base64.StdEncoding.DecodeString(text)
		}
	default:
		http.Error(w, "POST a request, or GET one in the path", http.StatusMethodNotAllowed)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	der, err := a.MakeOCSP(request, f)
	answer(w, "application/ocsp-response", der, err)
}

func (a *Authority) serveTSA(w http.ResponseWriter, r *http.Request, f Fault) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query" {
		http.Error(w, "POST an application/timestamp-query", http.StatusMethodNotAllowed) // RFC 3161 section 3.4
		return
	}
	request, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	der, err := a.MakeStamp(request, f)
	answer(w, "application/timestamp-reply", der, err)
}

func answer(w http.ResponseWriter, kind string, der []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(der) // a client that left needs no answer
}

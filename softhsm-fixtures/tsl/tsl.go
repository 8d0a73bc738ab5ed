// SPDX-License-Identifier: Apache-2.0

// Package tsl alone owns the emulated list of accredited centres: the document
// as the ministry publishes it, its signature, and the server that people
// download it from. It can be told to fail, to lie, to stall and to die.
//
// A Server may be used by many goroutines. It listens on loopback only.
package tsl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"zaver/signature/xmldsig"
)

// Path is where the list lies, as on the ministry's server.
const Path = "/CA/DownloadTSL"

// Fault is what goes wrong with answers.
type Fault string

// The faults.
const (
	None         Fault = ""
	Fails        Fault = "fails"         // status 500
	Stalls       Fault = "stalls"        // no answer
	StallsInside Fault = "stalls_inside" // half of the list, then nothing
	Dies         Fault = "dies"          // the connection ends in the middle
	BadSignature Fault = "bad_signature" // one digit of the content changed after signing
	NoSignature  Fault = "no_signature"  // the list without its signature
	OtherSigner  Fault = "other_signer"  // signed by Config.Rogue
	Garbage      Fault = "garbage"       // a page of a proxy, with status 200
	Endless      Fault = "endless"       // a list that never ends
	Truncated    Fault = "truncated"     // the first half, as if it were all
	Redirects    Fault = "redirects"     // to a place without TLS on another host
)

// Config of a Server.
type Config struct {
	// Signer signs lists; Rogue signs under OtherSigner.
	Signer, Rogue xmldsig.Key
	// Address is host:port; empty takes a free port on 127.0.0.1.
	Address string
}

// Server publishes a list over HTTP.
type Server struct {
	c       Config
	server  *http.Server
	base    string
	stopped chan struct{}

	mu       sync.Mutex // guards what follows
	list     List
	signed   []byte
	fault    Fault
	requests int
}

// Start begins to serve; there is nothing to download before Publish.
func Start(ctx context.Context, c Config) (*Server, error) {
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Address)
	if err != nil {
		return nil, fmt.Errorf("serve list of centres: %w", err)
	}
	s := &Server{c: c, base: "http://" + listener.Addr().String(), stopped: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, s.answer)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // ends with Close
	return s, nil
}

// URL is the address of the list.
func (s *Server) URL() string { return s.base + Path + "?schemaVersion=0" }

// Close ends the server and all connections.
func (s *Server) Close() error {
	s.mu.Lock()
	select {
	case <-s.stopped:
	default:
		close(s.stopped)
	}
	s.mu.Unlock()
	if err := s.server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("stop list of centres: %w", err)
	}
	return nil
}

// Publish signs the list and serves it from now on.
func (s *Server) Publish(l List) error {
	signed, err := l.Sign(s.c.Signer)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.signed = l, signed
	return nil
}

// List is what is published.
func (s *Server) List() List {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// Document is the signed list.
func (s *Server) Document() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signed
}

// SetFault makes the next answers wrong, None right again.
func (s *Server) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests counts the downloads that were asked for.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	doc, fault, list := s.signed, s.fault, s.list
	s.mu.Unlock()
	if len(doc) == 0 {
		http.NotFound(w, r)
		return
	}
	s.lie(w, r, fault, doc, list)
}

// lie writes the answer with its fault.
func (s *Server) lie(w http.ResponseWriter, r *http.Request, fault Fault, doc []byte, list List) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Disposition", `attachment; filename="TSLExt.1.0.xml"`)
	switch fault {
	case Fails:
		http.Error(w, "out of order", http.StatusInternalServerError)
	case Stalls:
		s.wait(r)
	case StallsInside:
		s.part(w, doc, len(doc))
		s.wait(r)
	case Dies:
		s.part(w, doc, len(doc))
		panic(http.ErrAbortHandler)
	case Truncated:
		s.part(w, doc, 0)
	case BadSignature:
		_, _ = w.Write(tamper(doc, list))
	case NoSignature:
		_, _ = w.Write(list.XML())
	case OtherSigner:
		forged, err := list.Sign(s.c.Rogue)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(forged)
	case Garbage:
		_, _ = w.Write([]byte("<!DOCTYPE html><html><body>Please sign in to the network</body></html>"))
	case Endless:
		s.endless(w, r)
	case Redirects:
		http.Redirect(w, r, "http://list.example/TSLExt.1.0.xml", http.StatusFound)
	default:
		w.Header().Set("Content-Length", strconv.Itoa(len(doc)))
		_, _ = w.Write(doc)
	}
}

// part writes half of the list; length is what the header promises, 0 for nothing.
func (s *Server) part(w http.ResponseWriter, doc []byte, length int) {
	if length > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	_, _ = w.Write(doc[:len(doc)/2])
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// wait does nothing until the client or the server gives up.
func (s *Server) wait(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.stopped:
	}
}

func (s *Server) endless(w http.ResponseWriter, r *http.Request) {
	line := make([]byte, 64<<10)
	for i := range line {
		line[i] = ' '
	}
	_, err := w.Write([]byte("<" + rootOpen + ">"))
	for err == nil && r.Context().Err() == nil {
		select {
		case <-s.stopped:
			return
		default:
		}
		_, err = w.Write(line)
	}
}

// tamper changes the version as written, after signing.
func tamper(doc []byte, l List) []byte {
	old := "<Версия>" + strconv.FormatInt(l.Version, 10) + "<"
	return replaceOnce(doc, old, "<Версия>"+strconv.FormatInt(l.Version+1, 10)+"<")
}

// SPDX-License-Identifier: Apache-2.0

package trustlist

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"zaver/signature/trust"
)

// Outcome is what an import brought.
type Outcome struct {
	// New says that another list is in force now.
	New bool
	// List names the list in force after it.
	List     trust.ListRef
	SetID    string
	Findings []trust.Finding
}

// CodeOf is the code of an error of Import and Refresh.
func CodeOf(err error) string {
	var refused *trust.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused):
		return refused.Code
	case errors.Is(err, ErrUnreachable):
		return CodeUnreachable
	}
	return CodeInternal
}

// Refresh downloads the list and imports it. How it ended is kept; a failure changes nothing else.
func (s *Service) Refresh(ctx context.Context) (Outcome, error) {
	out, err := s.refresh(ctx)
	// A try that was ended by the time allowed for it is to be noted too.
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if noted := s.c.Store.Tried(note, s.c.Now(), CodeOf(err)); noted != nil {
		err = errors.Join(err, fmt.Errorf("note refresh of trust list: %w", noted))
	}
	return out, err
}

func (s *Service) refresh(ctx context.Context) (Outcome, error) {
	document, err := s.download(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return s.Import(ctx, document, s.c.URL)
}

// Import checks a list and puts it in force. The error wraps *trust.Error when the list is refused;
// the one in force then stays. The list in force itself is no error and brings nothing new.
func (s *Service) Import(ctx context.Context, document []byte, source string) (Outcome, error) {
	out, won, err := s.accept(ctx, document, source)
	if err != nil {
		return Outcome{}, fmt.Errorf("import trust list: %w", err)
	}
	if !won { // it is in force already, or another process was faster: follow it
		if err := s.Load(ctx); err != nil {
			return Outcome{}, err
		}
		ref, _ := s.Set().List()
		return Outcome{List: ref, SetID: s.Set().ID()}, nil
	}
	s.c.Log.InfoContext(ctx, "new list of accredited centres in force", "version", out.List.Version, "published", out.List.Date,
		"centres", out.List.Centres, "findings", len(out.Findings), "set", out.SetID)
	return out, nil
}

// accept does the work of Import under the lock of changes.
func (s *Service) accept(ctx context.Context, document []byte, source string) (Outcome, bool, error) {
	s.one.Lock()
	defer s.one.Unlock()
	before, ok, err := s.c.Store.InForce(ctx)
	if err != nil {
		return Outcome{}, false, err
	}
	now := s.c.Now()
	a := Accepted{Raw: sha256.Sum256(document), Source: source, At: now}
	if ok && a.Raw == before.Raw {
		return Outcome{}, false, nil
	}
	o := trust.ListOptions{Set: s.c.Base, At: now, Signers: s.c.Signers}
	if ok {
		o.Previous = &before.ListRef
	}
	l, err := trust.OpenList(document, o)
	if err != nil {
		return Outcome{}, false, err
	}
	if ok && l.Version == before.Version { // the same content, signed once more
		return Outcome{}, false, nil
	}
	set, err := s.c.Base.With(l)
	if err != nil {
		return Outcome{}, false, err
	}
	kept := Kept{ID: set.ID(), Base: s.c.Base.ID(), List: l.Version}
	if kept.Content, err = set.Marshal(); err != nil {
		return Outcome{}, false, err
	}
	a.ListRef, a.Signer, a.Findings = l.ListRef, l.Signer.Fingerprint(), l.Findings
	won, err := s.c.Store.Accept(ctx, a, document, kept)
	if err != nil || !won {
		return Outcome{}, false, err
	}
	s.current.Store(set)
	s.kept = set.ID()
	return Outcome{New: true, List: l.ListRef, SetID: set.ID(), Findings: l.Findings}, true, nil
}

// maxRedirects bounds how often a download is sent elsewhere.
const maxRedirects = 5

func (s *Service) newClient() *http.Client {
	return &http.Client{Transport: s.c.Transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return errors.New("too many redirects")
		}
		return allowed(r.URL)
	}}
}

func checkURL(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("address of the trust list: %q is no web address", address)
	}
	return allowed(u)
}

// allowed lets only TLS through, except to this machine. The list is signed; TLS keeps others from
// seeing who asks and from holding back a new version unseen.
func allowed(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return nil
	}
	return errors.New("address of the trust list: https is needed")
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost"
}

// download fetches the list; every failure wraps ErrUnreachable.
func (s *Service) download(ctx context.Context) ([]byte, error) {
	if s.c.URL == "" {
		return nil, fmt.Errorf("%w: no address is configured", ErrUnreachable)
	}
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.c.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	request.Header.Set("Accept", "application/xml, text/xml, application/octet-stream")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: HTTP status %d", ErrUnreachable, response.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, trust.MaxListBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if len(document) > trust.MaxListBytes {
		return nil, &trust.Error{Code: trust.CodeListTooLarge, Detail: "the document does not end"}
	}
	return document, nil
}

// Retry is the wait after failed run number n (from 1) of a refresh: from one minute to one hour.
func Retry(n int) time.Duration { return min(time.Minute<<min(max(n-1, 0), 6), time.Hour) }

// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"zaver/signature/cert"
)

// maxAddresses bounds the addresses of all certificates together.
const maxAddresses = 8

// revocation asks the services that the usable certificates name, as soon as the devices were looked at.
func (u *checkup) revocation(ctx context.Context, devices <-chan struct{}) {
	select {
	case <-devices:
	case <-ctx.Done():
		u.skip(AreaRevocation)
		return
	}
	var ocsp, crls []string
	bare := false
	for {
		var c *cert.Certificate
		select {
		case c = <-u.certificates:
		default:
		}
		if c == nil {
			break
		}
		ocsp, crls = append(ocsp, c.OCSP...), append(crls, c.CRLs...)
		bare = bare || len(c.OCSP)+len(c.CRLs) == 0
	}
	if bare {
		u.add(Warning, CodeNoAddresses, "")
	}
	if len(ocsp)+len(crls) == 0 {
		u.skip(AreaRevocation)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, issuerLimit)
	defer cancel()
	var asking sync.WaitGroup
	ask := func(list []string, code string, reached func(context.Context, string) error) {
		slices.Sort(list)
		list = slices.Compact(list)
		for _, address := range list[:min(len(list), maxAddresses)] {
			asking.Go(func() {
				if err := reached(ctx, address); err != nil {
					u.add(Warning, code, address+": "+err.Error())
				}
			})
		}
	}
	ask(ocsp, CodeOCSPUnreachable, u.reachOCSP)
	ask(crls, CodeCRLUnreachable, u.reachCRL)
	asking.Wait()
	u.well(AreaRevocation, "")
}

type unreachable string

func (e unreachable) Error() string { return string(e) }

// reachOCSP takes any answer but a server's failure: a responder need not like a request without a body.
func (u *checkup) reachOCSP(ctx context.Context, address string) error {
	resp, err := u.get(ctx, http.MethodGet, address)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= http.StatusInternalServerError {
		return unreachable(resp.Status)
	}
	return nil
}

// reachCRL wants the list itself: its beginning is enough.
func (u *checkup) reachCRL(ctx context.Context, address string) error {
	resp, err := u.get(ctx, http.MethodGet, address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return unreachable(resp.Status)
	}
	var head [listHead]byte
	if _, err := io.ReadFull(resp.Body, head[:]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !beginsList(head[:]) {
		return unreachable("what came is no list of revoked certificates")
	}
	return nil
}

const listHead = 16 // bytes that tell a list from a page that asks to sign in

// beginsList reports whether bytes begin a CertificateList (RFC 5280 section 5.1), two SEQUENCEs one in the other, or one in PEM.
func beginsList(b []byte) bool {
	if bytes.HasPrefix(b, []byte("-----BEGIN X509")) {
		return true
	}
	if len(b) < 8 || b[0] != 0x30 {
		return false
	}
	at := 2 // behind a length of one byte
	if b[1] > 0x80 {
		at += int(b[1] & 0x7f)
	}
	return at < len(b) && b[at] == 0x30
}

// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
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

// reachCRL wants the list itself: its first byte is enough.
func (u *checkup) reachCRL(ctx context.Context, address string) error {
	resp, err := u.get(ctx, http.MethodGet, address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return unreachable(resp.Status)
	}
	var first [1]byte
	if _, err := io.ReadFull(resp.Body, first[:]); err != nil {
		return err
	}
	// A SEQUENCE in DER, or an armoured list; a page that asks to sign in begins otherwise.
	if first[0] != 0x30 && !strings.HasPrefix(string(first[:]), "-") {
		return unreachable("what came is no list of revoked certificates")
	}
	return nil
}

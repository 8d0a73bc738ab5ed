// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"testing"

	"zaver/signature/cert"
)

func TestRootsStayAtHome(t *testing.T) {
	centre := &cert.Certificate{RawIssuer: []byte("root"), RawSubject: []byte("centre")}
	root := &cert.Certificate{RawIssuer: []byte("root"), RawSubject: []byte("root")}
	chain := []*cert.Certificate{root, centre}
	if got := issuers(chain); len(got) != 1 || got[0] != centre || chain[0] != root {
		t.Errorf("sends %v, and leaves %v", got, chain)
	}
}

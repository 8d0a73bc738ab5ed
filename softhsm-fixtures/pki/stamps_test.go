// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"bytes"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zaver/signature/gost"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// stampOver asks an authority for a timestamp over HTTP.
func stampOver(t *testing.T, a *pki.Authority, query []byte) ([]byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.TSAURL(), bytes.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// TestStamps has OpenSSL check a timestamp of every kind of authority, and see each lie as one (RFC 3161 section 2.4.2).
func TestStamps(t *testing.T) {
	peer := gostpeer.New(t)
	p := start(t, pki.Config{})
	for name, digest := range map[string]string{pki.CA: "sha256", pki.GOSTCA: "md_gost12_256"} {
		a := p.Authority(name)
		v := gostpeer.Verifying{Anchors: [][]byte{p.Authority(pki.Root).DER(), p.Authority(pki.GOSTRoot).DER()}, Untrusted: [][]byte{a.DER()}}
		query := peer.Query([]byte("signature"), digest)
		for fault, want := range map[pki.Fault]string{
			pki.None:         "",
			pki.WrongImprint: "mismatch",
			pki.WrongNonce:   "nonce mismatch",
			pki.WrongSigner:  "certificate verify error",
			pki.NoRight:      "certificate verify error",
			pki.Refused:      "timeNotAvailable",
			pki.Garbage:      "Verification: FAILED",
			pki.Fail:         "Verification: FAILED",
			pki.Stale:        "", // OpenSSL does not hold the time against the clock
			pki.Early:        "",
		} {
			t.Run(name+"-"+string(fault), func(t *testing.T) {
				a.SetFault(pki.TSA, fault)
				defer a.ClearFaults()
				response, err := stampOver(t, a, query)
				if err != nil {
					t.Fatal(err)
				}
				err = peer.VerifyStamp(response, query, v)
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("openssl ts says %v", err)
				}
			})
		}
		a.SetFault(pki.TSA, pki.Die)
		if _, err := stampOver(t, a, query); err == nil {
			t.Error("an answer from a service that dies")
		}
		a.ClearFaults()
		bad, err := stampOver(t, a, []byte("no request"))
		if err != nil || !bytes.Equal(bad, mint.Rejected(2, "not a request", 5)) {
			t.Errorf("garbage in, %x %v out", bad, err)
		}
	}
}

// TestCloseWaits closes while the timestamp service is being made for somebody who has left: what is kept of it
// is kept when Close returns.
func TestCloseWaits(t *testing.T) {
	dir := t.TempDir()
	reached, release := make(chan struct{}), make(chan struct{})
	var hold atomic.Bool
	p, err := pki.Start(pki.Config{Dir: dir, Now: func() time.Time {
		if hold.CompareAndSwap(true, false) {
			close(reached)
			<-release
		}
		return time.Now()
	}})
	if err != nil {
		t.Fatal(err)
	}
	hold.Store(true)
	query := mint.TSQ{Imprint: asn.Seq(mint.SHA256.Algorithm(), asn.Octets(mint.SHA256.Sum(nil)))}.DER()
	asked, closed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := stampOver(t, p.Authority(pki.CA), query)
		asked <- err
	}()
	<-reached
	go func() { closed <- p.Close() }()
	if err := <-asked; err == nil {
		t.Error("an answer from a server that was closed")
	}
	close(release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ca.tsa.pem")); err != nil {
		t.Errorf("closed before the answer was made: %v", err)
	}
}

// TestGOSTByDefault issues for GOST keys of any origin by GOSTCA, and for the others by CA.
func TestGOSTByDefault(t *testing.T) {
	p := start(t, pki.Config{})
	peer := gostpeer.New(t)
	key := mint.NewKey(mint.GOST512A)
	card := mint.NewKey(mint.GOST256TCA)
	point, err := gost.ParsePublicKey(mint.GOST256TCA.ParamSet(), card.SPKI[len(card.SPKI)-64:])
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		order pki.Order
		want  string
	}{
		{pki.Order{Keys: pki.GOST256}, pki.GOSTCA},
		{pki.Order{Keys: pki.GOST512, Variant: pki.Revoked}, pki.GOSTCA},
		{pki.Order{PublicKey: key.Public()}, pki.GOSTCA},
		{pki.Order{PublicKey: point}, pki.GOSTCA},
		{pki.Order{Keys: pki.GOST256, Authority: pki.UEC}, pki.UEC},
		{pki.Order{Keys: pki.GOST256, Variant: pki.NotAccredited}, pki.RogueCA},
		{pki.Order{}, pki.CA},
	} {
		tt.order.Person = people.TokenHolder()
		id, _ := makeIdentity(t, p, tt.order)
		if id.Authority != tt.want {
			t.Errorf("%+v: issued by %s", tt.order, id.Authority)
		}
		anchor := id.Chain[len(id.Chain)-1]
		if err := peer.VerifyCertificate(id.DER, gostpeer.Verifying{Anchors: [][]byte{anchor}, Untrusted: id.Chain}); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.Issue(pki.Template{PublicKey: "no key"}); err == nil {
		t.Error("issued for something that is no key")
	}
}

// TestKeepsGOST starts again from a folder: GOST keys and the timestamp service stay, and a folder
// of before, without them, gets them.
func TestKeepsGOST(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	first, err := pki.Start(pki.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	root, classic := first.Authority(pki.GOSTRoot).DER(), first.Authority(pki.Root).DER()
	stamper, err := first.Authority(pki.GOSTCA).StamperDER()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := pki.Start(pki.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	again, err := second.Authority(pki.GOSTCA).StamperDER()
	if err != nil || !bytes.Equal(again, stamper) || !bytes.Equal(second.Authority(pki.GOSTRoot).DER(), root) {
		t.Errorf("something was made again: %v", err)
	}
	id, _ := makeIdentity(t, second, pki.Order{Person: people.TokenHolder(), Keys: pki.GOST256})
	if err := gostpeer.New(t).VerifyCertificate(id.DER, gostpeer.Verifying{Anchors: [][]byte{root}, Untrusted: id.Chain}); err != nil {
		t.Error(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	forget(t, filepath.Join(dir, "state.json"), pki.GOSTRoot, pki.GOSTCA)
	third := start(t, pki.Config{Dir: dir})
	if !bytes.Equal(third.Authority(pki.Root).DER(), classic) || bytes.Equal(third.Authority(pki.GOSTRoot).DER(), root) {
		t.Error("the old authorities were made again, or the missing ones were not")
	}
}

// forget takes authorities out of the state, as a folder of before has none.
func forget(t *testing.T, path string, names ...string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b = bytes.Replace(b, []byte(`"`+n+`": {`), []byte(`"was-`+n+`": {`), 1)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestImpersonal reads the name of a certificate for an information system: an organisation, and nobody.
func TestImpersonal(t *testing.T) {
	p := start(t, pki.Config{})
	key, err := pki.NewKey(pki.GOST256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := p.Issue(pki.Template{Subject: pki.ImpersonalSubject(people.Head()), PublicKey: key.Public(), KeyFrom: parse(t, p.Authority(pki.CA).DER()).NotBefore,
		ExtKeyUsage: []x509.ExtKeyUsage{}})
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, der)
	for _, a := range nameOf(t, c.RawSubject) {
		switch a.OID {
		case "2.5.4.4", "2.5.4.42", "1.2.643.100.3", "1.2.643.3.131.1.1":
			t.Errorf("attribute %s names a person", a.OID)
		}
	}
	for _, e := range c.Extensions {
		if e.Id.String() == "2.5.29.37" {
			t.Error("an extended key usage that was not asked for")
		}
		if e.Id.String() == "2.5.29.16" {
			return
		}
	}
	t.Error("no private key usage period")
}

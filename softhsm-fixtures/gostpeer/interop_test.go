// SPDX-License-Identifier: Apache-2.0

package gostpeer_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/cms"
	"zaver/signature/timestamp"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
)

func read(t *testing.T, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readAll(t *testing.T, list ...[]byte) (out []*cert.Certificate) {
	t.Helper()
	for _, der := range list {
		out = append(out, read(t, der))
	}
	return out
}

// world is a root, a centre and holders, all made by OpenSSL under one kind of key.
type world struct {
	*gostpeer.Peer
	root, ca                *gostpeer.Authority
	leaf, bad, tsa, answers *gostpeer.Holder
}

func newWorld(t *testing.T, kind string) *world {
	t.Helper()
	p := gostpeer.New(t)
	w := &world{Peer: p, root: p.Root(kind, "Корень")}
	w.ca = w.root.Authority(kind, "УЦ")
	w.leaf, w.bad = w.ca.Issue(kind, "", gostpeer.Signer), w.ca.Issue(kind, "Отозван", gostpeer.Signer)
	w.tsa, w.answers = w.ca.Issue(kind, "TSA", gostpeer.Stamper), w.ca.Issue(kind, "OCSP", gostpeer.Responder)
	w.ca.Revoke(w.bad, time.Now().Add(-time.Hour), "keyCompromise")
	return w
}

// gostNames are the parameter sets of R 34.10-2012 as mint and gostpeer name them.
func gostNames() (out []string) {
	for _, k := range mint.GOSTKinds() {
		out = append(out, string(k))
	}
	return out
}

// TestTheirs checks with our packages what OpenSSL made: paths, signatures in every form, timestamps.
func TestTheirs(t *testing.T) {
	for _, kind := range gostNames() {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t, kind)
			now := time.Now()
			ca, root := read(t, w.ca.DER), read(t, w.root.DER)
			for _, h := range []*gostpeer.Holder{w.leaf, w.bad, w.tsa, w.answers} {
				if path, err := chain.Build(read(t, h.DER), []*cert.Certificate{ca}, []*cert.Certificate{root}, now, chain.Options{}); err != nil || len(path) != 3 {
					t.Errorf("path of %d: %v", h.Serial, err)
				}
			}
			theirSignatures(t, w)
			theirTimestamps(t, w, kind)
		})
	}
}

func theirSignatures(t *testing.T, w *world) {
	t.Helper()
	content := []byte("Документ\n")
	for name, c := range map[string]gostpeer.CMS{
		"attached": {Content: content}, "detached": {Content: content, Detached: true}, "two": {Content: content, Second: w.bad},
		"by key": {Content: content, ByKey: true}, "no attributes": {Content: content, NoAttributes: true},
	} {
		der := w.leaf.SignCMS(c)
		o := cms.Options{}
		if c.Detached {
			o.Content = content
		}
		signed, err := cms.Open(der, o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if problems := signed.Check(); len(problems) > 0 || !bytes.Equal(signed.Content, content) {
			t.Errorf("%s: %v", name, problems)
		}
		if n := len(signed.Signers); n != 1 && name != "two" || n != 2 && name == "two" {
			t.Errorf("%s: %d signers", name, len(signed.Signers))
		}
		if name == "attached" {
			if strict, err := cms.Parse(der); err != nil || len(strict.Check()) > 0 {
				t.Errorf("as a confirmation: %v", err)
			}
		}
		flipped := bytes.Clone(der)
		flipped[bytes.LastIndex(flipped, signed.Signers[len(signed.Signers)-1].Signature)+3] ^= 1
		if again, err := cms.Open(flipped, o); err == nil && len(again.Check()) == 0 {
			t.Errorf("%s: holds with a bit turned", name)
		}
	}
}

func theirTimestamps(t *testing.T, w *world, kind string) {
	t.Helper()
	message := []byte("signature")
	query := w.Query(message, gostpeer.Digest(kind))
	request, err := timestamp.ParseRequest(query)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := timestamp.ParseResponse(w.tsa.Stamp(query))
	if err != nil || answer.Token == nil {
		t.Fatalf("their answer: %v", err)
	}
	if problems := answer.Token.Check(timestamp.Question{Message: message, Nonce: request.Nonce}); len(problems) > 0 {
		t.Errorf("their token: %v", problems)
	}
	if problems := answer.Token.Check(timestamp.Question{Message: []byte("another")}); len(problems) == 0 {
		t.Error("their token covers anything")
	}
	der, err := timestamp.Request{Imprint: request.Imprint, Nonce: request.Nonce, Certificates: true}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.VerifyStamp(w.tsa.Stamp(der), der, gostpeer.Verifying{Anchors: [][]byte{w.root.DER}, Untrusted: [][]byte{w.ca.DER}}); err != nil {
		t.Errorf("their answer to our request: %v", err)
	}
}

// keyOf lets a key of mint sign for package cms.
type keyOf struct{ *mint.Party }

func (k keyOf) SignDigest(_ context.Context, _ algo.Algorithm, digest []byte) ([]byte, error) {
	return k.Key.Sign(nil, digest, nil)
}

// TestOurs has OpenSSL check the signatures of package cms in every form: detached, attached, with a
// timestamp, with certificates and revocation values.
func TestOurs(t *testing.T) {
	content := []byte("Документ\n")
	for _, kind := range append(mint.GOSTKinds(), mint.RSA2048, mint.P256, mint.P384) {
		t.Run(string(kind), func(t *testing.T) {
			p := gostpeer.New(t)
			root := mint.Root("Корень", kind)
			ca := mint.CA("УЦ", kind, root)
			leaf := mint.Leaf("Лист", kind, ca)
			v := gostpeer.Verifying{Anchors: [][]byte{root.DER}, CheckAll: true, CRLs: [][]byte{mint.CRL{}.Sign(root), mint.CRL{}.Sign(ca)}}
			request := cms.Request{
				Content: content, Certificate: read(t, leaf.DER), Chain: readAll(t, ca.DER), SigningTime: time.Now(), Signer: keyOf{leaf},
			}
			attached, err := cms.Sign(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			request.Detached = true
			detached, err := cms.Sign(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			signed, err := cms.Open(detached, cms.Options{Content: content})
			if err != nil {
				t.Fatal(err)
			}
			stamper := p.Root(string(mint.GOST256A), "Корень TSA").Issue(string(mint.GOST256A), "TSA", gostpeer.Stamper)
			token := p.Token(stamper.Stamp(p.Query(signed.Signer.Signature, "md_gost12_256")))
			stamped, err := cms.WithTimestamp(detached, token)
			if err != nil {
				t.Fatal(err)
			}
			answer := mint.OCSP{Answers: []mint.Answer{mint.About(leaf, ca, mint.StatusGood)}}.Sign(ca)
			long, err := cms.WithValues(stamped, readAll(t, root.DER), [][]byte{mint.CRL{}.Sign(ca)}, [][]byte{answer})
			if err != nil {
				t.Fatal(err)
			}
			for name, der := range map[string][]byte{"attached": attached, "detached": detached, "timestamped": stamped, "long": long} {
				outside := content
				if name == "attached" {
					outside = nil
				}
				if err := p.VerifyCMS(der, outside, v); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if name != "attached" && p.VerifyCMS(der, []byte("another"), v) == nil {
					t.Errorf("%s: OpenSSL accepts it over anything", name)
				}
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"slices"
	"strings"
	"testing"

	"zaver/signature/cms"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
)

// TestOpenSSLReadsOurs has what Sign makes checked by OpenSSL with its GOST
// engine, and changed content refused there.
func TestOpenSSLReadsOurs(t *testing.T) {
	peer := gostpeer.New(t)
	for _, k := range kinds() {
		if k == mint.Ed25519 {
			continue // OpenSSL 3.0 knows no Ed25519 in CMS
		}
		w := newWorld(k)
		v := gostpeer.Verifying{Anchors: [][]byte{w.root.DER}, Flags: []string{"-no_check_time"}}
		r := w.request(t)
		r.Detached = true
		der, err := cms.Sign(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if err := peer.VerifyCMS(w.sign(t), nil, v); err != nil {
			t.Errorf("%s attached: %v", k, err)
		}
		if err := peer.VerifyCMS(der, text, v); err != nil {
			t.Errorf("%s detached: %v", k, err)
		}
		if err := peer.VerifyCMS(der, append([]byte("x"), text...), v); err == nil {
			t.Errorf("%s: OpenSSL takes changed content", k)
		}
	}
}

// TestOpenSSLWrites reads what OpenSSL makes: every set of parameters as a
// confirmation, the usual ones in every form.
func TestOpenSSLWrites(t *testing.T) {
	peer := gostpeer.New(t)
	for _, k := range append([]mint.Kind{mint.RSA2048, mint.P256}, mint.GOSTKinds()...) {
		h := peer.Root(string(k), "Корень").Issue(string(k), "Анна", gostpeer.Signer)
		if c, err := cms.Parse(h.SignCMS(gostpeer.CMS{Content: text})); err != nil || len(c.Check()) > 0 {
			t.Errorf("%s: as a confirmation: %v", k, err)
		}
		if !slices.Contains([]mint.Kind{mint.RSA2048, mint.P256, mint.GOST256A, mint.GOST512A}, k) {
			continue
		}
		second := peer.Root(string(k), "Второй").Issue(string(k), "Борис", gostpeer.Signer)
		for _, r := range []struct {
			name string
			make gostpeer.CMS
			want string // notes
		}{
			{"attached", gostpeer.CMS{}, ""},
			{"detached", gostpeer.CMS{Detached: true}, ""},
			{"not CAdES", gostpeer.CMS{Plain: true}, "cms.note.no_signing_certificate"},
			{"no attributes", gostpeer.CMS{NoAttributes: true}, "cms.note.no_attributes"},
			{"by key identifier", gostpeer.CMS{ByKey: true}, ""},
			{"two signers", gostpeer.CMS{Second: second}, ""},
		} {
			r.make.Content = text
			der := h.SignCMS(r.make)
			o := cms.Options{}
			if r.make.Detached {
				o.Content = text
			}
			problems, notes := verdict(der, o)
			if len(problems) > 0 || strings.Join(notes, " ") != r.want {
				t.Errorf("%s %s: %v, notes %v", k, r.name, problems, notes)
			}
		}
		signed := h.Resign(second.SignCMS(gostpeer.CMS{Content: text}))
		s, err := cms.Open(signed, cms.Options{})
		if err != nil || len(s.Signers) != 2 || len(s.Check()) > 0 {
			t.Errorf("%s: signed again: %v", k, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/tokens"
	"zaver/signature/cms"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
)

// withGOST puts a GOST token into a rig, in the place of its software keys. The options hold for what comes after the making of it.
func withGOST(t *testing.T, c *gosttoken.Compiled, kind mint.Kind, options ...gosttoken.Option) (*pki.Identity, func(*agent.Config)) {
	t.Helper()
	store, err := c.Store(filepath.Join(t.TempDir(), "store"), gosttoken.Wrapped)
	if err != nil {
		t.Fatal(err)
	}
	var id *pki.Identity
	err = store.Issue(t.Context(), gosttoken.For(people.TokenHolder(), kind), func(_ int, key mint.SPKI) ([]byte, error) {
		if id, err = centre.Make(pki.Order{Person: people.TokenHolder(), PublicKey: key}); err != nil {
			return nil, err
		}
		return id.DER, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Set(options...); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host, err := token.New(token.Config{Modules: []string{store.Module()}, Worker: []string{self, asWorker}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	return id, func(cfg *agent.Config) {
		cfg.Sources = map[agent.Method]agent.Source{agent.MethodToken: tokens.New(host, nil)}
	}
}

// TestGOSTToken is the whole of one request with a GOST token: a wrong PIN, the right one, and a confirmation that OpenSSL's GOST engine
// accepts as CAdES-BES.
func TestGOSTToken(t *testing.T) {
	compiled, err := gosttoken.Compile(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind    mint.Kind
		options []gosttoken.Option
		name    string
	}{
		{mint.GOST256A, nil, "gost2012-256"},
		{mint.GOST512A, []gosttoken.Option{gosttoken.OrderRS}, "gost2012-512"},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			id, change := withGOST(t, compiled, tt.kind, tt.options...)
			r := newRig(t, newCarrier(t), yes("00000000", people.TokenHolder().PINs.Token), change)
			steps := r.run(t, t.Context())
			if got := names(steps); got != "statement consent pin signing pin signing sending done" {
				t.Fatalf("steps %s: %+v", got, steps[len(steps)-1])
			}
			der := r.portal.got[0]
			signed, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			if p := signed.Check(); len(p) > 0 {
				t.Errorf("signature: %v", p)
			}
			if signed.Signers[0].Algorithm.Name != tt.name || !bytes.Equal(signed.Content, r.portal.text()) {
				t.Errorf("algorithm %s over %d bytes", signed.Signers[0].Algorithm.Name, len(signed.Content))
			}
			trust := gostpeer.Verifying{Anchors: id.Chain[len(id.Chain)-1:], Untrusted: id.Chain[:len(id.Chain)-1]}
			if err := gostpeer.New(t).VerifyCMS(der, nil, trust); err != nil {
				t.Errorf("OpenSSL refuses: %v", err)
			}
		})
	}
	t.Run("of 2001", func(t *testing.T) {
		_, change := withGOST(t, compiled, mint.GOST2001A)
		steps := newRig(t, newCarrier(t), yes(), change).run(t, t.Context())
		if last := steps[len(steps)-1]; last.Code != "token.cert_legacy" {
			t.Errorf("ended with %+v", last)
		}
	})
	t.Run("keypad, wrong PIN", func(t *testing.T) {
		_, change := withGOST(t, compiled, mint.GOST256TCA, gosttoken.Pad("00000000"))
		// Consent, once more, once more or the last try; then the offer to unblock is declined.
		r := newRig(t, newCarrier(t), scripted.Script{Confirm: []string{scripted.OK, scripted.OK, scripted.OK, scripted.Cancel}}, change)
		steps := r.run(t, t.Context())
		if last := steps[len(steps)-1]; last.Code != "pin.blocked" {
			t.Errorf("ended with %+v", last)
		}
		if shown := r.shown(t); len(shown) != 4 || shown[3].OK != "Разблокировать" {
			t.Errorf("shown %+v", shown)
		}
	})
}

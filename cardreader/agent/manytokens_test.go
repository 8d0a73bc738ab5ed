// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"os"
	"path/filepath"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/tokens"
	"zaver/signature/cms"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	softhsm "zaver/softhsm-fixtures/tokens"
)

// TestOnePINDialog puts three good tokens beside drivers that crash at once, hang, and crash later: a signature costs one PIN dialog, also where the key asks
// for the PIN once more.
func TestOnePINDialog(t *testing.T) {
	compiled, err := faultmodule.Compile(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secret := people.TokenHolder().PINs.Token
	for name, before := range map[string][]faultmodule.Order{"plain keys": nil, "keys that ask each time": faultmodule.AlwaysAuthenticate(secret, false)} {
		t.Run(name, func(t *testing.T) {
			store, err := softhsm.New(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for _, label := range []string{"first", "second", "third"} {
				id, err := centre.Make(pki.Order{Person: people.TokenHolder()})
				if err != nil {
					t.Fatal(err)
				}
				one := softhsm.For(people.TokenHolder(), id)
				one.Label = label
				if err := store.Add(t.Context(), one); err != nil {
					t.Fatal(err)
				}
			}
			install := func(orders ...faultmodule.Order) string {
				m, err := compiled.Install(filepath.Join(t.TempDir(), "fault.so"), store.Module(), orders...)
				if err != nil {
					t.Fatal(err)
				}
				return m.Path()
			}
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			host, err := token.New(token.Config{Worker: []string{self, asWorker}, Env: store.Env(), Modules: []string{install(before...),
				install(faultmodule.Crash("C_Initialize")), install(faultmodule.Hang("C_GetSlotList")), install(faultmodule.Crash("C_FindObjects"))}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = host.Close() })
			r := newRig(t, newCarrier(t), yes(secret), func(cfg *agent.Config) {
				cfg.Sources = map[agent.Method]agent.Source{agent.MethodToken: tokens.New(host, nil)}
			})
			steps := r.run(t, t.Context())
			if got := names(steps); got != "statement consent pin signing sending done" {
				t.Fatalf("steps %s: %+v", got, steps[len(steps)-1])
			}
			pins := 0
			for _, s := range r.shown(t) {
				if s.Command == "GETPIN" {
					pins++
				}
			}
			if pins != 1 {
				t.Errorf("%d PIN dialogs", pins)
			}
			if signed, err := cms.Parse(r.portal.got[0]); err != nil || len(signed.Check()) > 0 {
				t.Errorf("signature: %v", err)
			}
		})
	}
}

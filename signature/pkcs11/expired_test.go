// SPDX-License-Identifier: Apache-2.0

package pkcs11_test

import (
	"errors"
	"testing"

	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/signature/pkcs11"
	"zaver/softhsm-fixtures/faultmodule"
)

// TestExpiredAfterLogin: by the standard a PIN that must be changed logs in all the same, and what follows says that it has expired.
func TestExpiredAfterLogin(t *testing.T) {
	for _, call := range []string{"C_FindObjectsInit", "C_FindObjects", "C_SignInit", "C_Sign"} {
		t.Run(call, func(t *testing.T) {
			m := open(t, theRig.install(t, faultmodule.Fail(call, 0xA3)).Path())
			c := theRig.certificate(t, "p256")
			a, err := algo.ForKey(c.PublicKey.Kind(), c.PublicKey.Bits())
			if err != nil {
				t.Fatal(err)
			}
			err = m.Session(slotOf(t, m, tokenVera), func(s *pkcs11.Session) error {
				p := newPIN(t, userPIN)
				if err := s.Login(p); err != nil {
					t.Fatal(err)
				}
				k, err := s.Key([]byte{2}, c.PublicKey)
				if err != nil {
					return err
				}
				_, err = k.Sign(a, make([]byte, a.Digest.Size), p)
				return err
			})
			var got *pin.Error
			if !errors.As(err, &got) || got.Reason != pin.ReasonMustChange || got.Ref != pkcs11.PINRef || got.Tries != pin.Unknown() {
				t.Errorf("%v, want pin.must_change", err)
			}
		})
	}
}

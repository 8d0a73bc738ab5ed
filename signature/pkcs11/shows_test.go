// SPDX-License-Identifier: Apache-2.0

package pkcs11_test

import (
	"testing"

	"zaver/signature/pkcs11"
	"zaver/softhsm-fixtures/faultmodule"
)

// TestShows looks for certificates without a login, whichever CKA_ID is asked for first, and whatever rubbish stands beside them.
func TestShows(t *testing.T) {
	for name, orders := range map[string][]faultmodule.Order{"as it is": nil, "empty objects": {faultmodule.Empty}, "every object twice": {faultmodule.Duplicate}} {
		t.Run(name, func(t *testing.T) {
			m := open(t, theRig.install(t, orders...).Path())
			err := m.Session(slotOf(t, m, tokenOdd), func(s *pkcs11.Session) error {
				for _, c := range []struct {
					name string
					id   []byte
					want bool
				}{
					{"moved", []byte{4}, true}, {"moved", []byte{3}, true}, {"moved", nil, true}, {"bare", []byte{1}, true}, {"second", []byte{6}, true}, {"second", []byte{7}, true},
					{"rsa", []byte{1}, false}, {"rsa", nil, false}, {"lonely", []byte{2}, false}, {"first", []byte{6}, false},
				} {
					got, err := s.Shows(c.id, theRig.certificate(t, c.name).Fingerprint())
					if got != c.want || err != nil {
						t.Errorf("%s under ID %x: %t, %v", c.name, c.id, got, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	m := open(t, theRig.install(t, faultmodule.Bare).Path())
	err := m.Session(slotOf(t, m, tokenOdd), func(s *pkcs11.Session) error {
		if got, err := s.Shows(nil, theRig.certificate(t, "moved").Fingerprint()); got || err != nil {
			t.Errorf("on a token without objects: %t, %v", got, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

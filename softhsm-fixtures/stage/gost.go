// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"

	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// GOSTToken is Token for any kind of GOST key, which the token makes itself. The
// options hold while the key is made and, over all such tokens, while this one is
// plugged in.
func (w *World) GOSTToken(ctx context.Context, p people.Person, v pki.Variant, kind mint.Kind, options ...gosttoken.Option) (*Token, error) {
	habits := ""
	for _, o := range options {
		habits += "-" + string(o)
	}
	return w.kept(p, v, string(kind), habits, func(dir string, o pki.Order) (der []byte, err error) {
		store, err := w.gost.Store(dir, options...)
		if err != nil {
			return nil, err
		}
		err = store.Issue(ctx, gosttoken.For(p, kind), func(_ int, key mint.SPKI) ([]byte, error) {
			o.PublicKey = key
			id, err := w.PKI.Make(o)
			if err != nil {
				return nil, err
			}
			der = id.DER
			return der, nil
		})
		return der, err
	}, func(dir string, t *Token) (err error) {
		t.options = options
		t.GOST, err = w.gost.Store(dir, options...)
		return err
	})
}

// Pull takes the tokens with GOST keys out while a program has them open: its driver
// lives on and meets their absence, other than after PlugIn.
func (w *World) Pull() error {
	w.drawer.Lock()
	defer w.drawer.Unlock()
	if err := w.gostModule.PlugIn(); err != nil {
		return fmt.Errorf("pull tokens: %w", err)
	}
	w.plugged = nil
	return nil
}

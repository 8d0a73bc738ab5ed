// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"

	"zaver/softhsm-fixtures/pgtest"
)

func TestOpenAnswers(t *testing.T) {
	s := pgtest.Open(t, nil)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

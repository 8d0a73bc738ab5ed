// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"os"
	"testing"

	"zaver/softhsm-fixtures/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

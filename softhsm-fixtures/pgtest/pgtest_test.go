// SPDX-License-Identifier: Apache-2.0

package pgtest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"zaver/portal/store"
	"zaver/softhsm-fixtures/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func psql(t *testing.T, dsn, query string) string {
	t.Helper()
	out, err := exec.Command("psql", "-qAtX", "-d", dsn, "-c", query).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", query, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestEveryTestHasItsOwnDatabase(t *testing.T) {
	one, two := pgtest.DSN(t), pgtest.DSN(t)
	psql(t, one, `INSERT INTO limits VALUES ('k', 1, now())`)
	if n := psql(t, two, `SELECT count(*) FROM limits`); n != "0" {
		t.Errorf("%s rows of another test", n)
	}
	if zone := psql(t, one, `SHOW timezone`); zone != "Asia/Kathmandu" {
		t.Errorf("time zone %s", zone)
	}
	if dump := pgtest.Dump(t, one); !strings.Contains(dump, "INSERT INTO public.limits") {
		t.Errorf("the dump lacks a row:\n%s", dump)
	}
}

func TestEmptyDatabaseCanBeMigrated(t *testing.T) {
	dsn := pgtest.EmptyDSN(t)
	if n := psql(t, dsn, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); n != "0" {
		t.Errorf("%s tables", n)
	}
	if err := store.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
}

func TestOpenedStoreAnswers(t *testing.T) {
	if err := pgtest.Open(t, nil).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkDatabase is what a test pays for its database.
func BenchmarkDatabase(b *testing.B) {
	for b.Loop() {
		pgtest.DSN(b)
	}
}

// BenchmarkMigrated is what a portal pays at its start for a schema that is up
// to date.
func BenchmarkMigrated(b *testing.B) {
	dsn := pgtest.DSN(b)
	for b.Loop() {
		if err := store.Migrate(b.Context(), dsn); err != nil {
			b.Fatal(err)
		}
	}
}

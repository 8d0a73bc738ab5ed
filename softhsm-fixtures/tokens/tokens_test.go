// SPDX-License-Identifier: Apache-2.0

package tokens_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/tokens"
)

func TestEnsure(t *testing.T) {
	authority, err := pki.Start(pki.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer authority.Close()
	id, err := authority.Make(pki.Order{Person: people.TokenHolder()})
	if err != nil {
		t.Fatal(err)
	}
	token := tokens.For(people.TokenHolder(), id)
	filled := 0
	contents := func() ([]tokens.Token, error) {
		filled++
		return []tokens.Token{token}, nil
	}
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "store")
	ensure := func() *tokens.Store {
		s, err := tokens.Ensure(ctx, dir, contents)
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.List(ctx, token.Label)
		if err != nil || strings.Count(string(out), "Certificate Object") != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		return s
	}
	s := ensure()
	ensure()
	if filled != 1 {
		t.Errorf("filled %d times, want once", filled)
	}
	// An interrupted first time leaves no mark and is repeated from nothing.
	if err := os.Remove(filepath.Join(dir, "complete")); err != nil {
		t.Fatal(err)
	}
	ensure()
	if filled != 2 {
		t.Errorf("filled %d times, want twice", filled)
	}
	copied, err := s.Clone(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if out, err := copied.List(ctx, token.Label); err != nil || strings.Count(string(out), "Certificate Object") != 1 {
		t.Errorf("the clone depends on its original: %v: %s", err, out)
	}
}

func TestErrorsNameTheTool(t *testing.T) {
	s, err := tokens.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	err = s.Add(context.Background(), tokens.Token{Label: "x", PIN: "1", SOPIN: "2"})
	if err == nil || !strings.Contains(err.Error(), "softhsm2-util") {
		t.Errorf("a PIN that SoftHSM refuses: %v", err)
	}
	if _, err := tokens.New("relative"); err == nil {
		t.Error("a relative directory was taken")
	}
}

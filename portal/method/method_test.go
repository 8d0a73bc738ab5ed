// SPDX-License-Identifier: Apache-2.0

package method

import (
	"testing"

	"zaver/portal/account"
	"zaver/signature/cert"
)

func TestTableIsSound(t *testing.T) {
	seen := map[ID]bool{}
	last := Strength(1 << 30)
	for _, m := range All() {
		if m.ID == "" || seen[m.ID] {
			t.Errorf("%q: id empty or twice", m.ID)
		}
		seen[m.ID] = true
		if !account.MayMove(m.Needs, m.Gives) || m.Gives <= m.Needs {
			t.Errorf("%s: %v to %v is no legal step up", m.ID, m.Needs, m.Gives)
		}
		if len(m.Accounts) == 0 || m.Strength == 0 || m.Channel == "" {
			t.Errorf("%s: a column is empty", m.ID)
		}
		if m.Channel == Agent && (m.Anchor == "" || len(m.Holders) == 0) {
			t.Errorf("%s: a signature without anchor or holder", m.ID)
		}
		if m.Strength > last {
			t.Errorf("%s: offered after a weaker one", m.ID)
		}
		last = m.Strength
		for _, h := range m.Holders {
			if h == cert.Impersonal {
				t.Errorf("%s: an impersonal certificate proves nobody", m.ID)
			}
		}
	}
}

func TestRaises(t *testing.T) {
	for _, c := range []struct {
		id    ID
		kind  account.Kind
		level account.Level
		want  bool
	}{
		{Token, account.Person, account.Standard, true},
		{UEC, account.Person, account.Standard, true},
		{Token, account.Person, account.Simplified, false},
		{Token, account.Person, account.Confirmed, false},
		{Token, account.Person, account.None, false},
		{Token, account.Organisation, account.Standard, false},
		{UEC, account.Child, account.Standard, false},
	} {
		m, ok := Lookup(c.id)
		if !ok {
			t.Fatalf("no method %s", c.id)
		}
		if got := m.Raises(c.kind, c.level); got != c.want {
			t.Errorf("%s for %s at %v: %v", c.id, c.kind, c.level, got)
		}
	}
	if _, ok := Lookup("wish"); ok {
		t.Error("found a method that is not in the table")
	}
}

func TestCallersCannotChangeTheTable(t *testing.T) {
	All()[0].Holders[0] = cert.Impersonal
	m, _ := Lookup(All()[0].ID)
	m.Accounts[0] = account.Child
	again, _ := Lookup(m.ID)
	if again.Holders[0] == cert.Impersonal || again.Accounts[0] == account.Child {
		t.Fatal("the table changed")
	}
}

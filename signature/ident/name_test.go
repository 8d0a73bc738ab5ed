// SPDX-License-Identifier: Apache-2.0

package ident

import "testing"

func TestSameName(t *testing.T) {
	for _, r := range []struct {
		a, b string
		want bool
	}{
		{"Семёнов", "СЕМЕНОВ", true},
		{"Семе\u0308нов", "Семёнов", true}, // decomposed ё
		{"Андрей", "Андрей", true},         // decomposed й
		{"Иван  Иванович", "иван иванович ", true},
		{"Иван\u00a0Иванович", "Иван Иванович", true},
		{"Римский-Корсаков", "Римский - Корсаков", true},
		{"Римский–Корсаков", "РИМСКИЙ -КОРСАКОВ", true},
		{"Римский Корсаков", "Римский-Корсаков", false},
		{"Иванов", "Ивановa", false},
		{"Ивaнов", "Иванов", false}, // Latin a
		{"Иван Иванович", "ИванИванович", false},
		{"", "", true},
		{"Иванов", "", false},
	} {
		if got := SameName(r.a, r.b); got != r.want {
			t.Errorf("SameName(%q, %q) = %v", r.a, r.b, got)
		}
		if got := SameName(r.b, r.a); got != r.want {
			t.Errorf("SameName(%q, %q) = %v", r.b, r.a, got)
		}
	}
}

func TestPersonName(t *testing.T) {
	ali := PersonName{"Алиев", "Али", "Гасан оглы"}
	if ali.String() != "Алиев Али Гасан оглы" || ali.GivenNames() != "Али Гасан оглы" {
		t.Errorf("got %q, %q", ali.String(), ali.GivenNames())
	}
	if g, p := SplitGivenNames(" Али  Гасан оглы"); g != "Али" || p != "Гасан оглы" {
		t.Errorf("split: %q, %q", g, p)
	}
	if g, p := SplitGivenNames(" "); g != "" || p != "" {
		t.Errorf("split of nothing: %q, %q", g, p)
	}
	for _, r := range []struct {
		a, b PersonName
		want bool
	}{
		{ali, PersonName{"АЛИЕВ", "Али Гасан", "оглы"}, true},
		{PersonName{"Пётр", "", ""}, PersonName{"петр", "", ""}, true},
		{PersonName{"Иванов", "Иван", ""}, PersonName{"Иванов", "Иван", "Иванович"}, false},
		{PersonName{"Иванов", "Иван", "Петрович"}, PersonName{"Иванов", "Пётр", "Иванович"}, false},
		{PersonName{"Иванов", "Иван", ""}, PersonName{"", "Иванов Иван", ""}, false},
		{PersonName{}, PersonName{}, false},
		{PersonName{" ", "", ""}, PersonName{}, false},
	} {
		if got := r.a.Same(r.b); got != r.want {
			t.Errorf("%q same as %q: %v", r.a, r.b, got)
		}
	}
}

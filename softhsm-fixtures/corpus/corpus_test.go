// SPDX-License-Identifier: Apache-2.0

package corpus_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/corpus"
	"zaver/softhsm-fixtures/mint"
)

// TestCorpus judges every case under every kind of key: never valid, for the reason named, and its twin valid.
func TestCorpus(t *testing.T) {
	for _, k := range corpus.Kinds() {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			w, known := corpus.NewWorkshop(k), outcomes{}
			for _, c := range corpus.All() {
				if c.For(k) {
					t.Run(c.Name, func(t *testing.T) { judge(t, w, known, c, k) })
				}
			}
		})
	}
}

// outcomes remembers what came of the twins, which many cases share.
type outcomes map[string]corpus.Outcome

func (o outcomes) judge(t *testing.T, in corpus.Input) corpus.Outcome {
	t.Helper()
	key := fmt.Sprintf("%+v", in)
	if out, ok := o[key]; ok {
		return out
	}
	out, err := in.Judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o[key] = out
	return out
}

func judge(t *testing.T, w *corpus.Workshop, known outcomes, c corpus.Case, k mint.Kind) {
	good := known.judge(t, w.Good(c))
	if good.Verdict != verify.Valid {
		t.Errorf("the twin is %s:\n%s", good.Verdict, strings.Join(good.Details, "\n"))
	}
	in := w.Bad(c)
	bad, err := in.Judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if bad.Verdict != c.Verdict {
		t.Errorf("%s: %s, want %s:\n%s", c.What, bad.Verdict, c.Verdict, strings.Join(bad.Details, "\n"))
	}
	for _, code := range c.Codes(k) {
		if !slices.Contains(bad.Codes, code) {
			t.Errorf("%s: no %s in\n%s", c.What, code, strings.Join(bad.Details, "\n"))
		}
		if c.Verdict != verify.Valid && slices.Contains(good.Codes, code) {
			t.Errorf("the twin gives %s, too", code)
		}
	}
	if again := w.Bad(c); !bytes.Equal(again.File, in.File) {
		t.Error("made twice, the bytes differ")
	}
}

// TestNames counts the cases, and demands that each has a name of its own, a reason and a rule.
func TestNames(t *testing.T) {
	names, bad := map[string]bool{}, 0
	for _, c := range corpus.All() {
		if names[c.Name] || c.What == "" || c.Standard == "" || !strings.HasPrefix(c.Name, string(c.Door)+"/") {
			t.Errorf("%+v", c)
		}
		names[c.Name] = true
		if c.Verdict != verify.Valid {
			bad++
		}
	}
	if bad < 250 {
		t.Errorf("only %d cases", bad)
	}
	total := 0
	for _, k := range corpus.Kinds() {
		n := 0
		for _, c := range corpus.All() {
			if c.For(k) && c.Verdict != verify.Valid {
				n++
			}
		}
		t.Logf("%s: %d bad inputs", k, n)
		total += n
	}
	changes := map[string]bool{}
	for name := range names {
		_, change, _ := strings.Cut(name, "/")
		changes[change] = true
	}
	t.Logf("%d cases, %d of them bad, by %d different changes; %d bad inputs over all kinds of keys", len(names), bad, len(changes), total)
}

// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/cmd/internal/offline"
	"zaver/portal/text"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/corpus"
	"zaver/softhsm-fixtures/mint"
)

// TestCorpus asks `zaver-portal verify` about a sample of the corpus of bad input: its exit code says what
// the verdict is, and its answer has the codes that are findings.
func TestCorpus(t *testing.T) {
	words, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	exits := map[verify.Verdict]int{verify.Valid: offline.ExitValid, verify.Invalid: offline.ExitInvalid, verify.Undecidable: offline.ExitUndecidable}
	dir := t.TempDir()
	list, err := corpus.Write(dir, mint.GOST2012256)
	if err != nil {
		t.Fatal(err)
	}
	asked, seen := 0, map[verify.Verdict]int{}
	for i, c := range list {
		if i%5 != 0 || c.Door != corpus.Document && c.Door != corpus.Certificate || c.Bad.Asked && len(c.Bad.CRLs)+len(c.Bad.OCSPs) == 0 {
			continue
		}
		asked++
		seen[c.Verdict]++
		for _, r := range []struct {
			q    corpus.Question
			want int
		}{{c.Bad, exits[c.Verdict]}, {c.Good, offline.ExitValid}} {
			var out, errs bytes.Buffer
			got := offline.Run(t.Context(), corpusArguments(dir, c.Door, r.q), offline.World{
				Out: &out, Errs: &errs, Now: func() time.Time { return corpus.Moment }, Words: words, Lang: "en",
			})
			if got != r.want {
				t.Errorf("%s: exit %d, want %d\n%s%s", c.Name, got, r.want, out.String(), errs.String())
			}
			for _, code := range c.Codes {
				if r.want != 0 && strings.HasPrefix(code, "sig.") && !strings.Contains(out.String(), "["+code) {
					t.Errorf("%s: no %s in\n%s", c.Name, code, out.String())
				}
			}
		}
	}
	if asked < 60 || seen[verify.Invalid] == 0 || seen[verify.Undecidable] == 0 {
		t.Errorf("only %d cases were asked about: %v", asked, seen)
	}
	t.Logf("%d cases: %v", asked, seen)
}

func corpusArguments(dir string, d corpus.Door, q corpus.Question) []string {
	in := func(name string) string { return filepath.Join(dir, name) }
	args := []string{map[corpus.Door]string{corpus.Document: "cms", corpus.Certificate: "chain"}[d], in(q.File), "--at", q.At.Format(time.RFC3339)}
	option := func(name string, files []string) {
		for _, f := range files {
			args = append(args, name, in(f))
		}
	}
	option("--anchors", q.Anchors)
	option("--untrusted", q.Untrusted)
	option("--crl", q.CRLs)
	option("--ocsp", q.OCSPs)
	if q.Content != nil {
		args = append(args, "--content", in(*q.Content))
	}
	if q.Profile != "" {
		args = append(args, "--profile", string(q.Profile))
	}
	for _, p := range q.Policies {
		args = append(args, "--policy", p)
	}
	for name, on := range map[string]bool{"--explicit-policy": q.ExplicitPolicy, "--inhibit-mapping": q.InhibitMapping, "--inhibit-any-policy": q.InhibitAnyPolicy} {
		if on {
			args = append(args, name)
		}
	}
	return args
}

// SPDX-License-Identifier: Apache-2.0

package modelcheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/cmd/internal/modelcheck"
)

const folder = "../../../docs/model"

// The claims of the model, by a part of what the checker calls them.
const (
	accepted = "consents["   // every acceptance has a consent of its own for that portal, account and purpose
	started  = "begun&"      // what is accepted was started by the person's own page
	asked    = "unused>0"    // nothing is signed without a consent
	issued   = "st!=2"       // nothing is signed that no portal asked for; 2 is the forged statement where there are two requests
	reached  = "!(((account" // no honest run is accepted: what REACH claims, so that it fails
)

// bounds of the searches for a run that breaks a claim; with graver the fourth claim is left out, so that the run breaks a graver one.
var (
	small  = []string{"REQUESTS=2", "ROUNDS=1"}
	graver = []string{"REQUESTS=2", "ROUNDS=1", "ANY_START"}
)

// TestHolds searches all states of the protocol as it is, and with locks taken away that have a second one behind them; two searches at once.
func TestHolds(t *testing.T) {
	turns := make(chan struct{}, 2)
	for _, defines := range [][]string{
		{"REQUESTS=3", "ROUNDS=2"},
		{"NEIGHBOUR", "REQUESTS=2", "ROUNDS=2"},
		{"EVERYWHERE", "PROXY", "ANY_START", "REQUESTS=2", "ROUNDS=2"},
		{"NO_CODE", "REQUESTS=2", "ROUNDS=2"},
		{"MASKED", "REQUESTS=2", "ROUNDS=2"},
	} {
		t.Run(strings.Join(defines, " "), func(t *testing.T) {
			t.Parallel()
			turns <- struct{}{}
			defer func() { <-turns }()
			got := check(t, modelcheck.Run{Defines: defines})
			if got.Broken != "" {
				t.Fatalf("broken: %s\n%s", got.Broken, strings.Join(got.Steps, "\n"))
			}
			// A model in which something can't happen proves nothing about it.
			if len(got.Unreached) > 0 {
				t.Errorf("nothing comes to:\n%s", strings.Join(got.Unreached, "\n"))
			}
		})
	}
}

// TestRemovals takes each measure away, shows what breaks, and holds the README to the steps that it tells.
func TestRemovals(t *testing.T) {
	for _, tc := range []struct {
		defines string // as in the heading of the README
		bounds  []string
		broken  string
	}{
		{"NO_ORIGIN", small, started},
		{"NO_NONCE", graver, accepted},
		{"NO_ONCE", small, accepted},
		{"NO_PURPOSE", small, accepted},
		{"NO_SESSION", small, started},
		{"NO_CODE NEIGHBOUR", small, started},
		{"NO_KEY", small, issued},
		{"NO_REQUEST", []string{"REQUESTS=2", "ROUNDS=2"}, started},
		{"NO_REQUEST NO_CODE", small, started},
		{"NO_CONSENT", small, asked},
		{"MASKED EVERYWHERE", graver, accepted},
		{"MASKED PROXY", graver, accepted},
		{"REACH", small, reached},
	} {
		t.Run(tc.defines, func(t *testing.T) {
			got := check(t, modelcheck.Run{Defines: append(strings.Fields(tc.defines), tc.bounds...), Shortest: true})
			if !strings.Contains(strings.ReplaceAll(got.Broken, " ", ""), tc.broken) {
				t.Fatalf("broken: %q, want %q", got.Broken, tc.broken)
			}
			if diff := cmp.Diff(told(t, tc.defines), got.Steps); diff != "" {
				t.Errorf("README.md (-) tells other steps than the checker (+):\n%s", diff)
			}
		})
	}
}

// TestWeaker holds what the README says of more than one measure taken away, and of where the fourth claim ends, without telling steps.
func TestWeaker(t *testing.T) {
	for _, tc := range []struct {
		defines string
		bounds  []string
		broken  string
	}{
		{"MASKED NO_ORIGIN", graver, accepted},
		{"MASKED NO_SESSION", graver, accepted},
		{"MASKED NO_CODE NEIGHBOUR", graver, accepted},
		{"EVERYWHERE", small, started},
		{"PROXY", small, started},
	} {
		t.Run(tc.defines, func(t *testing.T) {
			got := check(t, modelcheck.Run{Defines: append(strings.Fields(tc.defines), tc.bounds...), Shortest: true})
			if !strings.Contains(strings.ReplaceAll(got.Broken, " ", ""), tc.broken) {
				t.Fatalf("broken: %q, want %q", got.Broken, tc.broken)
			}
		})
	}
}

// TestCutShort shows that a search that could not end is no proof, and that a model that can't be read is told.
func TestCutShort(t *testing.T) {
	for name, text := range map[string]string{
		"too deep":  "int n; active proctype P() { do :: n < 1000000 -> n++ :: else -> break od }",
		"malformed": "active proctype P() { assert( }",
	} {
		t.Run(name, func(t *testing.T) {
			model := filepath.Join(t.TempDir(), "m.pml")
			if err := os.WriteFile(model, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := modelcheck.Check(t.Context(), model, t.TempDir(), modelcheck.Run{}); err == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func check(t *testing.T, r modelcheck.Run) modelcheck.Result {
	t.Helper()
	got, err := modelcheck.Check(t.Context(), filepath.Join(folder, "confirmation.pml"), t.TempDir(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d states, %.0f MiB, %v", got.States, got.MiB, got.Took.Round(1e8))
	return got
}

// told gives the steps that the README has under the heading of the switches.
func told(t *testing.T, defines string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n### `"+strings.ReplaceAll(defines, " ", "` `")+"`:")
	if !ok {
		t.Fatalf("README.md has no section on %s", defines)
	}
	section, _, _ = strings.Cut(section, "\n### ")
	_, block, _ := strings.Cut(section, "\n```text\n")
	block, _, ok = strings.Cut(block, "\n```\n")
	if !ok {
		t.Fatalf("the section on %s has no steps", defines)
	}
	return strings.Split(block, "\n")
}

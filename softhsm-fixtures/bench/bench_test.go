// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/mint"
)

const printed = `goos: linux
BenchmarkSign/p256/warm-2         	     100	    900000 ns/op	       850.5 µs-p50	      1200 µs-p95
BenchmarkSign/p256/direct-2       	     100	    900000 ns/op	       500 µs-p50	      700 µs-p95
BenchmarkSign/p256/C_Sign-2       	    1000	    200000 ns/op	       190.0 µs-p50	       400 µs-p95
PASS
`

func TestFigures(t *testing.T) {
	got := figures(printed)
	if got[figure{"Sign/p256/warm", "µs-p95"}] != 1200 || got[figure{"Sign/p256/C_Sign", "ns/op"}] != 200000 || len(got) != 9 {
		t.Errorf("figures %v", got)
	}
	r, err := carriers[0].row(got)
	if err != nil || amount(r.p50) != "0.85" || amount(r.p95) != "1.20" || amount(r.base) != "0.70" || !r.holds {
		t.Errorf("row %+v, %v", r, err)
	}
	if _, err := server[0].row(got); err == nil || !strings.Contains(err.Error(), "portal/confirm reports no") {
		t.Errorf("a missing figure is not named: %v", err)
	}
}

func TestBudgets(t *testing.T) {
	one := row{unit: "ms", p50: 3, one: true, base: 2}
	two := row{unit: "ms", p50: 3, p95: 9, base: 2}
	for name, c := range map[string]struct{ got, want bool }{
		"most held":    {one.most(3, 3).holds, true},
		"most missed":  {one.most(3, 3.1).holds, false},
		"times held":   {one.times(1.5).holds, true},
		"times missed": {one.times(1.4).holds, false},
		"over held":    {one.over(1).holds, true},
		"over by p95":  {two.over(6).holds, false},
		"least held":   {one.atLeast(1.5).holds, true},
		"least missed": {one.atLeast(1.6).holds, false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v", name, c.got)
		}
	}
	var out strings.Builder
	if err := write(&out, []section{{"Part", []row{one.times(1), two.over(7)}}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1.50×", "MISSED", "held", "1 of 2 budgets held"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

// TestByTurns: the ratio of rounds outweighs that of the values.
func TestByTurns(t *testing.T) {
	r := row{unit: "/s", p50: 10, one: true, base: 10, ratio: 2.5}
	if !r.atLeast(2).holds || r.times(2).holds {
		t.Error("the ratio of rounds is not asked")
	}
	var out strings.Builder
	if err := write(&out, []section{{"Part", []row{r.atLeast(2)}}}); err != nil || !strings.Contains(out.String(), "2.50×") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

func TestPattern(t *testing.T) {
	for _, tt := range []struct {
		rows []comparison
		want string
	}{
		{gostTokens(), "^(BenchmarkSign)$/^(gost256|gost512)$/^(cms|C_Sign|warm|direct)$"},
		{confirmations(), "^(BenchmarkVerify)$/^(gost256|gost512|p256|rsa2048)$"},
		{[]comparison{{pkg: aPackage, p50: figure{"Sign", "a"}}, {pkg: aPackage, p50: figure{"List/x", "a"}}, {pkg: "another", p50: figure{"No", "a"}}}, "^(BenchmarkSign|BenchmarkList)$"},
	} {
		if got := pattern(tt.rows[0].pkg, tt.rows); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

const aPackage = "signature/token"

// TestScene holds the documents and bags that are measured.
func TestScene(t *testing.T) {
	s, err := newScene(mint.GOST256A)
	if err != nil {
		t.Fatal(err)
	}
	for _, detached := range []bool{false, true} {
		der, beside := s.sign([]byte("документ"), detached, s.root.DER), []byte(nil)
		if detached {
			beside = []byte("документ")
		}
		if err := s.judge(t.Context(), der, beside); err != nil {
			t.Error(err)
		}
		if err := s.judge(t.Context(), der, []byte("другой")); err == nil {
			t.Error("another document holds, too")
		}
	}
}

func TestOnly(t *testing.T) {
	if err := Run(t.Context(), Options{Only: "nothing"}); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("an unknown part: %v", err)
	}
}

func TestQuantile(t *testing.T) {
	var took []time.Duration
	for i := range 20 {
		took = append(took, time.Duration(20-i)*time.Millisecond)
	}
	if a, b := quantile(took, 50), quantile(took, 95); a != 11*time.Millisecond || b != 20*time.Millisecond {
		t.Errorf("p50 %v, p95 %v", a, b)
	}
	if quantile(nil, 95) != 0 {
		t.Error("nothing has a quantile")
	}
}

func TestAgentSteps(t *testing.T) {
	log := filepath.Join(t.TempDir(), "agent.log")
	const lines = `time=2026-11-22T03:07:56.899Z level=INFO msg=step request=aa method=uec step=pin
time=2026-11-22T03:07:56.907Z level=INFO msg=step request=aa method=uec step=sending
time=2026-11-22T03:07:56.950Z level=INFO msg="request ended" request=aa method=uec step=done state=confirmed
time=2026-11-22T03:07:57.100Z level=INFO msg=step request=bb method=uec step=pin
`
	if err := os.WriteFile(log, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := agentSteps(log, "aa")
	if err != nil || got["done"].Sub(got["sending"]) != 43*time.Millisecond || got["sending"].Sub(got["pin"]) != 8*time.Millisecond {
		t.Errorf("steps %v, %v", got, err)
	}
	if _, err := agentSteps(log, "bb"); err == nil {
		t.Error("a request without an end has steps")
	}
}

// TestReadersAlone: every row of the long runs names a figure, and the pattern takes all three of their benchmarks.
func TestReadersAlone(t *testing.T) {
	rows := append(oneReader(), manyReaders()...)
	for _, c := range rows {
		if c.p50.bench == "" || c.p50.unit == "" || c.pkg != soakPackage {
			t.Errorf("%+v", c)
		}
	}
	if got := pattern(soakPackage, rows); got != "^(BenchmarkScripted|BenchmarkReal|BenchmarkMany)$" {
		t.Errorf("pattern %s", got)
	}
	got := figures("BenchmarkMany-2 1 19000000000 ns/op 16.00 readers 1.000 missed 7.000 goroutines-after 6.000 goroutines-before\n")
	for _, c := range manyReaders() {
		switch c.p50.unit {
		case "missed", "goroutines-after":
			if r, err := c.row(got); err != nil || r.holds {
				t.Errorf("%s holds: %+v, %v", c.what, r, err)
			}
		}
	}
}

// A missed budget is named, and only where there is one.
func TestGate(t *testing.T) {
	one := row{what: "card to result", unit: "ms", p50: 3, one: true, base: 2}
	held := []section{{"Agent", []row{one.most(3, 3), one}}}
	if err := gate(held); err != nil {
		t.Error(err)
	}
	err := gate(append(held, section{"Roads", []row{one.most(2, 3)}}))
	if !errors.Is(err, ErrMissed) || !strings.HasSuffix(err.Error(), ": Roads, card to result") {
		t.Error(err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// row is one line of the table. Values are in the row's unit.
type row struct {
	what     string
	unit     string // "ms", "µs", "MiB", "MB", "/s", "SQL", "hashes/s", "CPU %"
	p50, p95 float64
	one      bool // p50 is the only value: a mean or a count
	// base is the baseline and against what it is; none when zero.
	base    float64
	against string
	// ratio is of the value to the baseline where both were measured by turns, the median of the rounds; zero takes
	// that of the values.
	ratio float64
	// budget says in words what must hold, holds whether it does; without words there is none.
	budget string
	holds  bool
}

// most makes the budget "at most n" for the value v.
func (r row) most(n, v float64) row {
	r.budget, r.holds = "≤ "+amount(n)+" "+r.unit, v <= n
	return r
}

// times makes the budget "at most n times the baseline".
func (r row) times(n float64) row {
	r.budget, r.holds = "≤ "+amount(n)+"×", r.share() <= n
	return r
}

// over makes the budget "at most n over the baseline", by the upper values where there are two.
func (r row) over(n float64) row {
	r.budget, r.holds = "≤ baseline + "+amount(n)+" "+r.unit, r.upper() <= r.base+n
	return r
}

// atLeast makes the budget "at least the share of the baseline".
func (r row) atLeast(share float64) row {
	r.budget, r.holds = "≥ "+amount(share)+"×", r.share() >= share
	return r
}

// share is the ratio of the value to its baseline.
func (r row) share() float64 {
	if r.ratio > 0 {
		return r.ratio
	}
	return r.p50 / r.base
}

func (r row) upper() float64 {
	if r.one {
		return r.p50
	}
	return r.p95
}

// spread sums up measured times in milliseconds.
func spread(what string, took []time.Duration) row {
	return row{what: what, unit: "ms", p50: ms(quantile(took, 50)), p95: ms(quantile(took, 95))}
}

func single(what, unit string, v float64) row { return row{what: what, unit: unit, p50: v, one: true} }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// quantile is the smallest value that percent of all do not exceed.
func quantile(took []time.Duration, percent int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

// amount writes a value with about three digits.
func amount(v float64) string {
	digits := 0
	switch {
	case v == float64(int(v)):
	case v < 10:
		digits = 2
	case v < 100:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// section is a headed part of the table.
type section struct {
	title string
	rows  []row
}

func write(out io.Writer, sections []section) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	held, budgets := 0, 0
	for _, s := range sections {
		fmt.Fprintf(t, "%s\tP50\tP95\tBASELINE\tRATIO\tBUDGET\t\n", s.title)
		for _, r := range s.rows {
			upper, base, ratio, verdict := "", "", "", ""
			if !r.one {
				upper = amount(r.p95)
			}
			if r.base > 0 {
				base, ratio = amount(r.base)+" "+r.against, amount(r.share())+"×"
			}
			if r.budget != "" {
				budgets++
				verdict = "MISSED"
				if r.holds {
					held++
					verdict = "held"
				}
			}
			fmt.Fprintf(t, "  %s, %s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.what, r.unit, amount(r.p50), upper, base, ratio, r.budget, verdict)
		}
		fmt.Fprintln(t, "\t\t\t\t\t\t")
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	_, err := fmt.Fprintf(out, "%d of %d budgets held\n", held, budgets)
	return err
}

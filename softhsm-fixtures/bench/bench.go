// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"zaver/softhsm-fixtures/stage"
)

// Options say how to measure.
type Options struct {
	// World is the stage of the live figures; Programs should be set, so that what
	// is measured is what is used.
	World stage.Config
	// Rounds is how often each road is walked; zero means 20.
	Rounds int
	// Only names the part to measure, of Parts; empty measures all.
	Only string
	// Time is how long each of the packages' benchmarks repeats; empty means 0.5s.
	Time string
	// Gate has Run fail with ErrMissed, after the table, when a budget does not hold.
	Gate bool
	// Out takes the table, Progress what is being done.
	Out, Progress io.Writer

	env []string // for the packages' benchmarks, beside the process's own
}

// ErrMissed is what Run gives for a missed budget where it is a gate.
var ErrMissed = errors.New("a budget was missed")

// part measures something that can be measured alone.
type part struct {
	name    string
	measure func(context.Context, Options) ([]section, error)
}

var parts = []part{{"passwords", passwords}, {"programs", live}, {"native", native}, {"agent", agents}, {"readers", longRuns}, {"packages", packages}, {"signature", signature}}

// Parts are the names for Options.Only.
func Parts() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// Run measures and prints the table.
func Run(ctx context.Context, o Options) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("measure: the Go tool is needed")
	}
	if o.Rounds == 0 {
		o.Rounds = 20
	}
	if o.Time == "" {
		o.Time = "0.5s"
	}
	if o.Only != "" && !slices.Contains(Parts(), o.Only) {
		return fmt.Errorf("measure: no part %q, only %s", o.Only, strings.Join(Parts(), ", "))
	}
	began := time.Now()
	var sections []section
	for _, p := range parts {
		if o.Only != "" && o.Only != p.name {
			continue
		}
		s, err := p.measure(ctx, o)
		if err != nil {
			return fmt.Errorf("measure: %w", err)
		}
		sections = append(sections, s...)
	}
	fmt.Fprintf(o.Out, "%s\n%s, measured within %v\n\n", machine(), time.Now().Format(time.DateOnly), time.Since(began).Round(time.Second))
	if err := write(o.Out, sections); err != nil || !o.Gate {
		return err
	}
	return gate(sections)
}

// gate names the budgets that do not hold.
func gate(sections []section) error {
	var all []string
	for _, s := range sections {
		for _, r := range s.rows {
			if r.budget != "" && !r.holds {
				all = append(all, s.title+", "+r.what)
			}
		}
	}
	if len(all) > 0 {
		return fmt.Errorf("%w: %s", ErrMissed, strings.Join(all, "; "))
	}
	return nil
}

// machine names what the figures were measured on.
func machine() string {
	model := "unknown processor"
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	kernel := "unknown kernel"
	var u syscall.Utsname
	if syscall.Uname(&u) == nil {
		var b strings.Builder
		for _, c := range u.Release {
			if c == 0 {
				break
			}
			b.WriteByte(byte(c))
		}
		kernel = "Linux " + b.String()
	}
	load := ""
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(b), " ")
	}
	return fmt.Sprintf("%d × %s, %s, %s, load %s", runtime.NumCPU(), model, kernel, runtime.Version(), load)
}

func (o Options) say(format string, args ...any) { fmt.Fprintf(o.Progress, format+" …\n", args...) }

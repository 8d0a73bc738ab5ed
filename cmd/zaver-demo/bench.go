// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// figure is one measured value: a benchmark's name without "Benchmark", and a unit.
type figure struct{ bench, unit string }

// comparison is one line of the table: a figure beside its baseline.
type comparison struct {
	pkg      string
	what     string
	measured figure
	baseline figure // none when zero
	against  string // what the baseline is
}

// comparisons are the figures that are promised, in the order in which they are printed.
var comparisons = []comparison{
	{"signature/chain", "path of three certificates", figure{"Build/build", "ns/op"}, figure{"Build/signatures", "ns/op"}, "bare signature checks"},
	{"signature/verify", "verify a CAdES-BES, P-256", figure{"Verify/verify/p256", "ns/op"}, figure{"Verify/bare/p256", "ns/op"}, "bare signature checks"},
	{"signature/verify", "verify a CAdES-BES, RSA-2048", figure{"Verify/verify/rsa2048", "ns/op"}, figure{"Verify/bare/rsa2048", "ns/op"}, "bare signature checks"},
	{"signature/token", "PIN to signature, P-256, p95", figure{"Sign/p256/warm", "µs-p95"}, figure{"Sign/p256/C_Sign", "µs-p95"}, "bare C_Sign"},
	{"signature/token", "PIN to signature, RSA-2048, p95", figure{"Sign/rsa/warm", "µs-p95"}, figure{"Sign/rsa/C_Sign", "µs-p95"}, "bare C_Sign"},
	{"portal/confirm", "confirmation on the server, P-256, CPU", figure{"Confirmation/p256", "cpu-µs/op"}, figure{"Confirmation/p256", "bare-checks-µs"}, "bare signature checks"},
	{"portal/confirm", "confirmation on the server, P-256, SQL", figure{"Confirmation/p256", "sql/op"}, figure{}, ""},
	{"portal/register", "register, CPU without the hash", figure{"Register", "cpu-ms/op"}, figure{}, ""},
	{"portal/register", "register, SQL", figure{"Register", "sql/op"}, figure{}, ""},
	{"portal/register", "sign in, SQL", figure{"SignIn", "sql/op"}, figure{}, ""},
	{"portal/register", "session check, SQL", figure{"SessionCheck", "sql/op"}, figure{}, ""},
	{"portal/password", "password hashes, 8 clients", figure{"Hash8Clients", "hashes/s"}, figure{"BareHash", "hashes/s"}, "one a core"},
	{"portal/password", "password hashes, 32 clients", figure{"Hash32Clients", "hashes/s"}, figure{"BareHash", "hashes/s"}, "one a core"},
	{"cardreader/pcsc", "card noticed to listed, p95", figure{"HotPlug", "ms-p95-notice-to-list"}, figure{}, ""},
}

// bench runs the benchmarks of the promised figures, package by package, and prints them beside their baselines.
func bench(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("measure: the Go tool is needed")
	}
	names := map[string]map[string]bool{} // package → top benchmark names
	for _, c := range comparisons {
		for _, f := range []figure{c.measured, c.baseline} {
			if f.bench == "" {
				continue
			}
			top, _, _ := strings.Cut(f.bench, "/")
			if names[c.pkg] == nil {
				names[c.pkg] = map[string]bool{}
			}
			names[c.pkg][top] = true
		}
	}
	measured := map[string]map[figure]float64{}
	for _, pkg := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(stderr, "measuring %s …\n", pkg)
		pattern := "^Benchmark(" + strings.Join(slices.Sorted(maps.Keys(names[pkg])), "|") + ")$"
		var out, errs bytes.Buffer
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", o.time, "zaver/"+pkg)
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("measure %s: %w: %s%s", pkg, err, out.String(), errs.String())
		}
		measured[pkg] = figures(out.String())
	}
	return table(stdout, measured)
}

// figures reads the lines of a benchmark run: name-CPUS, count, then value and unit by turns.
func figures(out string) map[figure]float64 {
	found := map[figure]float64{}
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i]
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				found[figure{name, fields[i+1]}] = v
			}
		}
	}
	return found
}

func table(out io.Writer, measured map[string]map[figure]float64) error {
	fmt.Fprintf(out, "%s, %s/%s, %d CPUs\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WHAT\tMEASURED\tBASELINE\tRATIO\tAGAINST")
	var missing []string
	for _, c := range comparisons {
		v, ok := measured[c.pkg][c.measured]
		if !ok {
			missing = append(missing, c.pkg+" "+c.measured.bench+" "+c.measured.unit)
			continue
		}
		base, ok := measured[c.pkg][c.baseline]
		if c.baseline == (figure{}) || !ok || base == 0 {
			fmt.Fprintf(t, "%s\t%s\t–\t–\t\n", c.what, amount(v, c.measured.unit))
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f×\t%s\n", c.what, amount(v, c.measured.unit), amount(base, c.baseline.unit), v/base, c.against)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("no such figure: %s", strings.Join(missing, "; "))
	}
	return nil
}

// amount writes a value as people read it; nanoseconds become microseconds.
func amount(v float64, unit string) string {
	if unit == "ns/op" {
		v, unit = v/1000, "µs"
	}
	unit = strings.TrimSuffix(unit, "/op")
	for _, prefix := range []string{"cpu-", "bare-checks-"} {
		unit = strings.TrimPrefix(unit, prefix)
	}
	unit, _, _ = strings.Cut(unit, "-p")
	if unit == "sql" {
		return strconv.FormatFloat(v, 'f', 1, 64) + " statements"
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
}

// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// figure names a value that a package's benchmark reports: its name without
// "Benchmark", and the unit.
type figure struct{ bench, unit string }

// comparison is a row made of such values.
type comparison struct {
	pkg, what, unit string
	scale           float64 // from the reported unit to the row's
	p50, p95        figure
	base            figure
	against         string
	budget          func(row) row
}

// server is what the server computes, beside the signature checks in it.
var server = []comparison{
	{"portal/confirm", "confirmation, P-256, CPU", "ms", 1e-3, figure{"Confirmation/p256", "cpu-µs-p50"}, figure{}, figure{"Confirmation/p256", "bare-checks-µs"}, "bare signature checks", over(2)},
	{"portal/confirm", "confirmation, RSA-2048, CPU", "ms", 1e-3, figure{"Confirmation/rsa2048", "cpu-µs-p50"}, figure{}, figure{"Confirmation/rsa2048", "bare-checks-µs"}, "bare signature checks", over(2)},
	{"portal/confirm", "confirmation, P-256, wall", "ms", 1e-6, figure{"Confirmation/p256", "ns/op"}, figure{}, figure{}, "", nil},
	{"portal/confirm", "confirmation", "SQL", 1, figure{"Confirmation/p256", "sql/op"}, figure{}, figure{}, "", nil},
	{"portal/register", "register without the hash, CPU", "ms", 1, figure{"Register", "cpu-ms/op"}, figure{}, figure{}, "", most(1.5)},
	{"portal/register", "register", "SQL", 1, figure{"Register", "sql/op"}, figure{}, figure{}, "", most(6)},
	{"portal/register", "sign in without the hash, CPU", "ms", 1, figure{"SignIn", "cpu-ms/op"}, figure{}, figure{}, "", most(1)},
	{"portal/register", "sign in", "SQL", 1, figure{"SignIn", "sql/op"}, figure{}, figure{}, "", most(4)},
	{"portal/register", "session check, CPU", "ms", 1, figure{"SessionCheck", "cpu-ms/op"}, figure{}, figure{}, "", most(0.15)},
	{"portal/register", "session check", "SQL", 1, figure{"SessionCheck", "sql/op"}, figure{}, figure{}, "", most(1)},
}

// carriers are token and card, beside the bare calls.
var carriers = []comparison{
	{"signature/token", "token, PIN to signature, P-256", "ms", 1e-3, figure{"Sign/p256/warm", "µs-p50"}, figure{"Sign/p256/warm", "µs-p95"}, figure{"Sign/p256/direct", "µs-p95"}, "bare login, C_Sign, logout (p95)", over(10)},
	{"signature/token", "token, bare C_Sign, P-256", "ms", 1e-3, figure{"Sign/p256/C_Sign", "µs-p50"}, figure{"Sign/p256/C_Sign", "µs-p95"}, figure{}, "", nil},
	{"signature/token", "token, PIN to signature, RSA-2048", "ms", 1e-3, figure{"Sign/rsa/warm", "µs-p50"}, figure{"Sign/rsa/warm", "µs-p95"}, figure{"Sign/rsa/direct", "µs-p95"}, "bare login, C_Sign, logout (p95)", over(10)},
	{"signature/token", "token, bare C_Sign, RSA-2048", "ms", 1e-3, figure{"Sign/rsa/C_Sign", "µs-p50"}, figure{"Sign/rsa/C_Sign", "µs-p95"}, figure{}, "", nil},
	{"cardreader/pcsc", "card, PIN to signature: lock, select, secure messaging, verify, PSO, reset", "ms", 1, figure{"Sign", "ms-p50-whole"}, figure{"Sign", "ms-p95-whole"}, figure{"Sign", "ms-p95-exchanges"}, "bare exchanges with the card (p95)", over(10)},
	{"cardreader/pcsc", "card, one bare exchange through the daemon", "ms", 1e-6, figure{"Transmit", "ns/op"}, figure{}, figure{}, "", nil},
	{"cardreader/pcsc", "card daemon notices to listed", "ms", 1, figure{"HotPlug", "ms-p50-notice-to-list"}, figure{"HotPlug", "ms-p95-notice-to-list"}, figure{}, "", most(50)},
}

func most(n float64) func(row) row  { return func(r row) row { return r.most(n, r.upper()) } }
func times(n float64) func(row) row { return func(r row) row { return r.times(n) } }
func over(n float64) func(row) row  { return func(r row) row { return r.over(n) } }

// packages runs the packages' own benchmarks.
func packages(ctx context.Context, o Options) ([]section, error) {
	return compared(ctx, o, group{"Server", server}, group{"Token and card beside the bare calls", carriers})
}

// group is a headed list of comparisons.
type group struct {
	title string
	rows  []comparison
}

// compared runs the benchmarks that the groups are made of, each package once.
func compared(ctx context.Context, o Options, groups ...group) ([]section, error) {
	var all []comparison
	for _, g := range groups {
		all = append(all, g.rows...)
	}
	measured := map[string]map[figure]float64{}
	for _, c := range all {
		if measured[c.pkg] != nil {
			continue
		}
		o.say("running the benchmarks of %s", c.pkg)
		var err error
		if measured[c.pkg], err = benchmark(ctx, o, c.pkg, all); err != nil {
			return nil, err
		}
	}
	var out []section
	for _, g := range groups {
		made := section{title: g.title}
		for _, c := range g.rows {
			r, err := c.row(measured[c.pkg])
			if err != nil {
				return nil, err
			}
			made.rows = append(made.rows, r)
		}
		out = append(out, made)
	}
	return out, nil
}

func (c comparison) row(measured map[figure]float64) (row, error) {
	r := row{what: c.what, unit: c.unit, one: c.p95 == figure{}, against: c.against}
	for _, v := range []struct {
		f  figure
		to *float64
	}{{c.p50, &r.p50}, {c.p95, &r.p95}, {c.base, &r.base}} {
		if v.f == (figure{}) {
			continue
		}
		got, ok := measured[v.f]
		if !ok {
			return r, fmt.Errorf("%s reports no %s of %s", c.pkg, v.f.unit, v.f.bench)
		}
		*v.to = got * c.scale
	}
	if c.budget != nil {
		r = c.budget(r)
	}
	return r, nil
}

// memory is a folder that is on no disk. Emulated tokens write their files at every login, which on a disk that others use takes tens of
// milliseconds now and then, and which no token does that is a device.
const memory = "/dev/shm"

// longest bounds the benchmarks of one package: ten thousand cards in real readers take a quarter of an hour on a quiet machine.
const longest = "1h"

// benchmark runs those benchmarks of a package that rows are made of.
func benchmark(ctx context.Context, o Options, pkg string, rows []comparison) (map[figure]float64, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern(pkg, rows), "-benchtime", o.Time, "-timeout", longest, "zaver/"+pkg)
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &errs, append(os.Environ(), o.env...)
	if _, err := os.Stat(memory); err == nil && pkg == "signature/token" {
		cmd.Env = append(cmd.Env, "TMPDIR="+memory, "GOTMPDIR="+os.TempDir())
	}
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run benchmarks of %s: %w: %s%s", pkg, err, out.String(), errs.String())
	}
	return figures(out.String()), nil
}

// pattern matches the benchmarks that the rows name, level by level as far as all of them reach: what lies deeper
// than a benchmark is would leave it out.
func pattern(pkg string, rows []comparison) string {
	var levels [][]string
	depth := 9
	for _, c := range rows {
		for _, f := range []figure{c.p50, c.base} {
			if c.pkg != pkg || f.bench == "" {
				continue
			}
			names := strings.Split("Benchmark"+f.bench, "/")
			depth = min(depth, len(names))
			for i, name := range names {
				if i == len(levels) {
					levels = append(levels, nil)
				}
				if !slices.Contains(levels[i], name) {
					levels[i] = append(levels[i], name)
				}
			}
		}
	}
	var out []string
	for _, names := range levels[:min(depth, len(levels))] {
		out = append(out, "^("+strings.Join(names, "|")+")$")
	}
	return strings.Join(out, "/")
}

// figures reads the lines of a run: name-CPUS, count, then value and unit by turns.
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

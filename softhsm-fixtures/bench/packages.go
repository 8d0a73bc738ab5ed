// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"context"
	"fmt"
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
	{"signature/verify", "verify a CAdES-BES, chain of three, P-256", "µs", 1, figure{"Verify/p256", "verify-µs"}, figure{}, figure{"Verify/p256", "bare-µs"}, "bare signature checks", times(1.5)},
	{"signature/verify", "verify a CAdES-BES, chain of three, RSA-2048", "µs", 1, figure{"Verify/rsa2048", "verify-µs"}, figure{}, figure{"Verify/rsa2048", "bare-µs"}, "bare signature checks", times(1.5)},
}

// carriers are token and card, beside the bare calls.
var carriers = []comparison{
	{"signature/token", "token, PIN to signature, P-256", "ms", 1e-3, figure{"Sign/p256/warm", "µs-p50"}, figure{"Sign/p256/warm", "µs-p95"}, figure{"Sign/p256/direct", "µs-p95"}, "bare login, C_Sign, logout (p95)", over(10)},
	{"signature/token", "token, bare C_Sign, P-256", "ms", 1e-3, figure{"Sign/p256/C_Sign", "µs-p50"}, figure{"Sign/p256/C_Sign", "µs-p95"}, figure{}, "", nil},
	{"signature/token", "token, PIN to signature, RSA-2048", "ms", 1e-3, figure{"Sign/rsa/warm", "µs-p50"}, figure{"Sign/rsa/warm", "µs-p95"}, figure{"Sign/rsa/direct", "µs-p95"}, "bare login, C_Sign, logout (p95)", over(10)},
	{"signature/token", "token, bare C_Sign, RSA-2048", "ms", 1e-3, figure{"Sign/rsa/C_Sign", "µs-p50"}, figure{"Sign/rsa/C_Sign", "µs-p95"}, figure{}, "", nil},
	{"cardreader/pcsc", "card, PIN to signature: lock, select, verify, PSO, reset", "ms", 1, figure{"Sign", "ms-p50-whole"}, figure{"Sign", "ms-p95-whole"}, figure{"Sign", "ms-p50-PSO"}, "bare PSO exchange (p50)", over(10)},
	{"cardreader/pcsc", "card, one bare exchange through the daemon", "ms", 1e-6, figure{"Transmit", "ns/op"}, figure{}, figure{}, "", nil},
	{"cardreader/pcsc", "card daemon notices to listed", "ms", 1, figure{"HotPlug", "ms-p50-notice-to-list"}, figure{"HotPlug", "ms-p95-notice-to-list"}, figure{}, "", most(50)},
}

func most(n float64) func(row) row  { return func(r row) row { return r.most(n, r.upper()) } }
func times(n float64) func(row) row { return func(r row) row { return r.times(n) } }
func over(n float64) func(row) row  { return func(r row) row { return r.over(n) } }

// packages runs the packages' own benchmarks.
func packages(ctx context.Context, o Options) ([]section, error) {
	measured := map[string]map[figure]float64{}
	for _, c := range slices.Concat(server, carriers) {
		if measured[c.pkg] != nil {
			continue
		}
		o.say("running the benchmarks of %s", c.pkg)
		var err error
		if measured[c.pkg], err = benchmark(ctx, o, c.pkg); err != nil {
			return nil, err
		}
	}
	var out []section
	for _, s := range []struct {
		title string
		rows  []comparison
	}{{"Server", server}, {"Token and card beside the bare calls", carriers}} {
		made := section{title: s.title}
		for _, c := range s.rows {
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

// benchmark runs those benchmarks of a package that rows are made of.
func benchmark(ctx context.Context, o Options, pkg string) (map[figure]float64, error) {
	var names []string
	for _, c := range slices.Concat(server, carriers) {
		for _, f := range []figure{c.p50, c.base} {
			if top, _, _ := strings.Cut(f.bench, "/"); c.pkg == pkg && top != "" && !slices.Contains(names, top) {
				names = append(names, top)
			}
		}
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark("+strings.Join(names, "|")+")$", "-benchtime", o.Time, "zaver/"+pkg)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run benchmarks of %s: %w: %s%s", pkg, err, out.String(), errs.String())
	}
	return figures(out.String()), nil
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

// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"time"

	"zaver/softhsm-fixtures/gostpeer/cspeed"
)

// confirmations are judgements as the portal makes them, with the trust set and cached answers, beside the bare
// signature checks in them: by the keys as certificates bring them, and by those that the trust set keeps prepared.
func confirmations() []comparison {
	var rows []comparison
	for _, k := range []struct{ bench, name string }{{"gost256", "GOST 256"}, {"gost512", "GOST 512"}, {"p256", "P-256"}, {"rsa2048", "RSA-2048"}} {
		what, bench := "verify a CAdES-BES, chain of three, "+k.name, "Verify/"+k.bench
		rows = append(rows, comparison{"signature/verify", what, "µs", 1, figure{bench, "verify-µs"}, figure{}, figure{bench, "known-µs"}, "bare checks, issuers' keys prepared", times(1.5)})
		if k.bench[0] == 'g' {
			rows = append(rows, comparison{"signature/verify", what, "µs", 1, figure{bench, "verify-µs"}, figure{}, figure{bench, "bare-µs"}, "bare checks, no key prepared", times(1.5)})
		}
		rows = append(rows, comparison{"signature/verify", "– its allocations", "objects", 1, figure{bench, "verify-allocs"}, figure{}, figure{}, "", nil},
			comparison{"signature/verify", "– its allocations", "KiB", 1, figure{bench, "verify-KiB"}, figure{}, figure{}, "", nil})
	}
	return rows
}

// gostTokens are GOST tokens by way of the agent's worker, beside the bare calls.
func gostTokens() []comparison {
	var rows []comparison
	for _, k := range []struct{ bench, name string }{{"gost256", "GOST 256"}, {"gost512", "GOST 512"}} {
		bench := "Sign/" + k.bench
		rows = append(rows,
			comparison{"signature/token", "token, PIN to CMS, " + k.name, "ms", 1e-3, figure{bench + "/cms", "µs-p50"}, figure{bench + "/cms", "µs-p95"}, figure{bench + "/C_Sign", "µs-p95"}, "bare C_Sign (p95)", over(10)},
			comparison{"signature/token", "token, PIN to signature, " + k.name, "ms", 1e-3, figure{bench + "/warm", "µs-p50"}, figure{bench + "/warm", "µs-p95"}, figure{bench + "/direct", "µs-p95"}, "bare login, C_Sign, logout (p95)", over(10)},
			comparison{"signature/token", "token, bare C_Sign, " + k.name, "ms", 1e-3, figure{bench + "/C_Sign", "µs-p50"}, figure{bench + "/C_Sign", "µs-p95"}, figure{}, "", nil})
	}
	return rows
}

// signature measures the signature engine.
func signature(ctx context.Context, o Options) ([]section, error) {
	sections, err := engine(ctx, o)
	if err != nil {
		return nil, err
	}
	for _, part := range []func(context.Context, Options) (section, error){documents, bags} {
		s, err := part(ctx, o)
		if err != nil {
			return nil, err
		}
		sections = append(sections, s)
	}
	more, err := compared(ctx, o, group{"Confirmation, answers cached", confirmations()}, group{"GOST token beside the bare calls", gostTokens()})
	return append(sections, more...), err
}

const (
	engineRounds = 15
	engineSlot   = 8 * time.Millisecond
)

// engine stands beside OpenSSL's GOST engine, which runs in one process of C; each figure is measured by turns.
func engine(ctx context.Context, o Options) ([]section, error) {
	o.say("verifying and hashing by turns with OpenSSL's GOST engine")
	c, err := cspeed.Compare(ctx, engineRounds, engineSlot)
	if err != nil {
		return nil, err
	}
	const against = "OpenSSL's engine"
	rate := func(d time.Duration) float64 { return float64(time.Second) / float64(d) }
	verify, known := section{title: "GOST, verifications"}, section{title: "GOST, verifications by a known issuer's key"}
	for _, s := range c.Sets {
		plain := row{what: s.Name, unit: "/s", p50: rate(s.Own), one: true, base: rate(s.C), against: against, ratio: s.Ratio}
		fast := row{what: s.Name, unit: "/s", p50: rate(s.Cached), one: true, base: rate(s.C), against: against, ratio: s.Known}
		verify.rows, known.rows = append(verify.rows, plain.atLeast(s.Want)), append(known.rows, fast.atLeast(s.WantKnown))
	}
	one := c.Sets[0]
	two := row{what: "two goroutines, " + one.Name, unit: "/s", p50: rate(one.Own) * c.Two, one: true, base: rate(one.Own), against: "one goroutine", ratio: c.Two}
	verify.rows = append(verify.rows, two.atLeast(1.9))
	hash := section{title: "Streebog-256"}
	for _, h := range c.Hashes {
		r := row{what: "messages of " + octets(h.Size), unit: "MB/s", p50: h.Own, one: true, base: h.C, against: against, ratio: h.Ratio}
		if h.Want > 0 {
			r = r.atLeast(h.Want)
		}
		hash.rows = append(hash.rows, r)
	}
	return []section{verify, known, hash}, nil
}

// octets writes a size.
func octets(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprint(n>>20, " MiB")
	case n >= 1<<10:
		return fmt.Sprint(n>>10, " KiB")
	}
	return fmt.Sprint(n, " octets")
}

// SPDX-License-Identifier: Apache-2.0

package bench

import "context"

// soakPackage has the long runs.
const soakPackage = "softhsm-fixtures/readers/soak"

// Cycles of the real daemon: all of them take a quarter of an hour, so they are for this part alone.
const (
	manyVariable = "ZAVER_SOAK_MANY"
	manyWhole    = "10000"
)

// longRuns measures readers for long: cards in and out, and the daemon killed and started anew. Asked for by name it takes ten thousand
// cards through the sixteen readers of the real daemon, otherwise two hundred.
func longRuns(ctx context.Context, o Options) ([]section, error) {
	if o.Only != "" {
		o.env = append(o.env, manyVariable+"="+manyWhole)
	}
	return compared(ctx, o, group{"Readers in the long run", oneReader()}, group{"Sixteen readers of pcscd in the long run", manyReaders()})
}

// oneReader is ten thousand cards in and out and a hundred crashes of the scripted daemon, and less of the real one.
func oneReader() []comparison {
	none := func(r row) row { return r.most(0, r.p50) }
	var rows []comparison
	for _, k := range []struct{ bench, name string }{{"Scripted", "scripted daemon"}, {"Real", "pcscd"}} {
		rows = append(rows,
			comparison{soakPackage, k.name + ": cards in and out", "cycles", 1, figure{k.bench, "cycles"}, figure{}, figure{}, "", nil},
			comparison{soakPackage, "– killed and started anew", "times", 1, figure{k.bench, "restarts"}, figure{}, figure{}, "", nil},
			comparison{soakPackage, "– order to insert to listed", "ms", 1, figure{k.bench, "ms-p50-listed"}, figure{k.bench, "ms-p95-listed"}, figure{}, "", nil},
			comparison{soakPackage, "– daemon answers to listed anew", "ms", 1, figure{k.bench, "ms-p50-recovered"}, figure{k.bench, "ms-p95-recovered"}, figure{}, "", nil},
			comparison{soakPackage, "– goroutines grown", "of them", 1, figure{k.bench, "goroutines-grown"}, figure{}, figure{}, "", none},
			comparison{soakPackage, "– descriptors grown", "of them", 1, figure{k.bench, "files-grown"}, figure{}, figure{}, "", none},
			comparison{soakPackage, "– memory grown", "KiB", 1, figure{k.bench, "KiB-grown"}, figure{}, figure{}, "", nil})
	}
	return rows
}

// manyReaders is as many readers as pcscd can have, all busy at once, under one watch and one source of cards.
func manyReaders() []comparison {
	one := func(what, unit, name string, budget func(row) row) comparison {
		return comparison{soakPackage, what, unit, 1, figure{"Many", name}, figure{}, figure{}, "", budget}
	}
	two := func(what, name string, budget func(row) row) comparison {
		return comparison{soakPackage, what, "ms", 1, figure{"Many", "ms-p50-" + name}, figure{"Many", "ms-p95-" + name}, figure{}, "", budget}
	}
	grown := func(what, unit, name string, budget func(row) row) comparison {
		return comparison{soakPackage, what, unit, 1, figure{"Many", name + "-after"}, figure{}, figure{"Many", name + "-before"}, "at the start", budget}
	}
	return []comparison{
		one("cards in and out", "cycles", "cycles", nil),
		one("– exchanged faster than pcscd looks", "of them", "exchanged", nil),
		one("– of these, shown without the empty reader between", "of them", "merged", nil),
		one("– of these, shown as no change: pcscd saw none", "of them", "unseen", nil),
		one("– missed", "cards", "missed", most(0)),
		two("– pcscd has the answer to reset, to listed", "listed", most(50)),
		two("– the same, to the certificate read", "read", nil),
		one("– killed and started anew", "times", "restarts", nil),
		two("– pcscd answers, to all readers listed anew", "recovered", most(1000)),
		grown("– goroutines at the end", "of them", "goroutines", times(1)),
		grown("– descriptors at the end", "of them", "files", times(1)),
		grown("– memory at the end", "MiB", "MiB", nil),
		one("– it took", "minutes", "minutes", nil),
	}
}

// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
)

const (
	restarts = 10
	idleFor  = 10 * time.Second
)

// live measures the programs themselves, in a world of their own.
func live(ctx context.Context, o Options) (sections []section, err error) {
	o.say("starting the world")
	w, err := stage.Start(ctx, o.World)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	programs, err := programs(ctx, o, w)
	if err != nil {
		return nil, fmt.Errorf("%w\nportal:\n%s\nagent:\n%s", err, w.Portal.Tail(), w.Agent.Tail())
	}
	b, err := robot.Launch(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	roads, err := roads(ctx, o, w, b)
	if err != nil {
		return nil, fmt.Errorf("%w\nportal:\n%s\nagent:\n%s", err, w.Portal.Tail(), w.Agent.Tail())
	}
	return append(roads, programs), nil
}

// programs measures start, rest and size.
func programs(ctx context.Context, o Options, w *stage.World) (section, error) {
	o.say("starting the portal %d times", restarts)
	s := section{title: "Programs"}
	cold, err := starts(restarts/2, func() error { return w.Portal.Stop() }, func() error { return w.Portal.Start(ctx) })
	if err != nil {
		return s, err
	}
	// A killed portal leaves its database: that is the portal's own start.
	warm, err := starts(restarts, func() error { return w.Portal.Kill() }, func() error { return w.Portal.Start(ctx) })
	if err != nil {
		return s, err
	}
	started := spread("portal, start to ready, migrated, database runs", warm)
	s.rows = append(s.rows, started.most(150, started.p95), spread("portal, start to ready with its private PostgreSQL", cold))

	o.say("watching the programs rest for %v", idleFor)
	rest, err := atRest(ctx, w)
	if err != nil {
		return s, err
	}
	s.rows = append(s.rows, rest...)
	for _, p := range []struct {
		name  string
		limit float64
	}{{"zaver-portal", 40}, {"zaver-agent", 0}} {
		info, err := os.Stat(w.Command(ctx, p.name).Path)
		if err != nil {
			return s, fmt.Errorf("look at program: %w", err)
		}
		r := single(p.name+", binary", "MB", float64(info.Size())/1e6)
		if p.limit > 0 {
			r = r.most(p.limit, r.p50)
		}
		s.rows = append(s.rows, r)
	}
	return s, nil
}

func starts(n int, end, start func() error) ([]time.Duration, error) {
	var took []time.Duration
	for range n {
		if err := end(); err != nil {
			return nil, err
		}
		began := time.Now()
		if err := start(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// usage is what a process used so far.
type usage struct {
	cpu   time.Duration
	wakes int // context switches of all threads
	rss   float64
}

func processUsage(pid int) (usage, error) {
	var u usage
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, fmt.Errorf("look at process: %w", err)
	}
	// pid (name) state …: the times are fields 14 and 15 of the line, in hundredths of a second.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return u, fmt.Errorf("look at process: %q", stat)
	}
	for _, f := range fields[11:13] {
		ticks, err := strconv.Atoi(f)
		if err != nil {
			return u, fmt.Errorf("look at process: %w", err)
		}
		u.cpu += time.Duration(ticks) * 10 * time.Millisecond
	}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		return u, err
	}
	for _, t := range tasks {
		b, err := os.ReadFile(t)
		if err != nil {
			continue // the thread has ended
		}
		for line := range strings.Lines(string(b)) {
			name, value, _ := strings.Cut(line, ":")
			n, _ := strconv.Atoi(strings.Fields(value + " 0")[0]) // other lines hold no numbers
			switch name {
			case "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches":
				u.wakes += n
			case "VmRSS":
				u.rss = float64(n) / 1024
			}
		}
	}
	return u, nil
}

// atRest watches portal, its database and the agent while nobody asks anything.
func atRest(ctx context.Context, w *stage.World) ([]row, error) {
	if err := pause(ctx, 3*time.Second); err != nil { // what the start left to do
		return nil, err
	}
	// Statements outside of a transaction are a transaction each.
	transactions := func() (int, error) {
		s, err := w.Query(ctx, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(s)
	}
	var before, after [2]usage
	pids := [2]int{w.Portal.PID(), w.Agent.PID()}
	sqlBefore, err := transactions()
	if err != nil {
		return nil, err
	}
	look := func(at *[2]usage) error {
		for i, pid := range pids {
			if at[i], err = processUsage(pid); err != nil {
				return err
			}
		}
		return nil
	}
	if err := look(&before); err != nil {
		return nil, err
	}
	if err := pause(ctx, idleFor); err != nil {
		return nil, err
	}
	if err := look(&after); err != nil {
		return nil, err
	}
	sqlAfter, err := transactions()
	if err != nil {
		return nil, err
	}
	seconds := idleFor.Seconds()
	share := func(i int) float64 { return 100 * (after[i].cpu - before[i].cpu).Seconds() / seconds }
	wakes := func(i int) float64 { return float64(after[i].wakes-before[i].wakes) / seconds }
	portal, agent := single("portal at rest, memory", "MiB", after[0].rss), single("agent at rest, memory", "MiB", after[1].rss)
	agentWakes := single("agent at rest, wake-ups of its threads", "/s", wakes(1))
	return []row{
		portal.most(40, portal.p50), single("portal at rest, of one core", "%", share(0)),
		single("portal at rest, transactions", "/s", float64(sqlAfter-sqlBefore-1)/seconds), single("portal at rest, wake-ups of its threads", "/s", wakes(0)),
		agent.most(25, agent.p50), agentWakes.most(0, agentWakes.p50),
	}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

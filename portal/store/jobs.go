// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
)

const (
	// jobTimeout is the longest that one run of a job takes unless its handler
	// asks for more; maxTimeout is the most that it may ask for.
	jobTimeout = 15 * time.Second
	maxTimeout = 5 * time.Minute
	// jobLease is how long a run may stand as running before its process is
	// taken for dead and the job for free. It must exceed jobTimeout. Longer runs
	// renew it by leaseRenewal.
	jobLease     = 20 * time.Second
	leaseRenewal = 5 * time.Second
	// leaseCheck is how often that is looked at.
	leaseCheck = 4 * time.Second
	// fetchPoll is how often each queue is asked for jobs that time made due; a
	// new one is signalled.
	fetchPoll = time.Second
	// fetchPause is the shortest pause between two looks into a queue.
	fetchPause = 20 * time.Millisecond
	// maxPayload bounds a job's payload in bytes.
	maxPayload = 64 << 10
	// maxRuns is as many runs as a job row can count. The handler's GiveUpAfter
	// ends a job long before.
	maxRuns = 32767
)

// Job asks for durable work.
type Job struct {
	// Kind names the handler.
	Kind string
	// Key makes the job unique: while a job of the same kind and key is kept
	// (a day after its end) another is not added. Empty means no such rule.
	Key string
	// Payload is what the handler needs, as JSON; at most 64 KiB. It is not
	// sealed: put ids there, not personal data.
	Payload any
	// After is the earliest start; zero means at once.
	After time.Time
}

// Run is one run of a job.
type Run struct {
	Kind, Key string
	Payload   json.RawMessage
	// Number counts the runs from 1, those that a killed process began included.
	Number int
	// Enqueued is when the job was added.
	Enqueued time.Time
}

// Decode reads the payload into v.
func (r Run) Decode(v any) error {
	if err := json.Unmarshal(r.Payload, v); err != nil {
		return fmt.Errorf("decode payload of job %s: %w", r.Kind, err)
	}
	return nil
}

// Handler does the work of one kind. A job may run again after its effect was
// made (the process was killed before the end was noted), so the effect needs
// an idempotency key of its own.
type Handler struct {
	// Work does one run; its context ends after Timeout. nil means done.
	// Again asks for another run that is no failure; every other error is
	// followed by another run after Delay.
	Work func(ctx context.Context, r Run) error
	// Delay is the wait after failed run number n (from 1); nil means 1 s,
	// doubled each time, at most 10 min.
	Delay func(n int) time.Duration
	// GiveUpAfter ends a job that long after it was enqueued; zero means never.
	GiveUpAfter time.Duration
	// GaveUp is told of a job at its end without success, with the last error;
	// when it fails it is called again. nil means nobody is told.
	GaveUp func(ctx context.Context, r Run, last error) error
	// Timeout bounds one run, by default 15 s, at most 5 min. A run of more than
	// 15 s costs one statement each 5 s.
	Timeout time.Duration
	// Queue puts the kind into a queue of its own name, so that slow work does
	// not hold up fast work; empty means the common queue.
	Queue string
	// Every makes the job a periodic one: it is enqueued by this interval, once
	// for all processes. Zero means it is not. One that fails is given up when
	// the next is due, unless GiveUpAfter says otherwise: else they would pile up.
	Every time.Duration
}

// again is the error that Again returns.
type againError struct{ after time.Duration }

func (e *againError) Error() string { return "run again after " + e.after.String() }

// Again is returned by a handler whose work is not over yet but has not failed
// either: it runs again after d.
func Again(d time.Duration) error { return &againError{after: d} }

// Jobs runs durable work. Handle everything, then Start, then Stop once.
type Jobs struct {
	s       *Store
	renewal time.Duration // of the leases of long runs

	mu       sync.Mutex // guards handlers, queues and started
	handlers map[string]Handler
	queues   map[string]int
	started  bool

	insertOnly *river.Client[*sql.Tx]
	client     *river.Client[*sql.Tx] // set by Start
	stopLease  context.CancelFunc
	leaseDone  chan struct{}
}

func newJobs(s *Store) (*Jobs, error) {
	client, err := river.NewClient(wakingDriver{Driver: riverdatabasesql.New(s.jobDB), s: s}, &river.Config{Logger: s.log})
	if err != nil {
		return nil, fmt.Errorf("prepare jobs: %w", err)
	}
	return &Jobs{
		s: s, insertOnly: client, renewal: leaseRenewal,
		handlers: make(map[string]Handler),
		queues:   map[string]int{river.QueueDefault: commonWorkers},
	}, nil
}

// commonWorkers and queueWorkers bound how many jobs run at once, in the
// common queue and in each queue of its own.
const (
	commonWorkers = 8
	queueWorkers  = 4
)

// Handle registers the handler of a kind. It fails after Start, for a kind
// that has one, and for a handler that asks for more than the limits.
func (j *Jobs) Handle(kind string, h Handler) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.started:
		return fmt.Errorf("handle jobs %s: already started", kind)
	case kind == "" || h.Work == nil:
		return fmt.Errorf("handle jobs %q: kind and work are needed", kind)
	case h.Timeout > maxTimeout:
		return fmt.Errorf("handle jobs %s: timeout %v is over the limit %v", kind, h.Timeout, maxTimeout)
	}
	if _, ok := j.handlers[kind]; ok {
		return fmt.Errorf("handle jobs %s: already handled", kind)
	}
	if h.Timeout == 0 {
		h.Timeout = jobTimeout
	}
	if h.Delay == nil {
		h.Delay = doubling
	}
	if h.GiveUpAfter == 0 {
		h.GiveUpAfter = h.Every
	}
	if h.Queue != "" {
		j.queues[h.Queue] = queueWorkers
	}
	j.handlers[kind] = h
	return nil
}

// doubling is the default wait after a failed run.
func doubling(n int) time.Duration {
	return min(time.Second<<min(n-1, 10), 10*time.Minute)
}

func (j *Jobs) handler(kind string) (Handler, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	h, ok := j.handlers[kind]
	return h, ok
}

// Start begins to run jobs. ctx bounds the start alone; Stop ends the work.
func (j *Jobs) Start(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.started {
		return errors.New("start jobs: already started")
	}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &worker{jobs: j}); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	cfg := &river.Config{
		Logger:            j.s.log,
		Workers:           workers,
		Queues:            make(map[string]river.QueueConfig, len(j.queues)),
		FetchPollInterval: fetchPoll, FetchCooldown: fetchPause,
		JobTimeout: jobTimeout, RescueStuckJobsAfter: jobLease,
		MaxAttempts: maxRuns,
	}
	for name, n := range j.queues {
		cfg.Queues[name] = river.QueueConfig{MaxWorkers: n}
	}
	for kind, h := range j.handlers {
		if h.Every > 0 {
			cfg.PeriodicJobs = append(cfg.PeriodicJobs, periodic(kind, h))
		}
	}
	driver := wakingDriver{Driver: riverdatabasesql.New(j.s.jobDB), s: j.s, queues: slices.Collect(maps.Keys(j.queues))}
	client, err := river.NewClient(driver, cfg)
	if err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	// The work outlives the context of the start: it ends by Stop.
	detached := context.WithoutCancel(ctx)
	if err := client.Start(detached); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	leaseCtx, cancel := context.WithCancel(detached)
	j.client, j.stopLease, j.leaseDone, j.started = client, cancel, make(chan struct{}), true
	go j.keepLeases(leaseCtx)
	return nil
}

func periodic(kind string, h Handler) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(h.Every), func() (river.JobArgs, *river.InsertOpts) {
		return jobArgs{Name: kind}, &river.InsertOpts{
			Queue: queueOf(h), MaxAttempts: maxRuns,
			UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: h.Every},
		}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

func queueOf(h Handler) string {
	if h.Queue == "" {
		return river.QueueDefault
	}
	return h.Queue
}

// Stop takes no more jobs and waits for those in hand; when ctx ends first
// their contexts are cancelled and they run again later. A runner that was
// never started stops at once.
func (j *Jobs) Stop(ctx context.Context) error {
	j.mu.Lock()
	client, stopLease, leaseDone := j.client, j.stopLease, j.leaseDone
	j.client = nil
	j.mu.Unlock()
	if client == nil {
		return nil
	}
	stopLease()
	<-leaseDone
	if err := client.Stop(ctx); err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := client.StopAndCancel(hard); err != nil {
			return fmt.Errorf("stop jobs: %w", err)
		}
	}
	return nil
}

// keepLeases frees the jobs of processes that died. River has a rescuer of its
// own, but runs it only every 30 s and only in its leader, whose own lease must
// end first when it was the one that was killed.
func (j *Jobs) keepLeases(ctx context.Context) {
	defer close(j.leaseDone)
	tick := time.NewTicker(leaseCheck)
	defer tick.Stop()
	for {
		if err := j.freeDead(ctx); err != nil && ctx.Err() == nil {
			j.s.log.WarnContext(ctx, "freeing jobs of dead processes failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// renewLease keeps a long run from being taken for dead, until ctx ends.
func (j *Jobs) renewLease(ctx context.Context, id int64) {
	tick := time.NewTicker(j.renewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := j.s.jobDB.ExecContext(ctx, `UPDATE river_job SET attempted_at = now() WHERE id = $1 AND state = 'running'`, id)
		if err != nil && ctx.Err() == nil {
			j.s.log.WarnContext(ctx, "renewing the lease of a long job failed", "error", err)
		}
	}
}

// freeDead makes every job whose run has outlived its lease available again.
// Times are PostgreSQL's: it also wrote attempted_at.
func (j *Jobs) freeDead(ctx context.Context) error {
	_, err := j.s.jobDB.ExecContext(ctx, `
		UPDATE river_job SET state = 'available', scheduled_at = now()
		WHERE id IN (
			SELECT id FROM river_job
			WHERE state = 'running' AND attempted_at < now() - make_interval(secs => $1)
			ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)`, jobLease.Seconds())
	if err != nil {
		return fmt.Errorf("free jobs: %w", err)
	}
	return nil
}

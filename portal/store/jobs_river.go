// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
)

// jobArgs is the one kind of job that River knows; ours is a field in it, so
// that handlers can be registered by name.
type jobArgs struct {
	Name    string          `json:"kind" river:"unique"`
	Key     string          `json:"key,omitempty" river:"unique"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// Kind is River's name for all our jobs.
func (jobArgs) Kind() string { return "zaver" }

// insert adds jobs inside a transaction, with one statement.
func (j *Jobs) insert(ctx context.Context, tx *sql.Tx, jobs []Job) error {
	params := make([]river.InsertManyParams, len(jobs))
	for i, job := range jobs {
		args := jobArgs{Name: job.Kind, Key: job.Key}
		if job.Payload != nil {
			raw, err := json.Marshal(job.Payload)
			if err != nil {
				return fmt.Errorf("encode payload of job %s: %w", job.Kind, err)
			}
			if len(raw) > maxPayload {
				return fmt.Errorf("enqueue job %s: payload of %d bytes is over the limit", job.Kind, len(raw))
			}
			args.Payload = raw
		}
		h, _ := j.handler(job.Kind)
		opts := &river.InsertOpts{Queue: queueOf(h), MaxAttempts: maxRuns, ScheduledAt: job.After}
		if job.Key != "" {
			opts.UniqueOpts = river.UniqueOpts{ByArgs: true}
		}
		params[i] = river.InsertManyParams{Args: args, InsertOpts: opts}
	}
	if _, err := j.insertOnly.InsertManyTx(ctx, tx, params); err != nil {
		return fmt.Errorf("enqueue jobs: %w", err)
	}
	return nil
}

// worker hands River's jobs to our handlers.
type worker struct {
	river.WorkerDefaults[jobArgs]
	jobs *Jobs
}

func (w *worker) Timeout(job *river.Job[jobArgs]) time.Duration {
	if h, ok := w.jobs.handler(job.Args.Name); ok {
		return h.Timeout
	}
	return jobTimeout
}

func (w *worker) NextRetry(job *river.Job[jobArgs]) time.Time {
	wait := doubling(job.Attempt)
	if h, ok := w.jobs.handler(job.Args.Name); ok {
		wait = h.Delay(job.Attempt)
	}
	return time.Now().Add(wait)
}

// unknownKindWait is how long a job of a kind that this process does not know
// is put off: a newer version of the portal may be running beside it.
const unknownKindWait = 10 * time.Second

func (w *worker) Work(ctx context.Context, job *river.Job[jobArgs]) error {
	h, ok := w.jobs.handler(job.Args.Name)
	if !ok {
		return river.JobSnooze(unknownKindWait)
	}
	r := Run{
		Kind: job.Args.Name, Key: job.Args.Key, Payload: job.Args.Payload,
		Number: job.Attempt, Enqueued: job.CreatedAt,
	}
	if h.Timeout > jobTimeout {
		lease, end := context.WithCancel(ctx)
		defer end()
		go w.jobs.renewLease(lease, job.ID)
	}
	err := w.run(ctx, h, r)
	if err == nil {
		return nil
	}
	if h.GiveUpAfter > 0 && time.Since(job.CreatedAt) >= h.GiveUpAfter {
		if h.GaveUp != nil {
			// The run's own time may be used up; the end must still be noted.
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobLease-jobTimeout)
			defer cancel()
			if gaveErr := h.GaveUp(end, r, err); gaveErr != nil {
				return errors.Join(err, gaveErr)
			}
		}
		return river.JobCancel(err)
	}
	if a, ok := errors.AsType[*againError](err); ok {
		return river.JobSnooze(a.after)
	}
	return err
}

// run does the handler's work; a panic is a failed run like any other, so that
// such a job is given up in its time too.
func (w *worker) run(ctx context.Context, h Handler, r Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.jobs.s.log.ErrorContext(ctx, "job panicked", "kind", r.Kind, "value", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("job %s panicked", r.Kind)
		}
	}()
	return h.Work(ctx, r)
}

// SPDX-License-Identifier: Apache-2.0

package assemble

import (
	"context"
	"time"

	"zaver/portal/notify"
	"zaver/portal/registry"
	"zaver/portal/store"
)

// Intervals of the recurring duties. Each may run in several processes at once.
const (
	collectEvery    = time.Second
	sweepEvery      = 2 * time.Second
	checkpointEvery = time.Minute
	stillOpen       = time.Hour
)

// handle gives every kind of durable job its worker.
func (p *Portal) handle(courier *notify.Courier) error {
	for kind, h := range p.handlers(courier) {
		if err := p.store.Jobs().Handle(kind, h); err != nil {
			return err
		}
	}
	return nil
}

// handlers are the kinds of durable job. Each ends for certain, whatever goes wrong.
func (p *Portal) handlers(courier *notify.Courier) map[string]store.Handler {
	return map[string]store.Handler{
		store.JobNotice: {
			Work: func(ctx context.Context, r store.Run) error {
				var job store.NoticeJob
				if err := r.Decode(&job); err != nil {
					return err
				}
				return courier.Deliver(ctx, job.ID)
			},
			Delay: notify.Retry, Queue: "notices",
			// The courier gives up before; this ends what it can't even read.
			GiveUpAfter: notify.Life + time.Hour,
			GaveUp: func(ctx context.Context, r store.Run, _ error) error {
				var job store.NoticeJob
				if err := r.Decode(&job); err != nil {
					return err
				}
				return p.store.Outbox().GaveUp(ctx, job.ID, "unreadable")
			},
		},
		store.JobCheck: {
			Work: p.check, Delay: registry.Retry, Queue: "checks",
			GiveUpAfter: registry.Life,
			GaveUp: func(ctx context.Context, r store.Run, _ error) error {
				var job store.CheckJob
				if err := r.Decode(&job); err != nil {
					return err
				}
				return p.Registry.GiveUp(ctx, job.ID)
			},
		},
		store.JobSweep: p.store.SweepHandler(),
	}
}

// check sends one check and stays with it until it has ended, so that its life
// ends for certain.
func (p *Portal) check(ctx context.Context, r store.Run) error {
	var job store.CheckJob
	if err := r.Decode(&job); err != nil {
		return err
	}
	if err := p.Registry.Send(ctx, job.ID); err != nil {
		return err
	}
	if _, _, open, err := p.store.Checks().Open(ctx, job.ID); err != nil || !open {
		return err
	}
	return store.Again(stillOpen)
}

// duty is work that is done again and again.
type duty struct {
	name  string
	every time.Duration
	work  func(ctx context.Context) error
}

func (p *Portal) duties() []duty {
	return []duty{
		{"collect register answers", collectEvery, p.Registry.Collect},
		{"sweep confirmations", sweepEvery, func(ctx context.Context) error {
			_, err := p.Confirm.Sweep(ctx)
			return err
		}},
		{"sign audit checkpoint", checkpointEvery, func(ctx context.Context) error {
			_, _, err := p.Audit.Sign(ctx, p.now())
			return err
		}},
	}
}

// longestPause bounds how far a duty that fails is put off.
const longestPause = 30 * time.Second

// repeat does the duty until ctx ends. After a failure it waits longer each
// time; the first failure of a row and the first success after it are logged.
func (p *Portal) repeat(ctx context.Context, d duty) {
	timer := time.NewTimer(d.every)
	defer timer.Stop()
	pause := d.every
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		run, cancel := context.WithTimeout(ctx, 30*time.Second)
		err := d.work(run)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if pause == d.every {
				p.log.WarnContext(ctx, "duty fails", "duty", d.name, "cause", err.Error())
			}
			pause = min(2*pause, max(longestPause, d.every))
		default:
			if pause != d.every {
				p.log.InfoContext(ctx, "duty works again", "duty", d.name)
			}
			pause = d.every
		}
		timer.Reset(pause)
	}
}

// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"zaver/portal/store"
	"zaver/softhsm-fixtures/pgtest"
)

func enqueue(t *testing.T, s *store.Store, jobs ...store.Job) {
	t.Helper()
	err := s.InTx(t.Context(), func(_ context.Context, tx *store.Tx) error {
		for _, j := range jobs {
			tx.Enqueue(j)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func running(t *testing.T, handlers map[string]store.Handler) *store.Store {
	t.Helper()
	s := pgtest.Open(t, nil)
	for kind, h := range handlers {
		if err := s.Jobs().Handle(kind, h); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Jobs().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestJobRunsOnceAfterCommit(t *testing.T) {
	runs := make(chan store.Run, 10)
	s := running(t, map[string]store.Handler{"greet": {Queue: "own", Work: func(_ context.Context, r store.Run) error {
		runs <- r
		return nil
	}}})
	began := time.Now()
	enqueue(t, s, store.Job{Kind: "greet", Payload: map[string]string{"id": "7"}})
	r := await(t, runs)
	var payload struct{ ID string }
	if err := r.Decode(&payload); err != nil || payload.ID != "7" || r.Number != 1 || r.Kind != "greet" {
		t.Errorf("run = %+v, payload %+v, %v", r, payload, err)
	}
	t.Logf("from commit to work: %v", time.Since(began))
	enqueue(t, s, store.Job{Kind: "greet"})
	if r := await(t, runs); len(r.Payload) != 0 {
		t.Errorf("the first job ran twice: %+v", r)
	}
}

// A new job is not found by looking once a second: it wakes the runner of its queue. Of two queues that are only looked into each second, one
// after the other, a round takes that second; the median bears a machine that stands still now and then.
func TestNewJobWakesItsQueue(t *testing.T) {
	runs := make(chan store.Run, 10)
	work := func(_ context.Context, r store.Run) error {
		runs <- r
		return nil
	}
	s := running(t, map[string]store.Handler{"common": {Work: work}, "own": {Queue: "own", Work: work}})
	enqueue(t, s, store.Job{Kind: "own"}, store.Job{Kind: "common"}) // the listening connection may still be on its way
	await(t, runs)
	await(t, runs)
	took := make([]time.Duration, 9)
	for i := range took {
		began := time.Now()
		for _, kind := range []string{"own", "common"} {
			enqueue(t, s, store.Job{Kind: kind})
			await(t, runs)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > time.Second/2 {
		t.Errorf("two jobs one after the other took %v", took)
	}
}

func TestJobKeyIsUsedOnce(t *testing.T) {
	runs := make(chan string, 10)
	work := store.Handler{Work: func(_ context.Context, r store.Run) error {
		runs <- r.Kind + r.Key
		return nil
	}}
	s := running(t, map[string]store.Handler{"a": work, "b": work})
	enqueue(t, s, store.Job{Kind: "a", Key: "1"}, store.Job{Kind: "b", Key: "1"})
	got := map[string]bool{await(t, runs): true, await(t, runs): true}
	enqueue(t, s, store.Job{Kind: "a", Key: "1"}, store.Job{Kind: "a", Key: "2"})
	got[await(t, runs)] = true
	if !got["a1"] || !got["b1"] || !got["a2"] || len(runs) != 0 {
		t.Errorf("runs = %v and %d more", got, len(runs))
	}
}

// A job that fails is tried again until its time is over. The test lets that time pass after the second run: however slow the machine is, there are two.
func TestJobRetriesThenGivesUp(t *testing.T) {
	type end struct {
		number int
		last   error
	}
	runs, ends := make(chan int, 100), make(chan end, 1)
	broken := errors.New("register is down")
	failGaveUp := true
	s := running(t, map[string]store.Handler{"ask": {
		Work: func(_ context.Context, r store.Run) error {
			if r.Number <= 2 {
				runs <- r.Number
			}
			return broken
		},
		Delay:       func(int) time.Duration { return 50 * time.Millisecond },
		GiveUpAfter: time.Hour,
		GaveUp: func(_ context.Context, r store.Run, last error) error {
			if failGaveUp { // the end itself is tried again
				failGaveUp = false
				return errors.New("not now")
			}
			ends <- end{r.Number, last}
			return nil
		},
	}})
	enqueue(t, s, store.Job{Kind: "ask"})
	for want := 1; want <= 2; want++ {
		if got := await(t, runs); got != want {
			t.Errorf("run %d, want %d", got, want)
		}
	}
	if _, err := s.Exec(t.Context(), `UPDATE river_job SET created_at = created_at - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	e := await(t, ends)
	if e.number < 4 || !errors.Is(e.last, broken) { // two runs, the end that failed, the end
		t.Errorf("gave up at run %d with %v", e.number, e.last)
	}
}

// A job whose work panics ends in its time, as any that fails.
func TestPanickingJobGivesUp(t *testing.T) {
	ends := make(chan error, 1)
	s := running(t, map[string]store.Handler{"ask": {
		Work:        func(context.Context, store.Run) error { panic("poison") },
		Delay:       func(int) time.Duration { return 50 * time.Millisecond },
		GiveUpAfter: 300 * time.Millisecond,
		GaveUp:      func(_ context.Context, _ store.Run, last error) error { ends <- last; return nil },
	}})
	enqueue(t, s, store.Job{Kind: "ask"})
	if err := await(t, ends); err == nil {
		t.Error("gave up without an error")
	}
}

// A periodic job that fails is given up when the next is due: they don't pile up.
func TestFailingPeriodicJobsDoNotPileUp(t *testing.T) {
	ends := make(chan error, 10)
	running(t, map[string]store.Handler{"sweep": {
		Work:   func(context.Context, store.Run) error { return errors.New("no") },
		Delay:  func(int) time.Duration { return 100 * time.Millisecond },
		GaveUp: func(_ context.Context, _ store.Run, last error) error { ends <- last; return nil },
		Every:  time.Second,
	}})
	for range 2 {
		await(t, ends)
	}
}

func TestAgainIsNoFailure(t *testing.T) {
	runs := make(chan int, 10)
	n := 0
	s := running(t, map[string]store.Handler{"poll": {Work: func(_ context.Context, _ store.Run) error {
		n++
		runs <- n
		if n < 3 {
			return store.Again(time.Millisecond)
		}
		return nil
	}}})
	enqueue(t, s, store.Job{Kind: "poll"})
	for want := 1; want <= 3; want++ {
		if got := await(t, runs); got != want {
			t.Errorf("run %d, want %d", got, want)
		}
	}
}

// A process that was killed leaves its jobs as running. Another takes them
// once their lease is over.
func TestJobOfDeadProcessIsTakenAgain(t *testing.T) {
	runs := make(chan int, 10)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	s := running(t, map[string]store.Handler{"work": {Work: func(_ context.Context, r store.Run) error {
		runs <- r.Number
		if r.Number == 1 {
			<-hang
		}
		return nil
	}}})
	enqueue(t, s, store.Job{Kind: "work"})
	await(t, runs)
	if _, err := s.Exec(t.Context(), `UPDATE river_job SET attempted_at = now() - interval '21 seconds'`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if n := await(t, runs); n != 2 {
		t.Errorf("run %d", n)
	}
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("taken again after %v: with the lease of 20 s that is too late", took)
	}
}

// A portal that is alone need not wait for the leases of the one that was killed.
func TestTakeOverFreesJobsAtOnce(t *testing.T) {
	runs := make(chan int, 10)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	s := running(t, map[string]store.Handler{"work": {Work: func(_ context.Context, r store.Run) error {
		runs <- r.Number
		if r.Number == 1 {
			<-hang
		}
		return nil
	}}})
	enqueue(t, s, store.Job{Kind: "work"})
	await(t, runs)
	// No lease ends in this test, so that only the take-over can free the job.
	if _, err := s.Exec(t.Context(), `UPDATE river_job SET attempted_at = now() + interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	if err := s.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := await(t, runs); n != 2 {
		t.Errorf("run %d", n)
	}
}

func TestPeriodicJob(t *testing.T) {
	runs := make(chan struct{}, 10)
	running(t, map[string]store.Handler{"tick": {Every: time.Second, Work: func(context.Context, store.Run) error {
		runs <- struct{}{}
		return nil
	}}})
	await(t, runs)
	await(t, runs)
}

func TestStopWaitsForWorkInHand(t *testing.T) {
	begun, done := make(chan struct{}), false
	s := running(t, map[string]store.Handler{"slow": {Work: func(ctx context.Context, _ store.Run) error {
		close(begun)
		timer := time.NewTimer(300 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
			done = true
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}})
	enqueue(t, s, store.Job{Kind: "slow"})
	await(t, begun)
	if err := s.Jobs().Stop(t.Context()); err != nil || !done {
		t.Errorf("stopped with the work done: %v, error %v", done, err)
	}
}

// A long run renews its lease: nobody takes it for dead and runs it a second time.
func TestLongJobKeepsItsLease(t *testing.T) {
	s := pgtest.Open(t, nil)
	s.Jobs().RenewLeasesEvery(20 * time.Millisecond)
	ended := make(chan error, 2)
	err := s.Jobs().Handle("long", store.Handler{Timeout: time.Minute, Work: func(ctx context.Context, _ store.Run) error {
		if _, err := s.Exec(ctx, `UPDATE river_job SET attempted_at = now() - interval '10 seconds' WHERE state = 'running'`); err != nil {
			ended <- err
			return nil
		}
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for {
			fresh, err := s.Text(ctx, `SELECT attempted_at > now() - interval '5 seconds' FROM river_job WHERE state = 'running'`)
			if err != nil || fresh == "true" {
				ended <- err
				return nil
			}
			<-look.C
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Jobs().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	enqueue(t, s, store.Job{Kind: "long"})
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
}

func TestHandlersAreChecked(t *testing.T) {
	s := pgtest.Open(t, nil)
	ok := store.Handler{Work: func(context.Context, store.Run) error { return nil }}
	long := ok
	long.Timeout = time.Hour
	if err := s.Jobs().Handle("long", long); err == nil {
		t.Error("a timeout over the limit was taken")
	}
	if err := s.Jobs().Handle("idle", store.Handler{}); err == nil {
		t.Error("a handler without work was taken")
	}
	if err := s.Jobs().Handle("a", ok); err != nil {
		t.Error(err)
	}
	if err := s.Jobs().Handle("a", ok); err == nil {
		t.Error("a second handler of one kind was taken")
	}
	big := s.InTx(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.Enqueue(store.Job{Kind: "a", Payload: make([]byte, 100<<10)})
		return nil
	})
	if big == nil {
		t.Error("a payload over the limit was taken")
	}
}

// SPDX-License-Identifier: Apache-2.0

package killed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/stage"
)

const (
	lanes     = 3 // people on the road at once
	firstWho  = 700_000
	mostWho   = 60
	roadLimit = 170 * time.Second
)

// blow is one killing: after somebody entered the part, within the span.
type blow struct {
	part     string
	span     time.Duration
	database bool // the database server dies too
}

// plan spreads the killings over the road. A span is about as long as the part
// takes when nothing happens.
func plan(r *rand.Rand) []blow {
	blows := []blow{
		{registration, 600 * time.Millisecond, false}, {registration, 600 * time.Millisecond, false}, {registration, 600 * time.Millisecond, false},
		{profile, 150 * time.Millisecond, false}, {profile, 150 * time.Millisecond, false},
		{checks, 2 * time.Second, false}, {checks, 2 * time.Second, false},
		{confirmation, 1500 * time.Millisecond, false}, {"signing", 120 * time.Millisecond, false}, {"signing", 60 * time.Millisecond, false},
		{confirmation, time.Second, true},
	}
	r.Shuffle(len(blows), func(i, j int) { blows[i], blows[j] = blows[j], blows[i] })
	return blows
}

// TestKilledPortalLosesNothing kills the portal at ten random moments, and once
// with its database, while people walk the road; then it takes stock.
// ZAVER_SEED repeats the moments of a former run.
func TestKilledPortalLosesNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("ZAVER_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed: ZAVER_SEED=%d", seed)
	world, err := stage.Start(t.Context(), stage.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("portal:\n%s\nagent:\n%s", world.Portal.Tail(), world.Agent.Tail())
		}
		if err := world.Close(); err != nil {
			t.Errorf("end the world: %v", err)
		}
	})
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), roadLimit)
	defer cancel()
	crowd := &crowd{w: &computer{World: world}, entered: make(chan string, 256), t: t, began: began}
	var wg sync.WaitGroup
	for range lanes {
		wg.Go(func() {
			if err := crowd.lane(ctx); err != nil {
				t.Error(err)
				cancel()
			}
		})
	}
	r := rand.New(rand.NewPCG(seed, 0))
	if err := crowd.kill(ctx, plan(r), r); err != nil {
		t.Error(err)
		cancel()
	}
	crowd.over.Store(true)
	wg.Wait()
	if t.Failed() {
		return
	}
	outages := 0
	for _, k := range crowd.walkers {
		outages += k.outages
	}
	t.Logf("%d people were confirmed, whom %d outages met, within %v", len(crowd.walkers), outages, time.Since(began).Round(time.Second))
	takeStock(ctx, t, crowd)
	// The road is open for others.
	for _, method := range []string{"token", "uec"} {
		if err := crowd.one(ctx, method); err != nil {
			t.Error(err)
		}
	}
	t.Logf("all done within %v", time.Since(began).Round(time.Second))
}

// crowd is everybody on the road.
type crowd struct {
	w       *computer
	t       *testing.T
	began   time.Time
	entered chan string // who entered which part
	over    atomic.Bool // nobody else sets out

	mu      sync.Mutex // guards walkers
	walkers []*walker
}

// lane sends one person after another until the killing is over.
func (c *crowd) lane(ctx context.Context) error {
	for i := 0; !c.over.Load(); i++ {
		if err := c.one(ctx, []string{"token", "uec"}[i%2]); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) one(ctx context.Context, method string) error {
	enter := func(part string) {
		select {
		case c.entered <- part:
		default: // the killer sleeps
		}
	}
	c.mu.Lock()
	n := len(c.walkers)
	if n == mostWho {
		c.mu.Unlock()
		return errors.New("so many people walked, and the killing is not over")
	}
	k, err := newWalker(c.w, people.Numbered(firstWho+n), method, enter, c.say)
	if err == nil {
		c.walkers = append(c.walkers, k)
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return k.walk(ctx)
}

func (c *crowd) say(format string, args ...any) {
	c.t.Logf("%6.2f s  %s", time.Since(c.began).Seconds(), fmt.Sprintf(format, args...))
}

// kill carries out the plan: each blow waits for somebody to enter its part.
func (c *crowd) kill(ctx context.Context, blows []blow, r *rand.Rand) error {
	for i, b := range blows {
		if err := c.await(ctx, b.part); err != nil {
			return fmt.Errorf("blow %d: %w", i+1, err)
		}
		delay := time.Duration(r.Int64N(int64(b.span)))
		if err := pause(ctx, delay); err != nil {
			return err
		}
		c.say("blow %d: %v after somebody entered %s, with database: %v", i+1, delay.Round(time.Millisecond), b.part, b.database)
		if err := c.strike(ctx, b.database); err != nil {
			return fmt.Errorf("blow %d: %w", i+1, err)
		}
	}
	return nil
}

// await forgets who entered before, and waits for the next to enter the part.
func (c *crowd) await(ctx context.Context, part string) error {
	for {
		select {
		case <-c.entered:
			continue
		default:
		}
		break
	}
	for {
		select {
		case got := <-c.entered:
			if got == part {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("nobody enters %s: %w", part, context.Cause(ctx))
		}
	}
}

func (c *crowd) strike(ctx context.Context, database bool) error {
	if database {
		pid, err := c.w.databasePID()
		if err != nil {
			return err
		}
		// Both die in one moment: between two signals the portal must not tell anybody what it sees.
		if err := syscall.Kill(c.w.Portal.PID(), syscall.SIGSTOP); err != nil {
			return fmt.Errorf("stop portal: %w", err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill database: %w", err)
		}
	}
	if err := c.w.Portal.Kill(); err != nil {
		return err
	}
	began := time.Now()
	if err := c.w.Portal.Start(ctx); err != nil {
		return err
	}
	c.say("the portal is back after %v", time.Since(began).Round(time.Millisecond))
	return nil
}

// databasePID is the main process of the portal's private PostgreSQL.
func (w *computer) databasePID() (int, error) {
	b, err := os.ReadFile(w.Dir + "/portal/postgres/data/postmaster.pid")
	if err != nil {
		return 0, fmt.Errorf("find database: %w", err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	return strconv.Atoi(first)
}

// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"zaver/portal/fault"
	"zaver/portal/password"
)

const (
	hashSlice  = time.Second // one turn of each
	hashTurns  = 4
	rushPeople = 400
)

// passwords measures hashing by turns with the bare function on all cores.
func passwords(ctx context.Context, o Options) ([]section, error) {
	o.say("hashing passwords")
	patient, err := password.New(password.Config{Wait: time.Minute})
	if err != nil {
		return nil, err
	}
	bare := func() error {
		var salt [16]byte
		_, _ = rand.Read(salt[:])
		argon2.IDKey([]byte("кит-Лампа-47"), salt[:], 2, 19*1024, 1, 32)
		return nil
	}
	hash := func() error { _, err := patient.Hash(ctx, "кит-Лампа-47"); return err }
	var done [3]float64
	for range hashTurns {
		for i, c := range []struct {
			clients int
			work    func() error
		}{{runtime.NumCPU(), bare}, {8, hash}, {32, hash}} {
			n, err := rate(c.clients, c.work)
			if err != nil {
				return nil, fmt.Errorf("hash: %w", err)
			}
			done[i] += n / hashTurns
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	refused, slowest, err := rush(ctx)
	if err != nil {
		return nil, err
	}
	against := fmt.Sprintf("bare argon2id, %d at once", runtime.NumCPU())
	rows := []row{
		{what: "hashes, 8 clients", unit: "/s", p50: done[1], one: true, base: done[0], against: against},
		{what: "hashes, 32 clients", unit: "/s", p50: done[2], one: true, base: done[0], against: against},
		single("memory of the process that hashes", "MiB", float64(m.Sys)/(1<<20)),
		single(fmt.Sprintf("slowest of %d refusals when %d come at once", refused, rushPeople), "ms", ms(slowest)),
	}
	rows[0], rows[1] = rows[0].atLeast(0.85), rows[1].atLeast(0.85)
	rows[2] = rows[2].most(150, rows[2].p50)
	rows[3] = rows[3].most(2000, rows[3].p50)
	return []section{{"Passwords", rows}}, nil
}

// rate is how often a second clients at once do the work.
func rate(clients int, work func() error) (float64, error) {
	var (
		wg    sync.WaitGroup
		n     atomic.Int64
		fault atomic.Pointer[error]
	)
	began := time.Now()
	for range clients {
		wg.Go(func() {
			for time.Since(began) < hashSlice {
				if err := work(); err != nil {
					fault.Store(&err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	if err := fault.Load(); err != nil {
		return 0, *err
	}
	return float64(n.Load()) / time.Since(began).Seconds(), nil
}

// rush sends everybody at once to a hasher as it is by default.
func rush(ctx context.Context) (refused int64, slowest time.Duration, err error) {
	h, err := password.New(password.Config{})
	if err != nil {
		return 0, 0, err
	}
	var (
		wg sync.WaitGroup
		mu sync.Mutex
	)
	for range rushPeople {
		wg.Go(func() {
			began := time.Now()
			_, hashErr := h.Hash(ctx, "кит-Лампа-47")
			took := time.Since(began)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case fault.CodeOf(hashErr) == fault.Busy:
				refused, slowest = refused+1, max(slowest, took)
			case hashErr != nil:
				err = hashErr
			}
		})
	}
	wg.Wait()
	return refused, slowest, err
}

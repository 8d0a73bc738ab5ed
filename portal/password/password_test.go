// SPDX-License-Identifier: Apache-2.0

package password

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zaver/portal/fault"
)

func hasher(tb testing.TB, c Config) *Hasher {
	tb.Helper()
	h, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func TestHashMatchesOnlyItsPassword(t *testing.T) {
	h := hasher(t, Config{})
	stored, err := h.Hash(t.Context(), "кит-Лампа-47")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("stored = %q", stored)
	}
	again, err := h.Hash(t.Context(), "кит-Лампа-47")
	if err != nil || again == stored {
		t.Errorf("two hashes of one password are equal, or %v", err)
	}
	for _, c := range []struct {
		name, stored, typed string
		want                bool
	}{
		{"right", stored, "кит-Лампа-47", true},
		{"wrong", stored, "кит-лампа-47", false},
		{"empty", stored, "", false},
		{"no account", "", "кит-Лампа-47", false},
		{"no account, no password", "", "", false},
		{"over long", stored, strings.Repeat("a", 1<<20), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := h.Matches(t.Context(), c.stored, c.typed)
			if err != nil || got != c.want {
				t.Errorf("Matches = %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestMalformedHashes(t *testing.T) {
	h := hasher(t, Config{})
	const good = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtc3Vt"
	if _, err := h.Matches(t.Context(), good, "x"); err != nil {
		t.Fatalf("the base of this table is refused: %v", err)
	}
	for _, bad := range []string{
		"x", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtc3Vt",
		strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=19456", "m=4000000000", 1),
		strings.Replace(good, "m=19456", "m=0", 1),
		strings.Replace(good, "t=2", "t=1000", 1),
		strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "c2FsdHNhbHQ", "", 1),
		strings.Replace(good, "c2FsdHNhbHQ", "!", 1),
		strings.Replace(good, "c3Vtc3Vtc3Vtc3Vtc3Vtc3Vt", "c3Vt", 1),
		good + "$", good + strings.Repeat("A", 600),
	} {
		if _, err := h.Matches(t.Context(), bad, "x"); !errors.Is(err, ErrMalformed) {
			t.Errorf("Matches(%.60q) error = %v", bad, err)
		}
	}
}

func TestLineIsBounded(t *testing.T) {
	h := hasher(t, Config{Workers: 1, Line: 2, Wait: time.Hour})
	release, err := h.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	waiting := make([]error, 2)
	for i := range waiting {
		wg.Go(func() { _, waiting[i] = h.Hash(t.Context(), "x") })
	}
	for h.waiting.Load() < 2 {
		runtime.Gosched()
	}
	_, err = h.Hash(t.Context(), "one too many")
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Code != fault.Busy || e.RetryAfter <= 0 {
		t.Errorf("error = %v", err)
	}
	release()
	wg.Wait()
	if err := errors.Join(waiting...); err != nil {
		t.Errorf("those in line: %v", err)
	}
}

func TestWaitIsBounded(t *testing.T) {
	h := hasher(t, Config{Workers: 1, Wait: time.Millisecond})
	release, err := h.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := h.Hash(t.Context(), "x"); fault.CodeOf(err) != fault.Busy {
		t.Errorf("error = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hasherLike(h).Hash(ctx, "x"); err == nil {
		t.Error("a cancelled caller went on waiting")
	}
}

// hasherLike is h with a long wait and the same slots.
func hasherLike(h *Hasher) *Hasher {
	return &Hasher{slots: h.slots, line: h.line, wait: time.Hour, dummy: h.dummy}
}

func TestStrength_A3(t *testing.T) {
	own := []string{"Иванова", "Анна-Мария", "+79001234567", "a.ivanova@example.org"}
	for _, c := range []struct {
		typed string
		want  fault.Code
	}{
		{"кит-Лампа-47-сугроб", ""},
		{"vopros-0tvet-krylo", ""},
		{"короче1", Short},
		{strings.Repeat("а", MaxRunes+1), Long},
		{"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", Long},
		{"password1", Leaked},
		{"йцукенгш", Leaked}, // qwertyui
		{"gfhjkm123", Leaked},
		{"пароль123", Leaked},
		{"aaaaaaaaaaaa", Weak},
		{"20202020", Weak},
		{"ивановаанна2026", OwnData},
		{"Ivanova-Anna-79", OwnData},
		{"79001234567!", OwnData},
		{"bdfyjdf1990", OwnData}, // иванова on the other layout
		{"Lampa-Anna-kit-47-sugrob", ""},
	} {
		t.Run(c.typed[:min(len(c.typed), 30)], func(t *testing.T) {
			score, err := Strength(c.typed, own)
			if got := fault.CodeOf(err); got != c.want {
				t.Errorf("fault = %q, want %q (score %d)", got, c.want, score)
			}
			if (c.want == "") != (score >= enough) {
				t.Errorf("score %d", score)
			}
		})
	}
}

func TestStrengthIsQuickOnLongInput(t *testing.T) {
	began := cpu(t)
	if _, err := Strength(strings.Repeat("aB3$", MaxRunes/4), []string{strings.Repeat("а", 500)}); cpu(t)-began > time.Second {
		t.Errorf("took %v (%v)", cpu(t)-began, err)
	}
}

// cpu is the time that this process has computed: other work on the machine is not in it.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The bare hash is the baseline of both: compare the rates.
func BenchmarkBareHash(b *testing.B) { benchmarkClients(b, runtime.GOMAXPROCS(0)) }

func BenchmarkHash8Clients(b *testing.B)  { benchmarkClients(b, 8) }
func BenchmarkHash32Clients(b *testing.B) { benchmarkClients(b, 32) }

func benchmarkClients(b *testing.B, clients int) {
	h := hasher(b, Config{Wait: time.Minute})
	next := make(chan struct{})
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range next {
				if _, err := h.Hash(b.Context(), "кит-Лампа-47"); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ResetTimer()
	for range b.N {
		next <- struct{}{}
	}
	close(next)
	wg.Wait()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hashes/s")
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-sys")
}

func BenchmarkStrength(b *testing.B) {
	for b.Loop() {
		if _, err := Strength("кит-Лампа-47-сугроб", []string{"Иванова", "Анна", "+79001234567"}); err != nil {
			b.Fatal(err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

// The window's clock, preloaded by tests, which say in the file CLOCK how much slower than the real one it goes.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// A rate counts from a moment of the real clock, at which the window's showed another; both in nanoseconds.
struct rate {
	long long from, shown, slower;
};

static const volatile struct {
	long long now; // the rate that holds
	struct rate rates[8];
} *told;

__attribute__((constructor)) static void find(void)
{
	const char *name = getenv("CLOCK");
	int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *at = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *told, PROT_READ, MAP_SHARED, file, 0);

	if (at == MAP_FAILED)
		abort();
	told = at;
	close(file);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int failed = syscall(SYS_clock_gettime, id, t);

	if (!failed && id == CLOCK_MONOTONIC && told) {
		const volatile struct rate *r = &told->rates[told->now];
		long long shows = r->shown + (t->tv_sec * 1000000000LL + t->tv_nsec - r->from) / r->slower;

		t->tv_sec = shows / 1000000000LL;
		t->tv_nsec = shows % 1000000000LL;
	}
	return failed;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What was ordered, and what is done to a call on its way in. The orders stand in a file beside the module, "<module>.faults", one per
 * line; see faultmodule.go for what they mean. They are read when a process loads the module.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

#define MAX_ORDERS 64

static struct { char name[32], value[PATH_MAX]; } orders[MAX_ORDERS];
static int n_orders;
char self[PATH_MAX];

void read_orders(void)
{
	char path[PATH_MAX + 8], line[PATH_MAX + 64];
	Dl_info info;
	n_orders = 0;
	if (!dladdr((void *)read_orders, &info) || !info.dli_fname)
		return;
	snprintf(self, sizeof self, "%s", info.dli_fname);
	snprintf(path, sizeof path, "%s.faults", self);
	FILE *f = fopen(path, "r");
	if (!f)
		return;
	while (n_orders < MAX_ORDERS && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		char *eq = strchr(line, '=');
		snprintf(orders[n_orders].name, sizeof orders[0].name, "%.*s", (int)(eq ? eq - line : (long)strlen(line)), line);
		snprintf(orders[n_orders].value, sizeof orders[0].value, "%s", eq ? eq + 1 : "");
		n_orders++;
	}
	fclose(f);
}

const char *order(const char *name)
{
	for (int i = 0; i < n_orders; i++)
		if (!strcmp(orders[i].name, name))
			return orders[i].value;
	return NULL;
}

int ordered(const char *name, const char *value)
{
	for (int i = 0; i < n_orders; i++)
		if (!strcmp(orders[i].name, name) && !strcmp(orders[i].value, value))
			return 1;
	return 0;
}

/* note writes into a file that is there, at its end or its beginning. It makes none: a process may still end its session while the folder is removed. */
void note(const char *path, int how, const char *format, ...)
{
	char line[64];
	va_list values;
	va_start(values, format);
	int n = vsnprintf(line, sizeof line, format, values);
	va_end(values);
	int fd = open(path, O_WRONLY | O_CLOEXEC | how);
	if (fd < 0)
		return;
	if (n > 0 && n < (int)sizeof line)
		(void)!write(fd, line, (size_t)n);
	close(fd);
}

/* enter writes the call down and does to it what was ordered; a result other than CKR_OK is the call's own. */
CK_RV enter(const char *call)
{
	if (order("chatty"))
		printf("module says: %s was called\n", call), fflush(stdout);
	if (order("log"))
		note(order("log"), O_APPEND, "%s\n", call);
	if (ordered("crash", call))
		raise(SIGSEGV), abort();
	if (ordered("exit", call))
		_exit(7);
	if (ordered("hang", call))
		for (;;)
			pause();
	if (ordered("leak", call))
		for (;;) { /* memory without end, as a C++ module takes it: the first refusal ends the process */
			char *p = malloc(1 << 20);
			if (!p)
				abort();
			memset(p, 0x5A, 1 << 20);
		}
	for (int i = 0; i < n_orders; i++) {
		size_t n = strlen(call);
		if (strncmp(orders[i].value, call, n) || orders[i].value[n] != ':')
			continue;
		unsigned long number = strtoul(orders[i].value + n + 1, NULL, 0);
		if (!strcmp(orders[i].name, "fail"))
			return number;
		if (!strcmp(orders[i].name, "slow")) {
			struct timespec t = { number / 1000, (number % 1000) * 1000000 };
			nanosleep(&t, NULL);
		}
	}
	return CKR_OK;
}

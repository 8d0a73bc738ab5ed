/* SPDX-License-Identifier: Apache-2.0
 *
 * The token store: a folder "slotN" per token with the files "token" (label, serial, PIN hashes), "tries" and "objN". What stands here
 * is read afresh at every use, because several processes may use a token. Nothing is encrypted: these keys protect nothing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gosttoken.h"

#define MAX_OPTIONS 16

static struct { char name[32], value[PATH_MAX]; } options[MAX_OPTIONS];
static int n_options;

/* store_configure reads "<module>.conf", one option per line: name or name=value. */
void store_configure(void)
{
	char path[PATH_MAX + 8], line[PATH_MAX + 64];
	Dl_info info;
	n_options = 0;
	if (!dladdr((void *)store_configure, &info) || !info.dli_fname)
		return;
	snprintf(path, sizeof path, "%s.conf", info.dli_fname);
	FILE *f = fopen(path, "r");
	if (!f)
		return;
	while (n_options < MAX_OPTIONS && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		char *eq = strchr(line, '=');
		snprintf(options[n_options].name, sizeof options[0].name, "%.*s", (int)(eq ? eq - line : (long)strlen(line)), line);
		snprintf(options[n_options].value, sizeof options[0].value, "%s", eq ? eq + 1 : "");
		n_options++;
	}
	fclose(f);
}

const char *option(const char *name)
{
	for (int i = 0; i < n_options; i++)
		if (!strcmp(options[i].name, name))
			return options[i].value;
	return NULL;
}

int option_is(const char *name, const char *value)
{
	const char *v = option(name);
	return v && !strcmp(v, value);
}

static const char *store(void)
{
	const char *dir = option("store");
	if (!dir)
		dir = getenv("ZAVER_GOSTTOKEN");
	return dir ? dir : "/nonexistent";
}

void token_file(char *out, size_t size, CK_SLOT_ID slot, const char *name)
{
	snprintf(out, size, "%s/slot%lu%s%s", store(), slot, *name ? "/" : "", name);
}

/* slot_count: the slots that hold a token stand without gaps, and a blank one follows. */
int slot_count(void)
{
	char path[PATH_MAX];
	int n = 0;
	for (; n < MAX_SLOTS - 1; n++) {
		token_file(path, sizeof path, (CK_SLOT_ID)n, "token");
		if (access(path, F_OK))
			break;
	}
	return n + 1;
}

unsigned char *file_read(const char *path, size_t *len)
{
	struct stat info;
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	unsigned char *b = !fstat(fileno(f), &info) && info.st_size < 4 * MAX_VALUE ? malloc((size_t)info.st_size + 1) : NULL;
	if (b)
		*len = fread(b, 1, (size_t)info.st_size, f);
	fclose(f);
	return b;
}

/* file_write replaces a file as a whole, so that who reads it meanwhile sees the old one or the new one. */
int file_write(const char *path, const void *data, size_t len)
{
	char tmp[PATH_MAX + 16];
	snprintf(tmp, sizeof tmp, "%s.%ld", path, (long)getpid());
	FILE *f = fopen(tmp, "wb");
	if (!f)
		return 0;
	int ok = fwrite(data, 1, len, f) == len;
	ok = !fclose(f) && ok;
	return ok && !rename(tmp, path);
}

int token_load(CK_SLOT_ID slot, struct token *t)
{
	char path[PATH_MAX];
	memset(t, 0, sizeof *t);
	t->tries = 3;
	token_file(path, sizeof path, slot, "token");
	FILE *f = fopen(path, "r");
	if (!f)
		return slot < (CK_SLOT_ID)slot_count();
	char line[256];
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		char *v = strchr(line, '=');
		if (!v)
			continue;
		*v++ = 0;
		if (!strcmp(line, "label"))
			snprintf(t->label, sizeof t->label, "%s", v);
		else if (!strcmp(line, "serial"))
			snprintf(t->serial, sizeof t->serial, "%s", v);
		else if (!strcmp(line, "so"))
			snprintf(t->so, sizeof t->so, "%s", v);
		else if (!strcmp(line, "user"))
			snprintf(t->user, sizeof t->user, "%s", v);
		else if (!strcmp(line, "tries"))
			t->tries = atoi(v);
	}
	fclose(f);
	t->initialised = 1;
	return 1;
}

int token_save(CK_SLOT_ID slot, const struct token *t)
{
	char path[PATH_MAX], text[512];
	token_file(path, sizeof path, slot, "");
	mkdir(store(), 0700);
	mkdir(path, 0700);
	token_file(path, sizeof path, slot, "token");
	int n = snprintf(text, sizeof text, "label=%s\nserial=%s\nso=%s\nuser=%s\ntries=%d\n", t->label, t->serial, t->so, t->user, t->tries);
	return n > 0 && file_write(path, text, (size_t)n);
}

/* token_erase removes what was on a token. */
int token_erase(CK_SLOT_ID slot)
{
	char dir[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	token_file(dir, sizeof dir, slot, "");
	DIR *d = opendir(dir);
	if (!d)
		return 1;
	for (struct dirent *e; (e = readdir(d));)
		if (!strncmp(e->d_name, "obj", 3)) {
			snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
			unlink(path);
		}
	closedir(d);
	return 1;
}

/* token_lock holds the count of tries against other processes. */
int token_lock(CK_SLOT_ID slot)
{
	char path[PATH_MAX];
	token_file(path, sizeof path, slot, "lock");
	FILE *f = fopen(path, "a");
	if (!f)
		return -1;
	int fd = dup(fileno(f));
	fclose(f);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

void token_unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

int tries_left(CK_SLOT_ID slot, const struct token *t)
{
	char path[PATH_MAX];
	int left = t->tries;
	token_file(path, sizeof path, slot, "tries");
	FILE *f = fopen(path, "r");
	if (!f)
		return left;
	if (fscanf(f, "%d", &left) != 1)
		left = 0;
	fclose(f);
	return left;
}

int tries_write(CK_SLOT_ID slot, int left)
{
	char path[PATH_MAX], text[16];
	token_file(path, sizeof path, slot, "tries");
	int n = snprintf(text, sizeof text, "%d\n", left);
	return file_write(path, text, (size_t)n);
}

/* pin_hash writes salt and hash in hex; salt NULL takes a new one. */
void pin_hash(char out[130], const char *salt, const void *pin, size_t len)
{
	unsigned char random[8], sum[32];
	char own[17];
	if (!salt) {
		RAND_bytes(random, sizeof random);
		for (int i = 0; i < 8; i++)
			sprintf(own + 2 * i, "%02x", random[i]);
		salt = own;
	}
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	EVP_DigestUpdate(ctx, salt, 16);
	EVP_DigestUpdate(ctx, pin, len);
	EVP_DigestFinal_ex(ctx, sum, NULL);
	EVP_MD_CTX_free(ctx);
	memmove(out, salt, 16);
	for (int i = 0; i < 32; i++)
		sprintf(out + 16 + 2 * i, "%02x", sum[i]);
}

int pin_matches(const char *stored, const void *pin, size_t len)
{
	char again[130];
	if (strlen(stored) != 80)
		return 0;
	pin_hash(again, stored, pin, len);
	return !strcmp(again, stored);
}

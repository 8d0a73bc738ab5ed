/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects as lists of attributes, and their files: for each attribute its type, its length and its bytes, numbers as the machine has
 * them. The handle of an object is the number of its file. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gosttoken.h"

struct object *object_new(void) { return calloc(1, sizeof(struct object)); }

void object_free(struct object *o)
{
	if (!o)
		return;
	for (int i = 0; i < o->n; i++)
		free(o->a[i].value);
	free(o);
}

int object_set(struct object *o, CK_ULONG type, const void *value, CK_ULONG len)
{
	unsigned char *copy = malloc(len + 1);
	if (!copy || len > MAX_VALUE || (len && !value)) {
		free(copy);
		return 0;
	}
	if (len)
		memcpy(copy, value, len);
	for (int i = 0; i < o->n; i++)
		if (o->a[i].type == type) {
			free(o->a[i].value);
			o->a[i].value = copy, o->a[i].len = len;
			return 1;
		}
	if (o->n == MAX_ATTRIBUTES) {
		free(copy);
		return 0;
	}
	o->a[o->n++] = (struct attribute){type, len, copy};
	return 1;
}

int object_set_number(struct object *o, CK_ULONG type, CK_ULONG value) { return object_set(o, type, &value, sizeof value); }

int object_set_flag(struct object *o, CK_ULONG type, int value)
{
	CK_BBOOL b = value ? CK_TRUE : CK_FALSE;
	return object_set(o, type, &b, 1);
}

const struct attribute *object_get(const struct object *o, CK_ULONG type)
{
	for (int i = 0; i < o->n; i++)
		if (o->a[i].type == type)
			return &o->a[i];
	return NULL;
}

CK_ULONG object_number(const struct object *o, CK_ULONG type)
{
	const struct attribute *a = object_get(o, type);
	CK_ULONG v = CK_UNAVAILABLE;
	if (a && a->len == sizeof v)
		memcpy(&v, a->value, sizeof v);
	return v;
}

int object_flag(const struct object *o, CK_ULONG type)
{
	const struct attribute *a = object_get(o, type);
	return a && a->len == 1 && a->value[0];
}

static int hidden(const struct object *o, CK_ULONG type)
{
	return type == CKA_ZAVER_SECRET || (type == CKA_VALUE && object_number(o, CKA_CLASS) == CKO_PRIVATE_KEY);
}

int object_matches(const struct object *o, const CK_ATTRIBUTE *t, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++) {
		const struct attribute *a = object_get(o, t[i].type);
		if (!a || hidden(o, t[i].type) || a->len != t[i].ulValueLen || (a->len && memcmp(a->value, t[i].pValue, a->len)))
			return 0;
	}
	return 1;
}

static void object_file(char *path, size_t size, CK_SLOT_ID slot, CK_OBJECT_HANDLE h)
{
	char name[32];
	snprintf(name, sizeof name, "obj%lu", h);
	token_file(path, size, slot, name);
}

struct object *object_load(CK_SLOT_ID slot, CK_OBJECT_HANDLE h)
{
	char path[PATH_MAX];
	size_t len = 0, at = 0;
	object_file(path, sizeof path, slot, h);
	unsigned char *b = file_read(path, &len);
	if (!b)
		return NULL;
	struct object *o = object_new();
	while (o && at + 2 * sizeof(CK_ULONG) <= len) {
		CK_ULONG head[2];
		memcpy(head, b + at, sizeof head);
		at += sizeof head;
		if (head[1] > len - at || !object_set(o, head[0], b + at, head[1]))
			break;
		at += head[1];
	}
	free(b);
	if (o)
		o->handle = h;
	return o;
}

/* object_list writes the handles of a token's objects in their order and says how many there are. */
int object_list(CK_SLOT_ID slot, CK_OBJECT_HANDLE out[MAX_OBJECTS])
{
	char dir[PATH_MAX], there[MAX_OBJECTS + 1] = {0};
	int n = 0;
	token_file(dir, sizeof dir, slot, "");
	DIR *d = opendir(dir);
	if (!d)
		return 0;
	for (struct dirent *e; (e = readdir(d));) {
		char *end;
		unsigned long h = strncmp(e->d_name, "obj", 3) ? 0 : strtoul(e->d_name + 3, &end, 10);
		if (h && h <= MAX_OBJECTS && !*end)
			there[h] = 1;
	}
	closedir(d);
	for (CK_OBJECT_HANDLE h = 1; h <= MAX_OBJECTS; h++)
		if (there[h])
			out[n++] = h;
	return n;
}

/* object_store gives a new object the first free handle. */
int object_store(CK_SLOT_ID slot, struct object *o)
{
	char path[PATH_MAX];
	if (!o->handle) {
		do {
			if (++o->handle > MAX_OBJECTS)
				return 0;
			object_file(path, sizeof path, slot, o->handle);
		} while (!access(path, F_OK));
	}
	size_t size = 0;
	for (int i = 0; i < o->n; i++)
		size += 2 * sizeof(CK_ULONG) + o->a[i].len;
	unsigned char *b = malloc(size + 1), *p = b;
	if (!b || size >= 4 * MAX_VALUE) {
		free(b);
		return 0;
	}
	for (int i = 0; i < o->n; i++) {
		CK_ULONG head[2] = {o->a[i].type, o->a[i].len};
		memcpy(p, head, sizeof head);
		memcpy(p + sizeof head, o->a[i].value, o->a[i].len);
		p += sizeof head + o->a[i].len;
	}
	object_file(path, sizeof path, slot, o->handle);
	int ok = file_write(path, b, size);
	free(b);
	return ok;
}

int object_erase(CK_SLOT_ID slot, CK_OBJECT_HANDLE h)
{
	char path[PATH_MAX];
	object_file(path, sizeof path, slot, h);
	return !unlink(path);
}

CK_RV object_from(const CK_ATTRIBUTE *t, CK_ULONG n, struct object **out)
{
	struct object *o = object_new();
	if (!o)
		return CKR_HOST_MEMORY;
	for (CK_ULONG i = 0; i < n; i++)
		if (t[i].type == CKA_ZAVER_SECRET || !object_set(o, t[i].type, t[i].pValue, t[i].ulValueLen)) {
			object_free(o);
			return CKR_ATTRIBUTE_VALUE_INVALID;
		}
	*out = o;
	return CKR_OK;
}

/* object_show is C_GetAttributeValue: every attribute is answered for, and the first reason to refuse is the result. */
CK_RV object_show(const struct object *o, CK_ATTRIBUTE *t, CK_ULONG n)
{
	CK_RV rv = CKR_OK, one;
	for (CK_ULONG i = 0; i < n; i++) {
		const struct attribute *a = object_get(o, t[i].type);
		one = CKR_OK;
		if (hidden(o, t[i].type))
			one = CKR_ATTRIBUTE_SENSITIVE;
		else if (!a)
			one = CKR_ATTRIBUTE_TYPE_INVALID;
		else if (t[i].pValue && t[i].ulValueLen < a->len)
			one = CKR_BUFFER_TOO_SMALL;
		if (one == CKR_OK) {
			if (t[i].pValue && a->len)
				memcpy(t[i].pValue, a->value, a->len);
			t[i].ulValueLen = a->len;
			continue;
		}
		t[i].ulValueLen = CK_UNAVAILABLE;
		if (rv == CKR_OK)
			rv = one;
	}
	return rv;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A PKCS#11 module that passes every call to another one and misbehaves on order. The orders stand in a file beside the module,
 * "<module>.faults", one per line; see faultmodule.go for what they mean. They are read when a process loads the module.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ck.h"

#define MAX_ORDERS 64
#define EMPTY_HANDLE 0x7A000001UL
#define DATA_HANDLE 0x7A000002UL

static struct { char name[32], value[PATH_MAX]; } orders[MAX_ORDERS];
static int n_orders;
static char self[PATH_MAX];
static CK_FUNCTION_LIST ours;
static CK_FUNCTION_LIST *real;

/* State of a session; one is enough for the client that this module is for. */
static int context_login, in_operation, logged_in, searching_certificates, empty_given;
static int inconsistent_turn, described;
static int searching_data, data_given;

static void read_orders(void)
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

static const char *order(const char *name)
{
	for (int i = 0; i < n_orders; i++)
		if (!strcmp(orders[i].name, name))
			return orders[i].value;
	return NULL;
}

static int ordered(const char *name, const char *value)
{
	for (int i = 0; i < n_orders; i++)
		if (!strcmp(orders[i].name, name) && !strcmp(orders[i].value, value))
			return 1;
	return 0;
}

/* enter writes the call down and does to it what was ordered; a result other than CKR_OK is the call's own. */
static CK_RV enter(const char *call)
{
	if (order("chatty"))
		printf("module says: %s was called\n", call), fflush(stdout);
	if (order("log")) {
		FILE *f = fopen(order("log"), "a");
		if (f)
			fprintf(f, "%s\n", call), fclose(f);
	}
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

#define ENTER(call) do { CK_RV e = enter(call); if (e != CKR_OK) return e; } while (0)
#define REAL(slot, ...) (((CK_RV (*)())real->f[slot])(__VA_ARGS__))

/* The counts of tries live in files, because the processes that use this module do not: "tries" is the user's, "so_tries" the officer's. */
static int tries_left(const char *name)
{
	char path[PATH_MAX + 16];
	int n = order(name) ? atoi(order(name)) : -1;
	snprintf(path, sizeof path, "%s.%s", self, name);
	FILE *f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%d", &n) != 1)
			n = -1;
		fclose(f);
	}
	return n;
}

static void set_tries(const char *name, int n)
{
	char path[PATH_MAX + 16];
	snprintf(path, sizeof path, "%s.%s", self, name);
	FILE *f = fopen(path, "w");
	if (f)
		fprintf(f, "%d\n", n), fclose(f);
}

/* counted is the result of a comparison with the count kept: nothing is asked when no try is left. */
static CK_RV counted(const char *name, CK_RV rv)
{
	if (order(name)) {
		if (rv == CKR_PIN_INCORRECT)
			set_tries(name, tries_left(name) - 1);
		else if (rv == CKR_OK)
			set_tries(name, atoi(order(name)));
	}
	return rv;
}

static int locked(const char *name) { return order(name) && tries_left(name) <= 0; }

static CK_RV f_Initialize(void *args)
{
	ENTER("C_Initialize");
	return REAL(F_Initialize, args);
}

static CK_RV f_Finalize(void *reserved)
{
	ENTER("C_Finalize");
	return REAL(F_Finalize, reserved);
}

static CK_RV f_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
	ENTER("C_GetSlotList");
	CK_SLOT_ID all[64];
	CK_ULONG n = 64;
	if (!order("slots"))
		return REAL(F_GetSlotList, (int)present, list, count);
	CK_RV rv = REAL(F_GetSlotList, 1, NULL, &n);
	n = 64;
	if (rv == CKR_OK)
		rv = REAL(F_GetSlotList, 1, all, &n);
	if (rv != CKR_OK)
		return rv;
	CK_ULONG first = 0, last = n;
	if (ordered("slots", "split") && n > 1) { /* each of the two lists lacks what the other has */
		if (present)
			first = 1;
		else
			last = n - 1;
	}
	if (ordered("slots", "growing") && list && inconsistent_turn++ == 0)
		return CKR_BUFFER_TOO_SMALL; /* a reader was plugged in between the two calls */
	if (ordered("slots", "twice") && n < 32) { /* every slot is there twice */
		memcpy(all + n, all, n * sizeof *all);
		last = 2 * n;
	}
	if (ordered("slots", "shrinking") && list && last > 1)
		last = 1; /* readers were unplugged between the two calls */
	if (ordered("slots", "ghosts") && n < 60) /* slots that nobody can describe */
		for (int i = 0; i < 3; i++)
			all[last++] = 0x7FFFFF00UL + (CK_ULONG)i;
	if (list && *count < last - first)
		return CKR_BUFFER_TOO_SMALL;
	*count = last - first;
	if (list)
		memcpy(list, all + first, (last - first) * sizeof *list);
	return CKR_OK;
}

static CK_RV f_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	ENTER("C_GetTokenInfo");
	if (ordered("slots", "vanishing") && described++ > 0)
		return CKR_SLOT_ID_INVALID; /* the reader was unplugged after its first description */
	CK_RV rv = REAL(F_GetTokenInfo, slot, info);
	if (rv != CKR_OK)
		return rv;
	info->flags &= ~(17UL * (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)); /* the user's and the officer's */
	for (int so = 0; so < 2; so++) {
		const char *name = so ? "so_tries" : "tries";
		int left = tries_left(name), shift = so ? 4 : 0;
		if (!order(name) || order("silent"))
			continue;
		if (left < atoi(order(name)))
			info->flags |= CKF_USER_PIN_COUNT_LOW << shift;
		if (left == 1)
			info->flags |= CKF_USER_PIN_FINAL_TRY << shift;
		if (left <= 0)
			info->flags |= CKF_USER_PIN_LOCKED << shift;
	}
	if (ordered("flag", "low"))
		info->flags |= CKF_USER_PIN_COUNT_LOW;
	if (ordered("flag", "final"))
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (ordered("flag", "locked"))
		info->flags |= CKF_USER_PIN_LOCKED;
	if (ordered("flag", "change"))
		info->flags |= CKF_USER_PIN_TO_BE_CHANGED;
	if (ordered("flag", "so_low"))
		info->flags |= CKF_SO_PIN_COUNT_LOW;
	if (ordered("flag", "so_final"))
		info->flags |= CKF_SO_PIN_FINAL_TRY;
	if (ordered("flag", "so_locked"))
		info->flags |= CKF_SO_PIN_LOCKED;
	if (ordered("flag", "so_change"))
		info->flags |= CKF_SO_PIN_TO_BE_CHANGED;
	if (order("model")) {
		memset(info->model, ' ', sizeof info->model);
		memcpy(info->model, order("model"), strnlen(order("model"), sizeof info->model));
	}
	if (order("garbage")) { /* no padding, no UTF-8, lengths that no PIN has */
		memset(info->label, 0xFF, 4);
		memset(info->manufacturerID, '\n', sizeof info->manufacturerID);
		info->counts[4] = info->counts[5] = ~0UL;
	}
	if (ordered("flag", "no_pin"))
		info->flags &= ~CKF_USER_PIN_INITIALIZED;
	if (order("pad"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	return CKR_OK;
}

static CK_RV f_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *app, void *notify, CK_SESSION_HANDLE *h)
{
	ENTER("C_OpenSession");
	return REAL(F_OpenSession, slot, flags, app, notify, h);
}

static CK_RV f_CloseSession(CK_SESSION_HANDLE h)
{
	ENTER("C_CloseSession");
	return REAL(F_CloseSession, h);
}

static CK_RV check_pin(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len)
{
	const char *name = user == CKU_SO ? "so_tries" : "tries";
	if (locked(name))
		return CKR_PIN_LOCKED;
	if (user == CKU_CONTEXT_SPECIFIC && order("always")) { /* SoftHSM has no such keys: the PIN is compared with the one that opened the session */
		const char *want = order("pin");
		if (!in_operation || !logged_in)
			return CKR_USER_NOT_LOGGED_IN;
		return want && strlen(want) == len && !memcmp(want, pin, len) ? CKR_OK : CKR_PIN_INCORRECT;
	}
	return counted(name, REAL(F_Login, h, user, pin, len));
}

/* typed replaces what the host gave by what the person types on the keypad; a host that sends a PIN to a keypad is wrong. */
static CK_RV typed(const char *name, CK_BYTE **pin, CK_ULONG *len)
{
	if (!order("pad"))
		return CKR_OK;
	if (*pin != NULL || *len != 0)
		return CKR_ARGUMENTS_BAD;
	if (ordered("pad", "cancel"))
		return CKR_FUNCTION_CANCELED;
	*pin = (CK_BYTE *)(order(name) ? order(name) : order("pad"));
	*len = strlen((char *)*pin);
	return CKR_OK;
}

static CK_RV f_Login(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len)
{
	ENTER(user == CKU_CONTEXT_SPECIFIC ? "C_Login(context)" : user == CKU_SO ? "C_Login(so)" : "C_Login");
	CK_RV rv = typed(user == CKU_SO ? "pad_so" : "pad", &pin, &len);
	if (rv == CKR_OK)
		rv = check_pin(h, user, pin, len);
	if (rv == CKR_OK && user == CKU_CONTEXT_SPECIFIC)
		context_login = 1;
	if (rv == CKR_OK && user == CKU_USER)
		logged_in = 1;
	return rv;
}

static CK_RV f_InitPIN(CK_SESSION_HANDLE h, CK_BYTE *pin, CK_ULONG len)
{
	ENTER("C_InitPIN");
	CK_RV rv = typed("pad_new", &pin, &len);
	if (rv == CKR_OK)
		rv = REAL(F_InitPIN, h, pin, len);
	if (rv == CKR_OK && order("tries"))
		set_tries("tries", atoi(order("tries")));
	return rv;
}

static CK_RV f_SetPIN(CK_SESSION_HANDLE h, CK_BYTE *old, CK_ULONG old_len, CK_BYTE *fresh, CK_ULONG fresh_len)
{
	ENTER("C_SetPIN");
	if (order("login_first") && !logged_in)
		return CKR_USER_NOT_LOGGED_IN; /* as NSS does */
	if (locked("tries"))
		return CKR_PIN_LOCKED;
	CK_RV rv = typed("pad", &old, &old_len);
	if (rv == CKR_OK)
		rv = typed("pad_new", &fresh, &fresh_len);
	return rv == CKR_OK ? counted("tries", REAL(F_SetPIN, h, old, old_len, fresh, fresh_len)) : rv;
}

static CK_RV f_GetSlotInfo(CK_SLOT_ID slot, void *info)
{
	ENTER("C_GetSlotInfo");
	CK_RV rv = REAL(F_GetSlotInfo, slot, info);
	if (rv == CKR_OK && order("reader")) {
		memset(info, ' ', 64);
		memcpy(info, order("reader"), strnlen(order("reader"), 64));
	}
	return rv;
}

static CK_RV f_Logout(CK_SESSION_HANDLE h)
{
	ENTER("C_Logout");
	logged_in = 0;
	return REAL(F_Logout, h);
}

static CK_ULONG class_of(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o)
{
	CK_ULONG class = ~0UL;
	CK_ATTRIBUTE a = { CKA_CLASS, &class, sizeof class };
	return REAL(F_GetAttributeValue, h, o, &a, 1UL) == CKR_OK ? class : ~0UL;
}

/* garbage answers for what a careless or hostile module may say: numbers of three bytes, values that are too long, that are not there, of rubbish. */
static int garbage(CK_ATTRIBUTE *a)
{
	int number = a->type == CKA_CLASS || a->type == CKA_CERTIFICATE_TYPE || a->type == 0x100UL;
	CK_ULONG len = 0;
	if (ordered("garbage", "short") && number)
		len = 3;
	else if (ordered("garbage", "huge") && !number)
		len = 1UL << 40;
	else if (ordered("garbage", "big") && !number)
		len = 1UL << 20;
	else if (ordered("garbage", "minus") && !number)
		len = ~0UL;
	else if (ordered("garbage", "negative") && !number)
		len = 0x80000001UL;
	else if (ordered("garbage", "rubbish") && !number)
		len = 500;
	else
		return 0;
	if (a->pValue && len <= 1UL << 20)
		memset(a->pValue, 0xA5, len);
	a->ulValueLen = len;
	return 1;
}

static CK_RV f_GetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a, CK_ULONG n)
{
	ENTER("C_GetAttributeValue");
	if (o == EMPTY_HANDLE) { /* a certificate object that was made but never filled */
		for (CK_ULONG i = 0; i < n; i++)
			a[i].ulValueLen = 0;
		return CKR_OK;
	}
	if (o == DATA_HANDLE) { /* the file of a program that keeps its own things on the token */
		CK_ULONG len = strlen(order("data"));
		if (n != 1 || a->type != CKA_LABEL)
			return CKR_ATTRIBUTE_TYPE_INVALID;
		if (a->pValue)
			memcpy(a->pValue, order("data"), len);
		a->ulValueLen = len;
		return CKR_OK;
	}
	if (order("garbage") && n == 1 && garbage(a))
		return CKR_OK;
	if (order("always") && n == 1 && a->type == CKA_ALWAYS_AUTHENTICATE && class_of(h, o) == CKO_PRIVATE_KEY) {
		if (a->pValue)
			*(CK_BBOOL *)a->pValue = !ordered("always", "hidden");
		a->ulValueLen = 1;
		return CKR_OK;
	}
	if (order("no_id") && n == 1 && a->type == CKA_ID && class_of(h, o) == CKO_PRIVATE_KEY) {
		a->ulValueLen = 0;
		return CKR_OK;
	}
	if (order("bare_point") && n == 1 && a->type == CKA_EC_POINT) { /* without the OCTET STRING around it */
		CK_BYTE buf[256];
		CK_ATTRIBUTE whole = { CKA_EC_POINT, buf, sizeof buf };
		CK_RV rv = REAL(F_GetAttributeValue, h, o, &whole, 1UL);
		if (rv != CKR_OK || whole.ulValueLen < 3)
			return CKR_ATTRIBUTE_TYPE_INVALID;
		if (a->pValue)
			memcpy(a->pValue, buf + 2, whole.ulValueLen - 2);
		a->ulValueLen = whole.ulValueLen - 2;
		return CKR_OK;
	}
	return REAL(F_GetAttributeValue, h, o, a, n);
}

static CK_RV f_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *a, CK_ULONG n)
{
	ENTER("C_FindObjectsInit");
	searching_certificates = empty_given = searching_data = data_given = 0;
	for (CK_ULONG i = 0; i < n; i++) {
		if (a[i].type == CKA_CLASS && a[i].pValue && *(CK_ULONG *)a[i].pValue == CKO_CERTIFICATE)
			searching_certificates = 1;
		if (a[i].type == CKA_CLASS && a[i].pValue && *(CK_ULONG *)a[i].pValue == CKO_DATA)
			searching_data = 1;
		if (a[i].type == CKA_ID && order("no_id")) { /* nothing has that ID */
			CK_ULONG none = ~0UL;
			CK_ATTRIBUTE nothing = { CKA_CLASS, &none, sizeof none };
			return REAL(F_FindObjectsInit, h, &nothing, 1UL);
		}
	}
	return REAL(F_FindObjectsInit, h, a, n);
}

static CK_RV f_FindObjects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *list, CK_ULONG max, CK_ULONG *count)
{
	ENTER("C_FindObjects");
	if (order("endless")) { /* the search never ends */
		list[0] = EMPTY_HANDLE;
		*count = 1;
		return CKR_OK;
	}
	if (order("empty") && searching_certificates && !empty_given && max > 0) {
		empty_given = 1;
		list[0] = EMPTY_HANDLE;
		*count = 1;
		return CKR_OK;
	}
	if (order("data") && searching_data && !data_given && max > 0) {
		data_given = 1;
		list[0] = DATA_HANDLE;
		*count = 1;
		return CKR_OK;
	}
	if (order("bare")) { /* nothing else is on the token */
		*count = 0;
		return CKR_OK;
	}
	if (!order("duplicate"))
		return REAL(F_FindObjects, h, list, max, count);
	CK_RV rv = REAL(F_FindObjects, h, list, max / 2, count);
	if (rv == CKR_OK) {
		memcpy(list + *count, list, *count * sizeof *list);
		*count *= 2;
	}
	return rv;
}

static CK_RV f_FindObjectsFinal(CK_SESSION_HANDLE h)
{
	ENTER("C_FindObjectsFinal");
	return REAL(F_FindObjectsFinal, h);
}

static CK_RV f_SignInit(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	ENTER("C_SignInit");
	context_login = 0;
	CK_RV rv = REAL(F_SignInit, h, m, key);
	in_operation = rv == CKR_OK;
	return rv;
}

/* der turns r||s of 2*n bytes into DER; n is at most 48, so every length fits one byte. */
static CK_ULONG der(CK_BYTE *sig, CK_ULONG n)
{
	CK_BYTE out[128];
	CK_ULONG len = 2;
	for (int half = 0; half < 2; half++) {
		CK_BYTE *v = sig + half * n;
		CK_ULONG skip = 0;
		while (skip < n - 1 && v[skip] == 0)
			skip++;
		CK_ULONG pad = v[skip] >> 7, size = n - skip;
		out[len++] = 2;
		out[len++] = (CK_BYTE)(size + pad);
		if (pad)
			out[len++] = 0;
		memcpy(out + len, v + skip, size);
		len += size;
	}
	out[0] = 0x30;
	out[1] = (CK_BYTE)(len - 2);
	memcpy(sig, out, len);
	return len;
}

static CK_RV f_Sign(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len, CK_BYTE *sig, CK_ULONG *siglen)
{
	ENTER("C_Sign");
	if (order("always") && !context_login) {
		CK_BYTE unused[1024];
		CK_ULONG n = sizeof unused;
		REAL(F_Sign, h, data, len, unused, &n); /* a refusal ends the operation */
		in_operation = 0;
		return CKR_USER_NOT_LOGGED_IN;
	}
	CK_RV rv = REAL(F_Sign, h, data, len, sig, siglen);
	if (rv != CKR_OK)
		return rv;
	if (!sig) {
		*siglen += 16; /* room for DER */
		return rv;
	}
	in_operation = 0;
	if (ordered("signature", "swapped")) {
		CK_ULONG n = *siglen / 2;
		CK_BYTE half[512];
		memcpy(half, sig, n);
		memmove(sig, sig + n, n);
		memcpy(sig + n, half, n);
	}
	if (ordered("signature", "der") && *siglen <= 96)
		*siglen = der(sig, *siglen / 2);
	return rv;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	static const char *call = "C_GetFunctionList";
	CK_RV (*get)(CK_FUNCTION_LIST **);
	read_orders();
	ENTER(call);
	const char *library = order("library");
	void *lib = library ? dlopen(library, RTLD_NOW | RTLD_LOCAL) : NULL;
	if (!lib || !(get = (CK_RV (*)(CK_FUNCTION_LIST **))dlsym(lib, call)) || get(&real) != CKR_OK)
		return 0x5UL; /* CKR_GENERAL_ERROR */
	ours = *real;
	ours.f[F_Initialize] = f_Initialize;
	ours.f[F_Finalize] = f_Finalize;
	ours.f[F_GetFunctionList] = C_GetFunctionList;
	ours.f[F_GetSlotList] = f_GetSlotList;
	ours.f[F_GetTokenInfo] = f_GetTokenInfo;
	ours.f[F_GetSlotInfo] = f_GetSlotInfo;
	ours.f[F_InitPIN] = f_InitPIN;
	ours.f[F_SetPIN] = f_SetPIN;
	ours.f[F_OpenSession] = f_OpenSession;
	ours.f[F_CloseSession] = f_CloseSession;
	ours.f[F_Login] = f_Login;
	ours.f[F_Logout] = f_Logout;
	ours.f[F_GetAttributeValue] = f_GetAttributeValue;
	ours.f[F_FindObjectsInit] = f_FindObjectsInit;
	ours.f[F_FindObjects] = f_FindObjects;
	ours.f[F_FindObjectsFinal] = f_FindObjectsFinal;
	ours.f[F_SignInit] = f_SignInit;
	ours.f[F_Sign] = f_Sign;
	*list = &ours;
	return CKR_OK;
}

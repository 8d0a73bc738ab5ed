/* SPDX-License-Identifier: Apache-2.0
 *
 * Fills tokens through the module's own PKCS#11 functions: fill MODULE, then commands on standard input, one per line, parts divided by
 * tabs. It answers every command with one line, and ends with a message at the first call that fails.
 *
 *   token LABEL SOPIN PIN              makes a token in the blank slot and logs in
 *   open LABEL PIN                     logs in to a token that is there
 *   key ID LABEL BITS PARAMS HASH [D]  makes a key, or takes the scalar D; ID, parameter sets in DER and D (little-endian) in hex;
 *                                      answers with CKA_VALUE of the public key in hex
 *   cert ID LABEL DER                  writes a certificate */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ck.h"

#define MAX_PARTS 8
#define MAX_LINE 200000

static CK_FUNCTION_LIST *p11;
static CK_SESSION_HANDLE session;

/* The places of CK_FUNCTION_LIST that are used here. */
enum { INITIALIZE = 0, FINALIZE = 1, SLOT_LIST = 4, TOKEN_INFO = 6, INIT_TOKEN = 9, INIT_PIN = 10, OPEN = 12, LOGIN = 18, LOGOUT = 19,
	CREATE = 20, ATTRIBUTE = 24, FIND_INIT = 26, FIND = 27, FIND_FINAL = 28, GENERATE_PAIR = 59 };
#define CALL(place, ...) check(#place, ((CK_RV (*)())p11->f[place])(__VA_ARGS__))

static void check(const char *what, CK_RV rv)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "fill: %s: 0x%lx\n", what, rv);
	exit(1);
}

static CK_ULONG hex(const char *s, unsigned char *out)
{
	CK_ULONG n = strlen(s) / 2;
	for (CK_ULONG i = 0; i < n; i++) {
		unsigned v = 0;
		if (sscanf(s + 2 * i, "%2x", &v) != 1)
			check("hex", CKR_ARGUMENTS_BAD);
		out[i] = (unsigned char)v;
	}
	return n;
}

/* slot finds a token by its label; the empty label is the blank one's. */
static CK_SLOT_ID slot(const char *label)
{
	CK_SLOT_ID slots[64];
	CK_ULONG n = 64;
	CK_TOKEN_INFO info;
	CK_BYTE padded[32];
	memset(padded, ' ', sizeof padded);
	memcpy(padded, label, strlen(label) < 32 ? strlen(label) : 32);
	CALL(SLOT_LIST, CK_TRUE, slots, &n);
	for (CK_ULONG i = 0; i < n; i++) {
		CALL(TOKEN_INFO, slots[i], &info);
		if (!(info.flags & CKF_TOKEN_INITIALIZED) == !*label && !memcmp(info.label, padded, 32))
			return slots[i];
	}
	check("find the token", CKR_SLOT_ID_INVALID);
	return 0;
}

static void login(CK_SLOT_ID s, CK_USER_TYPE user, const char *pin)
{
	if (!session)
		CALL(OPEN, s, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
	CALL(LOGIN, session, user, pin, strlen(pin));
}

static void make_token(char **part)
{
	CK_SLOT_ID s = slot("");
	CK_BYTE padded[32];
	memset(padded, ' ', sizeof padded);
	memcpy(padded, part[1], strlen(part[1]) < 32 ? strlen(part[1]) : 32);
	CALL(INIT_TOKEN, s, part[2], strlen(part[2]), padded);
	session = 0;
	login(s, CKU_SO, part[2]);
	CALL(INIT_PIN, session, part[3], strlen(part[3]));
	CALL(LOGOUT, session);
	login(s, CKU_USER, part[3]);
	puts("ok");
}

static void show(CK_ATTRIBUTE id)
{
	CK_ULONG class = CKO_PUBLIC_KEY, n = 0;
	CK_OBJECT_HANDLE o;
	unsigned char value[256];
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class}, id}, v = {CKA_VALUE, value, sizeof value};
	CALL(FIND_INIT, session, t, 2UL);
	CALL(FIND, session, &o, 1UL, &n);
	CALL(FIND_FINAL, session);
	check("find the key", n == 1 ? CKR_OK : CKR_FUNCTION_FAILED);
	CALL(ATTRIBUTE, session, o, &v, 1UL);
	for (CK_ULONG i = 0; i < v.ulValueLen; i++)
		printf("%02x", value[i]);
	puts("");
}

static void make_key(char **part, int n)
{
	unsigned char id[64], set[32], hash[32], scalar[64];
	CK_ULONG class = CKO_PRIVATE_KEY, type = strcmp(part[3], "512") ? CKK_GOSTR3410 : CKK_GOSTR3410_512;
	CK_MECHANISM m = {strcmp(part[3], "512") ? CKM_GOSTR3410_KEY_PAIR_GEN : CKM_GOSTR3410_512_KEY_PAIR_GEN, NULL, 0};
	CK_OBJECT_HANDLE pub, priv;
	CK_ATTRIBUTE t[] = {
		{CKA_ID, id, hex(part[1], id)}, {CKA_LABEL, part[2], strlen(part[2])}, {CKA_GOSTR3410_PARAMS, set, hex(part[4], set)},
		{CKA_GOSTR3411_PARAMS, hash, hex(part[5], hash)}, {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type},
		{CKA_VALUE, scalar, n > 6 ? hex(part[6], scalar) : 0},
	};
	if (n > 6)
		CALL(CREATE, session, t, 7UL, &priv);
	else
		CALL(GENERATE_PAIR, session, &m, t, 4UL, t, 2UL, &pub, &priv);
	show(t[0]);
}

static void make_certificate(char **part)
{
	static unsigned char der[MAX_LINE];
	unsigned char id[64];
	CK_ULONG class = CKO_CERTIFICATE, type = 0;
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_HANDLE o;
	CK_ATTRIBUTE t[] = {
		{CKA_CLASS, &class, sizeof class}, {CKA_CERTIFICATE_TYPE, &type, sizeof type}, {CKA_TOKEN, &yes, 1},
		{CKA_ID, id, hex(part[1], id)}, {CKA_LABEL, part[2], strlen(part[2])}, {CKA_VALUE, der, hex(part[3], der)},
	};
	CALL(CREATE, session, t, 6UL, &o);
	puts("ok");
}

static void obey(char *line)
{
	char *part[MAX_PARTS] = {line};
	int n = 1;
	for (char *c = line; *c; c++)
		if (*c == '\t' && n < MAX_PARTS)
			*c = 0, part[n++] = c + 1;
	if (!strcmp(part[0], "token") && n == 4)
		make_token(part);
	else if (!strcmp(part[0], "open") && n == 3)
		login(slot(part[1]), CKU_USER, part[2]), puts("ok");
	else if (!strcmp(part[0], "key") && (n == 6 || n == 7))
		make_key(part, n);
	else if (!strcmp(part[0], "cert") && n == 4)
		make_certificate(part);
	else
		check(part[0], CKR_ARGUMENTS_BAD);
}

int main(int argc, char **argv)
{
	static char line[MAX_LINE];
	void *lib = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	CK_RV (*list)(CK_FUNCTION_LIST **) = lib ? (CK_RV (*)(CK_FUNCTION_LIST **))dlsym(lib, "C_GetFunctionList") : NULL;
	if (!list) {
		fprintf(stderr, "fill: %s\n", argc == 2 ? dlerror() : "one module, please");
		return 2;
	}
	check("list functions", list(&p11));
	CALL(INITIALIZE, NULL);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		obey(line);
	}
	CALL(FINALIZE, NULL);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * PINs: the counts of tries, the keypad, and the calls that take a PIN.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"

/* The counts of tries live in files, because the processes that use this module do not: "tries" is the user's, "so_tries" the officer's. An empty
 * file has not counted yet. */
int tries_left(const char *name)
{
	char path[PATH_MAX + 16];
	int n = order(name) ? atoi(order(name)) : -1;
	snprintf(path, sizeof path, "%s.%s", self, name);
	FILE *f = fopen(path, "r");
	if (f) {
		int counted;
		if (fscanf(f, "%d", &counted) == 1)
			n = counted;
		fclose(f);
	}
	return n;
}

static void set_tries(const char *name, int n)
{
	char path[PATH_MAX + 16];
	snprintf(path, sizeof path, "%s.%s", self, name);
	note(path, 0, "%-11d\n", n); /* as long as any other: it is written over */
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

CK_RV f_Login(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len)
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

CK_RV f_InitPIN(CK_SESSION_HANDLE h, CK_BYTE *pin, CK_ULONG len)
{
	ENTER("C_InitPIN");
	CK_RV rv = typed("pad_new", &pin, &len);
	if (rv == CKR_OK)
		rv = REAL(F_InitPIN, h, pin, len);
	if (rv == CKR_OK && order("tries"))
		set_tries("tries", atoi(order("tries")));
	return rv;
}

CK_RV f_SetPIN(CK_SESSION_HANDLE h, CK_BYTE *old, CK_ULONG old_len, CK_BYTE *fresh, CK_ULONG fresh_len)
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

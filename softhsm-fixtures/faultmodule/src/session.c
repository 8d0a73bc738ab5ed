/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions and signatures.
 */
#include <string.h>

#include "fault.h"

int context_login, in_operation, logged_in;

CK_RV f_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *app, void *notify, CK_SESSION_HANDLE *h)
{
	ENTER("C_OpenSession");
	return REAL(F_OpenSession, slot, flags, app, notify, h);
}

CK_RV f_CloseSession(CK_SESSION_HANDLE h)
{
	ENTER("C_CloseSession");
	return REAL(F_CloseSession, h);
}

CK_RV f_Logout(CK_SESSION_HANDLE h)
{
	ENTER("C_Logout");
	logged_in = 0;
	return REAL(F_Logout, h);
}

CK_RV f_SignInit(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
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

CK_RV f_Sign(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len, CK_BYTE *sig, CK_ULONG *siglen)
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

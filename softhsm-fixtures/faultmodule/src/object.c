/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects: what a search finds, and what their attributes are.
 */
#include <string.h>

#include "fault.h"

#define EMPTY_HANDLE 0x7A000001UL
#define DATA_HANDLE 0x7A000002UL

static int searching_certificates, empty_given, searching_data, data_given;

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

CK_RV f_GetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a, CK_ULONG n)
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

CK_RV f_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *a, CK_ULONG n)
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

CK_RV f_FindObjects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *list, CK_ULONG max, CK_ULONG *count)
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

CK_RV f_FindObjectsFinal(CK_SESSION_HANDLE h)
{
	ENTER("C_FindObjectsFinal");
	return REAL(F_FindObjectsFinal, h);
}

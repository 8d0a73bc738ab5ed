/* SPDX-License-Identifier: Apache-2.0
 *
 * A PKCS#11 module with GOST R 34.10-2012 keys, for tests and the demo: what it says about itself, and its list of functions. Options
 * stand in a file beside each copy of it, "<module>.conf"; see gosttoken.go for what they mean. */
#include <string.h>

#include "gosttoken.h"

static CK_RV C_GetInfo(CK_INFO *out)
{
	GUARD;
	if (!initialised)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	*out = (CK_INFO){.cryptokiVersion = {2, 40}, .libraryVersion = {1, 0}};
	text_pad(out->manufacturerID, sizeof out->manufacturerID, "zaver");
	text_pad(out->libraryDescription, sizeof out->libraryDescription, "GOST token of tests");
	return CKR_OK;
}

/* A slot without a token does not exist here, so both lists are one. */
static CK_RV C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *out, CK_ULONG *n)
{
	GUARD;
	(void)present;
	if (!initialised)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	CK_ULONG have = (CK_ULONG)slot_count(), room = *n;
	*n = have;
	if (!out)
		return CKR_OK;
	if (room < have)
		return CKR_BUFFER_TOO_SMALL;
	for (CK_ULONG i = 0; i < have; i++)
		out[i] = i;
	return CKR_OK;
}

static CK_RV C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *out)
{
	GUARD;
	struct token t;
	if (!initialised)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!token_load(slot, &t))
		return CKR_SLOT_ID_INVALID;
	*out = (CK_SLOT_INFO){.flags = CKF_TOKEN_PRESENT, .hardwareVersion = {1, 0}, .firmwareVersion = {1, 0}};
	text_pad(out->slotDescription, sizeof out->slotDescription, t.initialised ? "GOST token" : "blank GOST token");
	text_pad(out->manufacturerID, sizeof out->manufacturerID, "zaver");
	return CKR_OK;
}

static CK_FLAGS pin_flags(CK_SLOT_ID slot, const struct token *t)
{
	int left = tries_left(slot, t);
	if (!*t->user)
		return 0;
	return CKF_USER_PIN_INITIALIZED | (left < t->tries && left > 0 ? CKF_USER_PIN_COUNT_LOW : 0) | (left == 1 ? CKF_USER_PIN_FINAL_TRY : 0) |
		(left <= 0 ? CKF_USER_PIN_LOCKED : 0);
}

static CK_RV C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *out)
{
	GUARD;
	struct token t;
	if (!initialised)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!token_load(slot, &t))
		return CKR_SLOT_ID_INVALID;
	memset(out, 0, sizeof *out);
	text_pad(out->label, sizeof out->label, t.label);
	text_pad(out->manufacturerID, sizeof out->manufacturerID, "zaver");
	text_pad(out->model, sizeof out->model, "GOST 2012");
	text_pad(out->serialNumber, sizeof out->serialNumber, t.serial);
	out->flags = CKF_RNG | CKF_LOGIN_REQUIRED | (option("pad") ? CKF_PROTECTED_AUTHENTICATION_PATH : 0);
	if (t.initialised)
		out->flags |= CKF_TOKEN_INITIALIZED | pin_flags(slot, &t);
	out->ulMaxSessionCount = out->ulMaxRwSessionCount = MAX_SESSIONS;
	out->ulSessionCount = out->ulRwSessionCount = CK_UNAVAILABLE;
	out->ulMinPinLen = PIN_MIN, out->ulMaxPinLen = PIN_MAX;
	out->ulTotalPublicMemory = out->ulFreePublicMemory = out->ulTotalPrivateMemory = out->ulFreePrivateMemory = CK_UNAVAILABLE;
	memset(out->utcTime, '0', sizeof out->utcTime);
	return CKR_OK;
}

static const struct { CK_ULONG type; CK_MECHANISM_INFO info; } mechanisms[] = {
	{CKM_GOSTR3410_KEY_PAIR_GEN, {256, 256, CKF_HW | CKF_GENERATE_KEY_PAIR}},
	{CKM_GOSTR3410_512_KEY_PAIR_GEN, {512, 512, CKF_HW | CKF_GENERATE_KEY_PAIR}},
	{CKM_GOSTR3410, {256, 256, CKF_HW | CKF_SIGN}},
	{CKM_GOSTR3410_512, {512, 512, CKF_HW | CKF_SIGN}},
	{CKM_GOSTR3410_WITH_GOSTR3411_12_256, {256, 256, CKF_HW | CKF_SIGN}},
	{CKM_GOSTR3410_WITH_GOSTR3411_12_512, {512, 512, CKF_HW | CKF_SIGN}},
	{CKM_GOSTR3411_12_256, {0, 0, CKF_HW | CKF_DIGEST}},
	{CKM_GOSTR3411_12_512, {0, 0, CKF_HW | CKF_DIGEST}},
};
#define N_MECHANISMS (sizeof mechanisms / sizeof *mechanisms)

static CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_ULONG *out, CK_ULONG *n)
{
	GUARD;
	if (slot >= (CK_SLOT_ID)slot_count())
		return CKR_SLOT_ID_INVALID;
	CK_ULONG room = *n;
	*n = N_MECHANISMS;
	if (!out)
		return CKR_OK;
	if (room < N_MECHANISMS)
		return CKR_BUFFER_TOO_SMALL;
	for (size_t i = 0; i < N_MECHANISMS; i++)
		out[i] = mechanisms[i].type;
	return CKR_OK;
}

static CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_ULONG type, CK_MECHANISM_INFO *out)
{
	GUARD;
	if (slot >= (CK_SLOT_ID)slot_count())
		return CKR_SLOT_ID_INVALID;
	for (size_t i = 0; i < N_MECHANISMS; i++)
		if (mechanisms[i].type == type) {
			*out = mechanisms[i].info;
			return CKR_OK;
		}
	return CKR_MECHANISM_INVALID;
}

static CK_RV unsupported(void) { return CKR_FUNCTION_NOT_SUPPORTED; }

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out);

static CK_FUNCTION_LIST list = {{2, 40}, {
	C_Initialize, C_Finalize, C_GetInfo, C_GetFunctionList, C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, C_GetMechanismList,
	C_GetMechanismInfo, C_InitToken, C_InitPIN, C_SetPIN, C_OpenSession, C_CloseSession, C_CloseAllSessions, C_GetSessionInfo,
	unsupported, unsupported, C_Login, C_Logout, C_CreateObject, unsupported, C_DestroyObject, unsupported, C_GetAttributeValue,
	C_SetAttributeValue, C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal,
	/* encryption and decryption */
	unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported,
	C_DigestInit, C_Digest, C_DigestUpdate, unsupported, C_DigestFinal, C_SignInit, C_Sign, C_SignUpdate, C_SignFinal,
	/* recovery, verification and operations of two kinds */
	unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported,
	unsupported, unsupported, unsupported, C_GenerateKeyPair,
	/* wrapping and derivation, seeding */
	unsupported, unsupported, unsupported, unsupported, C_GenerateRandom, unsupported, unsupported, unsupported,
}};

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	*out = &list;
	return CKR_OK;
}

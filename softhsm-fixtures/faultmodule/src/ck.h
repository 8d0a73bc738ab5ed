/* SPDX-License-Identifier: Apache-2.0
 * The part of PKCS#11 v2.40 that the fault module touches, written from the standard for 64-bit Unix. */
#ifndef ZAVER_CK_H
#define ZAVER_CK_H

typedef unsigned long CK_ULONG, CK_RV, CK_FLAGS, CK_SLOT_ID, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_USER_TYPE;
typedef unsigned char CK_BYTE, CK_BBOOL;

#define CKR_OK 0UL
#define CKR_FUNCTION_CANCELED 0x50UL
#define CKR_BUFFER_TOO_SMALL 0x150UL
#define CKR_PIN_INCORRECT 0xA0UL
#define CKR_PIN_LOCKED 0xA4UL
#define CKR_PIN_EXPIRED 0xA3UL
#define CKR_USER_NOT_LOGGED_IN 0x101UL
#define CKR_USER_PIN_NOT_INITIALIZED 0x102UL
#define CKR_ATTRIBUTE_TYPE_INVALID 0x12UL

#define CKR_HOST_MEMORY 0x2UL
#define CKR_SLOT_ID_INVALID 0x3UL
#define CKR_ARGUMENTS_BAD 0x7UL
#define CKU_SO 0UL
#define CKU_USER 1UL
#define CKU_CONTEXT_SPECIFIC 2UL

#define CKF_LOGIN_REQUIRED 0x00000004UL
#define CKF_USER_PIN_INITIALIZED 0x00000008UL
#define CKF_PROTECTED_AUTHENTICATION_PATH 0x00000100UL
#define CKF_USER_PIN_COUNT_LOW 0x00010000UL
#define CKF_USER_PIN_FINAL_TRY 0x00020000UL
#define CKF_USER_PIN_LOCKED 0x00040000UL
#define CKF_USER_PIN_TO_BE_CHANGED 0x00080000UL
#define CKF_SO_PIN_COUNT_LOW 0x00100000UL
#define CKF_SO_PIN_FINAL_TRY 0x00200000UL
#define CKF_SO_PIN_LOCKED 0x00400000UL
#define CKF_SO_PIN_TO_BE_CHANGED 0x00800000UL

#define CKA_CLASS 0x0UL
#define CKA_LABEL 0x3UL
#define CKA_VALUE 0x11UL
#define CKA_CERTIFICATE_TYPE 0x80UL
#define CKA_ID 0x102UL
#define CKA_ALWAYS_AUTHENTICATE 0x202UL
#define CKA_EC_POINT 0x181UL
#define CKO_DATA 0UL
#define CKO_CERTIFICATE 1UL
#define CKO_PUBLIC_KEY 2UL
#define CKO_PRIVATE_KEY 3UL

typedef struct { CK_ULONG type; void *pValue; CK_ULONG ulValueLen; } CK_ATTRIBUTE;
typedef struct { CK_ULONG mechanism; void *pParameter; CK_ULONG ulParameterLen; } CK_MECHANISM;
typedef struct { CK_BYTE major, minor; } CK_VERSION;
typedef struct {
	CK_BYTE label[32], manufacturerID[32], model[16], serialNumber[16];
	CK_FLAGS flags;
	CK_ULONG counts[10]; /* sessions, PIN lengths, memory */
	CK_VERSION hardwareVersion, firmwareVersion;
	CK_BYTE utcTime[16];
} CK_TOKEN_INFO;

/* CK_FUNCTION_LIST is a version and 68 functions in the standard's order; only some have a place of their own here. */
enum {
	F_Initialize = 0, F_Finalize = 1, F_GetFunctionList = 3, F_GetSlotList = 4, F_GetSlotInfo = 5, F_GetTokenInfo = 6, F_InitPIN = 10, F_SetPIN = 11, F_OpenSession = 12, F_CloseSession = 13,
	F_Login = 18, F_Logout = 19, F_GetAttributeValue = 24, F_FindObjectsInit = 26, F_FindObjects = 27, F_FindObjectsFinal = 28,
	F_SignInit = 42, F_Sign = 43, F_COUNT = 68
};
typedef struct { CK_VERSION version; void *f[F_COUNT]; } CK_FUNCTION_LIST;

#endif

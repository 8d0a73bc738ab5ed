/* SPDX-License-Identifier: Apache-2.0
 * What the parts of the fault module share. Everything but C_GetFunctionList stays inside the library: several copies of it, and the
 * module behind each, live in one process. */
#ifndef ZAVER_FAULT_H
#define ZAVER_FAULT_H

#include "ck.h"

/* orders.c */
extern char self[]; /* the path of this copy */
void read_orders(void);
const char *order(const char *name);
int ordered(const char *name, const char *value);
CK_RV enter(const char *call);
void note(const char *path, int how, const char *format, ...);

#define ENTER(call) do { CK_RV e = enter(call); if (e != CKR_OK) return e; } while (0)

/* module.c */
extern CK_FUNCTION_LIST *real;

#define REAL(slot, ...) (((CK_RV (*)())real->f[slot])(__VA_ARGS__))

/* pin.c */
int tries_left(const char *name);

/* State of a session; one is enough for the client that this module is for. */
extern int context_login, in_operation, logged_in; /* session.c */

/* The functions that misbehave; all others are the real module's own. */
CK_RV f_Initialize(void *args);
CK_RV f_Finalize(void *reserved);
CK_RV f_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count);
CK_RV f_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info);
CK_RV f_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *app, void *notify, CK_SESSION_HANDLE *h);
CK_RV f_CloseSession(CK_SESSION_HANDLE h);
CK_RV f_Login(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len);
CK_RV f_InitPIN(CK_SESSION_HANDLE h, CK_BYTE *pin, CK_ULONG len);
CK_RV f_SetPIN(CK_SESSION_HANDLE h, CK_BYTE *old, CK_ULONG old_len, CK_BYTE *fresh, CK_ULONG fresh_len);
CK_RV f_GetSlotInfo(CK_SLOT_ID slot, void *info);
CK_RV f_Logout(CK_SESSION_HANDLE h);
CK_RV f_GetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a, CK_ULONG n);
CK_RV f_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *a, CK_ULONG n);
CK_RV f_FindObjects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *list, CK_ULONG max, CK_ULONG *count);
CK_RV f_FindObjectsFinal(CK_SESSION_HANDLE h);
CK_RV f_SignInit(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_OBJECT_HANDLE key);
CK_RV f_Sign(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len, CK_BYTE *sig, CK_ULONG *siglen);

#endif

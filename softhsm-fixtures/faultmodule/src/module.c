/* SPDX-License-Identifier: Apache-2.0
 *
 * A PKCS#11 module that passes every call to another one and misbehaves on order.
 */
#include <dlfcn.h>
#include <stddef.h>

#include "fault.h"

CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

CK_RV f_Initialize(void *args)
{
	ENTER("C_Initialize");
	return REAL(F_Initialize, args);
}

CK_RV f_Finalize(void *reserved)
{
	ENTER("C_Finalize");
	return REAL(F_Finalize, reserved);
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
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

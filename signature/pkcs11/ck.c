/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of a PKCS#11 library. Structures that hold pointers are made here, so that Go hands over plain memory only. */
#include <stddef.h>
#include <string.h>

#include "ck.h"

#define NOT_THERE 0x54UL /* CKR_FUNCTION_NOT_SUPPORTED */
#define TOKEN_CLASS 0UL  /* CKA_CLASS */
#define TOKEN_ID 0x102UL /* CKA_ID */

typedef CK_ULONG (*get_list)(CK_FUNCTION_LIST **);

#ifdef _WIN32
#include <windows.h>
static void *load(const char *path)
{
	WCHAR wide[1024];
	if (!MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 1024))
		return NULL;
	return (void *)LoadLibraryExW(wide, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
}
static get_list find(void *handle) { return (get_list)(void *)GetProcAddress((HMODULE)handle, "C_GetFunctionList"); }
#else
#include <dlfcn.h>
static void *load(const char *path) { return dlopen(path, RTLD_LAZY | RTLD_LOCAL); }
static get_list find(void *handle) { return (get_list)dlsym(handle, "C_GetFunctionList"); }
#endif

/* A library is never unloaded: threads that it has started may still run. */
CK_ULONG zv_open(zv_library *l, const char *path)
{
	get_list get;
	CK_ULONG rv;
	l->list = NULL;
	l->handle = load(path);
	if (!l->handle || !(get = find(l->handle)))
		return NOT_THERE;
	rv = get(&l->list);
	return rv == 0 && !l->list ? NOT_THERE : rv;
}

#define CALL(n, types, ...) (l->list->f[n] ? ((CK_ULONG (*) types)l->list->f[n])(__VA_ARGS__) : NOT_THERE)

CK_ULONG zv_initialize(zv_library *l, CK_ULONG flags, char *reserved)
{
#ifdef _WIN32
#pragma pack(push, 1)
#endif
	/* NSS reads one field more than the standard has, which must be zero. */
	struct { void *create, *destroy, *lock, *unlock; CK_ULONG flags; void *reserved, *zero; } args;
#ifdef _WIN32
#pragma pack(pop)
#endif
	memset(&args, 0, sizeof args);
	args.flags = flags;
	args.reserved = reserved;
	return CALL(0, (void *), &args);
}

CK_ULONG zv_finalize(zv_library *l) { return CALL(1, (void *), NULL); }

CK_ULONG zv_slots(zv_library *l, int present, CK_ULONG *list, CK_ULONG *n)
{
	return CALL(4, (CK_BYTE, CK_ULONG *, CK_ULONG *), (CK_BYTE)present, list, n);
}

CK_ULONG zv_slot_info(zv_library *l, CK_ULONG slot, CK_SLOT_INFO *info)
{
	memset(info, 0, sizeof *info);
	return CALL(5, (CK_ULONG, CK_SLOT_INFO *), slot, info);
}

CK_ULONG zv_token_info(zv_library *l, CK_ULONG slot, CK_TOKEN_INFO *info)
{
	memset(info, 0, sizeof *info);
	return CALL(6, (CK_ULONG, CK_TOKEN_INFO *), slot, info);
}

CK_ULONG zv_open_session(zv_library *l, CK_ULONG slot, CK_ULONG flags, CK_ULONG *session)
{
	return CALL(12, (CK_ULONG, CK_ULONG, void *, void *, CK_ULONG *), slot, flags, NULL, NULL, session);
}

CK_ULONG zv_close_session(zv_library *l, CK_ULONG session) { return CALL(13, (CK_ULONG), session); }

CK_ULONG zv_login(zv_library *l, CK_ULONG session, CK_ULONG user, CK_BYTE *pin, CK_ULONG len)
{
	return CALL(18, (CK_ULONG, CK_ULONG, CK_BYTE *, CK_ULONG), session, user, pin, len);
}

CK_ULONG zv_logout(zv_library *l, CK_ULONG session) { return CALL(19, (CK_ULONG), session); }

CK_ULONG zv_init_pin(zv_library *l, CK_ULONG session, CK_BYTE *pin, CK_ULONG len)
{
	return CALL(10, (CK_ULONG, CK_BYTE *, CK_ULONG), session, pin, len);
}

CK_ULONG zv_set_pin(zv_library *l, CK_ULONG session, CK_BYTE *old, CK_ULONG old_len, CK_BYTE *fresh, CK_ULONG fresh_len)
{
	return CALL(11, (CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG), session, old, old_len, fresh, fresh_len);
}

CK_ULONG zv_attribute(zv_library *l, CK_ULONG session, CK_ULONG object, CK_ULONG type, CK_BYTE *value, CK_ULONG *len)
{
	CK_ATTRIBUTE a = {type, value, *len};
	CK_ULONG rv = CALL(24, (CK_ULONG, CK_ULONG, CK_ATTRIBUTE *, CK_ULONG), session, object, &a, 1UL);
	*len = a.len;
	return rv;
}

CK_ULONG zv_find_init(zv_library *l, CK_ULONG session, CK_ULONG class, CK_BYTE *id, CK_ULONG id_len)
{
	CK_ATTRIBUTE a[2] = {{TOKEN_CLASS, &class, sizeof class}, {TOKEN_ID, id, id_len}};
	return CALL(26, (CK_ULONG, CK_ATTRIBUTE *, CK_ULONG), session, a, id_len ? 2UL : 1UL);
}

CK_ULONG zv_find(zv_library *l, CK_ULONG session, CK_ULONG *list, CK_ULONG max, CK_ULONG *n)
{
	return CALL(27, (CK_ULONG, CK_ULONG *, CK_ULONG, CK_ULONG *), session, list, max, n);
}

CK_ULONG zv_find_final(zv_library *l, CK_ULONG session) { return CALL(28, (CK_ULONG), session); }

CK_ULONG zv_sign_init(zv_library *l, CK_ULONG session, CK_ULONG mechanism, CK_ULONG hash, CK_ULONG mgf, CK_ULONG salt, CK_ULONG key)
{
	CK_RSA_PKCS_PSS_PARAMS pss = {hash, mgf, salt};
	CK_MECHANISM m = {mechanism, NULL, 0};
	if (hash) {
		m.parameter = &pss;
		m.len = sizeof pss;
	}
	return CALL(42, (CK_ULONG, CK_MECHANISM *, CK_ULONG), session, &m, key);
}

CK_ULONG zv_sign(zv_library *l, CK_ULONG session, CK_BYTE *data, CK_ULONG len, CK_BYTE *sig, CK_ULONG *sig_len)
{
	return CALL(43, (CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *), session, data, len, sig, sig_len);
}

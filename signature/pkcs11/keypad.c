/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "keypad.h"

#define NOT_SUPPORTED 0x54UL /* CKR_FUNCTION_NOT_SUPPORTED */

#ifdef _WIN32
#pragma pack(push, 1) /* the standard packs structures on Windows alone */
#endif
typedef struct { unsigned char major, minor; void *f[68]; } function_list;
#ifdef _WIN32
#pragma pack(pop)
#endif
enum { INIT_PIN = 10, SET_PIN = 11 }; /* places in the standard's order */

typedef unsigned long (*get_list)(function_list **);

#ifdef _WIN32
#include <windows.h>
static get_list find(const char *path)
{
	HMODULE h = GetModuleHandleA(path);
	return h ? (get_list)(void *)GetProcAddress(h, "C_GetFunctionList") : NULL;
}
#else
#include <dlfcn.h>
static get_list find(const char *path)
{
	void *h = dlopen(path, RTLD_LAZY); /* once more: the same library, counted */
	return h ? (get_list)dlsym(h, "C_GetFunctionList") : NULL;
}
#endif

static void *function(const char *path, int n)
{
	function_list *list = NULL;
	get_list get = find(path);
	return get && get(&list) == 0 && list ? list->f[n] : NULL;
}

unsigned long zv_keypad_set_pin(const char *path, unsigned long session)
{
	unsigned long (*f)(unsigned long, void *, unsigned long, void *, unsigned long) = function(path, SET_PIN);
	return f ? f(session, NULL, 0, NULL, 0) : NOT_SUPPORTED;
}

unsigned long zv_keypad_init_pin(const char *path, unsigned long session)
{
	unsigned long (*f)(unsigned long, void *, unsigned long) = function(path, INIT_PIN);
	return f ? f(session, NULL, 0) : NOT_SUPPORTED;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of PKCS#11 v2.40 that is called here, written from the standard. */
#ifndef ZAVER_PKCS11_CK_H
#define ZAVER_PKCS11_CK_H

#ifdef _WIN32
#pragma pack(push, 1) /* the standard packs structures on Windows alone */
#endif

typedef unsigned long CK_ULONG;
typedef unsigned char CK_BYTE;

typedef struct { CK_BYTE major, minor; } CK_VERSION;

typedef struct {
	CK_BYTE label[32], manufacturer[32], model[16], serial[16];
	CK_ULONG flags, max_session, session, max_rw, rw, max_pin, min_pin, public_total, public_free, private_total, private_free;
	CK_VERSION hardware, firmware;
	CK_BYTE utc[16];
} CK_TOKEN_INFO;

typedef struct {
	CK_BYTE description[64], manufacturer[32];
	CK_ULONG flags;
	CK_VERSION hardware, firmware;
} CK_SLOT_INFO;

typedef struct { CK_ULONG type; void *value; CK_ULONG len; } CK_ATTRIBUTE;
typedef struct { CK_ULONG mechanism; void *parameter; CK_ULONG len; } CK_MECHANISM;
typedef struct { CK_ULONG hash, mgf, salt; } CK_RSA_PKCS_PSS_PARAMS;

/* The functions in the standard's order behind the version. */
typedef struct { CK_VERSION version; void *f[68]; } CK_FUNCTION_LIST;

#ifdef _WIN32
#pragma pack(pop)
#endif

typedef struct {
	void *handle;
	CK_FUNCTION_LIST *list;
} zv_library;

CK_ULONG zv_open(zv_library *l, const char *path);
CK_ULONG zv_initialize(zv_library *l, CK_ULONG flags, char *reserved);
CK_ULONG zv_finalize(zv_library *l);
CK_ULONG zv_slots(zv_library *l, int present, CK_ULONG *list, CK_ULONG *n);
CK_ULONG zv_slot_info(zv_library *l, CK_ULONG slot, CK_SLOT_INFO *info);
CK_ULONG zv_token_info(zv_library *l, CK_ULONG slot, CK_TOKEN_INFO *info);
CK_ULONG zv_open_session(zv_library *l, CK_ULONG slot, CK_ULONG flags, CK_ULONG *session);
CK_ULONG zv_close_session(zv_library *l, CK_ULONG session);
CK_ULONG zv_login(zv_library *l, CK_ULONG session, CK_ULONG user, CK_BYTE *pin, CK_ULONG len);
CK_ULONG zv_logout(zv_library *l, CK_ULONG session);
CK_ULONG zv_init_pin(zv_library *l, CK_ULONG session, CK_BYTE *pin, CK_ULONG len);
CK_ULONG zv_set_pin(zv_library *l, CK_ULONG session, CK_BYTE *old, CK_ULONG old_len, CK_BYTE *fresh, CK_ULONG fresh_len);
CK_ULONG zv_attribute(zv_library *l, CK_ULONG session, CK_ULONG object, CK_ULONG type, CK_BYTE *value, CK_ULONG *len);
CK_ULONG zv_find_init(zv_library *l, CK_ULONG session, CK_ULONG class, CK_BYTE *id, CK_ULONG id_len);
CK_ULONG zv_find(zv_library *l, CK_ULONG session, CK_ULONG *list, CK_ULONG max, CK_ULONG *n);
CK_ULONG zv_find_final(zv_library *l, CK_ULONG session);
CK_ULONG zv_sign_init(zv_library *l, CK_ULONG session, CK_ULONG mechanism, CK_ULONG hash, CK_ULONG mgf, CK_ULONG salt, CK_ULONG key);
CK_ULONG zv_sign(zv_library *l, CK_ULONG session, CK_BYTE *data, CK_ULONG len, CK_BYTE *sig, CK_ULONG *sig_len);

#endif

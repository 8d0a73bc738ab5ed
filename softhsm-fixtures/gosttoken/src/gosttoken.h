/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the GOST token share. Below stands above: store.c (files), object.c (attributes), gost.c (OpenSSL's engine),
 * session.c (sessions and PINs), operate.c (signing, digests, keys), module.c (the list of functions). */
#ifndef ZAVER_GOSTTOKEN_H
#define ZAVER_GOSTTOKEN_H

#include <pthread.h>
#include <stddef.h>

#include "ck.h"

#define MAX_SLOTS 16
#define MAX_SESSIONS 64
#define MAX_OBJECTS 256
#define MAX_ATTRIBUTES 32
#define MAX_VALUE 65536
#define PIN_MIN 4
#define PIN_MAX 32
#define PIN_TRIES 3

/* Every function of the module runs under one lock: GUARD stands first in it. */
extern pthread_mutex_t the_lock;
static inline int guard_take(void) { return pthread_mutex_lock(&the_lock); }
static inline void guard_drop(int *unused) { (void)unused; pthread_mutex_unlock(&the_lock); }
#define GUARD int guard __attribute__((cleanup(guard_drop), unused)) = guard_take()

/* store.c */
struct token {
	int initialised;
	char label[33], serial[17];
	char so[130], user[130]; /* salt and hash; empty: no PIN */
	int tries;               /* of the user's PIN, when all are left */
};
void store_configure(void);
const char *option(const char *name);
int option_is(const char *name, const char *value);
int slot_count(void);
void token_file(char *out, size_t size, CK_SLOT_ID slot, const char *name);
int token_load(CK_SLOT_ID slot, struct token *t);
int token_save(CK_SLOT_ID slot, const struct token *t);
int token_erase(CK_SLOT_ID slot);
int token_lock(CK_SLOT_ID slot);
void token_unlock(int fd);
int tries_left(CK_SLOT_ID slot, const struct token *t);
int tries_write(CK_SLOT_ID slot, int left);
void pin_hash(char out[130], const char *salt, const void *pin, size_t len);
int pin_matches(const char *stored, const void *pin, size_t len);
unsigned char *file_read(const char *path, size_t *len);
int file_write(const char *path, const void *data, size_t len);

/* object.c */
struct attribute { CK_ULONG type, len; unsigned char *value; };
struct object { CK_OBJECT_HANDLE handle; int n; struct attribute a[MAX_ATTRIBUTES]; };
struct object *object_new(void);
void object_free(struct object *o);
int object_set(struct object *o, CK_ULONG type, const void *value, CK_ULONG len);
int object_set_number(struct object *o, CK_ULONG type, CK_ULONG value);
int object_set_flag(struct object *o, CK_ULONG type, int value);
const struct attribute *object_get(const struct object *o, CK_ULONG type);
CK_ULONG object_number(const struct object *o, CK_ULONG type);
int object_flag(const struct object *o, CK_ULONG type);
int object_matches(const struct object *o, const CK_ATTRIBUTE *t, CK_ULONG n);
struct object *object_load(CK_SLOT_ID slot, CK_OBJECT_HANDLE h);
int object_list(CK_SLOT_ID slot, CK_OBJECT_HANDLE out[MAX_OBJECTS]);
int object_store(CK_SLOT_ID slot, struct object *o);
int object_erase(CK_SLOT_ID slot, CK_OBJECT_HANDLE h);
CK_RV object_from(const CK_ATTRIBUTE *t, CK_ULONG n, struct object **out);
CK_RV object_show(const struct object *o, CK_ATTRIBUTE *t, CK_ULONG n);

/* gost.c; a key is its PrivateKeyInfo (RFC 5208) in DER */
enum generation { GOST_2001, GOST_256, GOST_512 };
int gost_start(void);
int gost_generation(const struct attribute *hash_params, int is512, enum generation *out);
unsigned char *gost_generate(enum generation g, const struct attribute *params, size_t *len);
unsigned char *gost_import(enum generation g, const struct attribute *params, const unsigned char *scalar, size_t n, size_t *len);
int gost_public(const unsigned char *key, size_t len, unsigned char *out, size_t *out_len);
int gost_sign(const unsigned char *key, size_t len, const unsigned char *digest, size_t n, unsigned char *out, size_t *out_len);
void *gost_digest_new(int bits);
int gost_digest_add(void *ctx, const void *data, size_t len);
int gost_digest_end(void *ctx, unsigned char *out, size_t *len);
void gost_digest_free(void *ctx);

/* session.c */
struct session {
	int used, rw;
	CK_SLOT_ID slot;
	char serial[17]; /* of the token that it was opened with */
	CK_OBJECT_HANDLE found[MAX_OBJECTS];
	int n_found, next_found, searching;
	/* a signature or a digest under way */
	int signing, digesting, updated;
	unsigned char *key;
	size_t key_len, input_len; /* of the ready digest; 0: the digest is made here */
	void *digest;
};
extern int initialised;
struct session *session_of(CK_SESSION_HANDLE h);
int logged_in(CK_SLOT_ID slot);
int removed(const struct session *s);
void operation_drop(struct session *s);
void sessions_drop(void);
void text_pad(CK_BYTE *out, size_t size, const char *s);

CK_RV C_Initialize(void *args);
CK_RV C_Finalize(void *reserved);
CK_RV C_InitToken(CK_SLOT_ID slot, CK_BYTE *pin, CK_ULONG len, CK_BYTE *label);
CK_RV C_InitPIN(CK_SESSION_HANDLE h, CK_BYTE *pin, CK_ULONG len);
CK_RV C_SetPIN(CK_SESSION_HANDLE h, CK_BYTE *old_pin, CK_ULONG old_len, CK_BYTE *new_pin, CK_ULONG new_len);
CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *app, void *notify, CK_SESSION_HANDLE *out);
CK_RV C_CloseSession(CK_SESSION_HANDLE h);
CK_RV C_CloseAllSessions(CK_SLOT_ID slot);
CK_RV C_GetSessionInfo(CK_SESSION_HANDLE h, CK_SESSION_INFO *out);
CK_RV C_Login(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len);
CK_RV C_Logout(CK_SESSION_HANDLE h);

/* find.c */
CK_RV C_CreateObject(CK_SESSION_HANDLE h, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *out);
CK_RV C_DestroyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o);
CK_RV C_GetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *t, CK_ULONG n);
CK_RV C_SetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *t, CK_ULONG n);
CK_RV C_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *t, CK_ULONG n);
CK_RV C_FindObjects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *n);
CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE h);
CK_RV key_store(CK_SLOT_ID slot, enum generation g, unsigned char *key, size_t len, const CK_ATTRIBUTE *pub, CK_ULONG n_pub,
	const CK_ATTRIBUTE *priv, CK_ULONG n_priv, int local, CK_OBJECT_HANDLE *pub_out, CK_OBJECT_HANDLE *priv_out);

/* operate.c */
CK_RV C_DigestInit(CK_SESSION_HANDLE h, CK_MECHANISM *m);
CK_RV C_Digest(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len);
CK_RV C_DigestUpdate(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len);
CK_RV C_DigestFinal(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG *out_len);
CK_RV C_SignInit(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_OBJECT_HANDLE key);
CK_RV C_Sign(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len);
CK_RV C_SignUpdate(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len);
CK_RV C_SignFinal(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG *out_len);
CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_ATTRIBUTE *pub, CK_ULONG n_pub, CK_ATTRIBUTE *priv, CK_ULONG n_priv,
	CK_OBJECT_HANDLE *pub_out, CK_OBJECT_HANDLE *priv_out);
CK_RV C_GenerateRandom(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG len);

#endif

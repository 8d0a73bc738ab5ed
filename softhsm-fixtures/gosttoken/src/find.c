/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects on the token: made, shown, searched, removed. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "gosttoken.h"

static int visible(CK_SLOT_ID slot, const struct object *o) { return !object_flag(o, CKA_PRIVATE) || logged_in(slot); }

static struct object *load(struct session *s, CK_OBJECT_HANDLE h)
{
	struct object *o = object_load(s->slot, h);
	if (o && !visible(s->slot, o)) {
		object_free(o);
		return NULL;
	}
	return o;
}

/* public_value is CKA_VALUE of a public key: LE(x)||LE(y), and an OCTET STRING around it where the option "wrapped" says so. */
static int public_value(struct object *o, const unsigned char *value, size_t len)
{
	unsigned char wrapped[3 + 128];
	if (!option("wrapped"))
		return object_set(o, CKA_VALUE, value, len);
	size_t head = 0;
	wrapped[head++] = 4;
	if (len > 127)
		wrapped[head++] = 0x81;
	wrapped[head++] = (unsigned char)len;
	memcpy(wrapped + head, value, len);
	return object_set(o, CKA_VALUE, wrapped, head + len);
}

static CK_RV both(struct object *o, enum generation g, CK_ULONG class, int local)
{
	if (!object_get(o, CKA_GOSTR3411_PARAMS)) {
		static const unsigned char h256[] = {6, 8, 0x2A, 0x85, 3, 7, 1, 1, 2, 2}, h512[] = {6, 8, 0x2A, 0x85, 3, 7, 1, 1, 2, 3};
		object_set(o, CKA_GOSTR3411_PARAMS, g == GOST_512 ? h512 : h256, sizeof h256);
	}
	object_set_number(o, CKA_CLASS, class);
	object_set_number(o, CKA_KEY_TYPE, g == GOST_512 ? CKK_GOSTR3410_512 : CKK_GOSTR3410);
	object_set_flag(o, CKA_TOKEN, 1);
	static const CK_ULONG never[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE};
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		object_set_flag(o, never[i], 0);
	if (class == CKO_PRIVATE_KEY)
		object_set_flag(o, CKA_ALWAYS_AUTHENTICATE, 0);
	return object_set_flag(o, CKA_LOCAL, local) ? CKR_OK : CKR_HOST_MEMORY;
}

/* key_store writes the two halves of a key; the key is the engine's memory and is freed here. */
CK_RV key_store(CK_SLOT_ID slot, enum generation g, unsigned char *key, size_t len, const CK_ATTRIBUTE *pub, CK_ULONG n_pub,
	const CK_ATTRIBUTE *priv, CK_ULONG n_priv, int local, CK_OBJECT_HANDLE *pub_out, CK_OBJECT_HANDLE *priv_out)
{
	unsigned char value[128];
	size_t value_len = 0;
	struct object *o = NULL, *p = NULL;
	CK_RV rv = gost_public(key, len, value, &value_len) ? CKR_OK : CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		rv = object_from(pub, n_pub, &p);
	if (rv == CKR_OK)
		rv = object_from(priv, n_priv, &o);
	if (rv == CKR_OK) {
		both(p, g, CKO_PUBLIC_KEY, local), both(o, g, CKO_PRIVATE_KEY, local);
		const struct attribute *set = object_get(p, CKA_GOSTR3410_PARAMS), *hash = object_get(p, CKA_GOSTR3411_PARAMS);
		object_set(o, CKA_GOSTR3410_PARAMS, set->value, set->len);
		object_set(o, CKA_GOSTR3411_PARAMS, hash->value, hash->len);
		object_set_flag(p, CKA_PRIVATE, 0), object_set_flag(p, CKA_VERIFY, 1);
		object_set_flag(o, CKA_PRIVATE, 1), object_set_flag(o, CKA_SIGN, 1);
		object_set_flag(o, CKA_SENSITIVE, 1), object_set_flag(o, CKA_EXTRACTABLE, 0);
		object_set_flag(o, CKA_ALWAYS_SENSITIVE, local), object_set_flag(o, CKA_NEVER_EXTRACTABLE, local);
		object_set(o, CKA_VALUE, NULL, 0);
		if (!public_value(p, value, value_len) || !object_set(o, CKA_ZAVER_SECRET, key, len) || !object_store(slot, p) || !object_store(slot, o))
			rv = CKR_FUNCTION_FAILED;
	}
	if (rv == CKR_OK && pub_out)
		*pub_out = p->handle;
	if (rv == CKR_OK && priv_out)
		*priv_out = o->handle;
	object_free(o), object_free(p);
	OPENSSL_free(key);
	return rv;
}

/* import takes a private key with its scalar, little-endian, in CKA_VALUE; the public half is made beside it. */
static CK_RV import(struct session *s, const struct object *o, CK_OBJECT_HANDLE *out)
{
	const struct attribute *set = object_get(o, CKA_GOSTR3410_PARAMS), *scalar = object_get(o, CKA_VALUE), *a;
	static const CK_ULONG shared[] = {CKA_GOSTR3410_PARAMS, CKA_GOSTR3411_PARAMS, CKA_ID, CKA_LABEL};
	CK_ATTRIBUTE t[4];
	CK_ULONG n = 0, kind = object_number(o, CKA_KEY_TYPE);
	enum generation g;
	size_t len = 0;
	if (!set || !scalar || (kind != CKK_GOSTR3410 && kind != CKK_GOSTR3410_512))
		return CKR_TEMPLATE_INCOMPLETE;
	if (!gost_generation(object_get(o, CKA_GOSTR3411_PARAMS), kind == CKK_GOSTR3410_512, &g))
		return CKR_TEMPLATE_INCONSISTENT;
	unsigned char *key = gost_import(g, set, scalar->value, scalar->len, &len);
	if (!key)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	for (size_t i = 0; i < 4; i++)
		if ((a = object_get(o, shared[i])))
			t[n++] = (CK_ATTRIBUTE){shared[i], a->value, a->len};
	return key_store(s->slot, g, key, len, t, n, t, n, 0, NULL, out);
}

CK_RV C_CreateObject(CK_SESSION_HANDLE h, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	GUARD;
	struct session *s = session_of(h);
	struct object *o;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->rw)
		return CKR_SESSION_READ_ONLY;
	if (!logged_in(s->slot))
		return CKR_USER_NOT_LOGGED_IN;
	CK_RV rv = object_from(t, n, &o);
	if (rv != CKR_OK)
		return rv;
	switch (object_number(o, CKA_CLASS)) {
	case CKO_PRIVATE_KEY:
		rv = import(s, o, out);
		break;
	case CKO_CERTIFICATE:
	case CKO_PUBLIC_KEY:
		if (!object_get(o, CKA_VALUE))
			rv = CKR_TEMPLATE_INCOMPLETE;
		else if (!object_store(s->slot, o))
			rv = CKR_FUNCTION_FAILED;
		else
			*out = o->handle;
		break;
	default:
		rv = CKR_TEMPLATE_INCONSISTENT;
	}
	object_free(o);
	return rv;
}

/* writable says whether a session may change an object, and why not. */
static CK_RV writable(struct session *s)
{
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->rw)
		return CKR_SESSION_READ_ONLY;
	return logged_in(s->slot) ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object)
{
	GUARD;
	struct session *s = session_of(h);
	CK_RV rv = writable(s);
	if (rv != CKR_OK)
		return rv;
	return object_erase(s->slot, object) ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *t, CK_ULONG n)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	struct object *o = load(s, object);
	if (!o)
		return CKR_OBJECT_HANDLE_INVALID;
	CK_RV rv = object_show(o, t, n);
	object_free(o);
	return rv;
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *t, CK_ULONG n)
{
	GUARD;
	struct session *s = session_of(h);
	CK_RV rv = writable(s);
	if (rv != CKR_OK)
		return rv;
	struct object *o = load(s, object);
	if (!o)
		return CKR_OBJECT_HANDLE_INVALID;
	for (CK_ULONG i = 0; i < n && rv == CKR_OK; i++)
		if ((t[i].type != CKA_ID && t[i].type != CKA_LABEL) || !object_set(o, t[i].type, t[i].pValue, t[i].ulValueLen))
			rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK && !object_store(s->slot, o))
		rv = CKR_FUNCTION_FAILED;
	object_free(o);
	return rv;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *t, CK_ULONG n)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (s->searching)
		return CKR_OPERATION_ACTIVE;
	if (removed(s))
		return CKR_DEVICE_REMOVED;
	CK_OBJECT_HANDLE all[MAX_OBJECTS];
	int n_all = object_list(s->slot, all);
	s->n_found = s->next_found = 0;
	for (int i = 0; i < n_all; i++) {
		struct object *x = load(s, all[i]);
		if (x && object_matches(x, t, n))
			s->found[s->n_found++] = all[i];
		object_free(x);
	}
	s->searching = 1;
	return CKR_OK;
}

CK_RV C_FindObjects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *n)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->searching)
		return CKR_OPERATION_NOT_INITIALIZED;
	for (*n = 0; *n < max && s->next_found < s->n_found;)
		out[(*n)++] = s->found[s->next_found++];
	return CKR_OK;
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE h)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->searching)
		return CKR_OPERATION_NOT_INITIALIZED;
	s->searching = 0;
	return CKR_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Digests, signatures and new keys. */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "gosttoken.h"

/* answer hands a result out; there is room for it, see asks. */
static CK_RV answer(const unsigned char *b, size_t n, CK_BYTE *out, CK_ULONG *out_len)
{
	memcpy(out, b, n);
	*out_len = n;
	return CKR_OK;
}

/* asks says whether a call only asks for the length, or has no room; rv is its result then. */
static int asks(CK_ULONG need, CK_BYTE *out, CK_ULONG *out_len, CK_RV *rv)
{
	if (out && *out_len >= need)
		return 0;
	*rv = out ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	*out_len = need;
	return 1;
}

CK_RV C_DigestInit(CK_SESSION_HANDLE h, CK_MECHANISM *m)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (s->digesting || s->signing)
		return CKR_OPERATION_ACTIVE;
	if (m->mechanism != CKM_GOSTR3411_12_256 && m->mechanism != CKM_GOSTR3411_12_512)
		return CKR_MECHANISM_INVALID;
	s->digesting = m->mechanism == CKM_GOSTR3411_12_512 ? 64 : 32;
	s->digest = gost_digest_new(8 * s->digesting);
	if (s->digest)
		return CKR_OK;
	operation_drop(s);
	return CKR_FUNCTION_FAILED;
}

static CK_RV digest_end(struct session *s, CK_BYTE *out, CK_ULONG *out_len)
{
	unsigned char b[64];
	size_t n;
	CK_RV rv = gost_digest_end(s->digest, b, &n) ? answer(b, n, out, out_len) : CKR_FUNCTION_FAILED;
	operation_drop(s);
	return rv;
}

CK_RV C_Digest(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
	GUARD;
	struct session *s = session_of(h);
	CK_RV rv;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->digesting)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (asks((CK_ULONG)s->digesting, out, out_len, &rv))
		return rv;
	return gost_digest_add(s->digest, data, len) ? digest_end(s, out, out_len) : CKR_FUNCTION_FAILED;
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->digesting)
		return CKR_OPERATION_NOT_INITIALIZED;
	return gost_digest_add(s->digest, data, len) ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG *out_len)
{
	GUARD;
	struct session *s = session_of(h);
	CK_RV rv;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->digesting)
		return CKR_OPERATION_NOT_INITIALIZED;
	return asks((CK_ULONG)s->digesting, out, out_len, &rv) ? rv : digest_end(s, out, out_len);
}

/* fits says whether a mechanism goes with a key, and whether it hashes (inner) or takes a ready digest. */
static CK_RV fits(const CK_MECHANISM *m, const struct object *key, int *size, int *inner)
{
	int long_key = object_number(key, CKA_KEY_TYPE) == CKK_GOSTR3410_512;
	enum generation g;
	*size = long_key ? 64 : 32;
	*inner = m->mechanism == CKM_GOSTR3410_WITH_GOSTR3411_12_256 || m->mechanism == CKM_GOSTR3410_WITH_GOSTR3411_12_512;
	switch (m->mechanism) {
	case CKM_GOSTR3410:
	case CKM_GOSTR3410_WITH_GOSTR3411_12_256:
		if (long_key)
			return CKR_KEY_TYPE_INCONSISTENT;
		break;
	case CKM_GOSTR3410_512:
	case CKM_GOSTR3410_WITH_GOSTR3411_12_512:
		if (!long_key)
			return CKR_KEY_TYPE_INCONSISTENT;
		break;
	default:
		return CKR_MECHANISM_INVALID;
	}
	if (*inner && (!gost_generation(object_get(key, CKA_GOSTR3411_PARAMS), long_key, &g) || g == GOST_2001))
		return CKR_KEY_TYPE_INCONSISTENT;
	return m->ulParameterLen ? CKR_MECHANISM_PARAM_INVALID : CKR_OK;
}

CK_RV C_SignInit(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_OBJECT_HANDLE handle)
{
	GUARD;
	struct session *s = session_of(h);
	int size = 0, inner = 0;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (s->signing || s->digesting)
		return CKR_OPERATION_ACTIVE;
	if (removed(s))
		return CKR_DEVICE_REMOVED;
	struct object *key = object_load(s->slot, handle);
	if (!key || object_number(key, CKA_CLASS) != CKO_PRIVATE_KEY) {
		object_free(key);
		return CKR_KEY_HANDLE_INVALID;
	}
	CK_RV rv = logged_in(s->slot) ? fits(m, key, &size, &inner) : CKR_USER_NOT_LOGGED_IN;
	const struct attribute *secret = object_get(key, CKA_ZAVER_SECRET);
	if (rv == CKR_OK && !secret)
		rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
	if (rv == CKR_OK && (!(s->key = malloc(secret->len)) || (inner && !(s->digest = gost_digest_new(8 * size)))))
		rv = CKR_HOST_MEMORY;
	if (rv == CKR_OK) {
		memcpy(s->key, secret->value, secret->len);
		s->key_len = secret->len;
		s->signing = 2 * size;
		s->input_len = inner ? 0 : (size_t)size;
	} else {
		operation_drop(s);
	}
	object_free(key);
	return rv;
}

static CK_RV sign_end(struct session *s, const CK_BYTE *digest, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
	unsigned char own[64], sig[128];
	size_t n = sizeof own, sig_len = sizeof sig;
	CK_RV rv = CKR_OK;
	if (s->digest) {
		if (!gost_digest_end(s->digest, own, &n))
			rv = CKR_FUNCTION_FAILED;
		digest = own, len = n;
	} else if (len != s->input_len) {
		rv = CKR_DATA_LEN_RANGE;
	}
	if (rv == CKR_OK && !gost_sign(s->key, s->key_len, digest, len, sig, &sig_len))
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		rv = answer(sig, sig_len, out, out_len);
	operation_drop(s);
	return rv;
}

CK_RV C_Sign(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
	GUARD;
	struct session *s = session_of(h);
	CK_RV rv;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->signing || s->updated)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (removed(s))
		return CKR_DEVICE_REMOVED;
	if (asks((CK_ULONG)s->signing, out, out_len, &rv))
		return rv;
	if (s->digest && !gost_digest_add(s->digest, data, len))
		return CKR_FUNCTION_FAILED;
	return sign_end(s, data, len, out, out_len);
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE h, CK_BYTE *data, CK_ULONG len)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->signing)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (!s->digest)
		return CKR_FUNCTION_NOT_SUPPORTED; /* a ready digest comes in one piece */
	s->updated = 1;
	return gost_digest_add(s->digest, data, len) ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV C_SignFinal(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG *out_len)
{
	GUARD;
	struct session *s = session_of(h);
	CK_RV rv;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->signing || !s->digest)
		return CKR_OPERATION_NOT_INITIALIZED;
	return asks((CK_ULONG)s->signing, out, out_len, &rv) ? rv : sign_end(s, NULL, 0, out, out_len);
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE h, CK_MECHANISM *m, CK_ATTRIBUTE *pub, CK_ULONG n_pub, CK_ATTRIBUTE *priv, CK_ULONG n_priv,
	CK_OBJECT_HANDLE *pub_out, CK_OBJECT_HANDLE *priv_out)
{
	GUARD;
	struct session *s = session_of(h);
	struct object *p;
	enum generation g = GOST_256;
	size_t len = 0;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->rw)
		return CKR_SESSION_READ_ONLY;
	if (!logged_in(s->slot))
		return CKR_USER_NOT_LOGGED_IN;
	if (m->mechanism != CKM_GOSTR3410_KEY_PAIR_GEN && m->mechanism != CKM_GOSTR3410_512_KEY_PAIR_GEN)
		return CKR_MECHANISM_INVALID;
	CK_RV rv = object_from(pub, n_pub, &p);
	if (rv != CKR_OK)
		return rv;
	const struct attribute *set = object_get(p, CKA_GOSTR3410_PARAMS);
	unsigned char *key = NULL;
	if (!set)
		rv = CKR_TEMPLATE_INCOMPLETE;
	else if (!gost_generation(object_get(p, CKA_GOSTR3411_PARAMS), m->mechanism == CKM_GOSTR3410_512_KEY_PAIR_GEN, &g))
		rv = CKR_TEMPLATE_INCONSISTENT;
	else if (!(key = gost_generate(g, set, &len)))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	object_free(p);
	return rv == CKR_OK ? key_store(s->slot, g, key, len, pub, n_pub, priv, n_priv, 1, pub_out, priv_out) : rv;
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG len)
{
	GUARD;
	if (!session_of(h))
		return CKR_SESSION_HANDLE_INVALID;
	return RAND_bytes(out, (int)len) > 0 ? CKR_OK : CKR_FUNCTION_FAILED;
}

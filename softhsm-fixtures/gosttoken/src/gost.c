/* SPDX-License-Identifier: Apache-2.0
 *
 * GOST R 34.10 and 34.11 by OpenSSL's GOST engine. A key is passed around as its PrivateKeyInfo in DER. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

#include "gosttoken.h"

static ENGINE *engine;

static const struct { int nid; unsigned char key_oid[10], hash_oid[10]; } generations[] = {
	[GOST_2001] = {NID_id_GostR3410_2001, {6, 6, 0x2A, 0x85, 3, 2, 2, 0x13}, {6, 7, 0x2A, 0x85, 3, 2, 2, 0x1E, 1}},
	[GOST_256] = {NID_id_GostR3410_2012_256, {6, 8, 0x2A, 0x85, 3, 7, 1, 1, 1, 1}, {6, 8, 0x2A, 0x85, 3, 7, 1, 1, 2, 2}},
	[GOST_512] = {NID_id_GostR3410_2012_512, {6, 8, 0x2A, 0x85, 3, 7, 1, 1, 1, 2}, {6, 8, 0x2A, 0x85, 3, 7, 1, 1, 2, 3}},
};

int gost_start(void)
{
	if (engine)
		return 1;
	ENGINE_load_dynamic();
	ENGINE *e = ENGINE_by_id("gost");
	if (!e || !ENGINE_init(e))
		return 0;
	/* So that the methods for GOST keys are found by their identifiers; nothing else changes its default. */
	if (!ENGINE_register_pkey_asn1_meths(e) || !ENGINE_register_pkey_meths(e) || !ENGINE_register_digests(e))
		return 0;
	engine = e;
	return 1;
}

/* gost_generation tells a key's generation by CKA_GOSTR3411_PARAMS: 256-bit keys of 2001 and of 2012 have one CKK. */
int gost_generation(const struct attribute *hash_params, int is512, enum generation *out)
{
	*out = is512 ? GOST_512 : GOST_256;
	if (!hash_params)
		return 1;
	for (int g = GOST_2001; g <= GOST_512; g++) {
		const unsigned char *oid = generations[g].hash_oid;
		if (hash_params->len == 2UL + oid[1] && !memcmp(hash_params->value, oid, hash_params->len)) {
			*out = (enum generation)g;
			return (g == GOST_512) == is512;
		}
	}
	return 0;
}

static unsigned char *key_der(EVP_PKEY *pkey, size_t *len)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	unsigned char *der = NULL;
	int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
	PKCS8_PRIV_KEY_INFO_free(info);
	*len = n > 0 ? (size_t)n : 0;
	return n > 0 ? der : NULL;
}

static EVP_PKEY *key_load(const unsigned char *key, size_t len)
{
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &key, (long)len);
	EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	return pkey;
}

unsigned char *gost_generate(enum generation g, const struct attribute *params, size_t *len)
{
	const unsigned char *p = params->value;
	ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &p, (long)params->len);
	int set = oid ? OBJ_obj2nid(oid) : NID_undef;
	ASN1_OBJECT_free(oid);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(generations[g].nid, engine);
	EVP_PKEY *pkey = NULL;
	unsigned char *der = NULL;
	/* The engine's first control of its own is the parameter set (EVP_PKEY_CTRL_GOST_PARAMSET). */
	if (set != NID_undef && ctx && EVP_PKEY_keygen_init(ctx) > 0 &&
		EVP_PKEY_CTX_ctrl(ctx, generations[g].nid, -1, EVP_PKEY_ALG_CTRL + 1, set, NULL) > 0 && EVP_PKEY_keygen(ctx, &pkey) > 0)
		der = key_der(pkey, len);
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(ctx);
	return der;
}

/* gost_import builds the PrivateKeyInfo of a little-endian scalar; every length in it is below 128. */
unsigned char *gost_import(enum generation g, const struct attribute *params, const unsigned char *scalar, size_t n, size_t *len)
{
	const unsigned char *key_oid = generations[g].key_oid, *hash_oid = generations[g].hash_oid;
	size_t sets = params->len + 2UL + hash_oid[1], algorithm = 2UL + key_oid[1] + 2 + sets;
	size_t body = 3 + 2 + algorithm + 4 + n;
	if (n != (g == GOST_512 ? 64 : 32) || params->len > 12)
		return NULL;
	unsigned char *der = OPENSSL_malloc(2 + body), *p = der;
	if (!der)
		return NULL;
	*p++ = 0x30, *p++ = (unsigned char)body;
	*p++ = 2, *p++ = 1, *p++ = 0;
	*p++ = 0x30, *p++ = (unsigned char)algorithm;
	memcpy(p, key_oid, 2UL + key_oid[1]), p += 2 + key_oid[1];
	*p++ = 0x30, *p++ = (unsigned char)sets;
	memcpy(p, params->value, params->len), p += params->len;
	memcpy(p, hash_oid, 2UL + hash_oid[1]), p += 2 + hash_oid[1];
	*p++ = 4, *p++ = (unsigned char)(n + 2), *p++ = 4, *p++ = (unsigned char)n;
	memcpy(p, scalar, n);
	*len = 2 + body;
	EVP_PKEY *pkey = key_load(der, *len);
	if (!pkey) {
		OPENSSL_free(der);
		return NULL;
	}
	EVP_PKEY_free(pkey);
	return der;
}

/* gost_public writes LE(x)||LE(y): the last 64 or 128 bytes of SubjectPublicKeyInfo (RFC 9215 section 4). */
int gost_public(const unsigned char *key, size_t len, unsigned char *out, size_t *out_len)
{
	EVP_PKEY *pkey = key_load(key, len);
	unsigned char *spki = NULL;
	int n = pkey ? i2d_PUBKEY(pkey, &spki) : 0, size = pkey ? EVP_PKEY_get_size(pkey) : 0;
	int ok = n > size && (size == 64 || size == 128);
	if (ok) {
		memcpy(out, spki + n - size, (size_t)size);
		*out_len = (size_t)size;
	}
	OPENSSL_free(spki);
	EVP_PKEY_free(pkey);
	return ok;
}

static void reverse(unsigned char *b, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		unsigned char c = b[i];
		b[i] = b[n - 1 - i], b[n - 1 - i] = c;
	}
}

/* gost_sign gives BE(s)||BE(r), or what the option order says: rs, sr-le, rs-le. */
int gost_sign(const unsigned char *key, size_t len, const unsigned char *digest, size_t n, unsigned char *out, size_t *out_len)
{
	EVP_PKEY *pkey = key_load(key, len);
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new(pkey, engine) : NULL;
	int ok = ctx && EVP_PKEY_sign_init(ctx) > 0 && EVP_PKEY_sign(ctx, out, out_len, digest, n) > 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	size_t h = *out_len / 2;
	if (ok && (option_is("order", "rs") || option_is("order", "rs-le"))) {
		unsigned char half[64];
		memcpy(half, out, h);
		memmove(out, out + h, h);
		memcpy(out + h, half, h);
	}
	if (ok && (option_is("order", "sr-le") || option_is("order", "rs-le")))
		reverse(out, h), reverse(out + h, h);
	return ok;
}

void *gost_digest_new(int bits)
{
	const EVP_MD *md = ENGINE_get_digest(engine, bits == 512 ? NID_id_GostR3411_2012_512 : NID_id_GostR3411_2012_256);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (!md || !ctx || EVP_DigestInit_ex(ctx, md, engine) <= 0) {
		EVP_MD_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

int gost_digest_add(void *ctx, const void *data, size_t len) { return EVP_DigestUpdate(ctx, data, len) > 0; }

int gost_digest_end(void *ctx, unsigned char *out, size_t *len)
{
	unsigned n = 0;
	int ok = EVP_DigestFinal_ex(ctx, out, &n) > 0;
	*len = n;
	return ok;
}

void gost_digest_free(void *ctx) { EVP_MD_CTX_free(ctx); }

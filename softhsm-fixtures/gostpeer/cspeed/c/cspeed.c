/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast OpenSSL's GOST engine verifies and hashes, all in one process. A line on standard input asks for one figure, which is measured
 * for as many milliseconds as the argument says (default 30) and answered by a line with a number, the best of that time:
 *   verify CryptoPro-A    nanoseconds of one verification of a ready digest
 *   hash 256 8192         Streebog-256, or 512, over messages of so many octets: millions of octets a second
 * The caller can so measure its own side in turn.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
	const char *name, *algorithm, *paramset;
	size_t size;
} sets[] = {
	{"CryptoPro-A", "gost2012_256", "A", 32},   {"CryptoPro-B", "gost2012_256", "B", 32},
	{"CryptoPro-C", "gost2012_256", "C", 32},   {"CryptoPro-XchA", "gost2012_256", "XA", 32},
	{"CryptoPro-XchB", "gost2012_256", "XB", 32}, {"tc26-256-A", "gost2012_256", "TCA", 32},
	{"tc26-256-B", "gost2012_256", "TCB", 32},  {"tc26-256-C", "gost2012_256", "TCC", 32},
	{"tc26-256-D", "gost2012_256", "TCD", 32},  {"tc26-512-A", "gost2012_512", "A", 64},
	{"tc26-512-B", "gost2012_512", "B", 64},    {"tc26-512-C", "gost2012_512", "C", 64},
};
#define SETS (sizeof sets / sizeof sets[0])

static void die(const char *what)
{
	fprintf(stderr, "cspeed: %s failed\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct subject {
	EVP_PKEY *key;
	EVP_PKEY_CTX *verify;
	unsigned char digest[64], sig[128];
	size_t siglen;
};

static void prepare(struct subject *s, ENGINE *e, int i)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(OBJ_sn2nid(sets[i].algorithm), e);
	if (!c || EVP_PKEY_keygen_init(c) <= 0 || EVP_PKEY_CTX_ctrl_str(c, "paramset", sets[i].paramset) <= 0 ||
	    EVP_PKEY_keygen(c, &s->key) <= 0)
		die(sets[i].name);
	EVP_PKEY_CTX_free(c);
	RAND_bytes(s->digest, (int)sets[i].size);
	c = EVP_PKEY_CTX_new(s->key, e);
	s->siglen = sizeof s->sig;
	if (!c || EVP_PKEY_sign_init(c) <= 0 || EVP_PKEY_sign(c, s->sig, &s->siglen, s->digest, sets[i].size) <= 0)
		die("sign");
	EVP_PKEY_CTX_free(c);
	s->verify = EVP_PKEY_CTX_new(s->key, e);
	if (!s->verify || EVP_PKEY_verify_init(s->verify) <= 0)
		die("verify init");
}

/* measure gives the best time of one verification: other work on the machine only ever adds time. */
static double measure(struct subject *s, size_t size, double seconds)
{
	double start = now(), t = start, best = 0;
	while (t - start < seconds) {
		if (EVP_PKEY_verify(s->verify, s->sig, s->siglen, s->digest, size) != 1)
			die("verify");
		double u = now(), each = u - t;
		if (best == 0 || each < best)
			best = each;
		t = u;
	}
	return best;
}

static double hash(const EVP_MD *md, const unsigned char *data, size_t size, double seconds)
{
	double start = now(), t = start, best = 0;
	size_t batch = size < 4096 ? 4096 / size : 1;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	while (t - start < seconds) {
		for (size_t n = 0; n < batch; n++) {
			unsigned char out[64];
			unsigned int len;
			if (!EVP_DigestInit_ex(c, md, NULL) || !EVP_DigestUpdate(c, data, size) || !EVP_DigestFinal_ex(c, out, &len))
				die("digest");
		}
		double u = now(), mbps = (double)(size * batch) / (u - t) / 1e6;
		if (mbps > best)
			best = mbps;
		t = u;
	}
	EVP_MD_CTX_free(c);
	return best;
}

#define LARGEST (1 << 20)

int main(int argc, char **argv)
{
	double seconds = (argc > 1 ? atof(argv[1]) : 30) / 1e3;
	static struct subject subjects[SETS];
	char line[64], name[32];
	int bits;
	size_t size;

	ENGINE_load_builtin_engines();
	ENGINE *e = ENGINE_by_id("gost");
	if (!e || !ENGINE_init(e) || !ENGINE_set_default(e, ENGINE_METHOD_ALL))
		die("engine gost");
	const EVP_MD *md256 = ENGINE_get_digest(e, OBJ_sn2nid("md_gost12_256")), *md512 = ENGINE_get_digest(e, OBJ_sn2nid("md_gost12_512"));
	unsigned char *data = calloc(1, LARGEST);
	if (!data || !md256 || !md512)
		die("preparation");
	for (size_t i = 0; i < SETS; i++)
		prepare(&subjects[i], e, (int)i);
	while (fgets(line, sizeof line, stdin)) {
		double answer = 0;
		if (sscanf(line, "verify %31s", name) == 1) {
			for (size_t i = 0; i < SETS; i++)
				if (strcmp(sets[i].name, name) == 0)
					answer = measure(&subjects[i], sets[i].size, seconds) * 1e9;
		} else if (sscanf(line, "hash %d %zu", &bits, &size) == 2 && size > 0 && size <= LARGEST) {
			answer = hash(bits == 512 ? md512 : md256, data, size, seconds);
		}
		printf("%.3f\n", answer);
		fflush(stdout);
	}
	return 0;
}

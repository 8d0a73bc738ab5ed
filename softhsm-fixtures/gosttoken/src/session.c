/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions, logins and PINs. */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gosttoken.h"

pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
int initialised;

static struct session sessions[MAX_SESSIONS];
static int logins[MAX_SLOTS]; /* 0 nobody, otherwise the CKU and one */

struct session *session_of(CK_SESSION_HANDLE h)
{
	return initialised && h >= 1 && h <= MAX_SESSIONS && sessions[h - 1].used ? &sessions[h - 1] : NULL;
}

static int is(CK_SLOT_ID slot, CK_USER_TYPE user) { return slot < MAX_SLOTS && logins[slot] == (int)user + 1; }

int logged_in(CK_SLOT_ID slot) { return is(slot, CKU_USER); }

/* removed says that the token of a session was taken out, or exchanged for another. */
int removed(const struct session *s)
{
	struct token t;
	return !token_load(s->slot, &t) || !t.initialised || strcmp(t.serial, s->serial);
}

void text_pad(CK_BYTE *out, size_t size, const char *s)
{
	memset(out, ' ', size);
	memcpy(out, s, strlen(s) < size ? strlen(s) : size);
}

void operation_drop(struct session *s)
{
	gost_digest_free(s->digest);
	free(s->key);
	s->digest = NULL, s->key = NULL;
	s->signing = s->digesting = s->updated = 0;
}

static void session_drop(struct session *s)
{
	operation_drop(s);
	memset(s, 0, sizeof *s);
}

void sessions_drop(void)
{
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (sessions[i].used)
			session_drop(&sessions[i]);
	memset(logins, 0, sizeof logins);
}

CK_RV C_Initialize(void *args)
{
	GUARD;
	(void)args; /* the module locks by itself, whatever the caller offers */
	if (initialised)
		return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	store_configure();
	if (!gost_start())
		return CKR_GENERAL_ERROR;
	initialised = 1;
	return CKR_OK;
}

CK_RV C_Finalize(void *reserved)
{
	GUARD;
	(void)reserved;
	if (!initialised)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	sessions_drop();
	initialised = 0;
	return CKR_OK;
}

CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *app, void *notify, CK_SESSION_HANDLE *out)
{
	GUARD;
	struct token t;
	(void)app, (void)notify;
	if (!initialised)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!out || !(flags & CKF_SERIAL_SESSION))
		return CKR_ARGUMENTS_BAD;
	if (!token_load(slot, &t))
		return CKR_SLOT_ID_INVALID;
	if (!t.initialised)
		return CKR_TOKEN_NOT_RECOGNIZED;
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (!sessions[i].used) {
			sessions[i] = (struct session){.used = 1, .rw = !!(flags & CKF_RW_SESSION), .slot = slot};
			memcpy(sessions[i].serial, t.serial, sizeof t.serial);
			*out = (CK_SESSION_HANDLE)i + 1;
			return CKR_OK;
		}
	return CKR_SESSION_COUNT;
}

/* closed ends the login with the last session of a slot. */
static void closed(CK_SLOT_ID slot)
{
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (sessions[i].used && sessions[i].slot == slot)
			return;
	logins[slot] = 0;
}

CK_RV C_CloseSession(CK_SESSION_HANDLE h)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	CK_SLOT_ID slot = s->slot;
	session_drop(s);
	closed(slot);
	return CKR_OK;
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot)
{
	GUARD;
	if (slot >= MAX_SLOTS)
		return CKR_SLOT_ID_INVALID;
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (sessions[i].used && sessions[i].slot == slot)
			session_drop(&sessions[i]);
	logins[slot] = 0;
	return CKR_OK;
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE h, CK_SESSION_INFO *out)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	CK_ULONG state = s->rw ? CKS_RW_PUBLIC : CKS_RO_PUBLIC;
	if (is(s->slot, CKU_USER))
		state = s->rw ? CKS_RW_USER : CKS_RO_USER;
	else if (is(s->slot, CKU_SO))
		state = CKS_RW_SO;
	*out = (CK_SESSION_INFO){s->slot, state, CKF_SERIAL_SESSION | (s->rw ? CKF_RW_SESSION : 0), 0};
	return CKR_OK;
}

/* typed replaces the PIN by what the person types on the token's own keypad: option pad=PIN, or pad=cancel for the red key. */
static CK_RV typed(CK_BYTE **pin, CK_ULONG *len)
{
	const char *pad = option("pad");
	if (!pad)
		return *pin ? CKR_OK : CKR_ARGUMENTS_BAD;
	if (!strcmp(pad, "cancel"))
		return CKR_FUNCTION_CANCELED;
	*pin = (CK_BYTE *)pad, *len = strlen(pad);
	return CKR_OK;
}

/* user_pin compares the user's PIN and counts: the try is spent before the PIN is looked at, as a token must do it. */
static CK_RV user_pin(CK_SLOT_ID slot, const struct token *t, const CK_BYTE *pin, CK_ULONG len)
{
	CK_RV rv = CKR_OK;
	if (!*t->user)
		return CKR_USER_PIN_NOT_INITIALIZED;
	int fd = token_lock(slot), left = tries_left(slot, t);
	if (left <= 0)
		rv = CKR_PIN_LOCKED;
	else if (!tries_write(slot, left - 1))
		rv = CKR_FUNCTION_FAILED;
	else if (!pin_matches(t->user, pin, len))
		rv = CKR_PIN_INCORRECT;
	else if (!tries_write(slot, t->tries))
		rv = CKR_FUNCTION_FAILED;
	token_unlock(fd);
	return rv;
}

CK_RV C_Login(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len)
{
	GUARD;
	struct session *s = session_of(h);
	struct token t;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (user > CKU_CONTEXT_SPECIFIC)
		return CKR_USER_TYPE_INVALID;
	if (removed(s) || !token_load(s->slot, &t))
		return CKR_DEVICE_REMOVED;
	if (user == CKU_CONTEXT_SPECIFIC && !s->signing)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (user != CKU_CONTEXT_SPECIFIC && logins[s->slot])
		return CKR_USER_ALREADY_LOGGED_IN;
	CK_RV rv = user == CKU_SO && pin ? CKR_OK : typed(&pin, &len);
	if (rv != CKR_OK)
		return rv;
	if (user == CKU_SO)
		rv = pin_matches(t.so, pin, len) ? CKR_OK : CKR_PIN_INCORRECT;
	else
		rv = user_pin(s->slot, &t, pin, len);
	if (rv == CKR_OK && user != CKU_CONTEXT_SPECIFIC)
		logins[s->slot] = (int)user + 1;
	return rv;
}

CK_RV C_Logout(CK_SESSION_HANDLE h)
{
	GUARD;
	struct session *s = session_of(h);
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!logins[s->slot])
		return CKR_USER_NOT_LOGGED_IN;
	logins[s->slot] = 0;
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (sessions[i].used && sessions[i].slot == s->slot)
			operation_drop(&sessions[i]);
	return CKR_OK;
}

CK_RV C_InitToken(CK_SLOT_ID slot, CK_BYTE *pin, CK_ULONG len, CK_BYTE *label)
{
	GUARD;
	struct token t;
	unsigned char random[8];
	if (!initialised)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (slot >= MAX_SLOTS || !token_load(slot, &t))
		return CKR_SLOT_ID_INVALID;
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (sessions[i].used && sessions[i].slot == slot)
			return CKR_SESSION_EXISTS;
	if (!pin || !label || len < PIN_MIN || len > PIN_MAX)
		return CKR_PIN_LEN_RANGE;
	if (t.initialised && !pin_matches(t.so, pin, len))
		return CKR_PIN_INCORRECT;
	memset(&t, 0, sizeof t);
	snprintf(t.label, sizeof t.label, "%.32s", (const char *)label);
	for (size_t n = strlen(t.label); n && t.label[n - 1] == ' ';)
		t.label[--n] = 0;
	RAND_bytes(random, sizeof random);
	for (int i = 0; i < 8; i++)
		sprintf(t.serial + 2 * i, "%02x", random[i]);
	t.tries = PIN_TRIES;
	pin_hash(t.so, NULL, pin, len);
	token_erase(slot);
	return token_save(slot, &t) && tries_write(slot, t.tries) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV set_pin(CK_SLOT_ID slot, struct token *t, int so, const CK_BYTE *pin, CK_ULONG len)
{
	if (!pin || len < PIN_MIN || len > PIN_MAX)
		return CKR_PIN_LEN_RANGE;
	pin_hash(so ? t->so : t->user, NULL, pin, len);
	return token_save(slot, t) && (so || tries_write(slot, t->tries)) ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV C_InitPIN(CK_SESSION_HANDLE h, CK_BYTE *pin, CK_ULONG len)
{
	GUARD;
	struct session *s = session_of(h);
	struct token t;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!is(s->slot, CKU_SO))
		return CKR_USER_NOT_LOGGED_IN;
	if (!s->rw)
		return CKR_SESSION_READ_ONLY;
	return token_load(s->slot, &t) ? set_pin(s->slot, &t, 0, pin, len) : CKR_FUNCTION_FAILED;
}

CK_RV C_SetPIN(CK_SESSION_HANDLE h, CK_BYTE *old_pin, CK_ULONG old_len, CK_BYTE *new_pin, CK_ULONG new_len)
{
	GUARD;
	struct session *s = session_of(h);
	struct token t;
	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (!s->rw)
		return CKR_SESSION_READ_ONLY;
	if (!old_pin || !token_load(s->slot, &t))
		return CKR_ARGUMENTS_BAD;
	int so = is(s->slot, CKU_SO);
	CK_RV rv = so ? (pin_matches(t.so, old_pin, old_len) ? CKR_OK : CKR_PIN_INCORRECT) : user_pin(s->slot, &t, old_pin, old_len);
	return rv == CKR_OK ? set_pin(s->slot, &t, so, new_pin, new_len) : rv;
}

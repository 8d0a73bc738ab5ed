/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots and tokens.
 */
#include <stdlib.h>
#include <string.h>

#include "fault.h"

static int inconsistent_turn, described;

CK_RV f_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
	ENTER("C_GetSlotList");
	CK_SLOT_ID all[64];
	CK_ULONG n = 64;
	if (!order("slots"))
		return REAL(F_GetSlotList, (int)present, list, count);
	CK_RV rv = REAL(F_GetSlotList, 1, NULL, &n);
	n = 64;
	if (rv == CKR_OK)
		rv = REAL(F_GetSlotList, 1, all, &n);
	if (rv != CKR_OK)
		return rv;
	CK_ULONG first = 0, last = n;
	if (ordered("slots", "split") && n > 1) { /* each of the two lists lacks what the other has */
		if (present)
			first = 1;
		else
			last = n - 1;
	}
	if (ordered("slots", "growing") && list && inconsistent_turn++ == 0)
		return CKR_BUFFER_TOO_SMALL; /* a reader was plugged in between the two calls */
	if (ordered("slots", "twice") && n < 32) { /* every slot is there twice */
		memcpy(all + n, all, n * sizeof *all);
		last = 2 * n;
	}
	if (ordered("slots", "shrinking") && list && last > 1)
		last = 1; /* readers were unplugged between the two calls */
	if (ordered("slots", "ghosts") && n < 60) /* slots that nobody can describe */
		for (int i = 0; i < 3; i++)
			all[last++] = 0x7FFFFF00UL + (CK_ULONG)i;
	if (list && *count < last - first)
		return CKR_BUFFER_TOO_SMALL;
	*count = last - first;
	if (list)
		memcpy(list, all + first, (last - first) * sizeof *list);
	return CKR_OK;
}

/* say fills a blank-padded field with what an order says. */
static void say(CK_BYTE *field, size_t size, const char *name)
{
	if (!order(name))
		return;
	memset(field, ' ', size);
	memcpy(field, order(name), strnlen(order(name), size));
}

CK_RV f_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	ENTER("C_GetTokenInfo");
	if (ordered("slots", "vanishing") && described++ > 0)
		return CKR_SLOT_ID_INVALID; /* the reader was unplugged after its first description */
	CK_RV rv = REAL(F_GetTokenInfo, slot, info);
	if (rv != CKR_OK)
		return rv;
	info->flags &= ~(17UL * (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)); /* the user's and the officer's */
	for (int so = 0; so < 2; so++) {
		const char *name = so ? "so_tries" : "tries";
		int left = tries_left(name), shift = so ? 4 : 0;
		if (!order(name) || order("silent"))
			continue;
		if (left < atoi(order(name)))
			info->flags |= CKF_USER_PIN_COUNT_LOW << shift;
		if (left == 1)
			info->flags |= CKF_USER_PIN_FINAL_TRY << shift;
		if (left <= 0)
			info->flags |= CKF_USER_PIN_LOCKED << shift;
	}
	if (ordered("flag", "low"))
		info->flags |= CKF_USER_PIN_COUNT_LOW;
	if (ordered("flag", "final"))
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (ordered("flag", "locked"))
		info->flags |= CKF_USER_PIN_LOCKED;
	if (ordered("flag", "change"))
		info->flags |= CKF_USER_PIN_TO_BE_CHANGED;
	if (ordered("flag", "so_low"))
		info->flags |= CKF_SO_PIN_COUNT_LOW;
	if (ordered("flag", "so_final"))
		info->flags |= CKF_SO_PIN_FINAL_TRY;
	if (ordered("flag", "so_locked"))
		info->flags |= CKF_SO_PIN_LOCKED;
	if (ordered("flag", "so_change"))
		info->flags |= CKF_SO_PIN_TO_BE_CHANGED;
	say(info->model, sizeof info->model, "model");
	say(info->label, sizeof info->label, "label");
	say(info->serialNumber, sizeof info->serialNumber, "serial");
	if (order("garbage")) { /* no padding, no UTF-8, lengths that no PIN has */
		memset(info->label, 0xFF, 4);
		memset(info->manufacturerID, '\n', sizeof info->manufacturerID);
		info->counts[4] = info->counts[5] = ~0UL;
	}
	if (ordered("flag", "no_pin"))
		info->flags &= ~CKF_USER_PIN_INITIALIZED;
	if (order("pad"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	return CKR_OK;
}

CK_RV f_GetSlotInfo(CK_SLOT_ID slot, void *info)
{
	ENTER("C_GetSlotInfo");
	CK_RV rv = REAL(F_GetSlotInfo, slot, info);
	if (rv == CKR_OK)
		say(info, 64, "reader");
	return rv;
}

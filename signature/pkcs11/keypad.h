/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZAVER_KEYPAD_H
#define ZAVER_KEYPAD_H

/* What the binding can't do: hand C_SetPIN and C_InitPIN the NULL that asks for the keypad (PKCS#11 v2.40 sections 5.5 and 5.6).
 * The library at path must be loaded and initialised already; both return a CK_RV. */
unsigned long zv_keypad_set_pin(const char *path, unsigned long session);
unsigned long zv_keypad_init_pin(const char *path, unsigned long session);

#endif

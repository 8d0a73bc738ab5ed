// SPDX-License-Identifier: Apache-2.0

package account

import (
	"strings"
	"unicode/utf8"
)

// MaskPhone hides the middle of a phone number in E.164 form:
// +79001234567 becomes "+7 900 ***-**-67". Other values are hidden whole.
func MaskPhone(phone string) string {
	if len(phone) != 12 || !strings.HasPrefix(phone, "+7") {
		return "***"
	}
	return "+7 " + phone[2:5] + " ***-**-" + phone[10:]
}

// MaskEmail hides all of the local part but its first letter:
// anna@example.ru becomes "a***@example.ru". Other values are hidden whole.
func MaskEmail(email string) string {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" {
		return "***"
	}
	_, n := utf8.DecodeRuneInString(local)
	return local[:n] + "***@" + domain
}

// SPDX-License-Identifier: Apache-2.0

package words

// The texts of changing and unblocking a PIN. SecretOf makes keys with what follows it.
const (
	CareOfferUnblock Key = "care.offer_unblock"
	CareOfferSet     Key = "care.offer_set"
	CareOfferChange  Key = "care.offer_change"
	CareUnblock      Key = "care.button_unblock"
	CareSet          Key = "care.button_set"
	CareChange       Key = "care.button_change"
	CareLater        Key = "care.button_later"
	CareAskOld       Key = "care.ask_old"
	CareAskSecret    Key = "care.ask_secret"
	CareAskNew       Key = "care.ask_new"
	CareRules        Key = "care.rules"
	CareRulesDigits  Key = "care.rules_digits"
	CareOld          Key = "care.prompt_old"
	CareNew          Key = "care.prompt_new"
	CareRepeat       Key = "care.prompt_repeat"
	CareMismatch     Key = "care.mismatch"
	CareNewFormat    Key = "care.new_format"
	CareWrong        Key = "care.was_wrong"
	CareWrongN       Key = "care.was_wrong_n"
	CareFormat       Key = "care.was_format"
	CareTries        Key = "care.tries"
	CareLast         Key = "care.last"
	CarePad          Key = "care.pad"
	CarePadChange    Key = "care.pad_change"
	CarePadUnblock   Key = "care.pad_unblock"
	SecretOf         Key = "secret."
)

var careTexts = map[Key]text{
	CareOfferUnblock: {"ПИН-код «{carrier}» заблокирован. Его можно разблокировать прямо сейчас: понадобится {secret}.\n\nПосле этого подтверждение продолжится.",
		"The PIN of “{carrier}” is blocked. You can unblock it right now with the {secret}.\n\nThe confirmation goes on afterwards."},
	CareOfferSet: {"ПИН-код «{carrier}» ещё не задан. Его можно задать прямо сейчас: понадобится {secret}.\n\nПосле этого подтверждение продолжится.",
		"“{carrier}” has no PIN yet. You can set one right now with the {secret}.\n\nThe confirmation goes on afterwards."},
	CareOfferChange: {"«{carrier}» требует сменить ПИН-код, прежде чем подписывать. Это можно сделать прямо сейчас.\n\nПосле этого подтверждение продолжится.",
		"“{carrier}” wants its PIN changed before it signs. You can do that right now.\n\nThe confirmation goes on afterwards."},
	CareUnblock:     {"Разблокировать", "Unblock"},
	CareSet:         {"Задать ПИН-код", "Set the PIN"},
	CareChange:      {"Сменить ПИН-код", "Change the PIN"},
	CareLater:       {"Не сейчас", "Not now"},
	CareAskOld:      {"Нынешний {pin} носителя «{carrier}»", "The present {pin} of “{carrier}”"},
	CareAskSecret:   {"Чтобы разблокировать {pin} носителя «{carrier}», введите {secret}", "To unblock the {pin} of “{carrier}”, enter the {secret}"},
	CareAskNew:      {"Придумайте новый {pin} носителя «{carrier}»", "Choose a new {pin} for “{carrier}”"},
	CareRules:       {"Длина: от {min} до {max} знаков", "Length: {min} to {max} characters"},
	CareRulesDigits: {"Только цифры, от {min} до {max}", "Digits only, {min} to {max}"},
	CareOld:         {"Нынешний:", "Present:"},
	CareNew:         {"Новый:", "New:"},
	CareRepeat:      {"Ещё раз:", "Again:"},
	CareMismatch:    {"Новый ПИН-код повторён иначе. Введите его снова.", "The new PIN was repeated differently. Enter it again."},
	CareNewFormat:   {"Новый ПИН-код не той длины или с недопустимыми знаками. Попытка не потрачена.", "The new PIN has a wrong length or characters. No try was spent."},
	CareWrong:       {"Неверный {secret}.", "Wrong {secret}."},
	CareWrongN:      {"Неверный {secret}. Осталось попыток: {n}.", "Wrong {secret}. Tries left: {n}."},
	CareFormat:      {"Неподходящий {secret}: не та длина или недопустимые знаки. Попытка не потрачена.", "The {secret} has a wrong length or characters. No try was spent."},
	CareTries:       {"Осталось попыток: {n}", "Tries left: {n}"},
	CareLast: {"Осталась последняя попытка. Если {secret} носителя «{carrier}» неверный, он заблокируется навсегда.\n\nВсё равно ввести?",
		"One try is left. A wrong {secret} of “{carrier}” will be blocked for good.\n\nEnter it all the same?"},
	CarePad:        {"Ввести на клавиатуре", "Use the keypad"},
	CarePadChange:  {"Введите на клавиатуре считывателя: нынешний ПИН-код, затем новый, затем новый ещё раз.", "Type on the reader's keypad: the present PIN, then the new one, then the new one again."},
	CarePadUnblock: {"Введите на клавиатуре считывателя: {secret}, затем новый ПИН-код, затем новый ещё раз.", "Type on the reader's keypad: the {secret}, then the new PIN, then the new PIN again."},

	SecretOf + "krp": {"код разблокировки (КРП)", "unblocking code (KRP)"},
	SecretOf + "puk": {"код разблокировки (PUK)", "unblocking code (PUK)"},
	SecretOf + "so":  {"ПИН-код администратора", "administrator's PIN"},
	SecretOf + "pin": {"ПИН-код", "PIN"},
}

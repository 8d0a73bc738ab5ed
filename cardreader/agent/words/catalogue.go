// SPDX-License-Identifier: Apache-2.0

package words

import "maps"

// The texts of the consent window.
const (
	Title           Key = "title"
	ConsentPortal   Key = "consent.portal"
	ConsentAddress  Key = "consent.address"
	ConsentPurpose  Key = "consent.purpose"
	ConsentAccount  Key = "consent.account"
	ConsentHolder   Key = "consent.holder"
	ConsentSNILS    Key = "consent.snils"
	ConsentOGRN     Key = "consent.ogrn"
	ConsentControl  Key = "consent.control"
	ConsentCert     Key = "consent.cert"
	ConsentCertOf   Key = "consent.cert_of"
	ConsentIssuer   Key = "consent.issuer"
	ConsentValid    Key = "consent.valid"
	ConsentCarrier  Key = "consent.carrier"
	ConsentOther    Key = "consent.other_person"
	ConsentUnusable Key = "consent.unusable"
	ConsentCompare  Key = "consent.compare"
	TooSoon         Key = "consent.too_soon"
	ButtonSign      Key = "button.sign"
	ButtonDecline   Key = "button.decline"
	ButtonAnother   Key = "button.another"
)

// The texts of the PIN window.
const (
	PINToken     Key = "pin.ask_token"
	PINCard      Key = "pin.ask_card"
	PINGreeting  Key = "pin.greeting"
	PINAction    Key = "pin.action"
	PINPrompt    Key = "pin.prompt"
	PINTries     Key = "pin.tries"
	PINWrong     Key = "pin.was_wrong"
	PINWrongN    Key = "pin.was_wrong_n"
	PINFormat    Key = "pin.was_format"
	PINLast      Key = "pin.last"
	PINReader    Key = "pin.reader"
	PINOnceMore  Key = "pin.once_more"
	PINDenied    Key = "pin.denied"
	PINPadFailed Key = "pin.pad_failed"
	ButtonTyped  Key = "button.typed"
	ButtonOK     Key = "button.ok"
	ButtonLast   Key = "button.last"
	ButtonAgain  Key = "button.again"
	ButtonStop   Key = "button.stop"
	PurposeOf    Key = "purpose."
	CarrierCard  Key = "carrier.uec"
	CarrierToken Key = "carrier.token"
)

var dialogTexts = map[Key]text{
	Title:           {"Завер: подтверждение личности", "Zaver: confirm your identity"},
	ConsentPortal:   {"Портал: {name}", "Portal: {name}"},
	ConsentAddress:  {"Адрес: {origin}", "Address: {origin}"},
	ConsentPurpose:  {"Действие: {purpose}", "Action: {purpose}"},
	ConsentAccount:  {"Учётная запись: {account}", "Account: {account}"},
	ConsentHolder:   {"Кого подтверждаем: {holder}", "Person to confirm: {holder}"},
	ConsentSNILS:    {"СНИЛС: {snils}", "SNILS: {snils}"},
	ConsentOGRN:     {"ОГРН: {ogrn}", "OGRN: {ogrn}"},
	ConsentControl:  {"Контрольный код: {code}", "Control code: {code}"},
	ConsentCert:     {"Сертификат: {holder}", "Certificate: {holder}"},
	ConsentCertOf:   {"Сертификат {n} из {of}: {holder}", "Certificate {n} of {of}: {holder}"},
	ConsentIssuer:   {"Выдан: {issuer}", "Issued by: {issuer}"},
	ConsentValid:    {"Действует: {from} – {to}", "Valid: {from} – {to}"},
	ConsentCarrier:  {"Носитель: {carrier}", "On: {carrier}"},
	ConsentOther:    {"Внимание: СНИЛС в сертификате другой.", "Warning: the SNILS in the certificate differs."},
	ConsentUnusable: {"Нельзя использовать: {list}", "Can't be used: {list}"},
	ConsentCompare: {"Подписывайте, только если код и адрес те же, что в браузере.",
		"Sign only if the code and address match those in your browser."},
	TooSoon: {"Ответ пришёл слишком быстро и не засчитан. Прочтите и ответьте ещё раз.",
		"The answer came too fast and did not count. Read this and answer again."},
	ButtonSign:    {"Подписать", "Sign"},
	ButtonDecline: {"Отказаться", "Decline"},
	ButtonAnother: {"Другой сертификат", "Another certificate"},

	PINToken:     {"ПИН-код токена «{carrier}»", "PIN of the token “{carrier}”"},
	PINCard:      {"ПИН2 карты «{carrier}»", "PIN2 of the card “{carrier}”"},
	PINGreeting:  {"Карта приветствует: «{greeting}». Если приветствие не ваше, не вводите ПИН-код.", "The card's greeting: “{greeting}”. If it isn't yours, don't enter the PIN."},
	PINAction:    {"{purpose}, контрольный код {code}", "{purpose}, control code {code}"},
	PINPrompt:    {"ПИН-код:", "PIN:"},
	PINTries:     {"Осталось попыток: {n}", "Tries left: {n}"},
	PINWrong:     {"Неверный ПИН-код.", "Wrong PIN."},
	PINWrongN:    {"Неверный ПИН-код. Осталось попыток: {n}.", "Wrong PIN. Tries left: {n}."},
	PINFormat:    {"ПИН-код не той длины или с недопустимыми знаками. Попытка не потрачена.", "The PIN has a wrong length or characters. No try was spent."},
	PINLast:      {"Осталась последняя попытка. После неверного ПИН-кода «{carrier}» заблокируется.\n\nВсё равно ввести ПИН-код?", "One try is left. A wrong PIN will block “{carrier}”.\n\nEnter the PIN all the same?"},
	PINReader:    {"Введите ПИН-код на клавиатуре считывателя.", "Type the PIN on the reader's keypad."},
	PINOnceMore:  {"Ввести ПИН-код «{carrier}» ещё раз?", "Enter the PIN of “{carrier}” once more?"},
	PINDenied:    {"Клавиатуре этого считывателя доверять нельзя: ПИН-код вводится на компьютере.", "This reader's keypad can't be trusted: the PIN is typed on the computer."},
	PINPadFailed: {"Клавиатура считывателя не сработала. Ввести ПИН-код «{carrier}» на компьютере?", "The reader's keypad failed. Type the PIN of “{carrier}” on the computer?"},
	ButtonTyped:  {"На компьютере", "On the computer"},
	ButtonOK:     {"Ввести", "OK"},
	ButtonLast:   {"Ввести ПИН-код", "Enter the PIN"},
	ButtonAgain:  {"Ещё раз", "Try again"},
	ButtonStop:   {"Остановиться", "Stop"},

	PurposeOf + "confirm-identity": {"подтверждение личности", "confirm identity"},
	CarrierCard:                    {"УЭК", "UEC"},
	CarrierToken:                   {"токен без имени", "token without a name"},

	"token.none":             {"токен не найден", "no token found"},
	"token.module":           {"драйвер токена не работает", "the token's driver fails"},
	"token.crashed":          {"драйвер токена аварийно завершился", "the token's driver crashed"},
	"token.hung":             {"драйвер токена не отвечает", "the token's driver hangs"},
	"token.slow":             {"драйвер токена отвечает слишком долго", "the token's driver is slow"},
	"token.cryptopro":        {"ключ принадлежит КриптоПро CSP", "the key belongs to CryptoPro CSP"},
	"token.removed":          {"токен извлечён", "the token was removed"},
	"token.no_key":           {"нет закрытого ключа", "no private key"},
	"token.last_try":         {"осталась последняя попытка", "one try is left"},
	"token.bad_signature":    {"токен подписывает неверно", "the token signs wrongly"},
	"token.unsupported":      {"токен не умеет этот алгоритм", "the token lacks the algorithm"},
	"token.no_certificate":   {"ключ без сертификата", "a key without a certificate"},
	"token.cert_malformed":   {"сертификат не читается", "unreadable certificate"},
	"token.cert_expired":     {"срок действия истёк", "expired"},
	"token.cert_not_yet":     {"ещё не действует", "not yet valid"},
	"token.key_expired":      {"срок действия ключа истёк", "the key has expired"},
	"token.cert_key_usage":   {"не для подписи", "not for signing"},
	"token.cert_ca":          {"сертификат удостоверяющего центра", "a CA's certificate"},
	"token.cert_unsupported": {"алгоритм ключа не поддерживается", "key algorithm not supported"},
	"token.cert_legacy":      {"ключ по старому стандарту 2001 года", "a key of the old 2001 standard"},
	"card.no_service":        {"служба смарт-карт не запущена", "the smart-card service isn't running"},
	"card.no_access":         {"нет доступа к службе смарт-карт", "no access to the smart-card service"},
	"card.no_reader":         {"считыватель не подключён", "no reader is connected"},
	"card.none":              {"в считывателе нет карты", "no card in the reader"},
	"card.unsupported":       {"карта не поддерживается", "card not supported"},
	"card.removed":           {"карта извлечена", "the card was removed"},
	"card.busy":              {"карта занята другой программой", "another program holds the card"},
	"card.protocol":          {"ошибка обмена с картой", "the card answers wrongly"},
	"card.pad_denied":        {"клавиатура считывателя ненадёжна", "the reader's keypad isn't reliable"},
	"card.pad_failed":        {"клавиатура считывателя не сработала", "the reader's keypad failed"},
	"card.expired":           {"срок действия карты истёк", "the card has expired"},
	"card.terminal":          {"карта не доверяет этому компьютеру", "the card doesn't trust this computer"},
	"card.insecure":          {"обмен с картой не защищён", "the exchange with the card isn't protected"},
	"card.no_certificate":    {"на карте нет сертификата", "no certificate on the card"},
	"card.cert_expired":      {"срок действия сертификата истёк", "certificate expired"},
	"card.cert_not_yet":      {"сертификат ещё не действует", "certificate not yet valid"},
	"card.key_expired":       {"срок действия ключа истёк", "the key has expired"},
	"card.cert_key_usage":    {"сертификат не для подписи", "certificate not for signing"},
	"card.cert_ca":           {"сертификат удостоверяющего центра", "a CA's certificate"},
	"card.cert_unsupported":  {"алгоритм ключа не поддерживается", "key algorithm not supported"},
	"card.cert_legacy":       {"ключ по старому стандарту 2001 года", "a key of the old 2001 standard"},
	"pin.blocked":            {"ПИН-код заблокирован", "the PIN is blocked"},
	"pin.not_initialised":    {"ПИН-код не задан", "no PIN is set"},
	"pin.must_change":        {"ПИН-код нужно сменить", "the PIN must be changed"},
}

// catalogue is all of it.
var catalogue = together(dialogTexts, windowTexts, careTexts)

func together(parts ...map[Key]text) map[Key]text {
	all := map[Key]text{}
	for _, p := range parts {
		maps.Copy(all, p)
	}
	return all
}

// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"strconv"
	"strings"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
)

type text struct{ ru, en string }

func (t text) in(l words.Language) string {
	if l == words.Russian {
		return t.ru
	}
	return t.en
}

// key names one text of the terminal; the windows have theirs in package words.
type key string

const (
	sayAskLine    key = "ask_line"
	sayPortal     key = "portal"
	sayCompare    key = "compare"
	sayConsent    key = "consent"
	sayControl    key = "control"
	sayConfirmed  key = "confirmed"
	sayRefused    key = "refused"
	sayTries      key = "tries"
	sayToken      key = "head.token"
	sayReader     key = "head.reader"
	sayTriesHead  key = "head.tries"
	sayHolder     key = "head.holder"
	sayIssuer     key = "head.issuer"
	sayValidTo    key = "head.valid_to"
	sayState      key = "head.state"
	sayNumber     key = "head.number"
	sayCarrier    key = "head.carrier"
	sayPIN        key = "head.pin"
	sayCan        key = "head.can"
	sayUsable     key = "usable"
	sayBlocked    key = "blocked"
	sayUnknown    key = "unknown"
	sayCanChange  key = "can_change"
	sayCanUnblock key = "can_unblock"
	sayChanged    key = "changed"
	sayTooLate    key = "too_late"
	sayUnblocked  key = "unblocked"
	sayNoToken    key = "no_token"
	sayNoReader   key = "no_reader"
	sayModule     key = "module"
	sayNoPIN      key = "no_pin"
	sayKept       key = "kept"

	sayWrongSecret   key = "secret.wrong"
	sayBlockedSecret key = "secret.blocked"
	sayGoThere       key = "secret.blocked.do"
	sayChooseNone    key = "choose.none"
	sayChooseMany    key = "choose.many"
	sayChooseNumber  key = "choose.number"
	sayChooseCannot  key = "choose.cannot"
	sayManyCards     key = "many_cards"
	sayTakeOthers    key = "many_cards.do"
	sayNoModule      key = "no_module"
	sayNoModuleDo    key = "no_module.do"

	sayAskHolder     key = "holder.ask"
	sayLastTry       key = "holder.last_try"
	sayWrongPIN      key = "holder.wrong"
	sayWrongForm     key = "holder.form"
	saySurname       key = "holder.surname"
	sayGiven         key = "holder.given"
	sayPatronymic    key = "holder.patronymic"
	sayFullName      key = "holder.full_name"
	sayBirthDate     key = "holder.birth_date"
	sayBirthPlace    key = "holder.birth_place"
	saySex           key = "holder.sex"
	sayMale          key = "holder.male"
	sayFemale        key = "holder.female"
	saySNILS         key = "holder.snils"
	sayINN           key = "holder.inn"
	sayPolicy        key = "holder.policy"
	sayAddress       key = "holder.address"
	sayPhone         key = "holder.phone"
	sayEmail         key = "holder.email"
	sayIssuerAddress key = "holder.issuer_address"
	sayPhoto         key = "holder.photo"
	sayBytes         key = "holder.bytes"
)

var catalogue = map[key]text{
	sayAskLine:    {"Вставьте строку со страницы портала и нажмите Enter: ", "Paste the line from the portal's page and press Enter: "},
	sayPortal:     {"Портал: {origin}", "Portal: {origin}"},
	sayCompare:    {"Сравните этот адрес и контрольный код с тем, что показывает страница. Не совпадает — откажитесь.", "Compare this address and the control code with the page. If they differ, decline."},
	sayConsent:    {"Прочитайте заявление и согласитесь или откажитесь.", "Read the statement, then agree or decline."},
	sayControl:    {"Контрольный код: {code}", "Control code: {code}"},
	sayConfirmed:  {"Готово: личность подтверждена.", "Done: your identity is confirmed."},
	sayRefused:    {"Портал проверил подпись и отказал. Причины, подробнее на его странице:", "The portal checked the signature and refused. The reasons, explained on its page:"},
	sayTries:      {"Осталось попыток: {n}", "Tries left: {n}"},
	sayToken:      {"ТОКЕН", "TOKEN"},
	sayReader:     {"СЧИТЫВАТЕЛЬ", "READER"},
	sayTriesHead:  {"ПОПЫТКИ", "TRIES"},
	sayHolder:     {"ВЛАДЕЛЕЦ", "HOLDER"},
	sayIssuer:     {"ВЫДАН", "ISSUER"},
	sayValidTo:    {"ДЕЙСТВУЕТ ДО", "VALID TO"},
	sayState:      {"СОСТОЯНИЕ", "STATE"},
	sayNumber:     {"№", "NO"},
	sayCarrier:    {"НОСИТЕЛЬ", "CARRIER"},
	sayPIN:        {"ПИН-КОД", "PIN"},
	sayCan:        {"МОЖНО", "CAN"},
	sayUsable:     {"годен", "usable"},
	sayBlocked:    {"заблокирован", "blocked"},
	sayUnknown:    {"неизвестно", "unknown"},
	sayCanChange:  {"сменить", "change"},
	sayCanUnblock: {"разблокировать: {secret}", "unblock: {secret}"},
	sayChanged:    {"ПИН-код сменён.", "The PIN was changed."},
	sayTooLate:    {"Прервать команду было уже поздно.", "It was too late to interrupt the command."},
	sayUnblocked:  {"ПИН-код разблокирован и задан заново.", "The PIN was unblocked and set anew."},
	sayNoToken:    {"Токен не найден. Вставьте его и повторите; причину назовёт команда zaver-agent doctor.", "No token was found. Plug it in and try again; zaver-agent doctor names the cause."},
	sayNoReader:   {"Считыватель не подключён. Подключите его и повторите.", "No reader is connected. Plug one in and try again."},
	sayModule:     {"драйвер {module}: {reason} ({code})", "module {module}: {reason} ({code})"},
	sayNoPIN:      {"Ни карты, ни токена с ПИН-кодом нет. Вставьте и повторите.", "No card or token with a PIN is in place. Insert one and try again."},
	sayKept:       {"ПИН-код остался прежним.", "The PIN is what it was."},

	sayWrongSecret:   {"Начните снова и введите его внимательно. Если не помните его, лучше остановитесь: после нескольких ошибок он блокируется.", "Start again and type it carefully. If you don't remember it, stop here: after a few wrong tries it is blocked."},
	sayBlockedSecret: {"Заблокирован {secret}.", "The {secret} is blocked."},
	sayGoThere:       {"Обратитесь туда, где получили карту или токен.", "Go to the place that issued the card or token."},
	sayChooseNone:    {"Среди вставленного нет ПИН-кода, с которым это можно сделать: смотрите zaver-agent pin status.", "Nothing in place has a PIN that can be cared for so: see zaver-agent pin status."},
	sayChooseMany:    {"Таких ПИН-кодов несколько: назовите номер из zaver-agent pin status.", "Several PINs can be cared for so: give the number from zaver-agent pin status."},
	sayChooseNumber:  {"ПИН-кода с таким номером нет: номера показывает zaver-agent pin status.", "No PIN has that number: zaver-agent pin status shows the numbers."},
	sayChooseCannot:  {"С этим ПИН-кодом этого сделать нельзя: что можно, показывает zaver-agent pin status.", "That can't be done with this PIN: zaver-agent pin status shows what can."},
	sayManyCards:     {"Карт вставлено несколько: {n}.", "Several cards are in place: {n}."},
	sayTakeOthers:    {"Выньте остальные и повторите.", "Take the others out and try again."},
	sayNoModule:      {"Не найден ни один драйвер токена (модуль PKCS #11).", "No token driver (PKCS #11 module) was found."},
	sayNoModuleDo:    {"Установите драйвер токена или назовите его файл в настройках («modules»).", "Install the token's driver, or name its file in the configuration (\"modules\")."},

	sayAskHolder:     {"{carrier}: введите {pin}, чтобы прочитать данные владельца.", "{carrier}: enter {pin} to read the holder's data."},
	sayLastTry:       {"{pin}: осталась последняя попытка. После ошибки он заблокируется. Продолжить?", "{pin} has one try left; a mistake blocks it. Go on?"},
	sayWrongPIN:      {"Неверный ПИН-код.", "Wrong PIN."},
	sayWrongForm:     {"ПИН-код такой длины карта не принимает; попытка не потрачена.", "The card takes no PIN of that form; no try was spent."},
	saySurname:       {"Фамилия", "Surname"},
	sayGiven:         {"Имя", "Given name"},
	sayPatronymic:    {"Отчество", "Patronymic"},
	sayFullName:      {"На карте", "On the card"},
	sayBirthDate:     {"Дата рождения", "Date of birth"},
	sayBirthPlace:    {"Место рождения", "Place of birth"},
	saySex:           {"Пол", "Sex"},
	sayMale:          {"мужской", "male"},
	sayFemale:        {"женский", "female"},
	saySNILS:         {"СНИЛС", "SNILS"},
	sayINN:           {"ИНН", "INN"},
	sayPolicy:        {"Полис ОМС", "Medical policy"},
	sayAddress:       {"Адрес", "Address"},
	sayPhone:         {"Телефон", "Phone"},
	sayEmail:         {"Эл. почта", "E-mail"},
	sayIssuerAddress: {"Выдавший карту", "Card's issuer"},
	sayPhoto:         {"Фотография", "Photo"},
	sayBytes:         {"{n} байт", "{n} bytes"},
}

// steps are the words of the steps that need nothing else.
var steps = map[string]text{
	agent.StepStatement: {"Получаю заявление портала…", "Fetching the portal's statement…"},
	agent.StepDevice:    {"Вставьте токен или карту.", "Insert the token or card."},
	agent.StepPIN:       {"Введите ПИН-код.", "Enter the PIN."},
	agent.StepSigning:   {"Подписываю. Не вынимайте токен или карту.", "Signing. Leave the token or card where it is."},
	agent.StepSending:   {"Отправляю подпись порталу…", "Sending the signature to the portal…"},
}

// say returns a text with its places filled; the empty key says nothing.
func say(l words.Language, k key, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(catalogue[k].in(l))
}

// Ask is the question for the portal's line.
func Ask(l words.Language) string { return say(l, sayAskLine) }

// NoToken is said instead of an empty table.
func NoToken(l words.Language) string { return say(l, sayNoToken) }

// NoReader is said instead of an empty table.
func NoReader(l words.Language) string { return say(l, sayNoReader) }

// NoPIN is said instead of an empty table.
func NoPIN(l words.Language) string { return say(l, sayNoPIN) }

// ManyCards is said where a command works with one card alone: what is wrong, and what to do.
func ManyCards(l words.Language, n int) (what, todo string) {
	return say(l, sayManyCards, "n", strconv.Itoa(n)), say(l, sayTakeOthers)
}

// NoModule is said where there is no token driver at all: what is wrong, and what to do.
func NoModule(l words.Language) (what, todo string) {
	return say(l, sayNoModule), say(l, sayNoModuleDo)
}

// Module is the line about a driver that could not be asked.
func Module(l words.Language, path, code string) string {
	return say(l, sayModule, "module", words.Clean(path, 200), "reason", words.Reason(l, code), "code", words.Clean(code, 60))
}

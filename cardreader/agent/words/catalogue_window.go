// SPDX-License-Identifier: Apache-2.0

package words

// The texts of the agent's own window. Labels have no colon there; buttons have a mnemonic behind an underscore.
const (
	WindowHeading  Key = "window.heading"
	WindowPortal   Key = "window.portal"
	WindowAddress  Key = "window.address"
	WindowPurpose  Key = "window.purpose"
	WindowAccount  Key = "window.account"
	WindowHolder   Key = "window.holder"
	WindowSNILS    Key = "window.snils"
	WindowOGRN     Key = "window.ogrn"
	WindowControl  Key = "window.control"
	WindowChoose   Key = "window.choose"
	WindowSign     Key = "window.sign"
	WindowDecline  Key = "window.decline"
	WindowClose    Key = "window.close"
	WindowUnusable Key = "window.unusable"
	WindowMend     Key = "window.mend"
	WindowLook     Key = "window.look"
	WindowInsert   Key = "window.insert"
	WindowPIN      Key = "window.pin"
	WindowPINWhere Key = "window.pin_where"
	WindowTries    Key = "window.tries"
	WindowPad      Key = "window.pad"
	WindowPadHow   Key = "window.pad_how"
	WindowPadLeft  Key = "window.pad_left"
	WindowSigning  Key = "window.signing"
	WindowKeep     Key = "window.keep"
	WindowSending  Key = "window.sending"
	WindowCare     Key = "window.care"
	ResultGood     Key = "result.good"
	ResultGoodDo   Key = "result.good.do"
	ResultRefused  Key = "result.refused"
	ResultPage     Key = "result.page"
	ResultOther    Key = "result.other"
	ResultOtherDo  Key = "result.other.do"
	ResultTries    Key = "result.tries"
	ResultHeldBy   Key = "result.held_by"
	ResultUnblock  Key = "result.unblock_blocked"
)

var windowTexts = map[Key]text{
	WindowHeading:  {"Портал просит подтвердить личность", "A portal asks you to confirm your identity"},
	WindowPortal:   {"Портал", "Portal"},
	WindowAddress:  {"Адрес", "Address"},
	WindowPurpose:  {"Действие", "Action"},
	WindowAccount:  {"Учётная запись", "Account"},
	WindowHolder:   {"Кого подтверждаем", "Person to confirm"},
	WindowSNILS:    {"СНИЛС", "SNILS"},
	WindowOGRN:     {"ОГРН", "OGRN"},
	WindowControl:  {"Контрольный код", "Control code"},
	WindowChoose:   {"Чем подписать", "Sign with"},
	WindowSign:     {"_Подписать", "_Sign"},
	WindowDecline:  {"_Отказаться", "_Decline"},
	WindowClose:    {"_Закрыть", "_Close"},
	WindowUnusable: {"Нельзя использовать: {reason}.", "Can't be used: {reason}."},
	WindowMend:     {"Сейчас нельзя использовать: {reason}. Выберите, чтобы исправить это здесь.", "Can't be used now: {reason}. Choose it to put that right here."},
	WindowLook:     {"Ищу карты и токены…", "Looking for cards and tokens…"},
	WindowInsert:   {"Вставьте карту в считыватель.", "Put the card into the reader."},
	WindowPIN:      {"Введите ПИН-код «{carrier}»", "Enter the PIN of “{carrier}”"},
	WindowPINWhere: {"Его спрашивает отдельное окно.", "Another window asks for it."},
	WindowTries:    {"Осталось попыток ввода ПИН-кода: {n}", "PIN tries left: {n}"},
	WindowPad:      {"Введите ПИН-код на клавиатуре считывателя", "Type the PIN on the reader's keypad"},
	WindowPadLeft:  {"Осталось секунд: {n}", "Seconds left: {n}"},
	WindowPadHow:   {"На компьютере ПИН-код вводить не нужно.", "Don't type the PIN on the computer."},
	WindowSigning:  {"Подписываю…", "Signing…"},
	WindowKeep:     {"Не вынимайте «{carrier}».", "Don't remove “{carrier}”."},
	WindowSending:  {"Отправляю подпись порталу…", "Sending the signature to the portal…"},
	WindowCare:     {"Меняю ПИН-код «{carrier}»", "Setting the PIN of “{carrier}”"},
	ResultGood:     {"Личность подтверждена", "Your identity is confirmed"},
	ResultGoodDo:   {"Вернитесь на страницу портала. Это окно можно закрыть.", "Go back to the portal's page. You may close this window."},
	ResultRefused:  {"Портал не принял подтверждение", "The portal did not accept the confirmation"},
	ResultPage:     {"Подробности — на странице портала.", "The portal's page has the details."},
	ResultOther:    {"Подтверждение не состоялось", "The confirmation did not take place"},
	ResultOtherDo:  {"Посмотрите, что говорит страница портала, и начните снова. Код: {code}.", "See what the portal's page says, and start again. Code: {code}."},
	ResultHeldBy:   {"Карту держит программа: {programs}.", "The card is held by: {programs}."},
	ResultTries:    {"Осталось попыток ввода ПИН-кода: {n}.", "PIN tries left: {n}."},
	ResultUnblock: {"Заблокирован и код разблокировки. Обратитесь туда, где получили карту или токен.",
		"The unblocking code is blocked, too. Go to the place that issued the card or token."},
}

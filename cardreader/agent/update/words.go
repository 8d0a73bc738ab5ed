// SPDX-License-Identifier: Apache-2.0

package update

import "zaver/cardreader/agent/words"

type text struct{ ru, en string }

func (t text) in(l words.Language) string {
	if l == words.English {
		return t.en
	}
	return t.ru
}

const (
	tryLaterRU = "Ничего не изменилось. Проверьте соединение и повторите позже."
	tryLaterEN = "Nothing was changed. Check the connection and try again later."
	refuseRU   = "Ничего не изменилось, программа не обновлена. Повторите позже или из другой сети; если не поможет, сообщите издателю."
	refuseEN   = "Nothing was changed, the program was not updated. Try again later or from another network; if that doesn't help, tell the publisher."
)

// failures are, for each code, what happened and what to do.
var failures = map[string][2]text{
	CodeNone: {{"У этой сборки нет обновлений: в настройках не назван их сервер.", "This build has no updates: its configuration names no server of updates."},
		{"Обновляйте программу так, как установили: из пакета вашей системы или у издателя. Издатель, который раздаёт обновления, называет в настройках \"updates\": {\"url\": …}.",
			"Update the program the way you installed it: from your system's packages or from the publisher. A publisher who serves updates names \"updates\": {\"url\": …} in the configuration."}},
	CodeVersion: {{"У этой сборки нет номера версии, и сравнить её с другой нельзя.", "This build has no version number that could be compared."},
		{"Установите программу из пакета.", "Install the program from a package."}},
	CodeRoot: {{"Корень доверия для обновлений нельзя использовать.", "The trusted root of updates can't be used."},
		{"Переустановите пакет zaver-agent или поправьте в настройках \"updates\": {\"root\": …}.", "Reinstall the package zaver-agent, or correct \"updates\": {\"root\": …} in the configuration."}},
	CodeState: {{"Папку, в которой программа помнит виденные обновления, нельзя использовать.", "The folder that remembers the updates seen can't be used."},
		{"Она должна принадлежать вам и быть закрыта от других (chmod 700). Если её файл испорчен, удалите папку и проверьте снова из сети, которой доверяете.",
			"It must be yours and closed to others (chmod 700). If its file is damaged, remove the folder and check again from a network that you trust."}},
	CodeBusy:        {{"Обновление уже идёт.", "Another update is at work."}, {"Дождитесь его конца.", "Wait for its end."}},
	CodeUnreachable: {{"Сервер обновлений недоступен.", "The server of updates can't be reached."}, {tryLaterRU, tryLaterEN}},
	CodeInsecure:    {{"Обновления предлагают по незащищённому соединению, или сервер не подтвердил, кто он.", "The updates are offered over an insecure connection, or the server did not prove who it is."}, {refuseRU, refuseEN}},
	CodeTimeout:     {{"Сервер обновлений перестал отвечать.", "The server of updates stopped answering."}, {tryLaterRU, tryLaterEN}},
	CodeCut:         {{"Соединение с сервером обновлений оборвалось.", "The connection to the server of updates broke off."}, {tryLaterRU, tryLaterEN}},
	CodeTooLong:     {{"Сервер обновлений передаёт больше, чем должен.", "The server of updates sends more than it may."}, {refuseRU, refuseEN}},
	CodeMalformed:   {{"Сведения об обновлениях нельзя прочитать.", "What the server says of updates can't be read."}, {refuseRU, refuseEN}},
	CodeSignature:   {{"Сведения об обновлениях подписаны не издателем.", "What the server says of updates was not signed by the publisher."}, {refuseRU, refuseEN}},
	CodeRollback:    {{"Сервер предлагает более старые сведения, чем те, что программа уже видела.", "The server offers older metadata than the program saw before."}, {refuseRU, refuseEN}},
	CodeExpired: {{"Срок сведений об обновлениях, или сертификата их сервера, истёк.", "The metadata of updates, or the certificate of their server, have expired."},
		{"Проверьте дату компьютера. Если она верна, сервер отдаёт старое: повторите позже или из другой сети. Программа не обновлена.",
			"Check the computer's date. If it is right, the server gives old data: try again later or from another network. The program was not updated."}},
	CodeMismatch: {{"Сведения об обновлениях не подходят друг к другу.", "The metadata of updates do not belong together."}, {refuseRU, refuseEN}},
	CodeClock: {{"Часы компьютера отстают.", "This computer's clock is behind."},
		{"Включите установку времени по сети (timedatectl set-ntp true) и повторите.", "Have the time set by the network (timedatectl set-ntp true) and try again."}},
	CodePlatform: {{"Для вашей системы пакета нет.", "There is no package for this system."},
		{"Спросите издателя, какие системы он поддерживает.", "Ask the publisher which systems are supported."}},
	CodePackage: {{"Пакет не тот, который подписал издатель.", "The package is not the one that the publisher signed."}, {refuseRU, refuseEN}},
	CodeCurrent: {{"Новой версии нет.", "There is no newer version."}, {"Ничего делать не нужно.", "Nothing needs to be done."}},
	CodeDisk: {{"Не удаётся записать на диск.", "Writing to the disk failed."},
		{"Проверьте, есть ли на диске место и чья это папка.", "Check the free space, and whose folder it is."}},
	CodeNotRoot: {{"Устанавливать может только администратор.", "Only the administrator may install."},
		{"Выполните: sudo zaver-agent update install", "Run: sudo zaver-agent update install"}},
	CodeExposed: {{"Настройки, корень доверия или папку обновлений может подменить кто-то кроме администратора.", "Somebody besides the administrator could exchange the configuration, the trusted root or the folder of updates."},
		{"Файл и папки над ним должны принадлежать root, и менять их может только он (chmod go-w).", "The file and the folders above it must be root's, and nobody else may change them (chmod go-w)."}},
	CodeInstaller: {{"Не найдено, чем установить пакет: ни apt-get, ни dnf, ни zypper.", "Nothing to install the package with was found: neither apt-get nor dnf nor zypper."},
		{"Скачайте пакет (zaver-agent update download) и установите его средствами своей системы.", "Download the package (zaver-agent update download) and install it with your system's own means."}},
	CodeInstall: {{"Установка пакета не удалась.", "The package could not be installed."},
		{"Выше сказано почему. Пакет проверен и остался на диске: команду можно повторить.", "The lines above say why. The package was checked and is still on the disk: the command can be repeated."}},
	CodeProgram: {{"Не найдена программа, которая получает обновления (zaver-update).", "The program that fetches updates (zaver-update) was not found."},
		{"Переустановите пакет zaver-agent.", "Reinstall the package zaver-agent."}},
	CodeInterrupted: {{"Обновление прервано.", "The update was interrupted."}, {"Ничего не изменилось; повторите, когда захотите.", "Nothing was changed; repeat it whenever you like."}},
	CodeInternal:    {{"Обновление не удалось.", "The update failed."}, {"Ничего не изменилось. Сообщите издателю то, что сказано ниже.", "Nothing was changed. Tell the publisher what is said below."}},
}

// Explain says what a code means and what to do about it. An unknown code has the words of CodeInternal.
func Explain(l words.Language, code string) (what, todo string) {
	f, ok := failures[code]
	if !ok {
		f = failures[CodeInternal]
	}
	return f[0].in(l), f[1].in(l)
}

// In returns the note in a language, or in the other one where there is none; always one line that obeys no terminal.
func (n Notes) In(l words.Language) string {
	note := n.Russian
	if l == words.English && n.English != "" || note == "" {
		note = n.English
	}
	return words.Clean(note, MaxNote)
}

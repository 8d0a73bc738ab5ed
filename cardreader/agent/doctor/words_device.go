// SPDX-License-Identifier: Apache-2.0

package doctor

// What is said of the smart-card service, cards and tokens. Rows of an area stand in the order of causes.

var profileRows = []row{
	{CodeProfileFolder, text{"Папки с профилями карт, указанной в настройках, нет", "The folder of card profiles in the configuration isn't there"},
		text{"Создайте папку или уберите \"profiles\" из настроек.", "Create the folder, or remove \"profiles\" from the configuration."}},
	{CodeProfileMalformed, text{"Ошибка в вашем профиле карты, строка {line}", "Your card profile is wrong in line {line}"},
		text{"Исправьте эту строку или уберите файл из папки профилей.", "Correct that line, or take the file out of the profile folder."}},
}

var serviceRows = []row{
	{CodeServiceMissing, text{"Служба смарт-карт (pcscd) не установлена", "The smart-card service (pcscd) is not installed"},
		text{"Установите её: apt install pcscd libccid", "Install it: apt install pcscd libccid"}},
	{CodeServiceStopped, text{"Служба смарт-карт (pcscd) не запущена", "The smart-card service (pcscd) is not running"},
		text{"Запустите её: systemctl start pcscd.socket", "Start it: systemctl start pcscd.socket"}},
	{CodeServiceDenied, text{"Нет доступа к сокету службы смарт-карт", "Access to the smart-card service's socket is denied"},
		text{"Проверьте права на /run/pcscd/pcscd.comm: он должен быть открыт для всех на чтение и запись.", "Check /run/pcscd/pcscd.comm: everybody must be allowed to read and write it."}},
	{CodeServicePolicy, text{"Правила системы (polkit) не пускают вас к смарт-картам", "The system's rules (polkit) keep you from smart cards"},
		text{"Войдите в систему за этим компьютером или разрешите действие org.debian.pcsc-lite.access_pcsc правилом polkit.", "Sign in at this computer, or allow org.debian.pcsc-lite.access_pcsc by a polkit rule."}},
	{CodeServiceProtocol, text{"Служба смарт-карт говорит по протоколу {major}:{minor}, агент его не знает", "The smart-card service speaks protocol {major}:{minor}, which the agent does not know"},
		text{"Обновите пакеты pcscd и libpcsclite1 до одной версии.", "Bring the packages pcscd and libpcsclite1 to the same version."}},
	{CodeServiceForeign, text{"На сокете службы смарт-карт отвечает другая программа", "Another program answers on the smart-card service's socket"},
		text{"Проверьте переменную PCSCLITE_CSOCK_NAME и перезапустите службу: systemctl restart pcscd", "Check PCSCLITE_CSOCK_NAME and restart the service: systemctl restart pcscd"}},
	{CodeServiceHung, text{"Служба смарт-карт не отвечает", "The smart-card service does not answer"},
		text{"Перезапустите её: systemctl restart pcscd; вынув считыватель, вставьте его снова.", "Restart it: systemctl restart pcscd; pull the reader and plug it in again."}},
}

var readerRows = []row{
	{CodeReaderNone, text{"Не подключён ни считыватель, ни токен", "No reader or token is connected"},
		text{"Подключите считыватель; если он подключён, установите его драйвер (пакет libccid) и попробуйте другой разъём USB.", "Connect a reader; if it is connected, install its driver (package libccid) and try another USB port."}},
}

var cardRows = []row{
	{CodeCardNone, text{"В считывателе нет карты", "There is no card in the reader"},
		text{"Вставьте карту чипом вперёд до упора.", "Insert the card, chip first, as far as it goes."}},
	{CodeCardMute, text{"Карта не отзывается", "The card does not wake up"},
		text{"Выньте карту, протрите контакты и вставьте другой стороной; если не поможет, карта повреждена.", "Take the card out, wipe its contacts and turn it over; if that doesn't help, it is damaged."}},
	{CodeCardBusy, text{"Карта занята другой программой", "Another program holds the card"},
		text{"Закройте программы, которые работают с картой: браузер, почту, КриптоПро, GnuPG.", "Close the programs that use the card: browser, mail, CryptoPro, GnuPG."}},
	{CodeCardUnknown, text{"Карта в считывателе агенту не знакома, и драйвера токена для неё нет", "The agent doesn't know the card in the reader, and no token driver does"},
		text{"Если это токен, установите драйвер его производителя; если карта, добавьте её профиль в папку профилей.", "If it is a token, install its maker's driver; if it is a card, add its profile to the profile folder."}},
	{CodeCardExpired, text{"Срок действия карты истёк или ещё не начался", "The card has expired or is not yet valid"},
		text{"Получите новую карту или подтвердите личность другим способом.", "Get a new card, or confirm who you are another way."}},
	{CodeCardTerminal, text{"Карта требует ключ терминала, а его нет в настройках или карта его не приняла", "The card demands a terminal's key, which is not configured or which it refuses"},
		text{"Получите файл терминала у оператора карт и укажите его в настройках (\"terminal\").", "Get the terminal file from the cards' operator and name it in the configuration (\"terminal\")."}},
	{CodeCardInsecure, text{"Ответ карты не защищён, как положено, или карта не доказала, что она настоящая", "The card's answer was not protected as it must be, or the card did not prove itself"},
		text{"Не вводите ПИН-код. Переподключите считыватель; если повторится, обратитесь туда, где выдали карту.", "Do not enter a PIN. Reconnect the reader; if it happens again, ask whoever issued the card."}},
	{CodeCardFault, text{"Карта отвечает неправильно", "The card answers wrongly"},
		text{"Выньте карту и вставьте снова; если не поможет, она повреждена.", "Take the card out and insert it again; if that doesn't help, it is damaged."}},
	{"doctor.card.hung", text{"Карта или считыватель не отвечает", "The card or the reader does not answer"},
		text{"Выньте карту, переподключите считыватель и вставьте карту снова.", "Take the card out, reconnect the reader and insert the card again."}},
	{CodeCardNoCertificate, text{"На карте нет сертификата", "There is no certificate on the card"},
		text{"Обратитесь туда, где выдали карту.", "Ask whoever issued the card."}},
}

var pinRows = []row{
	{CodePINBlocked, text{"ПИН-код карты заблокирован", "The card's PIN is blocked"},
		text{"Разблокируйте его кодом КРП: zaver-agent pin unblock", "Unblock it with the unblocking code: zaver-agent pin unblock"}},
	{CodePINNotInitialised, text{"ПИН-код карты не задан", "The card has no PIN yet"},
		text{"Обратитесь туда, где выдали карту.", "Ask whoever issued the card."}},
	{CodePINMustChange, text{"ПИН-код карты нужно сменить", "The card's PIN must be changed"},
		text{"Смените его: zaver-agent pin change", "Change it: zaver-agent pin change"}},
	{CodePINLastTry, text{"У ПИН-кода карты осталась последняя попытка", "The card's PIN has one try left"},
		text{"Не вводите ПИН-код наугад: после ошибки карта заблокируется.", "Do not guess the PIN: one more mistake blocks the card."}},
}

var moduleRows = []row{
	{CodeModuleMissing, text{"Драйвера токена, указанного в настройках, нет на диске", "The token driver in the configuration isn't on the disk"},
		text{"Установите драйвер или исправьте путь в настройках (\"modules\").", "Install the driver, or correct its path in the configuration (\"modules\")."}},
	{CodeModuleExposed, text{"Драйвер токена могут подменить другие пользователи компьютера", "Other users of this computer could exchange the token driver"},
		text{"Запретите остальным запись в файл драйвера и в папки над ним (chmod o-w) или установите драйвер из пакета: ему доверяют ПИН-код.",
			"Take the right to write from others (chmod o-w), for the driver's file and the folders above it, or install the driver from its package: it is given the PIN."}},
	{CodeModuleArchitecture, text{"Драйвер токена собран для другого процессора или системы", "The token driver was built for another processor or system"},
		text{"Установите драйвер для 64-разрядной системы от производителя токена.", "Install the driver for this processor from the token's maker."}},
	{CodeModuleLibrary, text{"Драйверу токена не хватает библиотек: {n}", "The token driver lacks libraries: {n}"},
		text{"Установите недостающие библиотеки или переустановите драйвер.", "Install the missing libraries, or reinstall the driver."}},
	{CodeModuleForeign, text{"Файл, указанный как драйвер токена, им не является", "The file named as a token driver is none"},
		text{"Укажите в настройках библиотеку PKCS#11 (\"modules\").", "Name a PKCS#11 library in the configuration (\"modules\")."}},
	{CodeModuleCrashed, text{"Драйвер токена падает", "The token driver crashes"},
		text{"Обновите драйвер; другие драйверы это не задевает.", "Update the driver; the others are not affected."}},
	{CodeModuleHung, text{"Драйвер токена не отвечает", "The token driver does not answer"},
		text{"Выньте токен и вставьте снова; если не поможет, обновите драйвер.", "Pull the token and plug it in again; if that doesn't help, update the driver."}},
	{CodeModuleFailed, text{"Драйвер токена не работает", "The token driver does not work"},
		text{"Переустановите драйвер.", "Reinstall the driver."}},
	{CodeModuleNone, text{"Не найдено ни одного драйвера токенов (PKCS#11)", "No token driver (PKCS#11) was found"},
		text{"Установите драйвер с сайта производителя токена или укажите его файл в настройках (\"modules\").", "Install the driver from the token's maker, or name its file in the configuration (\"modules\")."}},
}

var tokenRows = []row{
	{CodeTokenNone, text{"Токен не вставлен, или его драйвер не установлен", "No token is plugged in, or its driver is missing"},
		text{"Вставьте токен; если он вставлен, установите драйвер его производителя.", "Plug the token in; if it is, install its maker's driver."}},
	{CodeTokenLocked, text{"ПИН-код токена заблокирован", "The token's PIN is locked"},
		text{"Разблокируйте его кодом администратора: zaver-agent pin unblock", "Unlock it with the administrator's PIN: zaver-agent pin unblock"}},
	{CodeTokenNotInitialised, text{"ПИН-код токена не задан", "The token has no PIN yet"},
		text{"Задайте его программой производителя токена.", "Set one with the program of the token's maker."}},
	{CodeTokenMustChange, text{"ПИН-код токена нужно сменить", "The token's PIN must be changed"},
		text{"Смените его: zaver-agent pin change", "Change it: zaver-agent pin change"}},
	{CodeTokenNoCertificate, text{"На токене нет сертификата", "There is no certificate on the token"},
		text{"Запишите на токен сертификат, выданный удостоверяющим центром.", "Write the certificate from your certification authority to the token."}},
	{CodeTokenCryptoPro, text{"Ключ на токене записан для КриптоПро CSP, другие программы им подписать не могут", "The key on the token belongs to CryptoPro CSP; no other program can sign with it"},
		text{"Получите ключ в формате PKCS#11 (Рутокен ЭЦП, JaCarta ГОСТ).", "Have a key issued in PKCS#11 form (Rutoken ECP, JaCarta GOST)."}},
	{CodeTokenFinalTry, text{"У ПИН-кода токена осталась последняя попытка", "The token's PIN has one try left"},
		text{"Не вводите ПИН-код наугад: после ошибки токен заблокируется.", "Do not guess the PIN: one more mistake locks the token."}},
	{CodeTokenCountLow, text{"ПИН-код токена недавно вводили неверно", "A wrong PIN was entered on the token lately"},
		text{"Верный ПИН-код вернёт все попытки.", "The right PIN brings all tries back."}},
}

var certificateRows = []row{
	{CodeCertificateExpired, text{"Срок действия сертификата истёк", "The certificate has expired"},
		text{"Получите новый сертификат в удостоверяющем центре.", "Get a new certificate from your certification authority."}},
	{CodeCertificateNotYet, text{"Срок действия сертификата ещё не начался", "The certificate is not yet valid"},
		text{"Дождитесь начала срока; проверьте дату на компьютере.", "Wait for its first day; check the computer's date."}},
	{CodeCertificateKeyExpired, text{"Срок действия ключа истёк", "The private key's time is over"},
		text{"Получите новый ключ и сертификат в удостоверяющем центре.", "Get a new key and certificate from your certification authority."}},
	{CodeCertificateUsage, text{"Сертификат не предназначен для подписи", "The certificate is not meant for signatures"},
		text{"Нужен сертификат электронной подписи физического лица.", "A certificate for a person's electronic signature is needed."}},
	{CodeCertificateUnsupported, text{"Ключ сертификата такого вида, какого портал не принимает", "The certificate's key is of a kind that the portal does not take"},
		text{"Получите сертификат по ГОСТ Р 34.10-2012.", "Get a certificate for GOST R 34.10-2012."}},
	{CodeCertificateMalformed, text{"Сертификат не читается", "The certificate can't be read"},
		text{"Запишите сертификат на носитель заново.", "Write the certificate to the device again."}},
	{CodeCertificateSoon, text{"Сертификат закончится через {n} дн.", "The certificate ends in {n} days"},
		text{"Получите новый сертификат заранее.", "Get a new certificate in time."}},
}

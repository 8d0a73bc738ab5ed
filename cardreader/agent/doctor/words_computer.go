// SPDX-License-Identifier: Apache-2.0

package doctor

// What is said of the configuration, the system, the windows, the browsers and the network. Rows of an area stand in
// the order of causes.

var configRows = []row{
	{CodeConfigMissing, text{"Нет файла настроек агента", "The agent has no configuration file"},
		text{"Создайте файл ~/.config/zaver/agent.json и впишите в него имя, адрес и ключ портала со страницы помощи портала.",
			"Create ~/.config/zaver/agent.json with the portal's name, address and key from the portal's help page."}},
	{CodeConfigPermissions, text{"Файл настроек агента нельзя прочитать, или его может изменить кто угодно", "The agent's configuration can't be read, or everybody may change it"},
		text{"Верните файл себе: chmod 600 ~/.config/zaver/agent.json", "Make the file yours: chmod 600 ~/.config/zaver/agent.json"}},
	{CodeConfigMalformed, text{"Ошибка в файле настроек агента, строка {line}", "The agent's configuration is wrong in line {line}"},
		text{"Исправьте эту строку и запустите агент снова.", "Correct that line and start the agent again."}},
	{CodeConfigInvalid, text{"Неверное значение в файле настроек агента", "A value in the agent's configuration is wrong"},
		text{"Исправьте его: zaver-agent run называет поле.", "Correct it: zaver-agent run names the field."}},
	{CodeConfigTerminal, text{"Файл терминала, указанный в настройках, не читается", "The terminal file in the configuration can't be read"},
		text{"Получите файл у оператора карт и закройте его от других: chmod 600.", "Get the file from the cards' operator and close it to others: chmod 600."}},
	{CodeConfigNoPortal, text{"В настройках агента нет ни одного портала", "The configuration names no portal"},
		text{"Впишите имя, адрес и ключ портала со страницы помощи портала.", "Add the portal's name, address and key from the portal's help page."}},
	{CodeConfigOrigin, text{"Адрес портала № {n} записан неверно", "The address of portal no. {n} is written wrongly"},
		text{"Впишите адрес так, как его показывает браузер: https://портал, без пути и косой черты.", "Write the address as the browser shows it: https://portal, without a path or a final slash."}},
	{CodeConfigKey, text{"Ключ портала № {n} записан неверно", "The key of portal no. {n} is written wrongly"},
		text{"Скопируйте ключ целиком со страницы помощи портала: имя+код+ключ, одной строкой.", "Copy the whole key from the portal's help page: name+hash+key on one line."}},
}

var systemRows = []row{
	{CodeRuntimeDir, text{"Во временную папку пользователя нельзя писать", "The user's runtime folder can't be written to"},
		text{"Выйдите из системы и войдите снова; проверьте переменную XDG_RUNTIME_DIR.", "Sign out and in again; check the variable XDG_RUNTIME_DIR."}},
	{CodeDisk, text{"На диске нет места: свободно {n} КиБ", "The disk is full: {n} KiB are free"},
		text{"Освободите место в домашней папке.", "Free some space in your home folder."}},
	{CodeCoreDumps, text{"Система записывает память упавших программ на диск", "The system writes the memory of crashed programs to disk"},
		text{"Агент сам себя от этого закрывает; чтобы закрыть всё, выполните: ulimit -c 0", "The agent shields itself; to shield everything run: ulimit -c 0"}},
	{CodeLockedMemory, text{"Система не даёт удержать ПИН-код в памяти: разрешено {n} КиБ", "The system does not let a PIN be locked in memory: {n} KiB are allowed"},
		text{"Поднимите предел memlock хотя бы до 64 КиБ (ulimit -l), чтобы ПИН-код не попал в файл подкачки.", "Raise memlock to 64 KiB at least (ulimit -l), so that a PIN can't reach the swap file."}},
}

var clockRows = []row{
	{CodeClockOff, text{"Часы компьютера расходятся с порталом на {n} с", "The clock differs from the portal's by {n} s"},
		text{"Включите установку времени по сети: timedatectl set-ntp true", "Have the time set by the network: timedatectl set-ntp true"}},
}

var programRows = []row{
	{CodeNoScreen, text{"Агенту негде спросить ПИН-код: нет ни экрана, ни терминала", "There is nowhere to ask a PIN: neither a display nor a terminal"},
		text{"Запустите агент в своём сеансе или укажите терминал: zaver-agent run --tty $(tty)", "Start the agent in your session, or name a terminal: zaver-agent run --tty $(tty)"}},
	{CodeDisplay, text{"Экран, на который указывает сеанс, не открывается", "The display that the session names can't be opened"},
		text{"Проверьте переменные DISPLAY и WAYLAND_DISPLAY; запустите агент из того сеанса, в котором вы работаете.", "Check DISPLAY and WAYLAND_DISPLAY; start the agent from the session that you work in."}},
	{CodePinentryMissing, text{"Нет программы для ввода ПИН-кода (pinentry)", "The program that asks a PIN (pinentry) is missing"},
		text{"Установите её: apt install pinentry-gtk2 (или pinentry-qt, pinentry-curses).", "Install it: apt install pinentry-gtk2 (or pinentry-qt, pinentry-curses)."}},
	{CodePinentryBroken, text{"Программа для ввода ПИН-кода не отвечает", "The program that asks a PIN does not answer"},
		text{"Переустановите pinentry или укажите другую программу в настройках (\"pinentry\").", "Reinstall pinentry, or name another program in the configuration (\"pinentry\")."}},
	{CodeWindowMissing, text{"Нет программы окна согласия; вместо неё будут простые окна", "The consent window's program is missing; plain dialogs take its place"},
		text{"Переустановите пакет zaver-agent.", "Reinstall the package zaver-agent."}},
}

var browserRows = []row{
	{CodeManifestProgram, text{"{browser}: манифест агента указывает на программу, которой нет", "{browser}: the agent's manifest names a program that isn't there"},
		text{"Переустановите пакет zaver-agent или удалите старый манифест.", "Reinstall the package zaver-agent, or remove the old manifest."}},
	{CodeManifestOther, text{"{browser}: манифест агента указывает на другую программу", "{browser}: the agent's manifest names another program"},
		text{"Удалите этот манифест и переустановите пакет zaver-agent.", "Remove that manifest and reinstall the package zaver-agent."}},
	{CodeManifestExtension, text{"{browser}: манифест агента не допускает расширение агента", "{browser}: the agent's manifest does not admit the agent's extension"},
		text{"Переустановите пакет zaver-agent: манифест и расширение должны быть одной версии.", "Reinstall the package zaver-agent: manifest and extension must belong together."}},
	{CodeManifestMalformed, text{"{browser}: манифест агента не читается", "{browser}: the agent's manifest can't be read"},
		text{"Переустановите пакет zaver-agent или удалите этот манифест.", "Reinstall the package zaver-agent, or remove that manifest."}},
	{CodeManifestMissing, text{"{browser}: агент в браузере не зарегистрирован", "{browser}: the agent is not registered"},
		text{"Переустановите пакет zaver-agent.", "Reinstall the package zaver-agent."}},
	{CodeBrowserPolicy, text{"{browser}: правила организации запрещают расширение агента", "{browser}: a policy of the organisation forbids the agent's extension"},
		text{"Попросите администратора разрешить расширение и узел обмена агента.", "Ask the administrator to allow the agent's extension and its messaging host."}},
	{CodeExtensionOff, text{"{browser}: расширение агента выключено", "{browser}: the agent's extension is switched off"},
		text{"Включите его на странице расширений браузера.", "Switch it on in the browser's list of extensions."}},
	{CodeExtensionMissing, text{"{browser}: расширение агента не установлено", "{browser}: the agent's extension is not installed"},
		text{"Установите расширение по ссылке со страницы помощи портала.", "Install the extension from the portal's help page."}},
	{CodeBrowserSandbox, text{"{browser} установлен из {kind}: расширение может не дойти до агента", "{browser} comes from {kind}: the extension may not reach the agent"},
		text{"Страница пойдёт другим путём; держите агент запущенным или поставьте браузер обычным пакетом.", "The page takes the other way; keep the agent running, or install the browser as an ordinary package."}},
	{CodeBrowserNone, text{"Браузеров не найдено", "No browser was found"}, text{}},
}

var doorRows = []row{
	{CodeDoorOtherUser, text{"Порт агента {n} занял другой пользователь этого компьютера", "Another user of this computer holds the agent's port {n}"},
		text{"Установите расширение браузера: другой пользователь ему не мешает. Или завершите сеанс другого пользователя и запустите агент у себя.",
			"Install the browser extension: the other user is not in its way. Or sign the other user out and start the agent yourself."}},
	{CodeDoorTaken, text{"Порт агента {n} занят другой программой", "Another program holds the agent's port {n}"},
		text{"Завершите ту программу или укажите другой порт в настройках (loopback.port).", "End that program, or choose another port in the configuration (loopback.port)."}},
	{CodeDoorStopped, text{"Агент не запущен: порт {n} никто не слушает", "The agent is not running: nobody listens on port {n}"},
		text{"Запустите агент: zaver-agent run", "Start the agent: zaver-agent run"}},
	{CodeDoorOrigin, text{"Запущенный агент не знает портала № {n}", "The running agent does not know portal no. {n}"},
		text{"Перезапустите агент: настройки изменились после его запуска.", "Restart the agent: its configuration changed after it had started."}},
	{CodeDoorPolicy, text{"{browser}: правила организации не пускают страницу портала к программам этого компьютера", "{browser}: a policy keeps the portal's page from programs on this computer"},
		text{"Попросите администратора разрешить портал в LoopbackNetworkAllowedForUrls или LocalNetworkAccessAllowedForUrls.", "Ask the administrator to allow the portal in LoopbackNetworkAllowedForUrls or LocalNetworkAccessAllowedForUrls."}},
	{CodeDoorBlocked, text{"{browser}: вы запретили порталу обращаться к программам этого компьютера", "{browser}: you forbade the portal to reach programs on this computer"},
		text{"Нажмите на значок слева от адреса портала и разрешите доступ к приложениям на этом устройстве.", "Click the icon left of the portal's address and allow access to apps on this device."}},
	{CodeDoorPolicyGrant, text{"{browser}: правила организации разрешают порталу обращаться к агенту", "{browser}: a policy lets the portal reach the agent"}, text{}},
}

var portalRows = []row{
	{CodePortalName, text{"Имя портала № {n} не найдено в сети", "The name of portal no. {n} can't be resolved"},
		text{"Проверьте подключение к интернету и адрес портала в настройках.", "Check the internet connection and the portal's address in the configuration."}},
	{CodePortalConnect, text{"Портал № {n} не принимает соединений", "Portal no. {n} accepts no connections"},
		text{"Проверьте подключение к интернету и прокси; возможно, портал временно не работает.", "Check the internet connection and the proxy; the portal may be down for a while."}},
	{CodePortalHung, text{"Портал № {n} не отвечает вовремя", "Portal no. {n} does not answer in time"},
		text{"Проверьте подключение к интернету; повторите позже.", "Check the internet connection; try again later."}},
	{CodePortalTLSExpired, text{"У сертификата сайта портала № {n} истёк или не начался срок", "The TLS certificate of portal no. {n} has expired or is not yet valid"},
		text{"Проверьте дату на компьютере; если она верна, сообщите порталу.", "Check the computer's date; if it is right, tell the portal."}},
	{CodePortalTLSName, text{"Сертификат сайта выдан не порталу № {n}", "The TLS certificate is not that of portal no. {n}"},
		text{"Не вводите ПИН-код. Проверьте адрес портала и то, нет ли на пути чужого прокси.", "Do not enter a PIN. Check the portal's address, and whether a proxy stands in between."}},
	{CodePortalTLSUntrusted, text{"Сертификату сайта портала № {n} этот компьютер не доверяет", "This computer does not trust the TLS certificate of portal no. {n}"},
		text{"Обновите пакет ca-certificates; если соединение проверяет антивирус или прокси, исключите портал из проверки.", "Update ca-certificates; where an antivirus or proxy inspects connections, exempt the portal."}},
	{CodePortalTLS, text{"Защищённое соединение с порталом № {n} не установилось", "No secure connection to portal no. {n} could be made"},
		text{"Проверьте прокси и антивирус: порталу нужен TLS 1.2 или новее.", "Check proxy and antivirus: the portal needs TLS 1.2 or newer."}},
	{CodePortalKey, text{"Ключ портала № {n} не тот, что записан в настройках", "The key of portal no. {n} is not the one in the configuration"},
		text{"Не подписывайте ничего. Сверьте ключ со страницей помощи портала и исправьте настройки, если портал сменил ключ.", "Sign nothing. Compare the key with the portal's help page, and correct the configuration if the portal changed it."}},
	{CodePortalAnswer, text{"По адресу портала № {n} отвечает не портал", "What answers at the address of portal no. {n} is not the portal"},
		text{"Проверьте адрес портала; в гостинице или кафе сначала войдите в их сеть.", "Check the portal's address; in a hotel or café sign in to their network first."}},
}

var revocationRows = []row{
	{CodeOCSPUnreachable, text{"Служба OCSP удостоверяющего центра недоступна", "The certification authority's OCSP service can't be reached"},
		text{"Портал проверяет сертификат сам; если он откажет, повторите позже.", "The portal checks the certificate itself; if it refuses, try again later."}},
	{CodeCRLUnreachable, text{"Список отозванных сертификатов недоступен", "The list of revoked certificates can't be reached"},
		text{"Портал проверяет сертификат сам; если он откажет, повторите позже.", "The portal checks the certificate itself; if it refuses, try again later."}},
	{CodeNoAddresses, text{"В сертификате нет адресов для проверки отзыва", "The certificate has no addresses to ask for revocation"},
		text{"Портал может отказать; спросите удостоверяющий центр, выдавший сертификат.", "The portal may refuse; ask the authority that issued the certificate."}},
}

var updateRows = []row{
	{CodeUpdateState, text{"Запись о виденных обновлениях нельзя прочитать", "What was seen of updates can't be read"},
		text{"Проверьте обновления: zaver-agent update check; команда скажет, что не так с папкой.", "Check for updates: zaver-agent update check; it says what is wrong with the folder."}},
	{CodeUpdateNewer, text{"Вышла версия новее установленной", "A version newer than the installed one is out"},
		text{"Установите её: sudo zaver-agent update install", "Install it: sudo zaver-agent update install"}},
	{CodeUpdateStale, text{"Обновления не проверялись {n} дн.", "Nobody has checked for updates for {n} days"},
		text{"Проверьте: zaver-agent update check", "Check: zaver-agent update check"}},
}

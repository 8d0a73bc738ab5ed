// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"slices"
	"strconv"
	"strings"

	"zaver/cardreader/agent/words"
)

// text is what is said in each language.
type text struct{ ru, en string }

func (t text) in(l words.Language) string {
	if l == words.English {
		return t.en
	}
	return t.ru
}

// entry is one row of the table of codes.
type entry struct {
	area         Area
	rank         int // within the area: the lower, the nearer to the cause
	text, remedy text
}

// value fills a place of a text. It holds a number or a word that this package chose, never what came from outside.
type value struct{ name, text string }

func number(name string, n int) value { return value{name, strconv.Itoa(n)} }

// fixed names one of the words that a text may hold; what is not in the list is not said.
func fixed(name, word string) value {
	if !slices.Contains(vocabulary, word) {
		word = "?"
	}
	return value{name, word}
}

// vocabulary are the only words from outside the table that a text may hold.
var vocabulary = []string{"Chromium", "Google Chrome", "Yandex Browser", "Firefox", "snap", "flatpak"}

func fill(s string, values []value) string {
	var pairs []string
	for _, v := range values {
		pairs = append(pairs, "{"+v.name+"}", v.text)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// table has every code. It is made once, before main, and never written again.
var table = func() map[string]entry {
	out := map[string]entry{}
	for _, part := range []struct {
		area Area
		rows []row
	}{{AreaConfig, configRows}, {AreaSystem, systemRows}, {AreaClock, clockRows}, {AreaProfile, profileRows}, {AreaService, serviceRows},
		{AreaReader, readerRows}, {AreaCard, cardRows}, {AreaPIN, pinRows}, {AreaModule, moduleRows}, {AreaToken, tokenRows},
		{AreaCertificate, certificateRows}, {AreaProgram, programRows}, {AreaBrowser, browserRows}, {AreaDoor, doorRows},
		{AreaPortal, portalRows}, {AreaRevocation, revocationRows}, {AreaUpdate, updateRows}} {
		for i, r := range part.rows {
			out[r.code] = entry{area: part.area, rank: i, text: r.text, remedy: r.remedy}
		}
		for _, r := range commonRows {
			code := "doctor." + string(part.area) + "." + r.code
			if _, own := out[code]; own {
				continue // the area has words of its own for it
			}
			out[code] = entry{area: part.area, rank: 1000, text: text{areaNames[part.area].ru + ": " + r.text.ru, areaNames[part.area].en + ": " + r.text.en}, remedy: r.remedy}
		}
	}
	return out
}()

type row struct {
	code         string
	text, remedy text
}

// What every area has: nothing wrong, not looked at, and no answer.
const (
	endOK      = "ok"
	endSkipped = "skipped"
	endHung    = "hung"
)

var commonRows = []row{
	{endOK, text{"всё в порядке", "all is well"}, text{}},
	{endSkipped, text{"не проверялось", "not checked"}, text{}},
	{endHung, text{"проверка не дождалась ответа", "the check got no answer in time"},
		text{"Повторите проверку; если не поможет, перезагрузите компьютер.", "Check again; if that doesn't help, restart the computer."}},
}

var areaNames = map[Area]text{
	AreaConfig:      {"Настройки агента", "Agent's configuration"},
	AreaSystem:      {"Система", "System"},
	AreaClock:       {"Часы", "Clock"},
	AreaProfile:     {"Профили карт", "Card profiles"},
	AreaService:     {"Служба смарт-карт", "Smart-card service"},
	AreaReader:      {"Считыватели", "Readers"},
	AreaCard:        {"Карта", "Card"},
	AreaPIN:         {"ПИН-код карты", "Card's PIN"},
	AreaModule:      {"Драйверы токенов", "Token drivers"},
	AreaToken:       {"Токен", "Token"},
	AreaCertificate: {"Сертификат", "Certificate"},
	AreaProgram:     {"Окна агента", "Agent's windows"},
	AreaBrowser:     {"Браузеры", "Browsers"},
	AreaDoor:        {"Связь страницы с агентом", "Page to agent"},
	AreaPortal:      {"Портал", "Portal"},
	AreaRevocation:  {"Службы проверки сертификатов", "Certificate status services"},
	AreaUpdate:      {"Обновления агента", "Updates of the agent"},
}

// Codes returns every code that a report may hold, sorted.
func Codes() []string {
	out := make([]string, 0, len(table))
	for code := range table {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// Explain returns the text and remedy of a code in a language, with the places unfilled; empty for an unknown code.
func Explain(l words.Language, code string) (said, remedy string) {
	e := table[code]
	return e.text.in(l), e.remedy.in(l)
}

// AreaOf returns the area of a code, empty for an unknown one.
func AreaOf(code string) Area { return table[code].area }

// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"slices"

	"zaver/cardreader/agent/words"
)

// State says how a line is to be taken.
type State string

// The states, in the order of lines.
const (
	Fault   State = "fault"   // a confirmation fails because of this
	Warning State = "warning" // it works, but not well, or not for long
	Skipped State = "skipped" // was not looked at, because of a fault before, or because nobody needs it
	OK      State = "ok"
)

var states = []State{Fault, Warning, Skipped, OK}

// Area is the part of the computer that a line is about.
type Area string

// The areas, in the order of causes: what comes first may be why what comes later fails.
const (
	AreaConfig      Area = "config"
	AreaSystem      Area = "system"
	AreaClock       Area = "clock"
	AreaProfile     Area = "profile"
	AreaService     Area = "service"
	AreaReader      Area = "reader"
	AreaCard        Area = "card"
	AreaPIN         Area = "pin"
	AreaModule      Area = "module"
	AreaToken       Area = "token"
	AreaCertificate Area = "certificate"
	AreaProgram     Area = "program"
	AreaBrowser     Area = "browser"
	AreaDoor        Area = "door"
	AreaPortal      Area = "portal"
	AreaRevocation  Area = "revocation"
	AreaUpdate      Area = "update"
)

// Areas returns every area in the order of causes.
func Areas() []Area { return slices.Clone(areas) }

var areas = []Area{AreaConfig, AreaSystem, AreaClock, AreaProfile, AreaService, AreaReader, AreaCard, AreaPIN, AreaModule,
	AreaToken, AreaCertificate, AreaProgram, AreaBrowser, AreaDoor, AreaPortal, AreaRevocation, AreaUpdate}

// exits are the exit codes of faults by area. 3 is what every program of the house says of a wrong configuration.
var exits = map[Area]int{AreaConfig: 3, AreaSystem: 10, AreaClock: 11, AreaProfile: 12, AreaService: 13, AreaReader: 14, AreaCard: 15,
	AreaPIN: 16, AreaModule: 17, AreaToken: 18, AreaCertificate: 19, AreaProgram: 20, AreaBrowser: 21, AreaDoor: 22, AreaPortal: 23,
	AreaRevocation: 24, AreaUpdate: 25}

// Exit returns the exit code of a fault in the area.
func (a Area) Exit() int { return exits[a] }

// Line is one finding.
type Line struct {
	Code   string `json:"code"`
	State  State  `json:"state"`
	Area   Area   `json:"area"`
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"`
	// Detail is for the person at this computer alone: a file, a reader, what a program said.
	Detail string `json:"detail,omitempty"`
}

// longDetail is how many letters of a detail are kept.
const longDetail = 240

// newLine makes a line. The values fill places of the text: numbers, and words of a fixed list.
func newLine(l words.Language, code string, state State, detail string, values ...value) Line {
	e := table[code]
	return Line{Code: code, State: state, Area: e.area, Text: fill(e.text.in(l), values), Remedy: remedyFor(e, state, l, values),
		Detail: words.Clean(detail, longDetail)}
}

func remedyFor(e entry, s State, l words.Language, values []value) string {
	if s != Fault && s != Warning {
		return ""
	}
	return fill(e.remedy.in(l), values)
}

// sortLines puts the cause first: faults before warnings, in the order of areas, then of the table.
func sortLines(lines []Line) {
	slices.SortStableFunc(lines, func(a, b Line) int {
		return cmp.Or(
			cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State)),
			cmp.Compare(slices.Index(areas, a.Area), slices.Index(areas, b.Area)),
			cmp.Compare(table[a.Code].rank, table[b.Code].rank))
	})
}

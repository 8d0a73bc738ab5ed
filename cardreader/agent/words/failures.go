// SPDX-License-Identifier: Apache-2.0

package words

import (
	"embed"
	"encoding/json"
	"fmt"
)

//go:embed failures.ru.json failures.en.json
var failureFiles embed.FS

// failures are, for each code of the agent, what happened and what to do: the portal's page says the same in the same words.
var failures = map[Language]map[string][2]string{Russian: mustLoad("failures.ru.json"), English: mustLoad("failures.en.json")}

// mustLoad reads a file that is part of the program; a malformed one can't get through its tests.
func mustLoad(name string) map[string][2]string {
	out := map[string][2]string{}
	b, err := failureFiles.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	return out
}

// Failure says what a code of the agent means and what to do about it. A code that is another's (the portal's) says that nothing was
// confirmed, and where to look.
func Failure(l Language, code string) (what, todo string) {
	if !l.Known() {
		l = Russian
	}
	if t, ok := failures[l][code]; ok {
		return t[0], t[1]
	}
	return Say(l, ResultOther), Say(l, ResultOtherDo, "code", Clean(code, 60))
}

// HasFailure reports whether a code has words of its own in every language.
func HasFailure(code string) bool {
	return failures[Russian][code] != [2]string{} && failures[English][code] != [2]string{}
}

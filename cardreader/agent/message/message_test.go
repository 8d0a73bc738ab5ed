// SPDX-License-Identifier: Apache-2.0

package message

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
)

const good = `{"origin":"https://a","request":"r","ticket":"t","method":"token","lang":"ru"}`

func TestParseRequest(t *testing.T) {
	got, err := ParseRequest([]byte(good))
	want := agent.Request{Origin: "https://a", Request: "r", Ticket: "t", Method: agent.MethodToken, Language: "ru"}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
	if got, err := ParseRequest([]byte(` {"ticket":"t","method":"uec","request":"r", "origin":"o"} ` + "\n")); err != nil || got.Language != "" || got.Method != agent.MethodUEC {
		t.Errorf("another order, no language: %+v, %v", got, err)
	}
}

// Each of these is taken by encoding/json or by some other reader, or says what no page has to say.
func TestParseRequestRefuses(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, body := range map[string]string{
		"empty":                  ``,
		"null":                   `null`,
		"text":                   `"origin"`,
		"array":                  `[` + good + `]`,
		"two objects":            good + good,
		"comma behind":           good + ",",
		"cut":                    good[:len(good)-1],
		"comma at the end":       with(`"ru"}`, `"ru",}`),
		"comment":                with(`{`, `{/**/`),
		"unknown field":          with(`"lang"`, `"hash":"AAAA","lang"`),
		"PIN":                    with(`"lang":"ru"`, `"pin":"1234"`),
		"field in capitals":      with(`"origin"`, `"Origin"`),
		"field with a long s":    with(`"request"`, `"reque`+"\u017f"+`t"`),
		"field twice":            with(`"lang":"ru"`, `"origin":"https://evil"`),
		"field twice, escaped":   with(`"lang":"ru"`, `"\u006frigin":"https://evil"`),
		"field with a space":     with(`"origin"`, `"origin "`),
		"empty value":            with(`"t"`, `""`),
		"number":                 with(`"t"`, `7`),
		"bool":                   with(`"t"`, `true`),
		"null value":             with(`"t"`, `null`),
		"object":                 with(`"t"`, `{"a":"t"}`),
		"array value":            with(`"t"`, `["t"]`),
		"origin missing":         with(`"origin":"https://a",`, ``),
		"request missing":        with(`"request":"r",`, ``),
		"ticket missing":         with(`"ticket":"t",`, ``),
		"method missing":         with(`"method":"token",`, ``),
		"unknown language":       with(`"ru"`, `"de"`),
		"language in capitals":   with(`"ru"`, `"RU"`),
		"not UTF-8":              with(`"t"`, "\"\xff\""),
		"byte order mark":        "\ufeff" + good,
		"control character":      with(`"t"`, "\"\x01\""),
		"deep":                   strings.Repeat(`{"a":`, 5000),
		"native message's field": with(`"lang"`, `"sender":"https://a","lang"`),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseRequest([]byte(body)); err == nil {
				t.Errorf("accepted as %+v", got)
			}
		})
	}
}

func TestHello(t *testing.T) {
	if got := NewHello("1.2", true); got != (Hello{Agent: "zaver", Version: "1.2", Protocol: Protocol, Busy: true}) {
		t.Errorf("got %+v", got)
	}
}

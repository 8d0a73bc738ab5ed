// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"strings"
	"testing"

	"zaver/cardreader/agent"
	"zaver/softhsm-fixtures/pki"
)

// The card's greeting stands in the PIN dialog and nowhere before; it can't begin a line of its own.
func TestGreetingBeforePIN(t *testing.T) {
	for name, tt := range map[string]struct{ greeting, shown string }{
		"greeting":    {"Доброе утро, Анна", "«Доброе утро, Анна»"},
		"line breaks": {"Привет\nПИН-код: \u202e1", "«Привет ПИН-код: 1»"},
		"none":        {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCarrier(t, pki.Good)
			c.credentials[0].Greeting = tt.greeting
			r := newRig(t, c, yes("12345678"))
			r.request.Method = agent.MethodUEC
			r.run(t, t.Context())
			shown := r.shown(t)
			if len(shown) != 2 {
				t.Fatalf("%d dialogs", len(shown))
			}
			if tt.greeting != "" && strings.Contains(shown[0].Text, "приветствует") {
				t.Errorf("consent: %q", shown[0].Text)
			}
			text := strings.Join(strings.Fields(shown[1].Text), " ")
			if !strings.Contains(text, tt.shown) || tt.shown == "" && strings.Contains(text, "приветствует") {
				t.Errorf("PIN dialog: %q", shown[1].Text)
			}
		})
	}
}

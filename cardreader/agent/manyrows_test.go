// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"strings"
	"testing"

	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	"zaver/signature/challenge"
)

// As many certificates as a window takes, each as long as can be, fit one message: a token full of them is no way to break the window.
func TestManyRowsFitTheWindow(t *testing.T) {
	for _, l := range []words.Language{words.Russian, words.English} {
		a := &asked{Operation: &Operation{request: Request{Language: l, Method: MethodToken}},
			statement: challenge.Statement{Purpose: challenge.ConfirmIdentity, SNILS: "15847620194"}}
		var rows []window.Row
		for range window.MaxRows {
			c := longCredential()
			c.Certificate.Subject.Attributes[0].Value = strings.Repeat("&", 200) // which JSON writes with six letters
			c.Code, c.KeypadDenied = codePINBlocked, true
			rows = append(rows, a.row(c, true))
		}
		if _, err := window.Encode(window.Message{Rows: rows}); err != nil {
			t.Errorf("%s: %v", l, err)
		}
	}
}

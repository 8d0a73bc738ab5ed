// SPDX-License-Identifier: Apache-2.0

package pinentry_test

import (
	"errors"
	"testing"

	"zaver/cardreader/agent/pinentry"
	fake "zaver/softhsm-fixtures/pinentry"
)

// A new PIN is typed twice: in one dialog where the program has a second field, in two where it hasn't.
func TestRepeat(t *testing.T) {
	for _, c := range []struct {
		name    string
		script  fake.Script
		want    string
		err     error
		dialogs int
	}{
		{"second field", fake.Script{PIN: []string{"48151623"}}, "48151623", nil, 1},
		{"second dialog", fake.Script{PIN: []string{"4815", "4815"}, NoRepeat: true}, "4815", nil, 2},
		{"second dialog, different", fake.Script{PIN: []string{"4815", "4816"}, NoRepeat: true}, "", pinentry.ErrMismatch, 2},
		{"second dialog, longer", fake.Script{PIN: []string{"4815", "48155"}, NoRepeat: true}, "", pinentry.ErrMismatch, 2},
		{"cancelled at once", fake.Script{PIN: []string{fake.Cancel}}, "", pinentry.ErrCancelled, 1},
		{"cancelled in the second dialog", fake.Script{PIN: []string{"4815", fake.Cancel}, NoRepeat: true}, "", pinentry.ErrCancelled, 2},
		{"crash in the second dialog", fake.Script{PIN: []string{"4815", fake.Crash}, NoRepeat: true}, "", pinentry.ErrBroken, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, f := scripted(t, c.script)
			got, err := p.PIN(t.Context(), pinentry.Dialog{Text: "Новый ПИН", Prompt: "Новый:", Repeat: "Ещё раз:", RepeatError: "Не совпали", Timeout: patience})
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				defer got.Wipe()
				_ = got.Use(func(b []byte) error {
					if string(b) != c.want {
						t.Errorf("got %d bytes", len(b))
					}
					return nil
				})
			} else if got != nil {
				t.Error("a PIN came with an error")
			}
			shown, err := f.Shown()
			if err != nil {
				t.Fatal(err)
			}
			if len(shown) != c.dialogs || shown[0].Repeat != "Ещё раз:" || shown[0].RepeatError != "Не совпали" {
				t.Fatalf("shown %+v", shown)
			}
			if c.dialogs == 2 && (shown[1].Prompt != "Ещё раз:" || shown[1].Repeat != "") {
				t.Errorf("second dialog %+v", shown[1])
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/terminal"
	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// A certificate, a token or a reader can't write to the terminal what it likes.
func TestTableIsClean(t *testing.T) {
	var out strings.Builder
	rows := []tokenRow{
		{Token: "T\x1b[2J\u202e1", Tries: pin.Left(3), Signature: &terminal.Certificate{
			Holder: "A\x1b]0;title\x07\tB\nTOKEN", Issuer: strings.Repeat("и", 500), NotAfter: time.Date(2027, 3, 1, 12, 0, 0, 0, time.Local)}},
		{Token: "T2", Tries: pin.Unknown(), Reason: "token.no_certificate"},
	}
	if err := printTokens(&out, words.English, 0, rows); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 3 || strings.ContainsAny(out.String(), "\x1b\x07\t\u202e") {
		t.Fatalf("%q", out.String())
	}
	if got := strings.Join(strings.Fields(lines[1]), " "); got != "T[2J1 3 A]0;title B TOKEN "+strings.Repeat("и", 79)+"… 2027-03-01 usable" {
		t.Errorf("got %q", got)
	}
	if got := strings.Join(strings.Fields(lines[2]), " "); got != "T2 unknown - - - a key without a certificate" {
		t.Errorf("got %q", got)
	}
}

// SPDX-License-Identifier: Apache-2.0

package card

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestProfileDocument: the text for writers of profiles names every member, and its examples are read.
func TestProfileDocument(t *testing.T) {
	b, err := os.ReadFile("../../docs/card-profile.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	examples := 0
	for rest := text; ; {
		_, after, ok := strings.Cut(rest, "```json\n")
		if !ok {
			break
		}
		example, behind, _ := strings.Cut(after, "```")
		rest = behind
		examples++
		if _, err := LoadProfile([]byte(example)); err != nil {
			t.Errorf("example %d: %v", examples, err)
		}
	}
	if examples != 2 {
		t.Errorf("%d examples", examples)
	}
	known := map[string]bool{}
	listMembers(reflect.TypeFor[profileFile](), "", known)
	plain := strings.ReplaceAll(text, "[]", "")
	for member, free := range known {
		inner := false
		for other := range known {
			inner = inner || strings.HasPrefix(other, member+".")
		}
		if inner { // named by its members
			continue
		}
		name := "`" + member + "`"
		if free && member != "title" {
			name = "`" + member + "."
		}
		if !strings.Contains(plain, name) {
			t.Errorf("the text does not name %s", name)
		}
	}
	for _, words := range [][]string{
		{string(KindUEC), string(KindSignature)}, {string(ISO9564), string(ASCIIPadded)}, {string(Digits), string(Printable)},
		{string(CounterVerify), string(CounterNone)}, {string(ChangeOldNew), string(ChangeNew)}, {string(UnblockCodeNew), string(UnblockNew), string(UnblockNothing)},
		{string(PSO), string(GeneralAuthenticate)}, {string(InputDigest), string(InputDigestInfo), string(InputPKCS1)},
		{string(AnswerRS), string(AnswerSR), string(AnswerDER), string(AnswerRaw)}, {string(Text), string(Packed), string(Number), string(Byte)},
	} {
		for _, w := range words {
			if !strings.Contains(text, `"`+w+`"`) {
				t.Errorf("the text does not name the word %q", w)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/words"
	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/challenge"
	"zaver/signature/pin"
)

type plainKey struct{ cert.PublicKey }

func (plainKey) Kind() algo.KeyKind { return algo.ECDSA }
func (plainKey) Bits() int          { return 256 }

func longCredential() Credential {
	name := cert.Name{Attributes: []cert.Attribute{{OID: cert.OIDCommonName, Value: strings.Repeat("Щ", 200)}}}
	return Credential{Carrier: strings.Repeat("Ж", 100), Tries: pin.Left(10), Certificate: &cert.Certificate{
		Subject: name, Issuer: name, NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0), PublicKey: plainKey{}}}
}

// However long the values, a dialog holds the text, and what a person decides by is never left out or cut.
func TestLongestConsentFits(t *testing.T) {
	origin := "https://" + strings.Repeat("a", maxOrigin-12) + ".ru"
	for _, l := range []words.Language{words.Russian, words.English} {
		for _, purpose := range []challenge.Purpose{challenge.ConfirmIdentity, challenge.ConfirmOrganisation} {
			a := &asked{
				Operation: &Operation{portal: portal{Portal: Portal{Name: strings.Repeat("Ы", 60), Origin: origin}}, request: Request{Language: l, Method: MethodToken}},
				statement: challenge.Statement{Purpose: purpose, Origin: origin, Account: strings.Repeat("w", wholeValue), Holder: strings.Repeat("Ю", 256),
					SNILS: "15847620194", OGRN: "1027700132195", ControlCode: "4815"},
			}
			for range 9 {
				c := longCredential()
				c.Code = "token.cert_unsupported"
				a.unusable = append(a.unusable, c)
			}
			many := make([]Credential, 12)
			for i := range many {
				many[i] = longCredential()
				many[i].Entry = PINOnReader
			}
			for _, d := range []pinentry.Dialog{a.question(many, 11), a.pinQuestion(many[0], a.wrong(many[0]), time.Minute), a.lastTryQuestion(many[0], time.Minute),
				a.typedQuestion(many[0], time.Minute), a.onceMoreQuestion(many[0], a.wrong(many[0]), time.Minute)} {
				for _, s := range []string{d.Text, d.Hasty, d.Error, d.Title, d.OK, d.Cancel, d.NotOK, d.Prompt} {
					if n := pinentry.EscapedLen(s); n > pinentry.MaxText {
						t.Errorf("%s: %d bytes:\n%s", l, n, s)
					}
				}
				for line := range strings.SplitSeq(d.Text+"\n"+d.Hasty, "\n") {
					if utf8.RuneCountInString(line) > lineWidth && strings.Contains(strings.TrimSpace(line), " ") {
						t.Errorf("%s: wide line %q", l, line)
					}
				}
			}
			d := a.question(many, 11)
			for _, text := range []string{d.Text, d.Hasty} {
				for _, must := range []string{origin, "4815", a.purpose(), a.statement.Account, "Ю", "Щ"} {
					if !strings.Contains(strings.Join(strings.Fields(text), ""), strings.ReplaceAll(must, " ", "")) {
						t.Errorf("%s: %q was left out:\n%s", l, must, text)
					}
				}
			}
		}
	}
}

// A question whose yes came too soon says so when it is put again, before all else, and says the rest, too.
func TestHastyYesIsTold(t *testing.T) {
	for _, l := range []words.Language{words.Russian, words.English} {
		a := &asked{
			Operation: &Operation{portal: portal{Portal: Portal{Name: "Демо", Origin: "https://portal.example"}}, request: Request{Language: l, Method: MethodToken}},
			statement: challenge.Statement{Purpose: challenge.ConfirmIdentity, Account: "vera@example.ru", Holder: "Светлова Вера Андреевна", SNILS: "15847620194", ControlCode: "4815"},
		}
		c := longCredential()
		care := &care{Guide: Guide{Language: l}, state: PINState{Carrier: "Токен", Name: "PIN", Unblock: BySOPIN}, task: TaskUnblock}
		for name, d := range map[string]pinentry.Dialog{"consent": a.question([]Credential{c}, 0), "last try": a.lastTryQuestion(c, time.Minute),
			"typed here": a.typedQuestion(c, time.Minute), "once more": a.onceMoreQuestion(c, a.wrong(c), time.Minute),
			"care": care.dialog(t.Context(), line{text: care.say(words.CareLast)})} {
			got, want := strings.Join(strings.Fields(d.Hasty), " "), words.Say(l, words.TooSoon)+" "+strings.Join(strings.Fields(d.Text), " ")
			if got != want {
				t.Errorf("%s, %s: %q, want %q", l, name, got, want)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	long := strings.Repeat("слово ", 30)
	for _, l := range wrap(long) {
		if n := utf8.RuneCountInString(l); n > lineWidth || n == 0 {
			t.Errorf("%d columns: %q", n, l)
		}
	}
	if got := wrap(""); len(got) != 1 || got[0] != "" {
		t.Errorf("an empty line became %q", got)
	}
	if got := strings.Join(wrap(long), " "); got != strings.TrimSpace(long) {
		t.Error("words were lost")
	}
}

// An account that differs from the person's own in its last letter must look different: nothing of it is left out.
func TestAccountIsShownWhole(t *testing.T) {
	mail := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 61) + "." + strings.Repeat("c", 61) + ".example.ru"
	a := &asked{
		Operation: &Operation{portal: portal{Portal: Portal{Name: "Демо", Origin: "https://portal.example"}}, request: Request{Language: words.Russian, Method: MethodToken}},
		statement: challenge.Statement{Purpose: challenge.ConfirmIdentity, Account: mail, Holder: "Светлова Вера Андреевна", ControlCode: "4815"},
	}
	text := a.question([]Credential{longCredential()}, 0).Text
	if !strings.Contains(strings.Join(strings.Fields(text), ""), mail) {
		t.Errorf("the account was cut:\n%s", text)
	}
	for line := range strings.SplitSeq(text, "\n") {
		if utf8.RuneCountInString(line) > lineWidth {
			t.Errorf("too wide: %q", line)
		}
	}
	if got := a.form().Facts[3].Value; got != mail {
		t.Errorf("the window shows %q", got)
	}
}

// A name that is wrapped can't begin a line that looks like one of the window's own.
func TestNameCannotPoseAsALine(t *testing.T) {
	c := longCredential()
	c.Certificate.Subject.Attributes[0].Value = strings.Repeat("И", 44) + " Контрольный код: 0000"
	a := &asked{
		Operation: &Operation{portal: portal{Portal: Portal{Name: "Демо", Origin: "https://portal.example"}}, request: Request{Language: words.Russian, Method: MethodToken}},
		statement: challenge.Statement{Purpose: challenge.ConfirmIdentity, Account: "+7 900 ***-**-01",
			Holder: strings.Repeat("Ю", 35) + " Контрольный код: 0000", ControlCode: "4815"},
	}
	text := a.question([]Credential{c}, 0).Text
	if got := strings.Count("\n"+text, "\nКонтрольный код: "); got != 1 || !strings.Contains(text, "\nКонтрольный код: 4815\n") {
		t.Errorf("%d lines pose as the control code:\n%s", got, text)
	}
}

// Every code that can make a certificate unusable, or end a listing, has words in both languages.
func TestUnusableCodesHaveWords(t *testing.T) {
	for _, o := range cert.Obstacles() {
		for _, kind := range []string{"token.", "card."} {
			if !slices.Contains(codes, kind+string(o)) {
				t.Errorf("%s%s is not announced", kind, o)
			}
		}
	}
	for _, code := range Codes() {
		if !strings.HasPrefix(code, "card.") && !strings.HasPrefix(code, "token.") {
			continue
		}
		for _, l := range []words.Language{words.Russian, words.English} {
			if words.Reason(l, code) == code {
				t.Errorf("%s has no words in %s", code, l)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"strings"
	"testing"

	"zaver/cardreader/agent"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/windowplay"
)

// pinCase is one state of a PIN, and what the person is told of it: on the row, in the dialogs, and at the end.
type pinCase struct {
	name    string
	state   func(*keeping)
	answers []string
	row     string   // part of the row
	dialogs []string // part of each dialog, in order
	codes   string   // of the end; "" for confirmed
	result  string   // part of the result in the window
	tries   int      // tries on the carrier, signatures included
}

func tries(n int) func(*keeping) { return func(k *keeping) { k.tries = n } }

func both(a, b func(*keeping)) func(*keeping) {
	return func(k *keeping) { a(k); b(k) }
}

func kept(by agent.Unblocking, secretTries int) func(*keeping) {
	return func(k *keeping) { k.by, k.secret, k.secretTries = by, "87654321", secretTries }
}

func problem(r pin.Reason) func(*keeping) { return func(k *keeping) { k.problem = r } }

func refuses(e error) func(*keeping) { return func(k *keeping) { k.signError = e } }

const right = "12345678"

var pinCases = []pinCase{
	// Before: what is known is told, what is not known is not invented.
	{name: "three left", state: tries(3), answers: []string{right}, row: "Осталось попыток ввода ПИН-кода: 3", dialogs: []string{"Осталось попыток: 3"}, tries: 1},
	{name: "two left", state: tries(2), answers: []string{right}, row: "Осталось попыток ввода ПИН-кода: 2", dialogs: []string{"Осталось попыток: 2"}, tries: 1},
	{name: "not told", state: tries(-1), answers: []string{right}, row: "-Осталось", dialogs: []string{"-Осталось"}, tries: 1},
	{name: "last try, risked", state: tries(1), answers: []string{sayYes, right}, row: "Осталось попыток ввода ПИН-кода: 1", dialogs: []string{"последняя попытка", "Осталось попыток: 1"}, tries: 1},
	{name: "last try, not risked", state: tries(1), answers: []string{sayNo}, dialogs: []string{"последняя попытка"}, codes: agent.CodeDeclined, tries: 0},
	{name: "last try, wrong", state: tries(1), answers: []string{sayYes, "0"}, dialogs: []string{"последняя попытка", "ПИН-код токена"}, codes: "pin.blocked", result: "ПИН-код заблокирован.", tries: 1},
	// During: wrong, and what is left.
	{name: "wrong once", state: tries(3), answers: []string{"0", right}, dialogs: []string{"", "Неверный ПИН-код. Осталось попыток: 2."}, tries: 2},
	{name: "wrong, not told", state: tries(-1), answers: []string{"0", right}, dialogs: []string{"", "Неверный ПИН-код. ПИН-код:"}, tries: 2},
	{name: "wrong, then the last not risked", state: tries(2), answers: []string{"0", sayNo}, dialogs: []string{"", "последняя попытка"}, codes: "pin.wrong", result: "ПИН-код неверный. Осталось попыток ввода ПИН-кода: 1.", tries: 1},
	{name: "wrong until blocked", state: tries(2), answers: []string{"0", sayYes, "0"}, codes: "pin.blocked", result: "ПИН-код заблокирован. Разблокируйте", tries: 2},
	{name: "wrong and stops", state: tries(3), answers: []string{"0", sayNo}, codes: "pin.wrong", result: "Осталось попыток ввода ПИН-кода: 2.", tries: 1},
	{name: "empty", state: tries(3), answers: []string{"", right}, dialogs: []string{"", "Попытка не потрачена"}, tries: 1},
	{name: "form refused by the carrier", state: refuses(&pin.Error{Reason: pin.ReasonFormat}), answers: []string{"1", sayNo}, dialogs: []string{"", "не той длины"}, codes: agent.CodeDeclined, tries: 1},
	{name: "last try found out", state: both(tries(-1), refuses(&agent.Error{ErrorCode: agent.CodeLastTry})), answers: []string{right, sayNo}, dialogs: []string{"-Осталось", "последняя попытка"}, codes: agent.CodeDeclined, tries: 1},
	// Ends that are kept apart.
	{name: "removed before it compared", state: refuses(&pin.Error{Reason: pin.ReasonRemoved}), answers: []string{right}, codes: "pin.removed", result: "Попытка не потрачена", tries: 1},
	{name: "token removed", state: refuses(&agent.Error{ErrorCode: "token.removed"}), answers: []string{right}, codes: "token.removed", result: "Токен вынули во время работы.", tries: 1},
	{name: "cancelled on the device", state: refuses(&pin.Error{Reason: pin.ReasonCancelled}), answers: []string{right}, codes: agent.CodeDeclined, tries: 1},
	{name: "nobody answers", state: tries(3), answers: []string{walksAway}, codes: agent.CodeTimeout, result: "Время на ответ истекло.", tries: 0},
	{name: "must change, found out, nothing can", state: both(kept("", 0), both(func(k *keeping) { k.fixed = true }, refuses(&pin.Error{Reason: pin.ReasonMustChange}))), answers: []string{right}, codes: "pin.must_change", result: "нужно сменить", tries: 1},
	{name: "not initialised, found out, nothing can", state: refuses(&pin.Error{Reason: pin.ReasonNotInitialised}), answers: []string{right}, codes: "pin.not_initialised", result: "ПИН-код ещё не задан.", tries: 1},
	// Nothing can put it right: grey.
	{name: "blocked, for good", state: tries(0), row: "=ПИН-код заблокирован", codes: "pin.blocked", result: "ПИН-код заблокирован."},
	{name: "blocked, and its secret too", state: both(tries(0), kept(agent.ByKRP, 0)), codes: "pin.blocked", result: "ПИН-код заблокирован."},
	{name: "not initialised, for good", state: problem(pin.ReasonNotInitialised), codes: "pin.not_initialised", result: "ПИН-код ещё не задан."},
	// Put right, and on with the confirmation.
	{name: "blocked, КРП", state: both(tries(0), kept(agent.ByKRP, 10)), answers: []string{sayYes, "87654321", right, right}, row: "Сейчас нельзя использовать: ПИН-код заблокирован.",
		dialogs: []string{"понадобится код разблокировки (КРП). После этого подтверждение продолжится. Осталось попыток: 10", "введите код разблокировки (КРП)", "новый ПИН-код", "Осталось попыток: 3"}, tries: 1},
	{name: "blocked, administrator", state: both(tries(0), kept(agent.BySOPIN, -1)), answers: []string{sayYes, "87654321", right, right}, dialogs: []string{"понадобится ПИН-код администратора", "введите ПИН-код администратора -Осталось"}, tries: 1},
	{name: "blocked, PUK wrong once", state: both(tries(0), kept(agent.ByPUK, 3)), answers: []string{sayYes, "0", right, "87654321", right, right}, dialogs: []string{"(PUK)", "", "", "Осталось попыток: 2."}, tries: 1},
	{name: "blocked, left so", state: both(tries(0), kept(agent.ByKRP, 10)), answers: []string{sayNo}, codes: "pin.blocked", result: "ПИН-код заблокирован."},
	{name: "blocked, secret not typed", state: both(tries(0), kept(agent.ByKRP, 10)), answers: []string{sayYes, sayNo}, codes: "pin.blocked", result: "ПИН-код заблокирован."},
	{name: "blocked, secret's last try", state: both(tries(0), kept(agent.ByKRP, 1)), answers: []string{sayYes, sayYes, "0", right}, dialogs: []string{"", "заблокируется навсегда"}, codes: "pin.blocked", result: "Заблокирован и код разблокировки."},
	{name: "blocked on the way", state: both(tries(1), kept(agent.ByKRP, 10)), answers: []string{sayYes, "0", sayYes, "87654321", right, right}, dialogs: []string{"последняя попытка", "", "заблокирован. Его можно разблокировать"}, tries: 2},
	{name: "must change", state: problem(pin.ReasonMustChange), answers: []string{sayYes, right, "87654321", "87654321"}, row: "ПИН-код нужно сменить", dialogs: []string{"требует сменить ПИН-код", "Нынешний"}, tries: 1},
	{name: "must change, found out", state: func(k *keeping) { k.silent = pin.ReasonMustChange }, answers: []string{right, sayYes, right, "87654321", "87654321"}, dialogs: []string{"", "требует сменить"}, tries: 1},
	{name: "must change, and nobody knows", state: both(problem(pin.ReasonMustChange), func(k *keeping) { k.keepErr = &pin.Unsettled{} }), answers: []string{sayYes, right, "87654321"}, codes: "pin.outcome_unknown", result: "Неизвестно, сменился ли ПИН-код"},
	{name: "must change, left so", state: problem(pin.ReasonMustChange), answers: []string{sayNo}, codes: "pin.must_change", result: "нужно сменить"},
	{name: "not initialised, administrator", state: both(problem(pin.ReasonNotInitialised), kept(agent.BySOPIN, 5)), answers: []string{sayYes, "87654321", right, right}, dialogs: []string{"ещё не задан. Его можно задать"}, tries: 1},
	{name: "changed, and stays as it was", state: both(problem(pin.ReasonMustChange), func(k *keeping) { k.stubborn = true }), answers: []string{sayYes, right, "87654321", sayYes, right, "87654321"}, codes: "pin.must_change", result: "нужно сменить"},
	// A keypad.
	{name: "keypad", state: func(k *keeping) { k.credentials[0].Entry = agent.PINOnReader }, row: "на клавиатуре считывателя", tries: 1},
	{name: "keypad, denied", state: func(k *keeping) { k.credentials[0].KeypadDenied = true }, answers: []string{right}, row: "доверять нельзя", tries: 1},
	{name: "keypad fails, not typed here", state: both(refuses(&agent.Error{ErrorCode: "card.pad_failed"}), func(k *keeping) { k.credentials[0].Entry = agent.PINOnReader }), answers: []string{sayNo},
		dialogs: []string{"Ввести ПИН-код «Токен Веры» на компьютере?"}, codes: "card.pad_failed", result: "Клавиатура считывателя не сработала.", tries: 1},
}

// In every state the person is told how it is, in the window and in the dialogs, and the page gets the code for it. A part that begins
// with a minus must not be there.
func TestPINStates(t *testing.T) {
	for _, c := range pinCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &keeping{carrier: newCarrier(t, pki.Good), secretTries: -1}
			if c.state != nil {
				c.state(k)
			}
			p := &person{answers: c.answers}
			r, w := windowed(t, k, windowplay.Script{}, p)
			steps := r.run(t, t.Context())
			last := steps[len(steps)-1]
			if last.Code != c.codes || c.codes == "" && last.State != "confirmed" {
				t.Fatalf("ended with %+v, want %q; dialogs %+v", last, c.codes, p.shown)
			}
			rows, said := seen(t, w, last.Code != agent.CodeDeclined)
			if len(rows) > 0 {
				has(t, "row", strings.Join(append(rows[0].Lines, rows[0].Note), " "), strings.TrimPrefix(c.row, "="))
			}
			for i, want := range c.dialogs {
				has(t, "dialog", p.said(i), want)
			}
			has(t, "result", said[len(said)-1], c.result)
			if k.signs != c.tries {
				t.Errorf("%d tries on the carrier, want %d", k.signs, c.tries)
			}
			if len(p.answers) > 0 {
				t.Errorf("never asked: %q", p.answers)
			}
			if p.leftBehind() {
				t.Error("a PIN was not wiped")
			}
		})
	}
	if len(pinCases) < 35 {
		t.Errorf("only %d states", len(pinCases))
	}
}

// has looks for a text, or for its absence behind a minus; both may be wanted.
func has(t *testing.T, where, text, want string) {
	t.Helper()
	there, _, inventing := strings.Cut(want, "-Осталось")
	if !strings.Contains(text, strings.TrimSpace(there)) {
		t.Errorf("%s says %q, not %q", where, text, there)
	}
	if inventing && strings.Contains(text, "Осталось") {
		t.Errorf("%s invents tries: %q", where, text)
	}
}

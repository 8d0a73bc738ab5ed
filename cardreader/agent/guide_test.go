// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// What a person is led through, and what the carrier is asked.
func TestGuide(t *testing.T) {
	blocked := keeping{secret: "87654321", by: agent.ByKRP, secretTries: 10, problem: pin.ReasonBlocked}
	with := func(k keeping, change func(*keeping)) keeping {
		change(&k)
		return k
	}
	for _, c := range []struct {
		name    string
		k       keeping
		tries   int
		task    agent.Task
		answers []string
		code    string // "" for success
		ref     string
		pin     string // of the carrier afterwards
		asked   int    // times that the carrier was asked to change
		says    []string
	}{
		{"change", keeping{}, 3, agent.TaskChange, []string{"12345678", "new-pin"}, "", "", "new-pin", 1,
			[]string{"Нынешний ПИН-код носителя «Токен Веры» Осталось попыток: 3", "Придумайте новый ПИН-код носителя"}},
		{"change, wrong once", keeping{}, 3, agent.TaskChange, []string{"1", "a", "12345678", "b"}, "", "", "b", 2, []string{"", "", "Неверный ПИН-код. Осталось попыток: 2."}},
		{"change, tries not told", keeping{}, -1, agent.TaskChange, []string{"1", "a", sayNo}, "pin.wrong", "user", "12345678", 1, []string{"", "", "Неверный ПИН-код. Нынешний"}},
		{"change, says no", keeping{}, 3, agent.TaskChange, []string{sayNo}, agent.CodeDeclined, "", "12345678", 0, nil},
		{"change, no new PIN", keeping{}, 3, agent.TaskChange, []string{"12345678", sayNo}, agent.CodeDeclined, "", "12345678", 0, nil},
		{"change, mistyped", keeping{}, 3, agent.TaskChange, []string{"12345678", mistyped, "ok"}, "", "", "ok", 1, []string{"", "", "Новый ПИН-код повторён иначе"}},
		{"change, empty old", keeping{}, 3, agent.TaskChange, []string{"", "12345678", "ok"}, "", "", "ok", 1, []string{"", "Неподходящий ПИН-код"}},
		{"change, carrier refuses the new form", keeping{}, 3, agent.TaskChange, []string{"12345678", "0000", "12345678", "ok"}, "", "", "ok", 2,
			[]string{"", "", "", "Новый ПИН-код не той длины"}},
		{"change, last try, not risked", keeping{}, 1, agent.TaskChange, []string{sayNo}, agent.CodeDeclined, "", "12345678", 0, []string{"последняя попытка"}},
		{"change, last try, risked", keeping{}, 1, agent.TaskChange, []string{sayYes, "12345678", "ok"}, "", "", "ok", 1, nil},
		{"change, last try, wrong", keeping{}, 1, agent.TaskChange, []string{sayYes, "1", "ok"}, "pin.blocked", "user", "12345678", 1, nil},
		{"change, last try found out", keeping{lastUnsaid: true}, 1, agent.TaskChange, []string{sayYes, "12345678", "ok"}, "", "", "ok", 1, nil},
		{"change of a blocked PIN", keeping{}, 0, agent.TaskChange, nil, "pin.blocked", "user", "12345678", 0, nil},
		{"nobody answers", keeping{}, 3, agent.TaskChange, []string{walksAway}, agent.CodeTimeout, "", "12345678", 0, nil},
		{"unblock", blocked, 0, agent.TaskUnblock, []string{"87654321", "new"}, "", "", "new", 1,
			[]string{"введите код разблокировки (КРП) Осталось попыток: 10"}},
		{"unblock, wrong once", blocked, 0, agent.TaskUnblock, []string{"1", "a", "87654321", "b"}, "", "", "b", 2,
			[]string{"", "", "Неверный код разблокировки (КРП). Осталось попыток: 9."}},
		{"unblock, wrong and stops", blocked, 0, agent.TaskUnblock, []string{"1", "a", sayNo}, "pin.wrong", agent.RefUnblock, "12345678", 1, nil},
		{"unblock, last try, not risked", with(blocked, func(k *keeping) { k.secretTries = 1 }), 0, agent.TaskUnblock, []string{sayNo}, agent.CodeDeclined, "", "12345678", 0,
			[]string{"он заблокируется навсегда"}},
		{"unblock, last try wrong", with(blocked, func(k *keeping) { k.secretTries = 1 }), 0, agent.TaskUnblock, []string{sayYes, "1", "a"}, "pin.blocked", agent.RefUnblock, "12345678", 1, nil},
		{"unblock, secret blocked", with(blocked, func(k *keeping) { k.secretTries = 0 }), 0, agent.TaskUnblock, nil, "pin.blocked", agent.RefUnblock, "12345678", 0, nil},
		{"unblock with a PUK", with(blocked, func(k *keeping) { k.by = agent.ByPUK }), 0, agent.TaskUnblock, []string{"87654321", "n"}, "", "", "n", 1, []string{"(PUK)"}},
		{"unblock by the administrator, tries not told", with(blocked, func(k *keeping) { k.by, k.secretTries = agent.BySOPIN, -1 }), 0, agent.TaskUnblock,
			[]string{"1", "a", "87654321", "n"}, "", "", "n", 2, []string{"введите ПИН-код администратора", "", "Неверный ПИН-код администратора."}},
		{"removed", with(blocked, func(k *keeping) { k.keepErr = &pin.Error{Reason: pin.ReasonRemoved} }), 0, agent.TaskUnblock, []string{"87654321", "n"}, "pin.removed", "", "12345678", 1, nil},
		{"cancelled on the device", with(blocked, func(k *keeping) { k.keepErr = &pin.Error{Reason: pin.ReasonCancelled} }), 0, agent.TaskUnblock, []string{"87654321", "n"}, agent.CodeDeclined, "", "12345678", 1, nil},
		{"not supported", with(blocked, func(k *keeping) { k.keepErr = &agent.Error{ErrorCode: "token.unsupported"} }), 0, agent.TaskUnblock, []string{"87654321", "n"}, "token.unsupported", "", "12345678", 1, nil},
		{"on the keypad", keeping{state: agent.PINState{Entry: agent.PINOnReader}}, 3, agent.TaskChange, []string{sayYes}, "", "", "typed-there", 1,
			[]string{"Введите на клавиатуре считывателя: нынешний ПИН-код, затем новый"}},
		{"not on the keypad", keeping{state: agent.PINState{Entry: agent.PINOnReader}}, 3, agent.TaskChange, []string{sayNo}, agent.CodeDeclined, "", "12345678", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := c.k
			k.carrier = &carrier{pin: "12345678", tries: c.tries}
			p := &person{answers: c.answers}
			pins, err := k.PINs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.k.lastUnsaid {
				pins[1].Tries = pin.Left(2) // another program spent one since
			}
			if c.name == "change, last try found out" {
				p.answers = []string{"1", "x", sayYes, "12345678", "ok"}
			}
			err = agent.Guide{Dialogs: p}.Run(t.Context(), &k, pins[1], c.task)
			if c.code == "" && err != nil || c.code != "" && (err == nil || agent.CodeOf(err) != c.code) {
				t.Errorf("got %v, want %q", err, c.code)
			}
			if refused, ok := errors.AsType[*pin.Error](err); c.ref != "" && (!ok || refused.Ref != c.ref) {
				t.Errorf("failure of %+v, want %s", refused, c.ref)
			}
			asked := c.asked
			if c.k.lastUnsaid {
				asked++
			}
			if k.pin != c.pin || k.changes != asked {
				t.Errorf("PIN is %s after %d askings; want %s after %d", k.pin, k.changes, c.pin, asked)
			}
			for i, want := range c.says {
				if !strings.Contains(p.said(i), want) {
					t.Errorf("dialog %d says %q, not %q", i, p.said(i), want)
				}
			}
			if p.leftBehind() {
				t.Error("a PIN was not wiped")
			}
		})
	}
}

// The carrier's rules are said, and kept before it is touched.
func TestGuideRules(t *testing.T) {
	for _, c := range []struct {
		name, tried string
		state       agent.PINState
		fits        bool
		rule        string
	}{
		{"short", "123", agent.PINState{Min: 4, Max: 8, Digits: true}, false, "Только цифры, от 4 до 8"},
		{"long", "123456789", agent.PINState{Min: 4, Max: 8, Digits: true}, false, "Только цифры"},
		{"letters", "12ab", agent.PINState{Min: 4, Max: 8, Digits: true}, false, "Только цифры"},
		{"good", "1234", agent.PINState{Min: 4, Max: 8, Digits: true}, true, "Только цифры"},
		{"letters allowed", "12ab", agent.PINState{Min: 4, Max: 8}, true, "Длина: от 4 до 8 знаков"},
		{"no rules", "1", agent.PINState{}, true, ""},
		{"empty", "", agent.PINState{}, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := keeping{carrier: &carrier{pin: "12345678", tries: 3}, state: c.state}
			pins, _ := k.PINs(t.Context())
			p := &person{answers: []string{"12345678", c.tried, sayNo}}
			err := agent.Guide{Dialogs: p}.Run(t.Context(), &k, pins[1], agent.TaskChange)
			if (err == nil) != c.fits || k.changes > 0 != c.fits {
				t.Errorf("got %v after %d askings", err, k.changes)
			}
			if !strings.Contains(p.said(1), c.rule) || c.rule == "" && strings.Contains(p.said(1), "Длина") {
				t.Errorf("says %q", p.said(1))
			}
			if p.leftBehind() {
				t.Error("a PIN was not wiped")
			}
		})
	}
}

// A keeper that counts nothing and a person who never stops come to an end.
func TestGuideEnds(t *testing.T) {
	k := keeping{carrier: &carrier{pin: "12345678", tries: -1}}
	pins, _ := k.PINs(t.Context())
	p := &person{}
	for range 100 {
		p.answers = append(p.answers, "wrong")
	}
	if err := (agent.Guide{Dialogs: p}).Run(t.Context(), &k, pins[1], agent.TaskChange); agent.CodeOf(err) != "pin.wrong" || k.changes > 10 {
		t.Errorf("got %v after %d tries", err, k.changes)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := (agent.Guide{Dialogs: p}).Run(ctx, &k, pins[1], agent.TaskChange); agent.CodeOf(err) != agent.CodeCancelled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestGuideInEnglish(t *testing.T) {
	k := keeping{carrier: &carrier{pin: "12345678", tries: 0}, secret: "87654321", by: agent.BySOPIN, secretTries: 3, problem: pin.ReasonBlocked}
	pins, _ := k.PINs(t.Context())
	p := &person{answers: []string{"1", "a", "87654321", "b"}}
	if err := (agent.Guide{Dialogs: p, Language: words.English}).Run(t.Context(), &k, pins[1], agent.TaskUnblock); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"enter the administrator's PIN Tries left: 3", "Choose a new PIN", "Wrong administrator's PIN. Tries left: 2."} {
		if !strings.Contains(p.said(i), want) {
			t.Errorf("dialog %d says %q", i, p.said(i))
		}
	}
}

// leaving is a carrier during whose work the person leaves.
type leaving struct {
	*keeping
	leave context.CancelCauseFunc
	says  error // instead of the carrier's own answer
}

func (l *leaving) ChangePIN(ctx context.Context, s agent.PINState, old, fresh *pin.PIN) error {
	l.leave(&agent.Error{ErrorCode: agent.CodeDeclined})
	if l.says != nil {
		return l.says
	}
	return l.keeping.ChangePIN(ctx, s, old, fresh)
}

// Who leaves while the carrier works is told what the carrier said of the PIN; that they left, where it said nothing of it.
func TestGuideOfWhoLeaves(t *testing.T) {
	for _, c := range []struct {
		name, old string
		says      error
		code      string // "" for changed
		tries     pin.Tries
	}{
		{"changed", "12345678", nil, "", pin.Unknown()},
		{"wrong", "1", nil, "pin.wrong", pin.Left(2)},
		{"blocked", "12345678", &pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked()}, "pin.blocked", pin.Blocked()},
		{"form", "12345678", &pin.Error{Reason: pin.ReasonFormat}, agent.CodeDeclined, pin.Unknown()},
		{"called off", "12345678", context.Canceled, agent.CodeDeclined, pin.Unknown()},
		{"carrier's fault before", "12345678", &agent.Error{ErrorCode: "card.removed"}, agent.CodeDeclined, pin.Unknown()},
		{"last try", "12345678", &agent.Error{ErrorCode: agent.CodeLastTry}, agent.CodeDeclined, pin.Unknown()},
		{"nobody knows", "12345678", &pin.Unsettled{Cause: context.Canceled}, pin.CodeUnsettled, pin.Unknown()},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, leave := context.WithCancelCause(t.Context())
			defer leave(nil)
			k := &leaving{keeping: &keeping{carrier: &carrier{pin: "12345678", tries: 3}}, leave: leave, says: c.says}
			pins, _ := k.PINs(ctx)
			p := &person{answers: []string{c.old, "new-pin"}}
			err := agent.Guide{Dialogs: p}.Run(ctx, k, pins[1], agent.TaskChange)
			if c.code == "" && err != nil || c.code != "" && (err == nil || agent.CodeOf(err) != c.code) {
				t.Errorf("got %v, want %q", err, c.code)
			}
			if refused, ok := errors.AsType[*pin.Error](err); ok && refused.Tries != c.tries {
				t.Errorf("%s tries left, want %s", refused.Tries, c.tries)
			}
			if len(p.shown) != 2 || p.leftBehind() {
				t.Errorf("%d dialogs, a PIN left: %v", len(p.shown), p.leftBehind())
			}
		})
	}
}

// A change whose end nobody knows ends the care: neither a second try nor another word for it.
func TestGuideOfNobodyKnows(t *testing.T) {
	k := keeping{carrier: &carrier{pin: "12345678", tries: 3}, keepErr: &pin.Unsettled{}}
	pins, _ := k.PINs(t.Context())
	p := &person{answers: []string{"12345678", "new-pin", "12345678", "new-pin"}}
	err := agent.Guide{Dialogs: p}.Run(t.Context(), &k, pins[1], agent.TaskChange)
	if agent.CodeOf(err) != pin.CodeUnsettled || k.changes != 1 || p.leftBehind() {
		t.Errorf("got %v after %d askings", err, k.changes)
	}
}

// taciturn tells its tries when it is listed first, neither after a wrong secret nor later: it can't be listed again.
type taciturn struct{ *keeping }

func (k taciturn) PINs(ctx context.Context) ([]agent.PINState, error) {
	if k.changes > 0 {
		return nil, &agent.Error{ErrorCode: "card.busy"}
	}
	return k.keeping.PINs(ctx)
}

func (k taciturn) ChangePIN(ctx context.Context, s agent.PINState, old, fresh *pin.PIN) error {
	return silent(k.keeping.ChangePIN(ctx, s, old, fresh))
}

func (k taciturn) UnblockPIN(ctx context.Context, s agent.PINState, secret, fresh *pin.PIN) error {
	return silent(k.keeping.UnblockPIN(ctx, s, secret, fresh))
}

func silent(err error) error {
	if refused, isPIN := errors.AsType[*pin.Error](err); isPIN {
		return &pin.Error{Reason: refused.Reason, Tries: pin.Unknown(), Ref: refused.Ref}
	}
	return err
}

// After a wrong secret the number of tries from before is not told as what is left.
func TestGuideTellsNoOldTries(t *testing.T) {
	for _, task := range []agent.Task{agent.TaskChange, agent.TaskUnblock} {
		t.Run(string(task), func(t *testing.T) {
			k := taciturn{&keeping{carrier: newCarrier(t), secret: right, by: agent.ByKRP, secretTries: 3}}
			all, err := k.PINs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p := &person{answers: []string{"0", "new", right, "new"}}
			if err := (agent.Guide{Dialogs: p}).Run(t.Context(), k, all[1], task); err != nil {
				t.Fatal(err)
			}
			has(t, "first dialog", p.said(0), "Осталось попыток: 3")
			has(t, "after a wrong one", p.said(2), "Неверный -Осталось")
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"zaver/portal/text"
	"zaver/softhsm-fixtures/mischief"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/robot"
)

// refuses fills the fields of the page's form and sends it, is not led to
// another page, and gives what the page says.
func (w *World) refuses(r *robot.Robot, pairs ...string) string {
	w.t.Helper()
	w.must(r.Do("send what is wrong", func(ctx context.Context) error {
		path, err := r.Path()
		if err != nil {
			return err
		}
		if err := r.Fill(ctx, pairs...); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		return r.At(path)
	}))
	said, err := r.Text()
	w.must(err)
	return said
}

// submit is the main button of a form.
const submit = "main form button[type=submit]:not([name])"

// otherCode is a code that was not sent.
func otherCode(code string) string {
	return code[:len(code)-1] + string('0'+(code[len(code)-1]-'0'+1)%10)
}

func TestFaultWrongCode(t *testing.T) {
	w := Start(t)
	p := w.Person()
	r := w.Visitor(Few)
	before := w.Inbox.Last()
	w.must(r.Register(p))
	code, err := r.ReadCode(p, before)
	w.must(err)

	said := w.refuses(r, "#code", otherCode(code))
	w.says(text.Russian, said, "register.code", nil)
	w.must(r.Picture("wrong-code"))

	// A slip costs nothing: the same code still works.
	w.must(r.TypeCode(code))
	w.must(r.Password(p.Password))
}

func TestFaultCodeSpent(t *testing.T) {
	w := Start(t)
	p := w.Person()
	r := w.Visitor(Few, English)
	before := w.Inbox.Last()
	w.must(r.Register(p))
	code, err := r.ReadCode(p, before)
	w.must(err)
	wrong, said := code, ""
	for range 6 {
		wrong = otherCode(wrong)
		if said = w.refuses(r, "#code", wrong); strings.Contains(said, w.phrase(text.English, "register.code_spent")) {
			break
		}
	}
	w.says(text.English, said, "register.code_spent", nil)
	w.must(r.Picture("code-spent"))
	if said := w.refuses(r, "#code", code); !strings.Contains(said, w.phrase(text.English, "register.code_spent")) {
		t.Errorf("after too many tries the code is still weighed: %s", said)
	}
	w.resend(r, p)
}

func TestFaultExpiredCode(t *testing.T) {
	w := Start(t)
	p := w.Person()
	r := w.Visitor(Few)
	before := w.Inbox.Last()
	w.must(r.Register(p))
	code, err := r.ReadCode(p, before)
	w.must(err)
	_, err = w.Query(t.Context(), "UPDATE registrations SET code_ends_at = now() - interval '1 second' WHERE state = 'pending'")
	w.must(err)

	said := w.refuses(r, "#code", code)
	w.says(text.Russian, said, "register.code_expired", nil)
	w.must(r.Picture("expired-code"))
	w.resend(r, p)
}

// resend gets a new code by the button that the page's advice names, and goes on with it.
func (w *World) resend(r *robot.Robot, p people.Person) {
	w.t.Helper()
	// The minute between two messages passes.
	_, err := w.Query(w.t.Context(), "UPDATE registrations SET sent_at = sent_at - interval '2 minutes' WHERE state = 'pending'")
	w.must(err)
	before := w.Inbox.Last()
	w.must(r.Do("ask for a new code", func(ctx context.Context) error {
		if err := r.Go(ctx, "/register/code"); err != nil {
			return err
		}
		if err := r.Click(ctx, "form[action='/register/resend'] button"); err != nil {
			return err
		}
		return r.At("/register/code")
	}))
	code, err := r.ReadCode(p, before)
	w.must(err)
	w.must(r.TypeCode(code))
	w.must(r.Password(p.Password))
}

func TestFaultWeakPassword(t *testing.T) {
	w := Start(t)
	p := w.Person()
	r := w.Visitor(Few)
	before := w.Inbox.Last()
	w.must(r.Register(p))
	code, err := r.ReadCode(p, before)
	w.must(err)
	w.must(r.TypeCode(code))
	for _, c := range []struct{ password, code string }{
		{"кот", "password.short"},
		{"password1", "password.leaked"},
		{strings.ToLower(p.Surname) + "1985", "password.own_data"},
		{"ёжикёжик", "password.weak"},
	} {
		said := w.refuses(r, "#password", c.password, "#repeat", c.password)
		w.says(text.Russian, said, c.code, nil)
		w.must(r.Picture("weak-" + strings.TrimPrefix(c.code, "password.")))
		if v, err := r.Value("#password", "value"); err != nil || v != "" {
			t.Errorf("a password came back to the page: %q %v", v, err)
		}
	}
	w.must(r.Password(p.Password))
}

func TestFaultBadCheckDigits(t *testing.T) {
	w := Start(t)
	p := w.Person()
	v := w.Walker(p)
	w.must(v.register())
	w.must(v.fill("person", "passport"))
	r := w.Visitor(Few)
	w.must(r.SignIn(p))

	w.must(r.Do("go on with the draft", func(ctx context.Context) error { return r.Go(ctx, "/profile/snils") }))
	bad := p.SNILS[:9] + fmt.Sprintf("%02d", (int(p.SNILS[9]-'0')*10+int(p.SNILS[10]-'0')+1)%100)
	said := w.refuses(r, "#snils", bad)
	w.says(text.Russian, said, "ident.snils.check", nil)
	w.must(r.Picture("bad-check-digits"))

	// What was typed is still there, the pages before too.
	if v, err := r.Value("#snils", "value"); err != nil || !strings.Contains(v, p.SNILS[6:9]) {
		t.Errorf("the field holds %q %v", v, err)
	}
	w.must(r.Do("correct the SNILS", func(ctx context.Context) error {
		if err := r.Type(ctx, "#snils", p.SNILS); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		if err := r.At("/profile/check"); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		return r.At("/checks")
	}))
	w.must(r.WaitStandard())
}

// refuse sends data that a register says no to, and gives what the page says.
func (w *World) refuse(r *robot.Robot, wrong people.Person) string {
	w.t.Helper()
	w.must(r.FillProfile(wrong))
	w.must(r.Do("wait for the registers", func(ctx context.Context) error {
		return r.Until(ctx, "document.querySelector('#checks li[data-mark=failed] a') && !document.querySelector('#checks li[data-mark=waiting], #checks li[data-mark=running]')")
	}))
	w.must(r.Picture("register-says-no"))
	said, err := r.Text()
	w.must(err)
	return said
}

// correct follows the page's link, types into one field, and sends everything again.
func (w *World) correct(r *robot.Robot, page, field, value string) {
	w.t.Helper()
	w.must(r.Do("correct "+field, func(ctx context.Context) error {
		if err := r.Click(ctx, "#checks li[data-mark=failed] a"); err != nil {
			return err
		}
		if err := r.At(page); err != nil {
			return err
		}
		if err := r.Type(ctx, "#"+field, value); err != nil {
			return err
		}
		if err := r.Picture("correct"); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		if err := r.Go(ctx, "/profile/check"); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		return r.At("/checks")
	}))
	w.must(r.WaitStandard())
}

func TestFaultRegisterRefusesSNILS(t *testing.T) {
	w := Start(t)
	p, other := w.Person(), w.Person()
	w.must(w.Walker(p).register())
	account := w.newest()
	r := w.Visitor(Few)
	w.must(r.SignIn(p))
	wrong := p
	wrong.SNILS = other.SNILS
	said := w.refuse(r, wrong)
	w.says(text.Russian, said, "check.mismatch", nil)
	w.shows(said, w.phrase(text.Russian, "field.snils"))
	w.level(account, "simplified")
	w.correct(r, "/profile/snils", "snils", p.SNILS)
	w.level(account, "standard")
}

func TestFaultRegisterRefusesPassport(t *testing.T) {
	w := Start(t)
	p := w.Person()
	w.must(w.Walker(p).register())
	account := w.newest()
	r := w.Visitor(Few, English)
	w.must(r.SignIn(p))
	wrong := p
	wrong.Passport.Number = "000000" // nobody's
	said := w.refuse(r, wrong)
	w.says(text.English, said, "check.not_found", nil)
	w.shows(said, w.phrase(text.English, "field.passport_number"))
	w.level(account, "simplified")
	w.correct(r, "/profile/passport", "passport_number", p.Passport.Number)
	w.level(account, "standard")
}

func TestFaultRegisterDown(t *testing.T) {
	w := Start(t)
	p := w.Person()
	w.must(w.Walker(p).register())
	account := w.newest()
	r := w.Visitor(Few)
	w.must(r.SignIn(p))
	w.Registers.Door.Set(mischief.Fail, mischief.Forever)
	w.must(r.FillProfile(p))
	// The other registers wait as well; the page says that it goes on by itself.
	said, err := r.Text()
	w.must(err)
	w.shows(said, w.phrase(text.Russian, "checks.wait"))
	w.shows(said, w.phrase(text.Russian, "checks.leave"))
	w.shows(said, w.phrase(text.Russian, "check.state.waiting"))
	w.level(account, "simplified")
	w.must(r.Picture("register-down"))

	w.Registers.Door.Set(mischief.Behave, 0)
	w.must(r.WaitStandard()) // without a touch
	w.level(account, "standard")
}

// level checks the level of an account in the database.
func (w *World) level(account, want string) {
	w.t.Helper()
	got, err := w.Query(w.t.Context(), "SELECT level FROM accounts WHERE id = '"+account+"'")
	w.must(err)
	if got != want {
		w.t.Errorf("the account is %s instead of %s", got, want)
	}
}

// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/people"
)

// submit is the main button of the page's form.
const submit = "main form button[type=submit]"

// Longer deadlines than a step's.
const (
	codeLimit    = 30 * time.Second
	checkLimit   = 60 * time.Second
	confirmLimit = 90 * time.Second
)

// Register walks from the home page to the page that asks for the code that was sent by SMS.
func (r *Robot) Register(p people.Person) error {
	return r.Do("register", func(ctx context.Context) error {
		if err := r.Go(ctx, "/"); err != nil {
			return err
		}
		if err := r.Click(ctx, "a[href='/who']"); err != nil {
			return err
		}
		if err := r.Press(ctx, "label[for=kind-person]"); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		if err := r.fillContact(ctx, p, "#phone", p.Phone); err != nil {
			return err
		}
		return r.At("/register/code")
	})
}

// RegisterByEmail is Register for a letter with a link.
func (r *Robot) RegisterByEmail(p people.Person) error {
	return r.Do("register by e-mail", func(ctx context.Context) error {
		if err := r.Go(ctx, "/register/email"); err != nil {
			return err
		}
		if err := r.fillContact(ctx, p, "#email", p.Email); err != nil {
			return err
		}
		return r.At("/register/code")
	})
}

func (r *Robot) fillContact(ctx context.Context, p people.Person, field, contact string) error {
	if err := r.Fill(ctx, "#surname", p.Surname, "#given", p.Given, field, contact); err != nil {
		return err
	}
	if err := r.Press(ctx, "label[for=agree]"); err != nil {
		return err
	}
	if err := r.Shot("register"); err != nil {
		return err
	}
	return r.Click(ctx, submit)
}

// ReadCode waits for the newest code that was sent to the person since the
// message numbered after.
func (r *Robot) ReadCode(p people.Person, after int) (string, error) {
	code := ""
	err := r.within("read code", codeLimit, func(ctx context.Context) error {
		m, err := r.o.Inbox.Wait(ctx, p.Phone, after, func(m inbox.Message) bool { return m.Code() != "" })
		code = m.Code()
		return err
	})
	return code, err
}

// OpenLink opens the link in the letter that was sent to the person, and confirms there.
func (r *Robot) OpenLink(p people.Person, after int) error {
	return r.within("open link", codeLimit, func(ctx context.Context) error {
		m, err := r.o.Inbox.Wait(ctx, p.Email, after, func(m inbox.Message) bool { return m.Link() != "" })
		if err != nil {
			return err
		}
		path, ok := strings.CutPrefix(m.Link(), r.o.Origin)
		if !ok {
			return fmt.Errorf("the letter's link leads to %s", m.Link())
		}
		if err := r.Go(ctx, path); err != nil {
			return err
		}
		if err := r.Shot("link"); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		return r.At("/register/password")
	})
}

// TypeCode gives the code, and leads to the password page when it is right.
func (r *Robot) TypeCode(code string) error {
	return r.Do("type code", func(ctx context.Context) error {
		if err := r.Type(ctx, "#code", code); err != nil {
			return err
		}
		if err := r.Shot("code"); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		return r.At("/register/password")
	})
}

// Password chooses the password, which signs the person in.
func (r *Robot) Password(password string) error {
	return r.Do("choose password", func(ctx context.Context) error {
		if err := r.Fill(ctx, "#password", password, "#repeat", password); err != nil {
			return err
		}
		if err := r.Shot("password"); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		if err := r.At("/register/done"); err != nil {
			return err
		}
		return r.Shot("registered")
	})
}

// SignIn signs the person in by phone and password.
func (r *Robot) SignIn(p people.Person) error {
	return r.Do("sign in", func(ctx context.Context) error {
		if err := r.Go(ctx, "/sign-in"); err != nil {
			return err
		}
		if err := r.Fill(ctx, "#login", p.Phone, "#password", p.Password); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		return r.At("/account")
	})
}

// FillProfile types the personal data on three pages and sends them to the registers.
func (r *Robot) FillProfile(p people.Person) error {
	for _, step := range []struct {
		name string
		do   func(ctx context.Context) error
	}{
		{"personal data", func(ctx context.Context) error { return r.fillPerson(ctx, p) }},
		{"passport", func(ctx context.Context) error { return r.fillPassport(ctx, p) }},
		{"SNILS", func(ctx context.Context) error { return r.fillSNILS(ctx, p) }},
		{"send personal data", r.sendProfile},
	} {
		if err := r.Do(step.name, step.do); err != nil {
			return err
		}
	}
	return nil
}

func (r *Robot) fillPerson(ctx context.Context, p people.Person) error {
	if err := r.Go(ctx, "/profile/person"); err != nil {
		return err
	}
	if err := r.Fill(ctx, "#surname", p.Surname, "#given", p.Given); err != nil {
		return err
	}
	if p.Patronymic == "" {
		if err := r.Press(ctx, "label[for=no_patronymic]"); err != nil {
			return err
		}
	} else if err := r.Type(ctx, "#patronymic", p.Patronymic); err != nil {
		return err
	}
	sex := map[people.Gender]string{people.Male: "male", people.Female: "female"}[p.Gender]
	if err := r.Press(ctx, "label[for=sex-"+sex+"]"); err != nil {
		return err
	}
	if err := r.fillDate(ctx, "birth_date", p.BirthDate); err != nil {
		return err
	}
	if err := r.Type(ctx, "#birth_place", p.BirthPlace); err != nil {
		return err
	}
	return r.save(ctx, "person", "/profile/passport")
}

func (r *Robot) fillDate(ctx context.Context, field string, d time.Time) error {
	return r.Fill(ctx, "#"+field+"-day", strconv.Itoa(d.Day()), "#"+field+"-month", strconv.Itoa(int(d.Month())), "#"+field+"-year", strconv.Itoa(d.Year()))
}

func (r *Robot) fillPassport(ctx context.Context, p people.Person) error {
	if err := r.Fill(ctx, "#passport_series", p.Passport.Series, "#passport_number", p.Passport.Number,
		"#division_code", p.Passport.Division, "#issued_by", p.Passport.IssuedBy); err != nil {
		return err
	}
	if err := r.fillDate(ctx, "passport_issued", p.Passport.Issued); err != nil {
		return err
	}
	return r.save(ctx, "passport", "/profile/snils")
}

func (r *Robot) fillSNILS(ctx context.Context, p people.Person) error {
	if err := r.Type(ctx, "#snils", p.SNILS); err != nil {
		return err
	}
	return r.save(ctx, "snils", "/profile/check")
}

func (r *Robot) save(ctx context.Context, name, next string) error {
	if err := r.Shot(name); err != nil {
		return err
	}
	if err := r.Click(ctx, submit+":not([name])"); err != nil {
		return err
	}
	return r.At(next)
}

func (r *Robot) sendProfile(ctx context.Context) error {
	if err := r.Shot("summary"); err != nil {
		return err
	}
	if err := r.Click(ctx, submit); err != nil {
		return err
	}
	if err := r.At("/checks"); err != nil {
		return err
	}
	return r.Shot("checks")
}

// WaitStandard waits, on the page of the register checks and without touching
// it, until it says that the account is standard.
func (r *Robot) WaitStandard() error {
	return r.within("register checks", checkLimit, func(ctx context.Context) error {
		if err := r.Until(ctx, "document.querySelector('#checks .zv-good a[href=\"/confirm\"], #checks li[data-mark=failed]')"); err != nil {
			return err
		}
		if err := r.Shot("checked"); err != nil {
			return err
		}
		failed, err := ask[string](r, "(document.querySelector('#checks li[data-mark=failed]')||{}).innerText||''")
		if err != nil {
			return err
		}
		if failed != "" {
			return fmt.Errorf("a register said no: %s", strings.Join(strings.Fields(failed), " "))
		}
		return nil
	})
}

// SignButton finds the button that signs; it is shown when the page has found the agent.
const SignButton = "#confirm-ready:not([hidden]) #confirm-sign"

// Become walks the road from the home page to a standard account.
func (r *Robot) Become(p people.Person) error {
	before := r.o.Inbox.Last()
	if err := r.Register(p); err != nil {
		return err
	}
	code, err := r.ReadCode(p, before)
	if err != nil {
		return err
	}
	if err := r.TypeCode(code); err != nil {
		return err
	}
	if err := r.Password(p.Password); err != nil {
		return err
	}
	if err := r.FillProfile(p); err != nil {
		return err
	}
	return r.WaitStandard()
}

var levels = [...]string{"simplified", "standard", "confirmed"}

// Level is the account's level as its page shows it: "simplified", "standard" or "confirmed".
func (r *Robot) Level() (string, error) {
	level := ""
	err := r.Do("look at account", func(ctx context.Context) error {
		if err := r.Go(ctx, "/account"); err != nil {
			return err
		}
		if err := r.Shot("account"); err != nil {
			return err
		}
		rungs, err := ask[int](r, "document.querySelectorAll('.zv-ladder .zv-rung--done').length")
		if err != nil || rungs < 1 || rungs > len(levels) {
			return errors.Join(err, fmt.Errorf("the page shows %d levels", rungs))
		}
		level = levels[rungs-1]
		return nil
	})
	return level, err
}

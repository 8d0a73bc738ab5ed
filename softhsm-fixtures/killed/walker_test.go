// SPDX-License-Identifier: Apache-2.0

package killed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/stage"
)

// The parts of the road, in order.
const (
	registration = "registration"
	profile      = "profile"
	checks       = "checks"
	confirmation = "confirmation"
)

// computer is the one computer in front of which all people confirm, one at a time.
type computer struct {
	*stage.World
	seat sync.Mutex
}

// walker is one person on the road, with what the portal acknowledged to them.
type walker struct {
	*visitor
	w      *computer
	who    people.Person
	method string // "token" or "uec"
	enter  func(part string)
	note   func(format string, args ...any)

	mark     int               // newest message before the last code was asked for
	typed    bool              // a password was sent: the account may exist
	saved    map[string]string // path of an acknowledged step → what it must still show
	outages  int
	requests []string // confirmations that were begun
	told     string   // the confirmation that page or agent called confirmed
}

func newWalker(w *computer, who people.Person, method string, enter func(string), note func(string, ...any)) (*walker, error) {
	v, err := newVisitor(w.Origin())
	if err != nil {
		return nil, err
	}
	return &walker{visitor: v, w: w, who: who, method: method, enter: enter, note: note, saved: map[string]string{}}, nil
}

// walk walks the whole road.
func (k *walker) walk(ctx context.Context) error {
	for _, part := range []struct {
		name string
		step func(context.Context) (done bool, err error)
	}{{registration, k.register}, {profile, k.fill}, {checks, k.check}, {confirmation, k.confirm}} {
		k.enter(part.name)
		if err := k.until(ctx, part.step); err != nil {
			return fmt.Errorf("%s (%s), %s: %w", k.who.Key, k.method, part.name, err)
		}
	}
	return nil
}

// until repeats a step until it is done. The step looks where it stands each
// time, so after an outage it goes on from there.
func (k *walker) until(ctx context.Context, step func(context.Context) (bool, error)) error {
	for {
		done, err := step(ctx)
		switch {
		case errors.Is(err, errNoAnswer):
			k.outages++
			k.note("%s: %v", k.who.Key, err)
			if err := k.back(ctx); err != nil {
				return err
			}
		case err != nil || done:
			return err
		}
	}
}

// expect turns a page of another kind into an error; what asks for patience is waited out.
func (k *walker) expect(ctx context.Context, p page, paths ...string) error {
	switch p.status {
	case http.StatusTooManyRequests:
		// All people come from one address: its limits are not the matter here.
		return errors.Join(k.w.ForgetLimits(ctx), pause(ctx, lookEvery))
	case http.StatusServiceUnavailable, http.StatusConflict:
		return pause(ctx, 5*lookEvery)
	}
	for _, path := range paths {
		if p.path == path {
			return nil
		}
	}
	return fmt.Errorf("came to %s instead of %v", p, paths)
}

func (k *walker) register(ctx context.Context) (bool, error) {
	p, err := k.get(ctx, "/account")
	if err != nil || p.path == "/account" {
		return err == nil, err
	}
	if k.typed {
		// The account may have been made before the answer was lost: sign in.
		p, err := k.post(ctx, "/sign-in", "login", k.who.Phone, "password", k.who.Password)
		if err != nil || p.path == "/account" {
			return err == nil, err
		}
		k.typed = p.status == http.StatusTooManyRequests
		return false, k.expect(ctx, p, "/sign-in")
	}
	if p, err = k.get(ctx, "/register/code"); err != nil {
		return false, err
	}
	switch p.path {
	case "/register":
		k.mark = k.w.Inbox.Last()
		p, err = k.post(ctx, "/register", "surname", k.who.Surname, "given", k.who.Given, "phone", k.who.Phone, "agree", "yes",
			"terms_version", p.attribute(`name="terms_version" value=`), "consent_version", p.attribute(`name="consent_version" value=`))
		if err == nil {
			err = k.expect(ctx, p, "/register/code")
		}
	case "/register/code":
		err = k.typeCode(ctx)
	case "/register/password":
		k.typed = true
		if p, err = k.post(ctx, "/register/password", "password", k.who.Password, "repeat", k.who.Password); err == nil {
			err = k.expect(ctx, p, "/register/done")
		}
	default:
		err = fmt.Errorf("registration leads to %s", p)
	}
	return false, err
}

func (k *walker) typeCode(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	m, err := k.w.Inbox.Wait(ctx, k.who.Phone, k.mark, func(m inbox.Message) bool { return m.Code() != "" })
	if err != nil {
		return err
	}
	p, err := k.post(ctx, "/register/code", "code", m.Code())
	if err != nil {
		return err
	}
	if p.status == http.StatusUnprocessableEntity {
		k.mark = m.ID // a newer code is on its way
		return nil
	}
	if p.status == http.StatusGone {
		return nil // taken before the answer was lost: the page of the password, or the start, is next
	}
	return k.expect(ctx, p, "/register/password")
}

func date(field string, d time.Time) []string {
	return []string{field + "-day", strconv.Itoa(d.Day()), field + "-month", strconv.Itoa(int(d.Month())), field + "-year", strconv.Itoa(d.Year())}
}

// fill fills the form from where it stands, and sends it.
func (k *walker) fill(ctx context.Context) (bool, error) {
	sex := map[people.Gender]string{people.Male: "male", people.Female: "female"}[k.who.Gender]
	for _, step := range []struct {
		path, next, shows string
		fields            []string
	}{
		{"/profile/person", "/profile/passport", k.who.BirthPlace, append([]string{"surname", k.who.Surname, "given", k.who.Given, "patronymic", k.who.Patronymic,
			"sex", sex, "birth_place", k.who.BirthPlace, "citizenship", "RU"}, date("birth_date", k.who.BirthDate)...)},
		{"/profile/passport", "/profile/snils", k.who.Passport.IssuedBy, append([]string{"passport_series", k.who.Passport.Series, "passport_number", k.who.Passport.Number,
			"division_code", k.who.Passport.Division, "issued_by", k.who.Passport.IssuedBy}, date("passport_issued", k.who.Passport.Issued)...)},
		{"/profile/snils", "/profile/check", k.who.FormattedSNILS(), []string{"snils", k.who.FormattedSNILS()}},
	} {
		p, err := k.get(ctx, step.path)
		if err != nil || p.path == "/checks" {
			return err == nil, err
		}
		if shows, ok := k.saved[step.path]; ok {
			if !strings.Contains(p.body, `value="`+shows+`"`) {
				return false, fmt.Errorf("what was saved is gone from %s", p)
			}
			continue
		}
		if p, err = k.post(ctx, step.path, append(step.fields, "version", p.attribute(`name="version" value=`))...); err != nil {
			return false, err
		}
		if err := k.expect(ctx, p, step.next); err != nil || p.path != step.next {
			return false, err
		}
		k.saved[step.path] = step.shows
	}
	p, err := k.post(ctx, "/profile/check")
	if err != nil {
		return false, err
	}
	return p.path == "/checks", k.expect(ctx, p, "/checks")
}

// check waits for the registers.
func (k *walker) check(ctx context.Context) (bool, error) {
	p, err := k.get(ctx, "/checks")
	if err != nil {
		return false, err
	}
	if strings.Contains(p.body, `data-mark="failed"`) {
		return false, fmt.Errorf("a check failed: %s", p)
	}
	if strings.Contains(p.body, `href="/confirm"`) && strings.Contains(p.body, "zv-good") {
		return true, nil
	}
	return false, pause(ctx, 2*lookEvery)
}

// level counts the rungs that the account's page shows as reached.
func (k *walker) level(ctx context.Context) (int, error) {
	p, err := k.get(ctx, "/account")
	if err != nil {
		return 0, err
	}
	return strings.Count(p.body, "zv-rung--done"), k.expect(ctx, p, "/account")
}

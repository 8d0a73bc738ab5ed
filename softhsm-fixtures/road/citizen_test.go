// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"zaver/portal/text"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/robot"
)

// words is the portal's catalogue: what each code must say.
var words = sync.OnceValues(text.Load)

// says checks that the words for a code are shown: what happened, and what to do.
func (w *World) says(lang text.Lang, shown, code string, args map[string]any) {
	w.t.Helper()
	catalogue, err := words()
	w.must(err)
	if !catalogue.Has(lang, code) || !catalogue.Has(lang, code+".do") {
		w.t.Fatalf("the catalogue has no words for %q in %q", code, lang)
	}
	happened, advice := catalogue.Code(lang, code, args)
	w.shows(shown, happened)
	w.shows(shown, advice)
}

// shows checks that a text is on the page.
func (w *World) shows(shown, wanted string) {
	w.t.Helper()
	if !strings.Contains(oneLine(shown), oneLine(wanted)) {
		w.t.Errorf("the page does not say %q but:\n%s", wanted, shown)
	}
}

// phrase is a text of the pages that is no code's.
func (w *World) phrase(lang text.Lang, id string) string {
	w.t.Helper()
	catalogue, err := words()
	w.must(err)
	s, ok := catalogue.Lookup(lang, id, nil)
	if !ok {
		w.t.Fatalf("the catalogue has no %q in %q", id, lang)
	}
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Citizen is a person with a standard account, signed in and in front of a browser.
type Citizen struct {
	*robot.Robot
	w       *World
	p       people.Person
	lang    text.Lang
	account string // the account's id
	before  string // the account as it was
}

// Citizen makes a standard account without a browser and signs its holder in with one.
func (w *World) Citizen(edit ...func(*Options)) *Citizen {
	w.t.Helper()
	return w.citizen(shared.browser, edit...)
}

func (w *World) citizen(b *robot.Browser, edit ...func(*Options)) *Citizen {
	w.t.Helper()
	c := &Citizen{w: w, p: w.Person(), lang: text.Russian}
	w.must(w.Walker(c.p).become())
	c.account = w.newest()
	c.before = w.accountRow(c.account)
	c.Robot = w.open(b, append(edit, Few, func(o *Options) {
		if o.Language != "" {
			c.lang = text.Lang(o.Language)
		}
	})...)
	w.must(c.SignIn(c.p))
	return c
}

// Few is an option of windows: pictures of what matters only.
func Few(o *Options) { o.Few = true }

// English is an option of windows.
func English(o *Options) { o.Language = "en" }

// newest is the account that was made last.
func (w *World) newest() string {
	w.t.Helper()
	id, err := w.Query(w.t.Context(), "SELECT id FROM accounts ORDER BY created_at DESC LIMIT 1")
	w.must(err)
	return id
}

// accountRow is everything that belongs to an account and that no fault may
// change: the row itself, contacts, data, checks. Journal, sessions and the
// confirmations themselves grow.
func (w *World) accountRow(id string) string {
	w.t.Helper()
	row, err := w.Query(w.t.Context(), strings.ReplaceAll(`SELECT a::text,
		(SELECT string_agg(c::text, ';' ORDER BY id) FROM contacts c WHERE account_id = a.id),
		(SELECT string_agg(d::text, ';') FROM drafts d WHERE account_id = a.id),
		(SELECT string_agg(id || state, ';' ORDER BY id) FROM checks WHERE account_id = a.id AND kind <> 'inn')
		FROM accounts a WHERE id = '$1'`, "$1", id))
	w.must(err)
	return row
}

// unchanged checks that the account is as it was.
func (c *Citizen) unchanged() {
	c.w.t.Helper()
	if now := c.w.accountRow(c.account); now != c.before {
		c.w.t.Errorf("the account changed from\n%s\nto\n%s", c.before, now)
	}
}

// fails walks a confirmation that must end with the code, and checks that the
// page says so, says what to do, and that the account is as it was.
func (c *Citizen) fails(method, code string) robot.Result {
	c.w.t.Helper()
	_, err := c.Confirm(method)
	c.w.must(err)
	return c.failed(code)
}

// failed is fails for a confirmation that has begun.
func (c *Citizen) failed(code string) robot.Result {
	c.w.t.Helper()
	result, err := c.Result()
	c.w.must(err)
	if !slices.Contains(result.Codes, code) {
		c.w.t.Fatalf("result %+v instead of %s", result, code)
	}
	c.w.must(c.Picture(code))
	c.w.says(c.lang, result.Text, code, nil)
	if !cyrillic.MatchString(result.Text) == (c.lang == text.Russian) {
		c.w.t.Errorf("not in language %s: %s", c.lang, result.Text)
	}
	c.unchanged()
	return result
}

var cyrillic = regexp.MustCompile(`[а-яё]{4}`)

// restart presses the button that the page offers after a failure; it leads to the choice of methods.
func (c *Citizen) restart() {
	c.w.t.Helper()
	c.w.free()
	c.w.must(c.Do("start anew", func(ctx context.Context) error {
		if err := c.Click(ctx, "main a.govuk-button[href='/confirm']"); err != nil {
			return err
		}
		return c.At("/confirm")
	}))
}

// retry presses the button by which the page looks for the agent again, and then the one that signs.
func (c *Citizen) retry() {
	c.w.t.Helper()
	c.w.must(c.Do("look for the agent again", func(ctx context.Context) error { return c.Click(ctx, "#agent-retry:not([hidden])") }))
	c.w.must(c.Sign())
}

// succeeds walks the road again, from the button that the page offers to a confirmed account.
func (c *Citizen) succeeds(method string) {
	c.w.t.Helper()
	c.restart()
	_, err := c.Confirm(method)
	c.w.must(err)
	c.succeeded()
}

// succeeded waits for the good end of a confirmation that has begun.
func (c *Citizen) succeeded() {
	c.w.t.Helper()
	result, err := c.Result()
	c.w.must(err)
	if result.State != "confirmed" {
		c.w.t.Fatalf("the road again: %+v", result)
	}
	level, err := c.w.Query(c.w.t.Context(), fmt.Sprintf("SELECT level FROM accounts WHERE id = '%s'", c.account))
	c.w.must(err)
	if level != "confirmed" {
		c.w.t.Errorf("the database says level %q", level)
	}
}

// Await waits for an element that the person can see.
func (c *Citizen) Await(selector string) {
	c.w.t.Helper()
	c.w.must(c.Do("wait for "+selector, func(ctx context.Context) error {
		return c.Until(ctx, fmt.Sprintf("(document.querySelector(%q) || {offsetParent: null}).offsetParent", selector))
	}))
}

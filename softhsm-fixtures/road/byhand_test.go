// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/people"
)

// walker walks a person through the portal's forms without a browser, as a
// browser without JavaScript would: quick, for what is not the test's matter,
// and for requests that no browser makes.
type walker struct {
	w    *World
	p    people.Person
	http *http.Client
	lang string
}

// Walker is a person with an empty cookie jar.
func (w *World) Walker(p people.Person) *walker {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &walker{w: w, p: p, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}, lang: "ru"}
}

// page is what came in the end.
type page struct {
	status int
	path   string
	html   string
}

var (
	scripts = regexp.MustCompile(`(?s)<(script|style|noscript)[ >].*?</(script|style|noscript)>`)
	tags    = regexp.MustCompile(`<[^>]*>`)
)

// text is what the page shows, on one line.
func (p page) text() string {
	bare := tags.ReplaceAllString(scripts.ReplaceAllString(p.html, " "), " ")
	return strings.Join(strings.Fields(html.UnescapeString(bare)), " ")
}

// value is an attribute's value, or the value of a named input.
func (p page) value(before string) string {
	_, rest, found := strings.Cut(p.html, before+`="`)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

func (v *walker) do(method, path string, form url.Values) (page, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(v.w.t.Context(), method, v.w.Origin()+path, body)
	if err != nil {
		return page{}, err
	}
	r.Header.Set("Accept-Language", v.lang)
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := v.http.Do(r)
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return page{answer.StatusCode, answer.Request.URL.Path, string(b)}, err
}

func (v *walker) get(path string) (page, error) { return v.do(http.MethodGet, path, nil) }

// send fills a form, with the hidden fields that the page has, and expects to be led to a path.
func (v *walker) send(path, leads string, pairs ...string) (page, error) {
	shown, err := v.get(path)
	if err != nil {
		return shown, err
	}
	form := url.Values{}
	for _, hidden := range []string{"version", "terms_version", "consent_version"} {
		if value := shown.value(`name="` + hidden + `" value`); value != "" {
			form.Set(hidden, value)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	got, err := v.do(http.MethodPost, path, form)
	if err == nil && leads != "" && got.path != leads {
		err = fmt.Errorf("%s leads to %s with status %d instead of %s: %s", path, got.path, got.status, leads, got.text())
	}
	return got, err
}

func dateFields(name string, d time.Time) []string {
	return []string{name + "-day", strconv.Itoa(d.Day()), name + "-month", strconv.Itoa(int(d.Month())), name + "-year", strconv.Itoa(d.Year())}
}

// register walks to a simplified account.
func (v *walker) register() error {
	p, before := v.p, v.w.Inbox.Last()
	_, err := v.send("/register", "/register/code", "surname", p.Surname, "given", p.Given, "phone", p.Phone, "agree", "yes")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(v.w.t.Context(), 30*time.Second)
	defer cancel()
	m, err := v.w.Inbox.Wait(ctx, p.Phone, before, func(m inbox.Message) bool { return m.Code() != "" })
	if err != nil {
		return err
	}
	if _, err := v.send("/register/code", "/register/password", "code", m.Code()); err != nil {
		return err
	}
	_, err = v.send("/register/password", "/register/done", "password", p.Password, "repeat", p.Password)
	return err
}

// fill types the personal data of these pages, all without any, but does not send them to the registers.
func (v *walker) fill(pages ...string) error {
	p := v.p
	sex := map[people.Gender]string{people.Male: "male", people.Female: "female"}[p.Gender]
	for _, form := range []struct {
		page, next string
		pairs      []string
	}{
		{"person", "passport", append([]string{"surname", p.Surname, "given", p.Given, "patronymic", p.Patronymic, "sex", sex,
			"birth_place", p.BirthPlace, "citizenship", "RU"}, dateFields("birth_date", p.BirthDate)...)},
		{"passport", "snils", append([]string{"passport_series", p.Passport.Series, "passport_number", p.Passport.Number,
			"division_code", p.Passport.Division, "issued_by", p.Passport.IssuedBy}, dateFields("passport_issued", p.Passport.Issued)...)},
		{"snils", "check", []string{"snils", p.SNILS}},
	} {
		if len(pages) > 0 && !slices.Contains(pages, form.page) {
			continue
		}
		if _, err := v.send("/profile/"+form.page, "/profile/"+form.next, form.pairs...); err != nil {
			return err
		}
	}
	return nil
}

// become walks to a standard account.
func (v *walker) become() error {
	if err := v.register(); err != nil {
		return err
	}
	if err := v.fill(); err != nil {
		return err
	}
	if _, err := v.send("/profile/check", "/checks"); err != nil {
		return err
	}
	return v.w.until("the registers answered", func() error {
		list, err := v.get("/checks/state")
		if err == nil && !strings.Contains(list.html, `href="/confirm"`) {
			err = errors.New(list.text())
		}
		return err
	})
}

// until looks until there is no error, for at most half a minute.
func (w *World) until(what string, look func() error) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for {
		err := look()
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-late.C:
			return fmt.Errorf("not until now: %s: %w", what, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/portal/registry/smev"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/registers"
)

// fillProfile fills all three steps from a made-up person.
func fillProfile(t *testing.T, b *Browser, who people.Person) {
	t.Helper()
	sex := "male"
	if who.Gender == people.Female {
		sex = "female"
	}
	date := func(field string, d time.Time) []string {
		return []string{field + "-day", strconv.Itoa(d.Day()), field + "-month", strconv.Itoa(int(d.Month())), field + "-year", strconv.Itoa(d.Year())}
	}
	page := b.Get("/profile/person")
	fields := append([]string{"version", hidden(t, page, "version"), "surname", who.Surname, "given", who.Given, "patronymic", who.Patronymic,
		"sex", sex, "birth_place", who.BirthPlace, "citizenship", "RU"}, date("birth_date", who.BirthDate)...)
	page = b.Post("/profile/person", fields...)
	want(t, page, http.StatusOK, "/profile/passport")
	fields = append([]string{"version", hidden(t, page, "version"), "passport_series", who.Passport.Series, "passport_number", who.Passport.Number,
		"division_code", who.Passport.Division, "issued_by", who.Passport.IssuedBy}, date("passport_issued", who.Passport.Issued)...)
	page = b.Post("/profile/passport", fields...)
	want(t, page, http.StatusOK, "/profile/snils")
	page = b.Post("/profile/snils", "version", hidden(t, page, "version"), "snils", who.FormattedSNILS())
	want(t, page, http.StatusOK, "/profile/check")
	if !strings.Contains(page.Body, "Отправить на проверку") {
		t.Fatalf("the form is not complete\n%s", page.Body)
	}
}

// stream is an open event stream.
type stream struct {
	lines chan string
}

func openStream(t *testing.T, p *Portal, b *Browser, path string) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.Cookies(path) {
		r.AddCookie(c)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("stream: %d %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	s := &stream{lines: make(chan string, 64)}
	go func() {
		defer answer.Body.Close()
		defer close(s.lines)
		for scan := bufio.NewScanner(answer.Body); scan.Scan(); {
			if strings.HasPrefix(scan.Text(), "event: ") {
				s.lines <- scan.Text()
			}
		}
	}()
	return s
}

// next waits for an event, at most a few seconds.
func (s *stream) next(t *testing.T) {
	t.Helper()
	select {
	case _, open := <-s.lines:
		if !open {
			t.Fatal("the stream ended")
		}
	case <-time.After(5 * time.Second):
	}
}

// agentCall makes a request as the agent does: no browser, no cookies.
func agentCall(t *testing.T, method, address, authorization, kind, body string) Page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", authorization)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Page{Status: answer.StatusCode, Body: string(content), Header: answer.Header}
}

// sendToChecks makes an account, sends its data to the registers and waits
// until the page of the checks says the word.
func sendToChecks(t *testing.T, c Config, who people.Person, word string) (*Portal, *Browser) {
	t.Helper()
	bus, err := registers.Start(registers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	c.Registers = smev.New(smev.Config{URL: bus.URL(), HTTP: http.DefaultClient, Timeout: 5 * time.Second})
	p := Start(t, c)
	b := p.NewBrowser(t)
	signUp(t, p, b, who.Surname, who.Given, "+79005550100")
	fillProfile(t, b, who)
	want(t, b.Post("/profile/check"), http.StatusOK, "/checks")
	events := openStream(t, p, b, "/checks/events")
	for deadline := time.Now().Add(time.Minute); ; events.next(t) {
		page := b.Get("/checks")
		if strings.Contains(page.Text(), word) && !strings.Contains(page.Body, `data-mark="waiting"`) && !strings.Contains(page.Body, `data-mark="running"`) {
			return p, b
		}
		if time.Now().After(deadline) {
			t.Fatalf("the page does not say %q\n%s", word, main(page.Body))
		}
	}
}

// standard makes an account that waits for its confirmation.
func standard(t *testing.T, c Config) (*Portal, *Browser) {
	t.Helper()
	return sendToChecks(t, c, people.TokenHolder(), "Данные проверены")
}

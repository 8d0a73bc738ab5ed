// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const passphrase = "тихий лось несёт сено"

// signUp walks a visitor to a simplified account by phone.
func signUp(t *testing.T, p *Portal, b *Browser, surname, given, phone string) {
	t.Helper()
	page := b.Get("/register")
	page = b.Post("/register", "surname", surname, "given", given, "phone", phone, "agree", "yes",
		"terms_version", hidden(t, page, "terms_version"), "consent_version", hidden(t, page, "consent_version"))
	want(t, page, http.StatusOK, "/register/code")
	page = b.Post("/register/code", "code", Code(p.Phone.Wait(t, phone, 1)))
	want(t, page, http.StatusOK, "/register/password")
	page = b.Post("/register/password", "password", passphrase, "repeat", passphrase)
	want(t, page, http.StatusOK, "/register/done")
}

func want(t *testing.T, page Page, status int, path string) {
	t.Helper()
	if page.Status != status || page.Path != path {
		t.Fatalf("got %d at %s, want %d at %s\n%s", page.Status, page.Path, status, path, main(page.Body))
	}
	if missing := regexp.MustCompile(`\[[a-z_]+(\.[a-z0-9_]+)+\]`).FindAllString(page.Body, -1); missing != nil {
		t.Errorf("%s: texts are missing: %v", path, missing)
	}
}

// main is the part of a page that a failure should show.
func main(body string) string {
	if at := strings.Index(body, "<main"); at >= 0 {
		body = body[at:]
	}
	return body[:min(len(body), 2500)]
}

func hidden(t *testing.T, page Page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page.Body)
	if m == nil {
		t.Fatalf("no hidden field %s at %s\n%s", name, page.Path, main(page.Body))
	}
	return m[1]
}

// A1, A3, E1, E5: the road by phone without JavaScript, and back in by password.
func TestRegisterByPhone(t *testing.T) {
	p := Start(t, Config{})
	b := p.NewBrowser(t)
	signUp(t, p, b, "Ёлкина", "Анна", "+79001234567")

	page := b.Get("/account")
	want(t, page, http.StatusOK, "/account")
	for _, words := range []string{"Ёлкина Анна", "+7 900 ***-**-67", "Заполнить личные данные"} {
		if !strings.Contains(page.Text(), words) {
			t.Errorf("the account page lacks %q", words)
		}
	}
	want(t, b.Get("/security"), http.StatusOK, "/security")
	want(t, b.Get("/sessions"), http.StatusOK, "/sessions")
	want(t, b.Post("/sign-out"), http.StatusOK, "/")
	want(t, b.Get("/account"), http.StatusOK, "/sign-in")

	page = b.Post("/sign-in", "login", "8 (900) 123-45-67", "password", "не тот пароль", "next", "/security")
	want(t, page, http.StatusUnprocessableEntity, "/sign-in")
	if strings.Contains(page.Body, "не тот пароль") {
		t.Error("the password came back")
	}
	page = b.Post("/sign-in", "login", "8 (900) 123-45-67", "password", passphrase, "next", "/security")
	want(t, page, http.StatusOK, "/security")
	if !strings.Contains(page.Body, "Неудачная попытка входа") {
		t.Error("the failed sign-in is not in the journal")
	}
}

// A2: no mobile phone; the link works in another browser, and only by a button.
func TestRegisterByEmail(t *testing.T) {
	p := Start(t, Config{})
	b := p.NewBrowser(t)
	b.Language = "en"
	page := b.Get("/register/email")
	page = b.Post("/register/email", "surname", "Петров", "given", "Иван", "email", "ivan@example.org", "agree", "yes",
		"terms_version", hidden(t, page, "terms_version"), "consent_version", hidden(t, page, "consent_version"))
	want(t, page, http.StatusOK, "/register/code")
	letter := p.Mail.Wait(t, "ivan@example.org", 1)
	if !strings.Contains(letter.Subject, "Confirm") {
		t.Errorf("subject %q", letter.Subject)
	}
	other := p.NewBrowser(t)
	page = other.Get(Link(letter))
	want(t, page, http.StatusOK, "/register/link")
	page = other.Get(Link(letter)) // a scanner that opens the link uses nothing up
	page = other.Post("/register/link", "token", hidden(t, page, "token"))
	want(t, page, http.StatusOK, "/register/password")
	want(t, other.Post("/register/password", "password", passphrase, "repeat", passphrase), http.StatusOK, "/register/done")
	want(t, other.Get(Link(letter)), http.StatusGone, "/register/link")
}

// A2: who reads the letter beside the page types its code there.
func TestRegisterByEmailWithCode(t *testing.T) {
	p := Start(t, Config{})
	b := p.NewBrowser(t)
	page := b.Get("/register/email")
	page = b.Post("/register/email", "surname", "Петров", "given", "Иван", "email", "ivan@example.org", "agree", "yes",
		"terms_version", hidden(t, page, "terms_version"), "consent_version", hidden(t, page, "consent_version"))
	want(t, page, http.StatusOK, "/register/code")
	if !strings.Contains(page.Body, `name="code"`) {
		t.Error("the letter has a code, the page no place for it")
	}
	want(t, b.Post("/register/code", "code", Code(p.Mail.Wait(t, "ivan@example.org", 1))), http.StatusOK, "/register/password")
}

func TestWrongInputKeepsWhatWasTyped(t *testing.T) {
	p := Start(t, Config{})
	b := p.NewBrowser(t)
	page := b.Post("/register", "surname", "Петров<b>", "given", "", "phone", "12")
	want(t, page, http.StatusUnprocessableEntity, "/register")
	for _, words := range []string{"govuk-error-summary", `href="#given"`, `href="#phone"`, `href="#agree"`, "Петров&lt;b&gt;"} {
		if !strings.Contains(page.Body, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	signUp(t, p, b, "Петров", "Пётр", "+79005550011")
	other := p.NewBrowser(t)
	page = other.Get("/register")
	page = other.Post("/register", "surname", "Иванов", "given", "Иван", "phone", "+79005550012", "agree", "yes",
		"terms_version", hidden(t, page, "terms_version"), "consent_version", hidden(t, page, "consent_version"))
	want(t, page, http.StatusOK, "/register/code")
	code := Code(p.Phone.Wait(t, "+79005550012", 1))
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	page = other.Post("/register/code", "code", wrong)
	want(t, page, http.StatusUnprocessableEntity, "/register/code")
	page = other.Post("/register/resend")
	want(t, page, http.StatusTooManyRequests, "/register/resend")
	if page.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	page = other.Post("/register/code", "code", code)
	want(t, page, http.StatusOK, "/register/password")
	page = other.Post("/register/password", "password", "12345678", "repeat", "1234567")
	want(t, page, http.StatusUnprocessableEntity, "/register/password")
}

// B2: what was typed waits, right or wrong, for another day.
func TestDraftIsKept(t *testing.T) {
	p := Start(t, Config{})
	b := p.NewBrowser(t)
	signUp(t, p, b, "Ёлкина", "Анна", "+79005550100")
	page := b.Get("/profile/person")
	page = b.Post("/profile/person", "version", hidden(t, page, "version"), "later", "yes", "surname", "Ёлкина", "given", "Анна", "birth_date-day", "3")
	want(t, page, http.StatusOK, "/account")
	if !strings.Contains(page.Body, "Продолжить заполнение") {
		t.Error("the draft is not offered again")
	}
	other := p.NewBrowser(t)
	want(t, other.Post("/sign-in", "login", "+79005550100", "password", passphrase), http.StatusOK, "/account")
	page = other.Get("/profile/person")
	if !strings.Contains(page.Body, `name="birth_date-day" type="text" inputmode="numeric" maxlength="2" value="3"`) {
		t.Errorf("the draft does not show on another device\n%s", main(page.Body))
	}
	// The form of the first browser is older than the draft now.
	want(t, other.Post("/profile/person", "version", hidden(t, page, "version"), "later", "yes", "surname", "Ёлкина"), http.StatusOK, "/account")
	page = b.Post("/profile/person", "version", hidden(t, page, "version"), "surname", "Другая")
	want(t, page, http.StatusUnprocessableEntity, "/profile/person")
	if !strings.Contains(page.Body, "с другого устройства") || !strings.Contains(page.Body, "Другая") {
		t.Errorf("the clash is not told\n%s", main(page.Body))
	}
}

// B1, B3, B6: the form in three steps with drafts, then the registers, then standard.
func TestProfileToStandard(t *testing.T) {
	p, b := standard(t, Config{})
	if m := p.Phone.Wait(t, "+79005550100", 2); !strings.Contains(m.Text, p.Origin+"/account") { // B4: a link back
		t.Errorf("the message has no address to go to: %q", m.Text)
	}
	want(t, b.Get("/profile/person"), http.StatusOK, "/checks")
	page := b.Get("/confirm")
	want(t, page, http.StatusOK, "/confirm")
	if !strings.Contains(page.Body, `value="token"`) || !strings.Contains(page.Body, `value="uec"`) {
		t.Errorf("the methods are not offered\n%s", main(page.Body))
	}
}

// B3, B5: a register says no; the page names it, and the data can be corrected.
func TestRefusedCheckCanBeCorrected(t *testing.T) {
	who := people.PassportRefused()
	_, b := sendToChecks(t, Config{}, who, "Не пройдена")
	page := b.Get("/checks")
	if !strings.Contains(page.Body, `href="/profile/passport"`) {
		t.Errorf("no link to correct it\n%s", main(page.Body))
	}
	want(t, b.Get("/profile/passport"), http.StatusOK, "/profile/passport")
	page = b.Get("/confirm")
	if strings.Contains(page.Body, `value="token"`) {
		t.Error("a simplified account is offered confirmation")
	}
	if page = b.Post("/confirm", "method", "token"); page.Status != http.StatusForbidden {
		t.Errorf("start below standard: %d", page.Status)
	}
	fillProfile(t, b, who)
	want(t, b.Post("/profile/check"), http.StatusOK, "/checks")
}

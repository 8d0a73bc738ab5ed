// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/portal/text"
)

var out = flag.String("pages", "", "write every sample page into this folder, to look at")

var moment = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

var anna = &Viewer{Name: "Анна", Level: "standard"}

func codeForm(field, code string) *Form {
	return &Form{Values: map[string]string{field: `1"><b>`}, Errors: []FieldError{{Field: field, Code: code}}}
}

// samples holds every page at least once, in the states that look different.
func samples() map[string]Page {
	checks := func(level string, views ...CheckView) ChecksData {
		return ChecksData{Checks: views, Level: level}
	}
	person := map[string]string{"surname": "Ёлкина", "given": "Анна", "patronymic": "Петровна", "sex": "female", "birth_date-day": "27",
		"birth_date-month": "3", "birth_date-year": "1980", "birth_place": "гор. Тверь"}
	confirm := ConfirmData{Request: "r-1", Ticket: "t-1", Origin: "https://portal.example", Control: "4821", Method: "token",
		Expires: moment.Add(5 * time.Minute), Agent: "http://127.0.0.1:24738", Name: "Анна Ёлкина", Contact: "+7 900 ***-**-67"}
	card := confirm
	card.Method = "uec"
	return map[string]Page{
		"home":              {Name: "home", Path: "/"},
		"home-in":           {Name: "home", Path: "/", Viewer: anna},
		"who":               {Name: "who", Path: "/who"},
		"who-wrong":         {Name: "who", Path: "/who", Form: codeForm("kind", "who.required")},
		"kind-foreigner":    {Name: "kind", Path: "/who/foreigner", Data: KindData{Kind: "foreigner"}},
		"kind-entrepreneur": {Name: "kind", Path: "/who/entrepreneur", Data: KindData{Kind: "entrepreneur"}},
		"kind-organisation": {Name: "kind", Path: "/who/organisation", Data: KindData{Kind: "organisation"}},
		"register":          {Name: "register", Path: "/register", Data: ContactData{TermsVersion: "1", ConsentVersion: "1"}},
		"register-wrong":    {Name: "register", Path: "/register", Form: codeForm("surname", "ident.name.letters"), Data: ContactData{}},
		"register-email":    {Name: "register", Path: "/register/email", Data: ContactData{ByEmail: true}},
		"code":              {Name: "code", Path: "/register/code", Data: CodeData{Contact: "+7 900 ***-**-67", ResendSeconds: 58}},
		"code-email":        {Name: "code", Path: "/register/code", Data: CodeData{Contact: "a***@example.ru", ByEmail: true}, Notice: "notice.resent"},
		"link":              {Name: "link", Path: "/register/link", Data: LinkData{Token: "abc"}},
		"password":          {Name: "password", Path: "/register/password"},
		"done":              {Name: "done", Path: "/register/done", Viewer: anna},
		"sign_in":           {Name: "sign_in", Path: "/sign-in", Data: ContactData{Next: "/account"}},
		"sign_in-limited":   {Name: "sign_in", Path: "/sign-in", Form: codeForm("", "rate.limited"), Data: ContactData{}},
		"account":           {Name: "account", Path: "/account", Viewer: anna, Data: AccountData{Name: "Анна Ёлкина", Contact: "+7 900 ***-**-67", Level: "simplified", Next: "profile"}},
		"account-standard":  {Name: "account", Path: "/account", Viewer: anna, Data: AccountData{Name: "Анна Ёлкина", Contact: "+7 900 ***-**-67", Level: "standard", Next: "confirm"}},
		"account-confirmed": {Name: "account", Path: "/account", Viewer: anna, Data: AccountData{Name: "Анна Ёлкина", Contact: "+7 900 ***-**-67", Level: "confirmed", ConfirmedAt: moment, Method: "uec"}},
		"profile_person":    {Name: "profile_person", Path: "/profile/person", Viewer: anna, Form: &Form{Values: person}, Data: ProfileData{Today: "2026-11-22"}},
		"profile_person-wrong": {Name: "profile_person", Path: "/profile/person", Viewer: anna, Data: ProfileData{Today: "2026-11-22"},
			Form: &Form{Values: map[string]string{"surname": "<script>alert(1)</script>"}, Errors: []FieldError{{Field: "surname", Code: "ident.name.letters"}, {Field: "birth_date", Code: "live.date"}, {Field: "sex", Code: "bad_request"}}}},
		"profile_passport": {Name: "profile_passport", Path: "/profile/passport", Viewer: anna, Data: ProfileData{Today: "2026-11-22"}},
		"profile_snils":    {Name: "profile_snils", Path: "/profile/snils", Viewer: anna, Form: codeForm("snils", "ident.snils.check"), Data: ProfileData{}},
		"profile_check": {Name: "profile_check", Path: "/profile/check", Viewer: anna, Data: SummaryData{Complete: true, Sections: []Section{
			{Title: "profile.person", Change: "/profile/person", Rows: []Row{{"field.surname", "Ёлкина", ""}, {"field.birth_date", "27.03.1980", "live.date"}}},
			{Title: "profile.snils", Change: "/profile/snils", Rows: []Row{{"field.snils", "", ""}}}}}},
		"profile_check-incomplete": {Name: "profile_check", Path: "/profile/check", Viewer: anna, Data: SummaryData{}},
		"checks": {Name: "checks", Path: "/checks", Viewer: anna, RefreshSeconds: 10, Data: checks("simplified", CheckView{Kind: "snils", State: "passed"},
			CheckView{Kind: "passport", State: "running"}, CheckView{Kind: "inn", State: "waiting"})},
		"checks-failed": {Name: "checks", Path: "/checks", Viewer: anna, Data: ChecksData{Failed: true, Settled: true, Level: "simplified", Checks: []CheckView{
			{Kind: "snils", State: "passed"}, {Kind: "passport", State: "failed", Code: "check.mismatch", Field: "passport_number", Correct: "/profile/passport"}}}},
		"checks-passed": {Name: "checks", Path: "/checks", Viewer: anna, Data: checks("standard", CheckView{Kind: "snils", State: "passed"}, CheckView{Kind: "passport", State: "passed"},
			CheckView{Kind: "inn", State: "passed", Result: "77********01"})},
		"checks-none":      {Name: "checks", Path: "/checks", Viewer: anna, Data: ChecksData{Level: "simplified"}},
		"confirm":          {Name: "confirm", Path: "/confirm", Viewer: anna, Data: MethodsData{Methods: []string{"token", "uec"}, Level: "standard"}},
		"confirm-low":      {Name: "confirm", Path: "/confirm", Viewer: anna, Data: MethodsData{Level: "simplified"}},
		"confirm-wrong":    {Name: "confirm", Path: "/confirm", Viewer: anna, Form: codeForm("method", "confirm.method_required"), Data: MethodsData{Methods: []string{"token", "uec"}, Level: "standard"}},
		"confirm-limit":    {Name: "confirm", Path: "/confirm", Viewer: anna, Form: codeForm("", "confirm.limit"), Data: MethodsData{Methods: []string{"token", "uec"}, Level: "standard"}},
		"confirm-have":     {Name: "confirm", Path: "/confirm", Viewer: anna, Data: MethodsData{Level: "confirmed"}},
		"confirm_run":      {Name: "confirm_run", Path: "/confirm/r-1", Viewer: anna, Data: confirm},
		"confirm_run-card": {Name: "confirm_run", Path: "/confirm/r-1", Viewer: anna, Data: card},
		"result-confirmed": {Name: "confirm_result", Path: "/confirm/r-1/result", Viewer: anna, Data: ResultData{State: "confirmed", Method: "token", At: moment, Request: "r-1"}},
		"result-refused":   {Name: "confirm_result", Path: "/confirm/r-1/result", Viewer: anna, Data: ResultData{State: "refused", Method: "token", Reasons: []Reason{{Code: "chain.expired"}, {Code: "sig.cert_revoked"}}}},
		"result-expired":   {Name: "confirm_result", Path: "/confirm/r-1/result", Viewer: anna, Data: ResultData{State: "expired", Method: "token"}},
		"result-cancelled": {Name: "confirm_result", Path: "/confirm/r-1/result", Viewer: anna, Data: ResultData{State: "cancelled", Method: "uec", Reasons: []Reason{{Code: "agent.declined"}}}},
		"security": {Name: "security", Path: "/security", Viewer: anna, Data: EventsData{Events: []EventView{{Kind: "event.level", Detail: "standard", At: moment, Address: "192.0.2.7", Device: "Firefox"},
			{Kind: "event.signed_in", Detail: "unknown-word", At: moment}}}},
		"security-none": {Name: "security", Path: "/security", Viewer: anna, Data: EventsData{}},
		"sessions": {Name: "sessions", Path: "/sessions", Viewer: anna, Data: SessionsData{Sessions: []SessionView{{ID: "1", Current: true, Started: moment, Device: "Firefox", Address: "192.0.2.7"},
			{ID: "2", Started: moment}}}},
		"error-404": {Name: "error", Path: "/", Data: ErrorData{Status: 404, Code: "not_found"}},
		"error-429": {Name: "error", Path: "/", Data: ErrorData{Status: 429, Code: "rate.limited", RetrySeconds: 42}},
		"error-500": {Name: "error", Path: "/", Data: ErrorData{Status: 500, Code: "internal", Incident: "abc"}},
		"terms":     {Name: "legal", Path: "/terms", Data: LegalData{ID: "terms", Version: "1", Sections: []string{"service", "duties", "proof", "change"}}},
		"consent":   {Name: "legal", Path: "/consent", Data: LegalData{ID: "consent", Version: "1", Sections: []string{"what", "why", "who", "howlong"}}},
		"help_agent-packages": {Name: "help_agent", Path: "/help/agent", Data: HelpData{Agent: "http://127.0.0.1:24738", Origin: "https://portal.example", Key: "portal+1234+abcd",
			Packages: []PackageView{{Link: "/packages/zaver-agent_0.4.0-1_amd64.deb", Name: "zaver-agent_0.4.0-1_amd64.deb", Kind: "deb", Version: "0.4.0-1", Arch: "amd64", Bytes: 8_123_456,
				SHA256: strings.Repeat("0f", 32), Command: "sudo apt install ./zaver-agent_0.4.0-1_amd64.deb"},
				{Link: "/packages/zaver-agent-0.4.0-1.x86_64.rpm", Name: "zaver-agent-0.4.0-1.x86_64.rpm", Kind: "rpm", Version: "0.4.0-1", Arch: "x86_64", Bytes: 8_100_000,
					SHA256: strings.Repeat("1e", 32), Command: "sudo dnf install ./zaver-agent-0.4.0-1.x86_64.rpm"}}}},
		"help_agent": {Name: "help_agent", Path: "/help/agent", Data: HelpData{Agent: "http://127.0.0.1:24738", Origin: "https://portal.example", Key: "portal+1234+abcd"}},
	}
}

func pages(t *testing.T) *Pages {
	t.Helper()
	catalogue, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryPageHasASample(t *testing.T) {
	var shown []string
	for _, page := range samples() {
		shown = append(shown, page.Name)
	}
	for _, name := range pages(t).Names() {
		if !slices.Contains(shown, name) {
			t.Errorf("page %s has no sample", name)
		}
	}
}

var (
	missingText = regexp.MustCompile(`\[[a-z_]+(\.[a-zA-Z0-9_]+)*\]`)
	inline      = regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]+</script>|<style| style="| on[a-z]+="|javascript:`)
	foreign     = regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//`)
	idAttribute = regexp.MustCompile(` id="([^"]+)"`)
	forward     = regexp.MustCompile(`(?:aria-describedby|for|aria-labelledby|aria-controls)="([^"]*)"`)
)

func TestEveryPageInEveryLanguage(t *testing.T) {
	p := pages(t)
	for name, page := range samples() {
		for _, lang := range text.Languages() {
			t.Run(name+"."+string(lang), func(t *testing.T) {
				page.Lang = lang
				var buf bytes.Buffer
				if err := p.Render(&buf, page); err != nil {
					t.Fatal(err)
				}
				html := buf.String()
				checkPage(t, html, lang)
				if *out != "" {
					write(t, name, lang, html)
				}
			})
		}
	}
}

func checkPage(t *testing.T, html string, lang text.Lang) {
	t.Helper()
	if found := missingText.FindAllString(html, -1); found != nil {
		t.Errorf("texts are missing: %v", found)
	}
	if found := inline.FindString(html); found != "" {
		t.Errorf("inline script or style: %q", found)
	}
	if found := foreign.FindString(html); found != "" {
		t.Errorf("something from another site: %q", found)
	}
	if !strings.Contains(html, fmt.Sprintf(`<html lang="%s"`, lang)) {
		t.Error("the language is not named")
	}
	if n := strings.Count(html, "<h1"); n != 1 {
		t.Errorf("%d first headings, want 1", n)
	}
	if strings.Contains(html, "<script>alert") || strings.Contains(html, `1"><b>`) {
		t.Error("what was typed is not escaped")
	}
	ids := map[string]bool{}
	for _, m := range idAttribute.FindAllStringSubmatch(html, -1) {
		if ids[m[1]] {
			t.Errorf("id %s occurs twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range forward.FindAllStringSubmatch(html, -1) {
		for _, id := range strings.Fields(m[1]) {
			if !ids[id] {
				t.Errorf("a label or description points at id %s, which does not exist", id)
			}
		}
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if !ids[m[1]] {
			t.Errorf("a link points at id %s, which does not exist", m[1])
		}
	}
}

func write(t *testing.T, name string, lang text.Lang, html string) {
	t.Helper()
	html = strings.ReplaceAll(html, AssetPrefix+assetVersion()+"/", "assets/")
	if err := os.WriteFile(filepath.Join(*out, name+"."+string(lang)+".html"), []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
}

// What a person hears and sees on the pages of a confirmation, by what must be there and what must not.
func TestConfirmationPages(t *testing.T) {
	p := pages(t)
	for _, tt := range []struct {
		page      string
		lang      text.Lang
		want, not []string
	}{
		{"confirm-wrong", text.Russian, []string{"Проверьте введённые данные", `<fieldset class="govuk-fieldset" aria-describedby="method-error">`, `<p id="method-error" class="govuk-error-message">Выберите способ`, "govuk-form-group--error"}, nil},
		{"confirm-limit", text.Russian, []string{"Не получилось", "Слишком много"}, []string{"Проверьте введённые данные", "govuk-form-group--error", "method-error"}},
		{"confirm", text.Russian, nil, []string{"method-error", "govuk-form-group--error"}},
		{"confirm_run", text.English, []string{`<span lang="ru">Анна Ёлкина</span>`, `aria-labelledby="confirm-happened"`, `aria-label="Steps of the confirmation"`, `<span class="govuk-visually-hidden">4 8 2 1</span>`}, []string{`role="alert"`}},
		{"confirm_run", text.Russian, []string{"<span>Анна Ёлкина</span>", `aria-hidden="true">4821<`}, []string{`role="alert"`}},
		{"result-cancelled", text.Russian, []string{`class="zv-problem zv-problem--own" data-code="agent.declined"`}, nil},
		{"result-refused", text.Russian, []string{`class="zv-problem" data-code="sig.cert_revoked"`}, []string{"zv-problem--own"}},
	} {
		t.Run(tt.page+"."+string(tt.lang), func(t *testing.T) {
			page := samples()[tt.page]
			page.Lang = tt.lang
			var buf bytes.Buffer
			if err := p.Render(&buf, page); err != nil {
				t.Fatal(err)
			}
			for _, s := range tt.want {
				if !strings.Contains(buf.String(), s) {
					t.Errorf("%q is missing", s)
				}
			}
			for _, s := range tt.not {
				if strings.Contains(buf.String(), s) {
					t.Errorf("%q is there", s)
				}
			}
		})
	}
}

// Each code of the person's own will has words.
func TestOwnWillHasWords(t *testing.T) {
	catalogue, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range ownWill {
		if !catalogue.Has(text.Russian, code) || !catalogue.Has(text.English, code+".do") {
			t.Errorf("%s has no words", code)
		}
	}
}

func TestRenderWritesNothingOnFailure(t *testing.T) {
	p := pages(t)
	var buf bytes.Buffer
	if err := p.Render(&buf, Page{Name: "account", Lang: text.Russian, Data: "wrong"}); err == nil || buf.Len() != 0 {
		t.Errorf("err %v, %d bytes written", err, buf.Len())
	}
	if err := p.Render(&buf, Page{Name: "absent"}); err == nil {
		t.Error("an unknown page was rendered")
	}
}

func TestLangLink(t *testing.T) {
	for path, want := range map[string]string{
		"/":                   "/?lang=en",
		"/security?before=12": "/security?before=12&lang=en",
		"//evil.example/":     "/?lang=en",
		"https://evil.test/":  "/?lang=en",
		"%zz":                 "/?lang=en",
	} {
		if got := (view{Page: Page{Path: path}}).LangLink("en"); got != want {
			t.Errorf("LangLink(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestWaitsAreToldInPeoplesUnits(t *testing.T) {
	catalogue, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	v := view{Page: Page{Lang: text.Russian}, catalogue: catalogue}
	for seconds, want := range map[int]string{1: "1 секунду", 42: "42 секунды", 121: "3 минуты", 3541: "60 минут", 21600: "6 часов"} {
		if got := v.Retry(seconds); !strings.Contains(got, want) {
			t.Errorf("Retry(%d) = %q, want %q", seconds, got, want)
		}
	}
}

func TestAssets(t *testing.T) {
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	for _, name := range []string{"zaver.css", "page.js", "govuk-frontend.js", "mark.svg", "LICENSE.govuk-frontend.txt"} {
		w := get(AssetPath(name))
		if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() == 0 {
			t.Errorf("%s: %d %q", name, w.Code, w.Header().Get("Cache-Control"))
		}
	}
	if w := get(AssetPrefix + "old/page.js"); w.Code != http.StatusOK || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("old version: %d %q", w.Code, w.Header().Get("Cache-Control"))
	}
	for _, path := range []string{AssetPrefix, AssetPath("absent.js"), AssetPath("../web.go"), "/assets/x"} {
		if w := get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
}

// The style must not bring in a foreign font, emblem or address.
func TestStyleIsOurOwn(t *testing.T) {
	css, err := assets.ReadFile("assets/zaver.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"GDS Transport", "@font-face", "url(", "@import", "crown", "crest"} {
		if bytes.Contains(css, []byte(word)) {
			t.Errorf("the style holds %q", word)
		}
	}
}

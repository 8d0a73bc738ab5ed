// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Browser is a visitor without JavaScript: it keeps cookies, follows redirects
// and sends forms as a browser does.
type Browser struct {
	tb     testing.TB
	origin string
	client *http.Client
	// Language is sent as Accept-Language.
	Language string
}

// Page is what a browser got.
type Page struct {
	Status int
	// Path is where the redirects led.
	Path string
	// Body is the page's HTML.
	Body   string
	Header http.Header
}

// Text is the body with its character references resolved, for looking for words.
func (p Page) Text() string { return html.UnescapeString(p.Body) }

// NewBrowser returns a visitor with no cookies.
func (p *Portal) NewBrowser(tb testing.TB) *Browser {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &Browser{tb: tb, origin: p.Origin, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}, Language: "ru"}
}

// Get opens a page.
func (b *Browser) Get(path string) Page {
	b.tb.Helper()
	r, err := http.NewRequestWithContext(b.tb.Context(), http.MethodGet, b.origin+path, nil)
	if err != nil {
		b.tb.Fatal(err)
	}
	return b.do(r, "none")
}

// Post sends a form; fields are names and values in turn.
func (b *Browser) Post(path string, fields ...string) Page {
	b.tb.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(b.tb.Context(), http.MethodPost, b.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.origin)
	return b.do(r, "same-origin")
}

func (b *Browser) do(r *http.Request, site string) Page {
	b.tb.Helper()
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	r.Header.Set("Accept-Language", b.Language)
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	answer, err := b.client.Do(r)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		b.tb.Fatal(err)
	}
	return Page{Status: answer.StatusCode, Path: answer.Request.URL.Path, Body: string(body), Header: answer.Header}
}

// Cookies are the browser's cookies for a path.
func (b *Browser) Cookies(path string) []*http.Cookie {
	u, err := url.Parse(b.origin + path)
	if err != nil {
		b.tb.Fatal(err)
	}
	return b.client.Jar.Cookies(u)
}

// SPDX-License-Identifier: Apache-2.0

package killed

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
	"strings"
	"time"
)

// errNoAnswer says that the portal was not there, went away before it answered, or asked to come back later instead of showing a page.
var errNoAnswer = errors.New("no answer from the portal")

const (
	answerLimit = 30 * time.Second
	lookEvery   = 100 * time.Millisecond
)

// visitor is a browser without JavaScript, used by one goroutine.
type visitor struct {
	origin string
	client *http.Client
}

func newVisitor(origin string) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &visitor{origin: origin, client: &http.Client{Jar: jar, Timeout: answerLimit}}, nil
}

// page is what a visitor got.
type page struct {
	status int
	path   string // where the redirects led
	body   string
}

var (
	tags   = regexp.MustCompile(`(?s)<(script|style|head)\b.*?</(script|style|head)>|<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// String is what a failure should show of it.
func (p page) String() string {
	text := spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(p.body, " ")), " ")
	return fmt.Sprintf("status %d at %s: %.600s", p.status, p.path, text)
}

// attribute is the value of an attribute in the page's HTML, by what stands before it.
func (p page) attribute(before string) string {
	_, rest, ok := strings.Cut(p.body, before+`"`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

func (v *visitor) get(ctx context.Context, path string) (page, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.origin+path, nil)
	if err != nil {
		return page{}, err
	}
	return v.do(r, "none")
}

// post sends a form; fields are names and values in turn.
func (v *visitor) post(ctx context.Context, path string, fields ...string) (page, error) {
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", v.origin)
	return v.do(r, "same-origin")
}

func (v *visitor) do(r *http.Request, site string) (page, error) {
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "ru")
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	answer, err := v.client.Do(r)
	if err != nil {
		if r.Context().Err() != nil {
			return page{}, r.Context().Err()
		}
		return page{}, fmt.Errorf("%s %s: %w: %w", r.Method, r.URL.Path, errNoAnswer, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		return page{}, fmt.Errorf("%s %s: %w: %w", r.Method, r.URL.Path, errNoAnswer, err)
	}
	p := page{status: answer.StatusCode, path: answer.Request.URL.Path, body: string(body)}
	if p.status == http.StatusServiceUnavailable && r.Method == http.MethodGet {
		return p, fmt.Errorf("%s %s: %w: %s", r.Method, r.URL.Path, errNoAnswer, p)
	}
	if p.status == http.StatusInternalServerError {
		return p, fmt.Errorf("%s %s: %s", r.Method, r.URL.Path, p)
	}
	return p, nil
}

// pause waits a little, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// back waits until the portal answers again.
func (v *visitor) back(ctx context.Context) error {
	for {
		if p, err := v.get(ctx, "/readyz"); err == nil && p.status == http.StatusOK {
			return nil
		}
		if err := pause(ctx, lookEvery); err != nil {
			return fmt.Errorf("wait for the portal to come back: %w", err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const lookEvery = 20 * time.Millisecond

// Error is a step that did not end as it should.
type Error struct {
	Step  string
	URL   string // where the page was
	Text  string // what it showed, in short
	Shot  string // file of a picture of it, if any
	Cause error
}

// Error says all of it.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %v (at %s)", e.Step, e.Cause, e.URL)
	if e.Shot != "" {
		s += "\npicture: " + e.Shot
	}
	if e.Text != "" {
		s += "\nthe page says: " + e.Text
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Do runs one named step within its deadline and explains its failure. Steps
// of tests' own are written with it.
func (r *Robot) Do(step string, f func(ctx context.Context) error) error {
	return r.within(step, r.o.Step, f)
}

func (r *Robot) within(step string, limit time.Duration, f func(ctx context.Context) error) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	defer cancel()
	err := f(ctx)
	if err == nil {
		if r.o.Seen != nil {
			r.o.Seen(step, time.Since(began))
		}
		return nil
	}
	if ctx.Err() != nil && r.ctx.Err() == nil {
		err = fmt.Errorf("not within %v: %w", limit, err)
	}
	out := &Error{Step: step, Cause: err}
	if r.ctx.Err() != nil {
		return out // the window is closed
	}
	out.URL, _ = r.URL()                    // only to say more
	out.Text, _ = r.Text()                  // only to say more
	out.Shot, _ = r.shoot("failed-" + step) // only to say more
	return out
}

// settle is the time for questions about the page outside of a step.
const settle = 40 * time.Second

// ask asks the page for a value.
func ask[T any](r *Robot, js string) (T, error) {
	ctx, cancel := context.WithTimeout(r.ctx, settle)
	defer cancel()
	return value[T](ctx, js, false)
}

// URL is where the page is.
func (r *Robot) URL() (string, error) {
	return ask[string](r, "location.href")
}

// Path is the path of the page's address.
func (r *Robot) Path() (string, error) {
	s, err := r.URL()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", err
	}
	return u.Path, nil
}

// Title is the title of the page.
func (r *Robot) Title() (string, error) {
	return ask[string](r, "document.title")
}

// Text is what the main part of the page shows, on one line, at most 1500 characters.
func (r *Robot) Text() (string, error) {
	s, err := ask[string](r, "(document.querySelector('main')||document.body).innerText")
	runes := []rune(strings.Join(strings.Fields(s), " "))
	return string(runes[:min(len(runes), 1500)]), err
}

// Errors are the lines of the page's error summary.
func (r *Robot) Errors() ([]string, error) {
	return ask[[]string](r, "[...document.querySelectorAll('.govuk-error-summary__list li')].map(e => e.innerText.trim())")
}

// Value is the property of the first element that the selector finds, "" without one.
func (r *Robot) Value(selector, property string) (string, error) {
	return ask[string](r, fmt.Sprintf("String((document.querySelector(%q)||{})[%q] ?? '')", selector, property))
}

// Shot takes a picture of the whole page, if pictures of each step are wanted.
func (r *Robot) Shot(name string) error {
	if r.o.Few {
		return nil
	}
	return r.Picture(name)
}

// Picture takes a picture of the whole page, if pictures are wanted at all.
func (r *Robot) Picture(name string) error {
	_, err := r.shoot(name)
	return err
}

func (r *Robot) shoot(name string) (string, error) {
	if r.o.Shots == "" {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(r.ctx, settle)
	defer cancel()
	png, err := r.window.picture(ctx)
	if err != nil {
		return "", fmt.Errorf("take picture %s: %w", name, err)
	}
	r.shots++
	file := filepath.Join(r.o.Shots, fmt.Sprintf("%s-%02d-%s.png", r.o.Name, r.shots, clean(name)))
	if err := os.MkdirAll(r.o.Shots, 0o755); err != nil {
		return "", fmt.Errorf("keep picture: %w", err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		return "", fmt.Errorf("keep picture: %w", err)
	}
	return file, nil
}

// Until waits until the expression is true on the page, over navigations.
func (r *Robot) Until(ctx context.Context, js string) error {
	_, err := see[bool](ctx, "!!("+js+") || null")
	return err
}

// see waits until the expression is something on the page, over navigations, and gives what it is: what is waited for and
// what is read then are one look, for a page may move on between two.
func see[T any](ctx context.Context, js string) (T, error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var last error
	for {
		// A page on its way out has no answer; the next one has.
		v, err := value[*T](ctx, js, false)
		if err == nil && v != nil {
			return *v, nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			var none T
			return none, fmt.Errorf("wait for %s: %w", js, errors.Join(ctx.Err(), last))
		}
	}
}

// Go opens an address of the portal.
func (r *Robot) Go(ctx context.Context, path string) error {
	if err := r.window.visit(ctx, r.o.Origin+path); err != nil {
		return err
	}
	return r.Until(ctx, "document.readyState === 'complete'")
}

// Click clicks what leads to another page, and waits for that page.
func (r *Robot) Click(ctx context.Context, selector string) error {
	if _, err := value[bool](ctx, "window.zaverLeft = true", false); err != nil {
		return err
	}
	if err := r.Press(ctx, selector); err != nil {
		return err
	}
	return r.Until(ctx, "!window.zaverLeft && document.readyState === 'complete'")
}

// Press clicks what changes something on this page.
func (r *Robot) Press(ctx context.Context, selector string) error {
	return r.window.press(ctx, selector)
}

// Key strikes a key, wherever the focus is.
func (r *Robot) Key(ctx context.Context, k Key) error { return r.window.key(ctx, k) }

// focus waits for a field and gives it the focus.
func (r *Robot) focus(ctx context.Context, selector string) error {
	return r.Until(ctx, fmt.Sprintf("(e => e && (e.scrollIntoView({block: 'center'}), e.focus(), document.activeElement === e))(document.querySelector(%q))", selector))
}

// Type puts text in place of what a field holds, by keys.
func (r *Robot) Type(ctx context.Context, selector, text string) error {
	if err := r.focus(ctx, selector); err != nil {
		return err
	}
	if _, err := value[bool](ctx, fmt.Sprintf("document.querySelector(%q).select() || true", selector), false); err != nil {
		return err
	}
	if err := r.Key(ctx, Delete); err != nil {
		return err
	}
	return r.window.write(ctx, text)
}

// mostOptions bounds the options of a list that Choose walks over.
const mostOptions = 50

// Choose walks down the options of a drop-down list, by keys, to the one of the value.
func (r *Robot) Choose(ctx context.Context, selector, wanted string) error {
	if err := errors.Join(r.focus(ctx, selector), r.Key(ctx, Home)); err != nil {
		return err
	}
	for range mostOptions {
		now, err := value[string](ctx, fmt.Sprintf("document.querySelector(%q).value", selector), false)
		if err != nil || now == wanted {
			return err
		}
		if err := r.Key(ctx, ArrowDown); err != nil {
			return err
		}
	}
	return fmt.Errorf("choose %s: no option %q", selector, wanted)
}

// Fill is Type for several fields: selector, text, selector, text…
func (r *Robot) Fill(ctx context.Context, pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := r.Type(ctx, pairs[i], pairs[i+1]); err != nil {
			return fmt.Errorf("fill %s: %w", pairs[i], err)
		}
	}
	return nil
}

// ErrElsewhere is wrapped when a step led to another page than it should; the
// page's error summary is then in the text.
var ErrElsewhere = errors.New("another page came")

// At checks where the last step led.
func (r *Robot) At(path string) error {
	at, err := r.Path()
	if err != nil {
		return err
	}
	if at == path {
		return nil
	}
	said, err := r.Errors()
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s instead of %s: %s", ErrElsewhere, at, path, strings.Join(said, "; "))
}

// Ask asks the page for a value.
func Ask[T any](r *Robot, js string) (T, error) { return ask[T](r, js) }

// Await asks the page, within a step, for the value of a promise.
func Await[T any](ctx context.Context, js string) (T, error) {
	return value[T](ctx, js, true)
}

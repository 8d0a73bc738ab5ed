// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"context"
	"strings"
)

// Confirm chooses the method, begins, and presses the button that signs; it returns when the page has handed
// the request to the agent or said why not. The page's request number is the result.
func (r *Robot) Confirm(method string) (request string, err error) {
	if request, err = r.Begin(method); err != nil {
		return request, err
	}
	return request, r.Sign()
}

// Sign waits until the page has found the agent and presses the button that signs. A page that has something
// else to say is left alone.
func (r *Robot) Sign() error {
	return r.Do("press sign", func(ctx context.Context) error {
		found, err := r.AwaitSign(ctx)
		if err != nil || !found {
			return err
		}
		if err := r.Shot("sign"); err != nil {
			return err
		}
		return r.Press(ctx, SignButton)
	})
}

// AwaitSign waits until the page shows the button that signs, or says why it does not.
func (r *Robot) AwaitSign(ctx context.Context) (bool, error) {
	return see[bool](ctx, "document.readyState !== 'complete' ? null : document.querySelector('"+SignButton+"') ? true : "+resultPage+" ? false : null")
}

// Begin chooses the method and goes to the page that looks for the agent. The page's request number is the result.
func (r *Robot) Begin(method string) (request string, err error) {
	err = r.Do("begin confirmation", func(ctx context.Context) error {
		if err := r.Go(ctx, "/confirm"); err != nil {
			return err
		}
		if err := r.Press(ctx, "input[name=method][value="+method+"] + label"); err != nil {
			return err
		}
		if err := r.Shot("methods"); err != nil {
			return err
		}
		if err := r.Click(ctx, submit); err != nil {
			return err
		}
		path, err := r.Path()
		if err != nil {
			return err
		}
		rest, ok := strings.CutPrefix(path, "/confirm/")
		if !ok {
			return r.At("/confirm/…")
		}
		request, _, _ = strings.Cut(rest, "/")
		return nil
	})
	return request, err
}

// Result is how a confirmation ended, as the page shows it.
type Result struct {
	State string   // "confirmed", "refused", "expired", "cancelled" – or "problem": the agent could not
	Codes []string // why
	Text  string   // what the page says
	Tries string   // how many PIN tries are left, in the page's words; "" when it says nothing
}

// resultPage is true when the confirmation is over for the page.
const resultPage = "(document.querySelector('#confirm-result') || document.querySelector('#confirm-problem:not([hidden])'))"

// Result waits for the end of the confirmation.
func (r *Robot) Result() (Result, error) {
	var out Result
	err := r.within("result", confirmLimit, func(ctx context.Context) error {
		var err error
		out, err = see[Result](ctx, `(() => {
			const end = document.querySelector('#confirm-result'), problem = document.querySelector('#confirm-problem:not([hidden])')
			const text = (e) => e.innerText.replace(/\s+/g, ' ').trim()
			if (document.readyState !== 'complete') return null
			if (end) return {State: end.dataset.result, Codes: [...end.querySelectorAll('[data-code]')].map(e => e.dataset.code), Text: text(end), Tries: ''}
			return problem && {State: 'problem', Codes: [problem.dataset.code], Text: text(problem), Tries: text(problem.querySelector('.zv-tries'))}
		})()`)
		if err != nil {
			return err
		}
		return r.Shot("result")
	})
	return out, err
}

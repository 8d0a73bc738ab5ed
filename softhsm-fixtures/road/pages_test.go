// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"strings"
	"testing"

	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
)

// faultsOfPage finds what keeps people from using a page: without a language, a title or a heading, with a step over a level of headings,
// the same id twice, a field without a label, a button or link without a name, a picture without an alternative, a reference to nothing, text
// of too little contrast, a place that is wider than the screen, something to press that is too small for a finger.
const faultsOfPage = `(() => {
	const out = [], seen = e => e.checkVisibility({visibilityProperty: true}) && !e.closest('[hidden]') , what = e => e.outerHTML.slice(0, 90)
	const name = e => (e.getAttribute('aria-label') || (e.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean).map(i => (document.getElementById(i) || {}).innerText).join(' ') || e.innerText || e.value || e.title || '').trim()
	if (!document.documentElement.lang) out.push('no language')
	if (!document.title.trim()) out.push('no title')
	if ([...document.querySelectorAll('h1')].filter(seen).length !== 1) out.push('not one h1')
	let level = 0
	for (const h of document.querySelectorAll('h1,h2,h3,h4')) { if (!seen(h)) continue; const n = +h.tagName[1]; if (n > level + 1) out.push('heading steps over: ' + what(h)); level = n }
	const ids = {}
	for (const e of document.querySelectorAll('[id]')) { if (ids[e.id]) out.push('id twice: ' + e.id); ids[e.id] = true }
	for (const e of document.querySelectorAll('input:not([type=hidden]),textarea,select')) if (seen(e) && !(e.labels && e.labels.length) && !name(e)) out.push('no label: ' + what(e))
	for (const e of document.querySelectorAll('button,a[href],[role=button],summary')) if (seen(e) && !name(e)) out.push('no name: ' + what(e))
	for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) out.push('no alternative: ' + what(e))
	for (const a of ['aria-describedby', 'aria-labelledby', 'aria-controls', 'for']) for (const e of document.querySelectorAll('[' + a + ']'))
		for (const i of e.getAttribute(a).split(' ').filter(Boolean)) if (!document.getElementById(i)) out.push(a + ' of nothing: ' + what(e))
	if (document.documentElement.scrollWidth > innerWidth) out.push('wider than the screen: ' + document.documentElement.scrollWidth)
	const parse = c => (c.match(/[\d.]+/g) || []).map(Number), lum = ([r, g, b]) => [r, g, b].map(x => (x /= 255) <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4).reduce((s, x, i) => s + x * [.2126, .7152, .0722][i], 0)
	const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c } return [255, 255, 255] }
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
	for (const texts = new Set(); walk.nextNode();) {
		const e = walk.currentNode.parentElement
		if (!walk.currentNode.data.trim() || texts.has(e) || !seen(e) || e.closest('noscript,script,style,.govuk-visually-hidden')) continue
		texts.add(e)
		const s = getComputedStyle(e), a = lum(parse(s.color)), b = lum(behind(e)), c = (Math.max(a, b) + .05) / (Math.min(a, b) + .05), px = parseFloat(s.fontSize)
		if (c < (px >= 24 || px >= 18.66 && s.fontWeight >= 700 ? 3 : 4.5)) out.push('contrast ' + c.toFixed(1) + ': ' + what(e))
		const r = e.getBoundingClientRect()
		if (r.right > innerWidth + 1 && !e.closest('textarea')) out.push('out of the screen: ' + what(e))
	}
	for (const e of document.querySelectorAll('main button, main [role=button]')) { const r = e.getBoundingClientRect(); if (seen(e) && (r.height < 24 || r.width < 24)) out.push('too small: ' + what(e)) }
	return out
})()`

// usable checks the page that is shown, and takes a picture of it.
func (c *Citizen) usable(state string) {
	c.w.t.Helper()
	c.w.must(c.Picture(state))
	faults, err := robot.Ask[[]string](c.Robot, faultsOfPage)
	c.w.must(err)
	for _, f := range faults {
		c.w.t.Errorf("the page %q: %s", state, f)
	}
	// The person's name is Russian everywhere.
	written, err := robot.Ask[string](c.Robot, "document.documentElement.lang + ' ' + [...document.querySelectorAll('h1,h2,button,summary')].map(e => e.innerText).join(' ')")
	c.w.must(err)
	if lang, words, _ := strings.Cut(written, " "); lang != string(c.lang) || cyrillic.MatchString(words) == (lang == "en") {
		c.w.t.Errorf("the page %q is not in language %s: %s", state, c.lang, written)
	}
}

// The pages of a confirmation and of the agent's help, in every state, in both languages, on a desk and in a hand: anybody can use them.
func TestPagesForEverybody(t *testing.T) {
	for _, x := range []struct {
		name string
		edit []func(*Options)
	}{
		{"ru desk", nil}, {"en desk", []func(*Options){English}},
		{"ru hand", []func(*Options){phone}}, {"en hand", []func(*Options){English, phone}},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := Start(t)
			native := strings.HasSuffix(x.name, "desk")
			var c *Citizen
			if native {
				c = w.Native(x.edit...)
			} else {
				c = w.Citizen(x.edit...)
			}
			w.GiveToken(c.p, pki.Good)
			w.must(w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.Hold(pinentry.OK), pinentry.OK}, PIN: []string{"999999", pinentry.Cancel}}))
			_, err := c.Begin("token")
			w.must(err)
			c.awaits()
			c.usable("found")
			w.must(c.Do("open the terminal's line", func(ctx context.Context) error { return c.Press(ctx, "#confirm-terminal summary") }))
			c.usable("terminal")
			w.must(c.Sign())
			c.Await("#confirm-steps li.is-now[data-step=consent]")
			c.usable("consent")
			c.gone("#confirm-terminal") // its ticket is used
			w.must(w.Pinentry.Release())
			c.failed("pin.wrong")
			c.usable("failed")
			c.gone("#confirm-terminal")

			w.Answers(c.p.PINs.Token)
			c.succeeds("token")
			c.usable("confirmed")

			c.help()
			c.usable("help")
			w.must(c.Do("examine", func(ctx context.Context) error {
				if err := c.Press(ctx, "#agent-examine"); err != nil {
					return err
				}
				return c.Until(ctx, "!document.getElementById('agent-result').hidden")
			}))
			c.usable("doctor")
			if !native {
				w.must(w.Agent.Stop())
				c.help()
				c.usable("help-nobody")
			}
		})
	}
}

// help opens the help page and waits until it knows whether the agent answers.
func (c *Citizen) help() {
	c.w.t.Helper()
	c.w.must(c.Do("help", func(ctx context.Context) error {
		if err := c.Go(ctx, "/help/agent"); err != nil {
			return err
		}
		return c.Until(ctx, "document.getElementById('agent-check').dataset.door || document.getElementById('agent-check').dataset.code")
	}))
}

// gone checks that the page shows nothing there.
func (c *Citizen) gone(selector string) {
	c.w.t.Helper()
	there, err := robot.Ask[bool](c.Robot, "!!(document.querySelector('"+selector+"') || {}).offsetParent")
	c.w.must(err)
	if there {
		c.w.t.Errorf("the page still shows %s", selector)
	}
}

// phone is an option of windows.
func phone(o *Options) { o.Phone = true }

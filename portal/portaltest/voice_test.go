// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// listen notes from now on what a screen reader is given to read out by itself.
const listen = `(() => {
	window.heard = []
	new MutationObserver(() => { const text = document.getElementById('confirm-say').textContent; if (text) window.heard.push(text) })
		.observe(document.getElementById('confirm-say'), { childList: true, characterData: true, subtree: true })
	return 'listens'
})()`

// A screen reader is given each step once; the focus is never on something that is gone, and the result is read where it moves to.
func TestConfirmationPageIsReadOut(t *testing.T) {
	agent := newActor(t)
	p, b := standard(t, Config{Agent: agent.URL})
	release := make(chan struct{})
	agent.mu.Lock()
	agent.origin = p.Origin
	agent.play = func(_ map[string]string, say func(any)) {
		for _, s := range []string{"statement", "device", "device", "consent", "pin", "pin"} {
			say(step{"step": s})
		}
		<-release
		say(step{"step": "failed", "code": "pin.wrong", "tries": 2})
	}
	agent.mu.Unlock()

	c := chromium(t, p, b)
	c.do(chromedp.Navigate(p.Origin+"/confirm"), chromedp.Click("#method-first"), chromedp.Click("main button[type=submit]"))
	c.wait(`document.querySelector('#confirm-ready:not([hidden]) #confirm-sign')`)
	c.ask(listen)
	c.do(chromedp.Focus("#confirm-sign"), chromedp.KeyEvent("\r"))
	c.wait(`document.querySelector('[data-step=pin]')?.className === 'is-now'`)
	if got := c.ask(`document.activeElement.id + ' ' + document.activeElement.ariaLabel`); got != "confirm-steps Ход подтверждения" {
		t.Errorf("the button is gone, and the focus is on %q", got)
	}
	close(release)
	c.wait(`document.getElementById('confirm-problem').dataset.code === 'pin.wrong'`)

	heard := strings.Split(c.ask(`window.heard.join('|')`), "|")
	if slices.Sort(heard); len(slices.Compact(slices.Clone(heard))) != len(heard) || !slices.Contains(heard, "Введите ПИН-код в окне агента.") {
		t.Errorf("read out: %q", heard)
	}
	if left := c.ask(`document.getElementById('confirm-say').textContent`); left != "" {
		t.Errorf("it is over, and %q is still told", left)
	}
	name := c.ask(`(e => [e.id, e.getAttribute('role'), ...(e.getAttribute('aria-labelledby') + ' ' + e.getAttribute('aria-describedby')).split(' ').map(i => document.getElementById(i).textContent)].join('|'))(document.activeElement)`)
	if want := "confirm-problem|group|ПИН-код неверный.|"; !strings.HasPrefix(name, want) || !strings.HasSuffix(name, "|Осталось попыток: 2.") {
		t.Errorf("the result is read as %q", name)
	}
	if n := c.ask(`document.querySelectorAll('#confirm-problem[role=alert], #confirm-problem [role=alert], #confirm-problem [aria-live]').length`); n != "0" {
		t.Error("what takes the focus is read out by itself, too")
	}
}

// The report of an examination is told and takes the focus; its longest words stay on the smallest screen.
func TestHelpPageReport(t *testing.T) {
	agent := newActor(t)
	p := Start(t, Config{Agent: agent.URL})
	agent.mu.Lock()
	agent.origin = p.Origin
	agent.play = func(_ map[string]string, say func(any)) {
		say(step{"format": "zaver.doctor/v1", "lines": []step{
			{"code": "doctor.browser.manifest_missing", "state": "fault", "text": "Chromium: агент в браузере незарегистрирован" + strings.Repeat("н", 30), "remedy": "/" + strings.Repeat("папка", 20)},
			{"code": "doctor.clock.ok", "state": "ok", "text": "Часы: всё в порядке"}}})
	}
	agent.mu.Unlock()

	c := chromium(t, p, p.NewBrowser(t))
	c.do(chromedp.EmulateViewport(320, 800), chromedp.Navigate(p.Origin+"/help/agent"))
	c.wait(`document.getElementById('agent-check').dataset.door`)
	c.do(chromedp.Focus("#agent-examine"), chromedp.KeyEvent("\r"))
	c.wait(`!document.getElementById('agent-result').hidden`)
	if got := c.ask(`document.activeElement.tagName + ' ' + document.activeElement.innerText`); got != "H2 Что нашёл агент" {
		t.Errorf("the focus is on %q", got)
	}
	if got := c.ask(`document.getElementById('agent-state').textContent`); got != "Проверка закончена. Неисправностей: 1." {
		t.Errorf("told: %q", got)
	}
	if out := c.ask(`[...document.querySelectorAll('#agent-report *')].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.className).join(' ')`); out != "" {
		t.Errorf("out of the screen: %s", out)
	}

	// An examination that fails gives the button the focus back: it could not be pressed meanwhile.
	agent.mu.Lock()
	agent.play = func(_ map[string]string, say func(any)) { say(step{"format": "another"}) }
	agent.mu.Unlock()
	c.do(chromedp.Focus("#agent-examine"), chromedp.KeyEvent("\r"))
	c.wait(`document.getElementById('agent-result').hidden && !document.getElementById('agent-examine').disabled`)
	if got := c.ask(`document.activeElement.id`); got != "agent-examine" {
		t.Errorf("the focus is on %q", got)
	}
}

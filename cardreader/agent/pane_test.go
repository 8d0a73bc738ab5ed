// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	cards "zaver/cardreader/card"
	"zaver/softhsm-fixtures/people"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/windowplay"
)

// windowed is a rig whose person sits at a scripted window and answers further dialogs by p.
func windowed(t *testing.T, s agent.Source, w windowplay.Script, p *person, change ...func(*agent.Config)) (*rig, *windowplay.Window) {
	t.Helper()
	played, err := windowplay.New(t.TempDir(), fakeWindow, w)
	if err != nil {
		t.Fatal(err)
	}
	cfg := played.Config()
	cfg.ReadyLimit, cfg.Stay = patience, patience
	program, err := window.Find(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, newCarrier(t), scripted.Script{}, append([]func(*agent.Config){func(c *agent.Config) {
		c.Window, c.Dialogs = program, p
		c.Sources = map[agent.Method]agent.Source{agent.MethodToken: s, agent.MethodUEC: s}
	}}, change...)...)
	return r, played
}

// seen is what the window was told, in one line a message; it waits for the result unless none is to come.
func seen(t *testing.T, w *windowplay.Window, result bool) (rows []window.Row, said []string) {
	t.Helper()
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		all, err := w.Shown()
		if err != nil {
			t.Fatal(err)
		}
		rows, said = nil, nil
		for _, m := range all {
			switch {
			case m.Show != nil:
				said = append(said, "form")
			case m.Rows != nil:
				rows = m.Rows
				said = append(said, "rows")
			case m.Progress != nil:
				said = append(said, strings.TrimSpace(m.Progress.Text+" "+m.Progress.Detail))
			case m.Result != nil:
				said = append(said, string(m.Result.Tone)+": "+strings.Join(append([]string{m.Result.Text}, m.Result.Lines...), " "))
				return rows, said
			}
		}
		if !result {
			return rows, said
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no result in %q", said)
		}
	}
}

// The whole of one request with a window: what it shows, in order, and the same result as the page.
func TestWindowRoad(t *testing.T) {
	p := &person{answers: []string{"12345678"}}
	r, w := windowed(t, newCarrier(t, pki.Good), windowplay.Script{}, p)
	steps := r.run(t, t.Context())
	if got := names(steps); got != "statement consent pin signing sending done" {
		t.Fatalf("steps %s: %+v", got, steps[len(steps)-1])
	}
	rows, said := seen(t, w, true)
	want := []string{"form", "rows", "Введите ПИН-код «Токен Веры» Его спрашивает отдельное окно. Осталось попыток ввода ПИН-кода: 3.",
		"Подписываю… Не вынимайте «Токен Веры».", "Отправляю подпись порталу…", "good: Личность подтверждена Вернитесь на страницу портала. Это окно можно закрыть."}
	if d := cmp.Diff(want, said); d != "" {
		t.Error(d)
	}
	if len(rows) != 1 || !rows[0].Chosen || !rows[0].Usable || rows[0].Title != "Светлова Вера Андреевна" || rows[0].Note != "" {
		t.Errorf("rows %+v", rows)
	}
	all, _ := w.Shown()
	form := all[0].Show
	facts := map[string]string{}
	for _, f := range form.Facts {
		facts[f.Label] = f.Value
	}
	wantFacts := map[string]string{"Портал": "Демо", "Адрес": r.portal.URL, "Действие": "подтверждение личности", "Учётная запись": "+7 900 ***-**-01",
		"Кого подтверждаем": "Светлова Вера Андреевна", "СНИЛС": r.portal.statement.SNILS.Formatted()}
	if d := cmp.Diff(wantFacts, facts); d != "" {
		t.Error(d)
	}
	if form.Code != (window.Code{Label: "Контрольный код", Value: "4815", Spoken: "Контрольный код: 4 8 1 5"}) || form.Sign != "_Подписать" {
		t.Errorf("form %+v", form)
	}
	if len(p.shown) != 1 || p.leftBehind() {
		t.Errorf("%d dialogs besides the window", len(p.shown))
	}
}

func TestWindowInEnglish(t *testing.T) {
	r, w := windowed(t, newCarrier(t, pki.Good), windowplay.Script{}, &person{answers: []string{"12345678"}})
	r.request.Language = words.English
	r.run(t, t.Context())
	_, said := seen(t, w, true)
	if got := said[len(said)-1]; got != "good: Your identity is confirmed Go back to the portal's page. You may close this window." {
		t.Errorf("got %q", got)
	}
	all, _ := w.Shown()
	for _, f := range all[0].Show.Facts {
		if strings.ContainsAny(f.Label, "АБВГДЕабвгде") {
			t.Errorf("Russian label %q", f.Label)
		}
	}
}

// Rows: what can be chosen first, another's marked and never chosen beforehand, grey ones with their reason.
func TestWindowRows(t *testing.T) {
	c := newCarrier(t, pki.Expired, pki.WrongUsage)
	c.add(t, pki.Order{Person: people.Stranger()})
	c.add(t, pki.Order{Person: people.TokenHolder()})
	r, w := windowed(t, c, windowplay.Script{Row: new(int)}, &person{answers: []string{"12345678"}})
	r.run(t, t.Context())
	rows, _ := seen(t, w, true)
	type brief struct {
		Usable, Chosen bool
		Note           string
	}
	got := make([]brief, 0, len(rows))
	for _, x := range rows {
		got = append(got, brief{x.Usable, x.Chosen, x.Note})
	}
	want := []brief{{true, false, ""}, {true, false, "Внимание: СНИЛС в сертификате другой."},
		{false, false, "Нельзя использовать: срок действия истёк."}, {false, false, "Нельзя использовать: не для подписи."}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	t.Run("the only one is another's", func(t *testing.T) {
		c := newCarrier(t)
		c.add(t, pki.Order{Person: people.Stranger()})
		r, w := windowed(t, c, windowplay.Script{AtRows: windowplay.Cancel}, &person{})
		r.run(t, t.Context())
		if rows, _ := seen(t, w, false); len(rows) != 1 || rows[0].Chosen {
			t.Errorf("rows %+v", rows)
		}
	})
}

// However the window ends, the request ends as it should, and nothing is signed against the person's will.
func TestWindowEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		script windowplay.Script
		code   string // "" for confirmed
		dialog string // text on the button of the first dialog: consent by dialog, or the PIN
		signs  int
	}{
		{"declined", windowplay.Script{AtRows: windowplay.Cancel}, agent.CodeDeclined, "", 0},
		{"declined while certificates were looked for", windowplay.Script{AtShow: windowplay.Cancel}, agent.CodeDeclined, "", 0},
		{"died with the choice", windowplay.Script{AtRows: windowplay.Die}, agent.CodeWindow, "", 0},
		{"lied: a grey row", windowplay.Script{Row: func() *int { n := 1; return &n }()}, agent.CodeWindow, "", 0},
		{"lied: garbage", windowplay.Script{AtRows: windowplay.Garbage}, agent.CodeWindow, "", 0},
		{"no display", windowplay.Script{AtShow: windowplay.NoDisplay}, "", "Подписать", 1},
		{"died at once", windowplay.Script{AtShow: windowplay.Die}, "", "Подписать", 1},
		{"result left open", windowplay.Script{AtResult: windowplay.Wait}, "", "Ввести", 1},
		{"result kills it", windowplay.Script{AtResult: windowplay.Crash}, "", "Ввести", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newCarrier(t, pki.Good, pki.Expired)
			p := &person{answers: []string{"12345678"}}
			if c.dialog == "Подписать" {
				p.answers = []string{sayYes, "12345678"}
			}
			r, _ := windowed(t, k, c.script, p)
			last := r.run(t, t.Context())
			if got := last[len(last)-1]; got.Code != c.code || c.code == "" && got.State != "confirmed" {
				t.Errorf("got %+v", got)
			}
			if k.signs != c.signs || c.dialog == "" && len(p.shown) > 0 || c.dialog != "" && (len(p.shown) == 0 || p.shown[0].OK != c.dialog) {
				t.Errorf("%d signatures, dialogs %+v", k.signs, p.shown)
			}
			if r.agent.Busy() {
				t.Error("busy after the end")
			}
			if c.code != "" {
				if d := cmp.Diff([]string{c.code}, r.portal.cancelled); d != "" {
					t.Errorf("portal told: %s", d)
				}
			}
		})
	}
}

// Whoever cancels in the window while the PIN is asked has cancelled.
func TestWindowCancelsPIN(t *testing.T) {
	k := newCarrier(t, pki.Good)
	r, _ := windowed(t, k, windowplay.Script{AtProgress: windowplay.Cancel}, &person{}, func(c *agent.Config) {
		script, err := scripted.New(t.TempDir(), fakeProgram, scripted.Script{PIN: []string{scripted.Hang}})
		if err != nil {
			t.Fatal(err)
		}
		c.Dialogs = dialogsOf(t, script)
	})
	steps := r.run(t, t.Context())
	if got := steps[len(steps)-1]; got.Code != agent.CodeDeclined || k.signs != 0 {
		t.Errorf("got %+v, %d signatures", got, k.signs)
	}
}

// Who holds a busy card is told to the person, and to no page.
func TestHolderOfBusyCard(t *testing.T) {
	k := newCarrier(t, pki.Good)
	k.listError = &cards.Error{Reason: cards.Busy, Op: "take the card", Holder: "scdaemon"}
	r, w := windowed(t, k, windowplay.Script{}, &person{})
	steps := r.run(t, t.Context())
	last := steps[len(steps)-1]
	if last.Code != "card.busy" || last.HeldBy != "scdaemon" {
		t.Errorf("got %+v", last)
	}
	if b, err := json.Marshal(last); err != nil || bytes.Contains(b, []byte("scdaemon")) {
		t.Errorf("a page is told %s, %v", b, err)
	}
	if _, said := seen(t, w, true); !strings.Contains(strings.Join(said, "\n"), "scdaemon") {
		t.Errorf("the window does not name the program: %q", said)
	}
}

// A page that goes away closes the window.
func TestPageClosesWindow(t *testing.T) {
	r, w := windowed(t, newCarrier(t, pki.Good), windowplay.Script{AtRows: windowplay.Wait}, &person{})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	op, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	last := op.Run(ctx, func(s agent.Step) {
		if s.Step == agent.StepConsent {
			leave()
		}
	})
	if last.Code != agent.CodeCancelled {
		t.Errorf("got %+v", last)
	}
	if _, said := seen(t, w, false); strings.Contains(strings.Join(said, " "), "bad:") {
		t.Errorf("the window still says %q", said)
	}
}

// What the window says at the end is what the page says: confirmed, refused, or why not and what to do.
func TestWindowResults(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*rig, *carrier)
		want  string
	}{
		{"refused", func(r *rig, _ *carrier) { r.portal.verdict = `{"state":"refused","codes":["sig.cert_revoked"]}` },
			"bad: Портал не принял подтверждение Подробности — на странице портала."},
		{"refused, in the portal's words", func(r *rig, _ *carrier) {
			r.portal.verdict = `{"state":"refused","codes":["sig.cert_revoked"],"said":[{"what":"Сертификат\n<b>отозван</b>.","do":"Возьмите другой."},{}]}`
		}, "bad: Портал не принял подтверждение Сертификат ‹b›отозван‹/b›. Возьмите другой. Подробности — на странице портала."},
		{"removed while signing", func(_ *rig, k *carrier) { k.signError = &agent.Error{ErrorCode: "token.removed"} },
			"bad: Токен вынули во время работы. Вставьте токен и начните снова. Если вы уже ввели ПИН-код, попытка могла быть потрачена."},
		{"nothing usable", func(_ *rig, k *carrier) {
			k.credentials[0].Code = "token.no_key"
		}, "bad: На токене нет ключа, которым можно подписать. Возьмите токен с действующим сертификатом электронной подписи. Светлова Вера Андреевна. Нельзя использовать: нет закрытого ключа."},
		{"no token", func(_ *rig, k *carrier) { k.credentials = nil }, "bad: Токен с сертификатом не найден."},
		{"driver crashed", func(_ *rig, k *carrier) { k.listError = &agent.Error{ErrorCode: "token.crashed"} }, "bad: Программа (драйвер) токена аварийно завершилась."},
		{"portal's own code", func(r *rig, _ *carrier) {
			r.portal.verdict = `{"state":"odd"}`
		}, "bad: Агент не понял ответ портала."},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newCarrier(t, pki.Good)
			r, w := windowed(t, k, windowplay.Script{}, &person{answers: []string{"12345678"}})
			c.spoil(r, k)
			r.run(t, t.Context())
			_, said := seen(t, w, true)
			if got := said[len(said)-1]; !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A card that isn't there is waited for in the window, too, where the person may stop waiting.
func TestWindowWaitsForCard(t *testing.T) {
	c := newCarrier(t, pki.Good)
	c.in = make(chan struct{})
	r, w := windowed(t, card{c}, windowplay.Script{}, &person{answers: []string{"12345678"}})
	r.request.Method = agent.MethodUEC
	op, err := r.agent.Begin(r.portal.URL, r.request)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	op.Run(t.Context(), func(s agent.Step) {
		if s.Step == agent.StepDevice {
			close(c.in)
		}
	})
	if _, said := seen(t, w, true); len(said) < 3 || said[1] != "Вставьте карту в считыватель." || said[2] != "rows" {
		t.Errorf("said %q", said)
	}
	t.Run("stops waiting", func(t *testing.T) {
		c := newCarrier(t, pki.Good)
		c.in = make(chan struct{})
		r, _ := windowed(t, card{c}, windowplay.Script{AtShow: windowplay.Cancel}, &person{})
		r.request.Method = agent.MethodUEC
		steps := r.run(t, t.Context())
		if got := steps[len(steps)-1]; got.Code != agent.CodeDeclined {
			t.Errorf("got %+v", got)
		}
	})
}

// Every code that the agent may send has words for the window.
func TestEveryFailureHasWords(t *testing.T) {
	for _, code := range agent.Codes() {
		if !words.HasFailure(code) {
			t.Errorf("%s has no words (failures.ru.json, failures.en.json)", code)
		}
	}
}

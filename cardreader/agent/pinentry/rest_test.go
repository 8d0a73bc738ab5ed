// SPDX-License-Identifier: Apache-2.0

package pinentry_test

import (
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/pinentry"
	fake "zaver/softhsm-fixtures/pinentry"
)

// answersAfter is a clock that is looked at twice for each question: when it is put, and when it was answered, so much later.
func answersAfter(took ...time.Duration) func() time.Time {
	now, looks := time.Now(), 0
	return func() time.Time {
		if looks%2 == 1 {
			now = now.Add(took[min(looks/2, len(took)-1)])
		}
		looks++
		return now
	}
}

// A yes counts when the question was there for Rest; sooner, it is put again with the reason, three times at most. Everything else counts at once.
func TestRest(t *testing.T) {
	const soon, late = pinentry.Rest - time.Nanosecond, pinentry.Rest
	for _, c := range []struct {
		name    string
		answers []string
		took    []time.Duration
		want    pinentry.Answer
		shown   int
	}{
		{"a yes in time", []string{fake.OK}, []time.Duration{late}, pinentry.Yes, 1},
		{"too soon, then in time", []string{fake.OK}, []time.Duration{soon, late}, pinentry.Yes, 2},
		{"too soon twice, then in time", []string{fake.OK}, []time.Duration{0, soon, late}, pinentry.Yes, 3},
		{"a key held down", []string{fake.OK}, []time.Duration{0}, pinentry.No, 3},
		{"too soon, then no", []string{fake.OK, fake.Cancel}, []time.Duration{0}, pinentry.No, 2},
		{"too soon, then the third button", []string{fake.OK, fake.Other}, []time.Duration{0}, pinentry.Other, 2},
		{"a no at once", []string{fake.Cancel}, []time.Duration{0}, pinentry.No, 1},
		{"the third button at once", []string{fake.Other}, []time.Duration{0}, pinentry.Other, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, f := timed(t, fake.Script{Confirm: c.answers}, answersAfter(c.took...))
			d := pinentry.Dialog{Text: "Код: 1234", Hasty: "Слишком быстро.\nКод: 1234", NotOK: "Другой", Timeout: patience}
			got, err := p.Confirm(t.Context(), d)
			if got != c.want || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
			shown, err := f.Shown()
			if err != nil || len(shown) != c.shown {
				t.Fatalf("shown %+v, %v", shown, err)
			}
			for i, s := range shown {
				if want := []string{d.Text, d.Hasty}[min(i, 1)]; s.Text != want {
					t.Errorf("question %d shows %q", i+1, s.Text)
				}
			}
		})
	}
	t.Run("without words for it", func(t *testing.T) {
		p, f := timed(t, fake.Script{Confirm: []string{fake.OK}}, answersAfter(0, pinentry.Rest))
		if got, err := p.Confirm(t.Context(), pinentry.Dialog{Text: "Код: 1234"}); got != pinentry.Yes || err != nil {
			t.Errorf("got %v, %v", got, err)
		}
		if shown, err := f.Shown(); err != nil || len(shown) != 2 || shown[1].Text != "Код: 1234" {
			t.Errorf("shown %+v, %v", shown, err)
		}
	})
	t.Run("by the real clock", func(t *testing.T) {
		p, _ := timed(t, fake.Script{Confirm: []string{fake.AtOnce}}, nil)
		began := time.Now()
		got, err := p.Confirm(t.Context(), pinentry.Dialog{Text: "Код: 1234"})
		// A machine that stalled for so long may have let it through.
		if err != nil || got == pinentry.Yes && time.Since(began) < pinentry.Rest {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// A PIN that was typed fast is typed all the same.
func TestPINNeedsNoRest(t *testing.T) {
	p, f := timed(t, fake.Script{PIN: []string{"48151623"}}, answersAfter(0))
	got, err := p.PIN(t.Context(), pinentry.Dialog{Text: "ПИН", Prompt: "ПИН-код:"})
	if err != nil || got.Len() != 8 {
		t.Fatalf("got %v, %v", got, err)
	}
	got.Wipe()
	if shown, err := f.Shown(); err != nil || len(shown) != 1 {
		t.Errorf("shown %+v, %v", shown, err)
	}
}

// What was typed on a terminal before a question, or stands behind a line that was pasted, answers nothing, however much time goes by.
func TestTypedAhead(t *testing.T) {
	for _, c := range []struct {
		program, keys, echo string // the keys of a yes
		text, no            string
	}{
		{"pinentry-tty", "1\r1\r", "1\r\n1\r\n", "]? ", "2"},
		// Curses reads what is there; Enter is its own key while line ends are left alone, as in the dialog before.
		{"pinentry-curses", "\r\r\r", "^M^M^M", "4815", "\t\r"},
	} {
		t.Run(c.program, func(t *testing.T) {
			x := openTerminal(t)
			p := realPinentry(t, c.program, x, fake.Later())
			if c.program == "pinentry-curses" {
				x.leaveLineEnds(t)
			}
			x.typeKeys(t, c.keys)
			x.await(t, c.echo) // the terminal has them
			got := make(chan pinentry.Answer, 1)
			go func() {
				a, err := p.Confirm(t.Context(), pinentry.Dialog{Text: "Контрольный код: 4815", OK: "Подписать", Cancel: "Отказаться", Timeout: 2 * patience})
				if err != nil {
					t.Error(err)
				}
				got <- a
			}()
			x.await(t, c.text)
			x.typeKeys(t, c.no)
			if a := <-got; a != pinentry.No {
				t.Errorf("got %v", a)
			}
		})
	}
	t.Run("a PIN", func(t *testing.T) {
		x := openTerminal(t)
		p := realPinentry(t, "pinentry-tty", x, fake.Later())
		x.typeKeys(t, "1\r")
		x.await(t, "1\r\n")
		typePIN(t, x, p)
	})
}

// On a real terminal, too, a key that is pressed as the question comes does not sign: it is put again, and a key pressed later does.
func TestFastKeyOnATerminal(t *testing.T) {
	x := openTerminal(t)
	p := realPinentry(t, "pinentry-tty", x, answersAfter(pinentry.Rest/2, 2*pinentry.Rest))
	got := make(chan pinentry.Answer, 1)
	go func() {
		a, err := p.Confirm(t.Context(), pinentry.Dialog{Text: "Контрольный код: 4815", Hasty: "Слишком быстро", OK: "Подписать", Cancel: "Отказаться", Timeout: 2 * patience})
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	if shown := x.await(t, "]? "); strings.Contains(shown, "быстро") {
		t.Errorf("shown %q", shown)
	}
	x.typeKeys(t, "1")
	if shown := x.await(t, "]? "); !strings.Contains(shown, "быстро") {
		t.Errorf("shown again: %q", shown)
	}
	x.typeKeys(t, "1")
	if a := <-got; a != pinentry.Yes {
		t.Errorf("got %v", a)
	}
}

// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"zaver/portal/text"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/backstage"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/robot"
)

// backstage opens the page behind the scenes.
func (w *World) backstage() *robot.Robot {
	w.t.Helper()
	r := w.Visitor(Few, func(o *Options) { o.Origin = w.InboxURL() })
	w.must(r.Do("open", func(ctx context.Context) error { return r.Go(ctx, backstage.Path) }))
	return r
}

// order chooses in the page's lists, presses the button, and gives what the page says then.
func (w *World) order(r *robot.Robot, button string, pairs ...string) string {
	w.t.Helper()
	w.must(r.Do("order "+button, func(ctx context.Context) error {
		for i := 0; i+1 < len(pairs); i += 2 {
			if err := r.Choose(ctx, pairs[i], pairs[i+1]); err != nil {
				return err
			}
		}
		// The page answers under its own path: only a mark tells the old one from the new.
		if err := r.Until(ctx, "window.former = true"); err != nil {
			return err
		}
		if err := r.Click(ctx, button); err != nil {
			return err
		}
		if err := r.Until(ctx, "!window.former && document.readyState === 'complete'"); err != nil {
			return err
		}
		return r.At(backstage.Path)
	}))
	said, err := r.Text()
	w.must(err)
	return said
}

// The page's buttons change the world, and the page says how it is.
func TestBackstageChangesTheWorld(t *testing.T) {
	w := Start(t)
	t.Cleanup(func() { w.publish(context.Background(), nil) })
	r := w.backstage()
	p := people.Entrepreneur()
	const token, list = "form:has([name=keys]) ", "form:has([name=condition]) "
	said := w.order(r, token+"button[value=token]", token+"[name=person]", p.Key, "[name=keys]", "gost512", "[name=variant]", "revoked")
	w.shows(said, "Вставлен: "+p.FullName()+" · ключ ГОСТ Р 34.10-2012, 512 бит · сертификат отозван час назад")
	if in := w.Plugged(); len(in) != 1 || in[0].Person.Key != p.Key || in[0].GOST == nil {
		t.Errorf("plugged in: %+v", in)
	}
	w.shows(w.order(r, token+"button[value=no-token]"), "Не вставлен")
	card := "form:not(:has([name=keys])):has([name=person]) "
	w.shows(w.order(r, card+"button[value=card]", card+"[name=person]", p.Key), "В считывателе: "+p.FullName())
	w.shows(w.order(r, card+"button[value=no-card]"), "Считыватель пуст")
	w.shows(w.order(r, "button[name=service][value=timestamps]"), "Служба штампов времени не работает")
	w.shows(w.order(r, "button[name=service][value=timestamps]"), "Служба штампов времени работает")

	w.publish(t.Context(), nil) // an older one is refused only where one is in force
	good := w.inForce()
	said = w.order(r, list+"button", "[name=condition]", "signature")
	w.says(text.Russian, said, trust.CodeListSignature, nil)
	w.must(r.Picture("list-refused"))
	if now := w.inForce(); now != good {
		t.Errorf("list %d is in force instead of %d", now, good)
	}
	w.says(text.Russian, w.order(r, list+"button", "[name=condition]", "older"), trust.CodeListVersion, nil)
	said = w.order(r, list+"button", "[name=condition]", "struck")
	if strings.Contains(said, "остаётся в силе") || w.Centres.List().Version <= good {
		t.Errorf("after a new list the page says %s", said)
	}
	if c := r.Complaints(); len(c) > 0 {
		t.Errorf("the browser complains: %q", c)
	}
}

// Whoever was confirmed finds the proof there, and what it will be worth in ten years.
func TestBackstageShowsTheProof(t *testing.T) {
	w := Start(t)
	_, request := w.confirmed()
	r := w.backstage()
	w.must(r.Do("open the report", func(ctx context.Context) error {
		return r.Click(ctx, "a[href$='/report/"+request+"']")
	}))
	said, err := r.Text()
	w.must(err)
	if !strings.HasPrefix(said, "О файле в целом") || !strings.Contains(said, "Подпись 1: Действительна") {
		t.Errorf("the report says %s", said)
	}
	w.must(r.Picture("report"))
	for path, status := range map[string]int{"/evidence/" + request: http.StatusOK, "/evidence/0": http.StatusNotFound, "/report/-h": http.StatusNotFound} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.InboxURL()+backstage.Path+path, nil)
		w.must(err)
		answer, err := http.DefaultClient.Do(q)
		w.must(err)
		begin, err := io.ReadAll(io.LimitReader(answer.Body, 2))
		w.must(err)
		w.must(answer.Body.Close())
		if answer.StatusCode != status || status == http.StatusOK && string(begin) != "PK" {
			t.Errorf("%s: status %d, %q", path, answer.StatusCode, begin)
		}
	}
}

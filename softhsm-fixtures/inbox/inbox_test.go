// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestCodeAndLink(t *testing.T) {
	cases := []struct{ text, code, link string }{
		{"Код 123456. Никому не сообщайте его.", "123456", ""},
		{"+79001234567 звонит", "", ""},
		{"Откройте https://portal.example/r?t=abc.", "", "https://portal.example/r?t=abc"},
		{"654321", "654321", ""},
	}
	for _, c := range cases {
		m := Message{Text: c.text}
		if m.Code() != c.code || m.Link() != c.link {
			t.Errorf("%q: code %q link %q", c.text, m.Code(), m.Link())
		}
	}
}

func TestWaitSeesOnlyWhatIsNewAndMatches(t *testing.T) {
	b := New(time.Now)
	b.Add(Message{Channel: SMS, To: "79001234567", Text: "old 111111"})
	after := b.Last()
	got := make(chan Message)
	go func() {
		m, err := b.Wait(context.Background(), "+79001234567", after, func(m Message) bool { return m.Code() != "" })
		if err != nil {
			t.Error(err)
		}
		got <- m
	}()
	b.Add(Message{Channel: SMS, To: "79007654321", Text: "222222"})
	b.Add(Message{Channel: SMS, To: "79001234567", Text: "no code"})
	b.Add(Message{Channel: SMS, To: "79001234567", Text: "333333"})
	if m := <-got; m.Code() != "333333" {
		t.Errorf("got %q", m.Text)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Wait(ctx, "nobody@example.org", 0, nil); err == nil {
		t.Error("wait for nothing ended without an error")
	}
}

func TestOldestAreForgotten(t *testing.T) {
	b := New(time.Now)
	for range keep + 5 {
		b.Add(Message{To: "a@example.org"})
	}
	if all := b.All(""); len(all) != keep || all[0].ID != 6 {
		t.Errorf("kept %d from %d", len(all), all[0].ID)
	}
}

func TestPageEscapesAndAPIAnswers(t *testing.T) {
	b := New(time.Now)
	b.Add(Message{Channel: Letter, To: "a@example.org", Subject: "<script>alert(1)</script>", Text: "Код 123456"})
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if body := w.Body.String(); strings.Contains(body, "<script>") || !strings.Contains(body, "123456") {
		t.Errorf("page: %s", body)
	}
	w = httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/api/messages?to=A@example.org", nil))
	var list []Message
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) != 1 {
		t.Errorf("api: %v %s", err, w.Body)
	}
}

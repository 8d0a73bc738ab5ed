// SPDX-License-Identifier: Apache-2.0

package window_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent/window"
)

func form() window.Form {
	return window.Form{Title: "Завер", Heading: "Портал просит", Facts: []window.Fact{{Label: "Адрес", Value: "https://portal.example", Strong: true}},
		Code: window.Code{Label: "Код", Value: "4815", Spoken: "Код: 4 8 1 5"}, Hint: "Сверьте код", Choose: "Чем подписать", Sign: "_Подписать",
		Decline: "_Отказаться", Close: "_Закрыть", Progress: window.Progress{Text: "Ищу"}}
}

func rows() []window.Row {
	return []window.Row{{Title: "Вера", Lines: []string{"Выдан: УЦ"}, Usable: true, Chosen: true}, {Title: "Пётр", Usable: true}, {Title: "Старый", Note: "истёк"}}
}

func TestMessagesComeBack(t *testing.T) {
	f := form()
	for _, m := range []window.Message{
		{Show: &f}, {Rows: rows()}, {Progress: &window.Progress{Text: "Подписываю", Final: true}},
		{Result: &window.Result{Tone: window.Good, Text: "Готово", Lines: []string{"Закройте"}, Stay: 30}},
	} {
		line, err := window.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		body, ok := strings.CutSuffix(string(line), "\n")
		if !ok || strings.Contains(body, "\n") {
			t.Fatalf("not one line: %q", line)
		}
		got, err := window.ParseMessage([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, got); d != "" {
			t.Error(d)
		}
	}
}

func TestMessagesRefused(t *testing.T) {
	long := strings.Repeat("ж", 2001)
	many := make([]window.Row, window.MaxRows+1)
	for name, m := range map[string]window.Message{
		"nothing":             {},
		"two at once":         {Rows: rows(), Progress: &window.Progress{}},
		"no rows":             {Rows: []window.Row{}},
		"too many rows":       {Rows: many},
		"a grey row chosen":   {Rows: []window.Row{{Chosen: true}}},
		"two rows chosen":     {Rows: []window.Row{{Chosen: true, Usable: true}, {Chosen: true, Usable: true}}},
		"long title":          {Rows: []window.Row{{Title: long}}},
		"long line":           {Rows: []window.Row{{Lines: []string{long}}}},
		"long note":           {Rows: []window.Row{{Note: long}}},
		"long progress":       {Progress: &window.Progress{Text: long}},
		"long detail":         {Progress: &window.Progress{Detail: long}},
		"time without words":  {Progress: &window.Progress{Text: "a", Seconds: 30}},
		"time without place":  {Progress: &window.Progress{Text: "a", Seconds: 30, Countdown: "s"}},
		"words without time":  {Progress: &window.Progress{Text: "a", Countdown: "{n} s"}},
		"too much time":       {Progress: &window.Progress{Text: "a", Seconds: 601, Countdown: "{n} s"}},
		"no time at all":      {Progress: &window.Progress{Text: "a", Seconds: -1, Countdown: "{n} s"}},
		"long countdown":      {Progress: &window.Progress{Text: "a", Seconds: 1, Countdown: "{n}" + long}},
		"long heading":        {Show: &window.Form{Heading: long}},
		"long fact":           {Show: &window.Form{Facts: []window.Fact{{Value: long}}}},
		"too many facts":      {Show: &window.Form{Facts: make([]window.Fact, 65)}},
		"zero byte":           {Progress: &window.Progress{Text: "a\x00b"}},
		"result without tone": {Result: &window.Result{Text: "x", Stay: 1}},
		"result for ever":     {Result: &window.Result{Tone: window.Bad, Stay: 601}},
		"result for no time":  {Result: &window.Result{Tone: window.Bad}},
		"long result":         {Result: &window.Result{Tone: window.Bad, Text: long, Stay: 1}},
		"endless result":      {Result: &window.Result{Tone: window.Bad, Lines: make([]string, 65), Stay: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := window.Encode(m); err == nil {
				t.Error("written")
			}
			b, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := window.ParseMessage(b); err == nil {
				t.Error("read")
			}
		})
	}
	for _, line := range []string{"", "null", "{}", "[]", `{"show":{}} {}`, `{"sign":{}}`, `{"progress":{"text":"a","html":"b"}}`, `{"progress":{"text":1}}`, "{\"progress\":{\"text\":\"\xff\"}}",
		`{"progress":{"text":"` + strings.Repeat("a", window.MaxMessage) + `"}}`} {
		if _, err := window.ParseMessage([]byte(line)); err == nil {
			t.Errorf("read %.40q", line)
		}
	}
}

func TestAnswers(t *testing.T) {
	for line, want := range map[string]window.Event{`{"event":"ready"}`: window.EventReady, `{"event":"no_display"}`: window.EventNoDisplay,
		`{"event":"choose","row":0}`: window.EventChoose, `{"event":"choose","row":63}`: window.EventChoose, `{"event":"cancel"}`: window.EventCancel,
		` {"event":"closed"} `: window.EventClosed} {
		if got, err := window.ParseAnswer([]byte(line)); err != nil || got.Event != want {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "{}", "null", `"ready"`, `{"event":"choose"}`, `{"event":"choose","row":-1}`, `{"event":"choose","row":64}`, `{"event":"choose","row":1.5}`,
		`{"event":"cancel","row":0}`, `{"event":"sign"}`, `{"event":"ready","pin":"1234"}`, `{"event":"ready"}{"event":"ready"}`, `{"event":"ready"}x`,
		`{"event":"ready"` + strings.Repeat(" ", 256) + `}`} {
		if got, err := window.ParseAnswer([]byte(line)); err == nil {
			t.Errorf("%.40q accepted: %+v", line, got)
		}
	}
}

// Whatever a window says: no panic, and what is accepted is one of the events, within bounds.
func FuzzParseAnswer(f *testing.F) {
	for _, s := range []string{`{"event":"ready"}`, `{"event":"choose","row":1}`, `{"event":"choose","row":-1}`, `{"event":"cancel"}`, `{"EVENT":"closed"}`, "null", `{"event":"ready"}{}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		a, err := window.ParseAnswer(line)
		if err != nil {
			if s := string(line); len(s) > 60 && strings.Contains(err.Error(), s) {
				t.Fatal("the error repeats the line")
			}
			return
		}
		if len(line) > window.MaxAnswer || (a.Row != nil) != (a.Event == window.EventChoose) || a.Row != nil && (*a.Row < 0 || *a.Row >= window.MaxRows) {
			t.Fatalf("accepted %q as %+v", line, a)
		}
	})
}

// Whatever an agent says: no panic, and what is accepted can be written again.
func FuzzParseMessage(f *testing.F) {
	x := form()
	for _, m := range []window.Message{{Show: &x}, {Rows: rows()}, {Progress: &window.Progress{Text: "a"}}, {Progress: &window.Progress{Text: "a", Seconds: 30, Countdown: "{n} s"}}, {Result: &window.Result{Tone: window.Bad, Stay: 3}}} {
		line, err := window.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line[:len(line)-1])
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := window.ParseMessage(line)
		if err != nil {
			return
		}
		if _, err := window.Encode(m); err != nil && len(line) < window.MaxMessage/8 {
			t.Fatalf("accepted %q, but can't write it: %v", line, err)
		}
	})
}

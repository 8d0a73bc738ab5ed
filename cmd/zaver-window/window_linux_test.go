// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package main

import (
	"bytes"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/window"
)

// The forms of the tests say the same in both languages.
var forms = map[string]window.Form{
	"ru": {Title: "Завер: подтверждение личности", Heading: "Портал просит подтвердить личность",
		Facts: []window.Fact{{Label: "Портал", Value: "Демо"}, {Label: "Адрес", Value: "https://portal.example", Strong: true}, {Label: "Учётная запись", Value: "+7 900 ***-**-01"}},
		Code:  window.Code{Label: "Контрольный код", Value: "4815", Spoken: "Контрольный код: 4 8 1 5"}, Hint: "Сверьте код.", Choose: "Чем подписать",
		Sign: "_Подписать", Decline: "_Отказаться", Close: "_Закрыть", Progress: window.Progress{Text: "Ищу карты и токены…"}},
	"en": {Title: "Zaver: confirm your identity", Heading: "A portal asks you to confirm your identity",
		Facts: []window.Fact{{Label: "Portal", Value: "Demo"}, {Label: "Address", Value: "https://portal.example", Strong: true}, {Label: "Account", Value: "+7 900 ***-**-01"}},
		Code:  window.Code{Label: "Control code", Value: "4815", Spoken: "Control code: 4 8 1 5"}, Hint: "Compare the code.", Choose: "Sign with",
		Sign: "_Sign", Decline: "_Decline", Close: "_Close", Progress: window.Progress{Text: "Looking for cards and tokens…"}},
}

func rows(chosen bool) []window.Row {
	return []window.Row{{Title: "Светлова Вера", Lines: []string{"Выдан: УЦ", "Носитель: Токен"}, Usable: true, Chosen: chosen},
		{Title: "Чужой Пётр", Note: "Внимание: СНИЛС в сертификате другой.", Usable: true},
		{Title: "Светлова Старая", Note: "Нельзя использовать: срок действия истёк."}}
}

func named(role, name string) func(node) bool {
	return func(n node) bool { return n.Role == role && n.Name == name && n.Showing }
}

func awake(label string) func(node) bool {
	return func(n node) bool { return named("push button", label)(n) && n.Sensitive }
}

// What a screen reader finds, in reading order, with roles, names, states and descriptions.
func TestAccessibility(t *testing.T) {
	for lang, f := range forms {
		t.Run(lang, func(t *testing.T) {
			show(t, f, rows(true))
			await(t, "the button", awake(strings.TrimPrefix(f.Sign, "_")))
			want := []node{{Role: "dialog", Name: f.Title}, {Role: "label", Name: f.Heading}}
			for _, x := range f.Facts {
				want = append(want, node{Role: "label", Name: x.Label}, node{Role: "label", Name: x.Value})
			}
			want = append(want, node{Role: "label", Name: f.Code.Label}, node{Role: "label", Name: f.Code.Spoken}, node{Role: "label", Name: f.Choose},
				node{Role: "radio button", Name: "Светлова Вера", Sensitive: true, Checked: true, Focused: true, Description: "Выдан: УЦ. Носитель: Токен. "},
				node{Role: "radio button", Name: "Чужой Пётр", Sensitive: true, Description: "Внимание: СНИЛС в сертификате другой."},
				node{Role: "radio button", Name: "Светлова Старая", Description: "Нельзя использовать: срок действия истёк."},
				node{Role: "label", Name: f.Hint}, node{Role: "push button", Name: f.Decline[1:], Sensitive: true}, node{Role: "push button", Name: f.Sign[1:], Sensitive: true})
			all := tree(t)
			for _, w := range want {
				found := false
				for len(all) > 0 && !found {
					n := all[0]
					all = all[1:]
					found = n.Role == w.Role && n.Name == w.Name && n.Showing
					if found && w.Role != "label" && w.Role != "dialog" && (n.Sensitive != w.Sensitive || n.Checked != w.Checked || n.Focused != w.Focused || n.Description != w.Description) {
						t.Errorf("got %+v, want %+v", n, w)
					}
				}
				if !found {
					t.Fatalf("%s %q is missing, or stands too early", w.Role, w.Name)
				}
			}
		})
	}
}

// Keys alone sign: down to another certificate, on to the button, and press it. No key does so before a choice was made.
func TestKeyboardSigns(t *testing.T) {
	x := show(t, forms["ru"], rows(false))
	await(t, "the rows", func(n node) bool { return n.Name == "Светлова Вера" && n.Focused })
	if n := await(t, "the button", named("push button", "Подписать")); n.Sensitive {
		t.Error("the button is awake though nothing is chosen")
	}
	press(t, "Return") // on a row this chooses, and signs nothing
	await(t, "the choice", func(n node) bool { return n.Name == "Светлова Вера" && n.Checked })
	press(t, "Down")
	await(t, "the other", func(n node) bool { return n.Name == "Чужой Пётр" && n.Checked && n.Focused })
	await(t, "the button", awake("Подписать"))
	press(t, "Down", "Down", "Down")
	for _, n := range tree(t) {
		if n.Name == "Светлова Старая" && (n.Checked || n.Focused) {
			t.Error("a grey row was chosen by keys")
		}
	}
	press(t, "Up", "Down")
	press(t, "Tab") // a grey row can be read, and that is all
	await(t, "focus on the reason", func(n node) bool {
		return n.Role == "static" && n.Name == "Светлова Старая. Нельзя использовать: срок действия истёк." && n.Focused
	})
	select {
	case n := <-x.row:
		t.Fatalf("row %d was signed with too early", n)
	default:
	}
	chosen := -1 // by the keys before, all of which have come now
	for _, n := range tree(t) {
		if n.Checked {
			chosen = map[string]int{"Светлова Вера": 0, "Чужой Пётр": 1, "Светлова Старая": 2}[n.Name]
		}
	}
	press(t, "space", "Return")
	await(t, "the choice as it was", func(n node) bool { return n.Name == "Чужой Пётр" && n.Checked })
	press(t, "Tab", "Tab")
	await(t, "focus on the button", func(n node) bool { return n.Name == "Подписать" && n.Focused })
	press(t, "Return")
	if n := x.chosen(t); n != chosen || n == 2 {
		t.Errorf("signed with %d, %d was chosen", n, chosen)
	}
	await(t, "progress", func(n node) bool { return n.Role == "status bar" && n.Showing })
}

// Alt and the marked letter sign, too, and nothing does while the button sleeps.
func TestMnemonic(t *testing.T) {
	x := show(t, forms["en"], rows(true))
	await(t, "the button", awake("Sign"))
	press(t, "alt+s")
	if n := x.chosen(t); n != 0 {
		t.Errorf("signed with %d", n)
	}
}

// TestCountdown: the seconds that are left are told, run down by themselves, and go with their step.
func TestCountdown(t *testing.T) {
	x := show(t, forms["en"], rows(true))
	await(t, "the button", awake("Sign"))
	press(t, "alt+s")
	x.chosen(t)
	pad := window.Progress{Text: "Enter the PIN on the reader", Seconds: 600, Countdown: "Seconds left: " + window.Left + "."}
	x.session.Tell(pad)
	left := func(n node) bool { return strings.HasPrefix(n.Name, "Seconds left: ") && n.Showing }
	first := await(t, "the time", left)
	await(t, "less of it", func(n node) bool { return left(n) && n.Name != first.Name })
	gone := func(what string) {
		t.Helper()
		await(t, what, named("status bar", what))
		for _, n := range tree(t) {
			if left(n) {
				t.Errorf("%s: %q is still told", what, n.Name)
			}
		}
	}
	x.session.Tell(window.Progress{Text: "Signing"})
	gone("Signing")
	pad.Seconds = 20
	x.session.Tell(pad)
	await(t, "another time", func(n node) bool {
		number, _ := strings.CutPrefix(strings.TrimSuffix(n.Name, "."), "Seconds left: ")
		seconds, err := strconv.Atoi(number)
		return left(n) && err == nil && seconds > 0 && seconds <= pad.Seconds
	})
	x.session.Tell(window.Progress{Text: "Sending", Final: true})
	gone("Sending")
}

// Escape, the second button and the window's own button cancel, at every stage in which there is something to cancel.
func TestCancel(t *testing.T) {
	for _, stage := range []string{"looking", "choosing", "asking the PIN"} {
		for _, how := range []string{"Escape", "button", "close"} {
			t.Run(stage+", "+how, func(t *testing.T) {
				var list []window.Row
				if stage != "looking" {
					list = rows(true)
				}
				x := show(t, forms["en"], list)
				switch stage {
				case "looking":
					await(t, "status", func(n node) bool { return n.Name == "Looking for cards and tokens…" && n.Showing })
				default:
					await(t, "the button", awake("Sign"))
				}
				if stage == "asking the PIN" {
					press(t, "alt+s")
					x.chosen(t)
					x.session.Tell(window.Progress{Text: "Enter the PIN", Detail: "PIN tries left: 3."})
					await(t, "progress", named("status bar", "Enter the PIN"))
				}
				switch how {
				case "Escape":
					press(t, "Escape")
				case "button":
					press(t, "alt+d")
				case "close":
					done := false
					if err := seat.ask(map[string]string{"do": "close"}, &done); err != nil {
						t.Fatal(err)
					}
				}
				x.cancelled(t)
				<-x.session.Gone()
			})
		}
	}
}

// A result is read out, has its button in focus, and goes by a key. By itself it goes in TestResultOutlivesAgent.
func TestResult(t *testing.T) {
	for _, tone := range []window.Tone{window.Good, window.Bad} {
		x := show(t, forms["en"], rows(true))
		await(t, "the button", awake("Sign"))
		press(t, "alt+s")
		x.chosen(t)
		x.session.Tell(window.Progress{Text: "Sending", Final: true})
		await(t, "the last progress", awake("Close"))
		x.session.Finish(window.Result{Tone: tone, Text: "The token was removed.", Lines: []string{"Put it in and start again."}})
		await(t, "the result", named("label", "The token was removed."))
		n := await(t, "the button", func(n node) bool { return awake("Close")(n) && n.Focused })
		if n.Description != "The token was removed. Put it in and start again." {
			t.Errorf("button says %q", n.Description)
		}
		press(t, "Return")
		select {
		case <-x.session.Gone():
		case <-time.After(stay / 2):
			t.Fatal("the result stays")
		}
	}
}

// Values are shown as they are: no markup, no mnemonics, no hyphen in an address.
func TestValuesAreText(t *testing.T) {
	f := forms["en"]
	f.Facts = []window.Fact{{Label: "Account", Value: `<b>bold</b> _under & "quoted"`}}
	show(t, f, []window.Row{{Title: "<span>Вера</span> _a", Usable: true}})
	await(t, "the account", named("label", `<b>bold</b> _under & "quoted"`))
	await(t, "the row", named("radio button", "<span>Вера</span> _a"))
}

// A window with many certificates and long texts keeps its buttons on the screen.
func TestFullWindow(t *testing.T) {
	many := make([]window.Row, 12)
	for i := range many {
		many[i] = window.Row{Title: strings.Repeat("Очень длинное имя ", 10), Lines: []string{strings.Repeat("w", 300)}, Usable: true, Chosen: i == 0}
	}
	x := show(t, forms["en"], many)
	await(t, "the button", awake("Sign"))
	colours := 0
	if err := seat.ask(map[string]string{"do": "shot"}, &colours); err != nil || colours < 3 {
		t.Errorf("the screen has %d colours, %v", colours, err)
	}
	press(t, "alt+s")
	x.chosen(t)
}

// TestLargeText: text so large that its lines are wider than the screen wraps; nothing is cut off at a side, and both buttons are in sight.
func TestLargeText(t *testing.T) {
	for lang, f := range forms {
		t.Run(lang, func(t *testing.T) {
			f.Facts = append(slices.Clone(f.Facts), window.Fact{Label: "СНИЛС", Value: strings.Repeat("Римская-Корсакова ", 4)})
			list := rows(true)
			list[1].Lines = []string{strings.Repeat("Удостоверяющий центр ", 6)}
			showWith(t, f, list, "GDK_DPI_SCALE=2.6")
			await(t, "the button", awake(f.Sign[1:]))
			var all []node
			// The window may still be on its way to its size.
			await(t, "all within the screen", func(n node) bool {
				if n.Role != "push button" || n.Name != f.Sign[1:] || n.Right > wide || n.Bottom > high {
					return false
				}
				all = tree(t)
				return true
			})
			seen := 0
			for _, n := range all {
				if !n.Showing || n.Name == "" || n.Left == n.Right {
					continue
				}
				seen++
				if n.Left < 0 || n.Right > wide {
					t.Errorf("%s %q lies from %d to %d of %d", n.Role, n.Name, n.Left, n.Right, wide)
				}
				if n.Role == "push button" && (n.Top < 0 || n.Bottom > high) {
					t.Errorf("the button %q lies from %d to %d of %d", n.Name, n.Top, n.Bottom, high)
				}
			}
			if seen < 12 {
				t.Errorf("only %d things are on the screen: %+v", seen, all)
			}
		})
	}
}

// The program dies with its agent, says so where there is no display, and takes no nonsense.
func TestProgram(t *testing.T) {
	form := forms["en"]
	first, err := window.Encode(window.Message{Show: &form})
	if err != nil {
		t.Fatal(err)
	}
	run := func(input string, env []string) (string, int) {
		cmd := exec.Command(seat.program)
		cmd.Env, cmd.Stdin = env, strings.NewReader(input)
		var out bytes.Buffer
		cmd.Stdout = &out
		_ = cmd.Run()
		return out.String(), cmd.ProcessState.ExitCode()
	}
	if out, code := run(string(first), []string{"HOME=/nowhere"}); out != `{"event":"no_display"}`+"\n" || code != exitNoDisplay {
		t.Errorf("no display: %q, exit %d", out, code)
	}
	if out, code := run(string(first), seat.env); strings.Contains(out, "cancel") || strings.Contains(out, "choose") || code != exitDone {
		t.Errorf("the agent is gone: %q, exit %d", out, code)
	}
	for name, bad := range map[string]string{"nothing": "", "nonsense": "GET / HTTP/1.1\n", "rows first": `{"rows":[{"title":"a"}]}` + "\n", "two forms": string(first) + string(first),
		"unknown": string(first) + `{"sign":true}` + "\n", "too long": string(first) + strings.Repeat("x", window.MaxMessage+2) + "\n"} {
		if out, code := run(bad, seat.env); strings.Contains(out, "choose") || code != exitProtocol {
			t.Errorf("%s: %q, exit %d", name, out, code)
		}
	}
}

// A result outlives the agent, for its time and no longer.
func TestResultOutlivesAgent(t *testing.T) {
	form := forms["en"]
	cmd := exec.Command(seat.program)
	cmd.Env = seat.env
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, m := range []window.Message{{Show: &form}, {Result: &window.Result{Tone: window.Good, Text: "Confirmed, and gone", Stay: 10}}} {
		line, err := window.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "the result", named("label", "Confirmed, and gone"))
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		t.Fatal("the result stays")
	}
}

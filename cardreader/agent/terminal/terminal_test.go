// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/signature/ident"
	"zaver/signature/pin"
)

const (
	requestID = "Rq-aZ0xCw9vQ2_-pLmN"
	ticket    = "Tk-hG7fD3sK1_-qWeRtYuIoP"
)

func TestParseHandover(t *testing.T) {
	good := agent.Request{Origin: "https://portal.example", Method: agent.MethodToken, Request: requestID, Ticket: ticket}
	line := "https://portal.example/confirm#token." + requestID + "." + ticket
	for _, c := range []struct {
		name, in string
		want     agent.Request
		ok       bool
	}{
		{"as shown", line, good, true},
		{"with spaces and a line feed", "  " + line + "\r\n", good, true},
		{"port", strings.Replace(line, "example", "example:8443", 1), agent.Request{Origin: "https://portal.example:8443", Method: agent.MethodToken, Request: requestID, Ticket: ticket}, true},
		{"card", strings.Replace(line, "#token", "#uec", 1), agent.Request{Origin: "https://portal.example", Method: agent.MethodUEC, Request: requestID, Ticket: ticket}, true},
		{"plain http is for Begin to judge", strings.Replace(line, "https", "http", 1), agent.Request{Origin: "http://portal.example", Method: agent.MethodToken, Request: requestID, Ticket: ticket}, true},
		{"empty", "", agent.Request{}, false},
		{"no ticket", strings.TrimSuffix(line, "."+ticket), agent.Request{}, false},
		{"unknown method", strings.Replace(line, "#token", "#sms", 1), agent.Request{}, false},
		{"another path", strings.Replace(line, "/confirm", "/sign", 1), agent.Request{}, false},
		{"a path before", strings.Replace(line, "/confirm", "/x/confirm", 1), agent.Request{}, false},
		{"a query", strings.Replace(line, "/confirm", "/confirm?x=1", 1), agent.Request{}, false},
		{"another scheme", strings.Replace(line, "https", "ftp", 1), agent.Request{}, false},
		{"something behind", line + " and more", agent.Request{}, false},
		{"short request", strings.Replace(line, requestID, "abc", 1), agent.Request{}, false},
		{"two lines", line + "\n" + line, agent.Request{}, false},
		{"too long", "https://" + strings.Repeat("a", MaxHandover) + "/confirm#token." + requestID + "." + ticket, agent.Request{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseHandover(c.in)
			if (err == nil) != c.ok || got != c.want || err != nil && !errors.Is(err, ErrHandover) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	if FormatHandover(good) != line {
		t.Errorf("got %s", FormatHandover(good))
	}
}

func TestReadHandover(t *testing.T) {
	line := "https://portal.example/confirm#token." + requestID + "." + ticket
	for _, in := range []string{line, line + "\n", line + "\nsecond line\n"} {
		if got, err := ReadHandover(strings.NewReader(in)); err != nil || got.Request != requestID {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	if _, err := ReadHandover(strings.NewReader(strings.Repeat("x", 1<<20))); !errors.Is(err, ErrHandover) {
		t.Errorf("endless line: %v", err)
	}
}

func FuzzParseHandover(f *testing.F) {
	f.Add("https://portal.example/confirm#token." + requestID + "." + ticket)
	f.Add("http://[::1]:80/confirm#uec." + requestID + "." + ticket)
	f.Add("https://a\x00/confirm#token.")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseHandover(s)
		if err != nil {
			return
		}
		if again, err := ParseHandover(FormatHandover(r)); err != nil || again != r {
			t.Errorf("%q: %+v, %v", s, again, err)
		}
	})
}

func TestTableAlignsWhatPeopleSee(t *testing.T) {
	var out strings.Builder
	table := NewTable("ТОКЕН", "STATE")
	table.Row("Рутокен", "годен")
	table.Row("и\u0306од", "x")
	table.Row("東京", "wide")
	table.Row("", "dash")
	table.Row("A\x1b[2J\nB\u202e", "clean")
	if _, err := table.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	want := "ТОКЕН    STATE\nРутокен  годен\nи\u0306од      x\n東京     wide\n-        dash\nA[2J B   clean\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEveryTextIsInBothLanguages(t *testing.T) {
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	all := map[string]text{}
	for k, v := range catalogue {
		all[string(k)] = v
	}
	for k, v := range steps {
		all["step."+k] = v
	}
	for k, v := range all {
		if v.ru == "" || v.en == "" || strings.IndexFunc(v.en, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) >= 0 {
			t.Errorf("%s: %q, %q", k, v.ru, v.en)
		}
		ru, en := hole.FindAllString(v.ru, -1), hole.FindAllString(v.en, -1)
		slices.Sort(ru)
		slices.Sort(en)
		if !slices.Equal(ru, en) {
			t.Errorf("%s fills %v and %v", k, ru, en)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		step agent.Step
		want int
	}{
		{agent.Step{Step: agent.StepDone, State: "confirmed"}, 0},
		{agent.Step{Step: agent.StepDone, State: "refused"}, 5},
		{agent.Step{Step: agent.StepFailed, Code: agent.CodeBusy}, 4},
		{agent.Step{Step: agent.StepFailed, Code: agent.CodeDeclined}, 6},
		{agent.Step{Step: agent.StepFailed, Code: agent.CodeCancelled}, 6},
		{agent.Step{Step: agent.StepFailed, Code: "pin.cancelled"}, 6},
		{agent.Step{Step: agent.StepFailed, Code: "pin.blocked"}, 1},
		{agent.Step{Step: agent.StepFailed, Code: agent.CodeOrigin}, 1},
	} {
		if got := Exit(c.step); got != c.want {
			t.Errorf("%+v: %d", c.step, got)
		}
	}
}

func TestNarrator(t *testing.T) {
	var out strings.Builder
	n := NewNarrator(&out, words.English)
	n.Begin("https://portal.example")
	tries := 2
	for _, s := range []agent.Step{{Step: agent.StepStatement}, {Step: agent.StepConsent, Control: "4815"}, {Step: agent.StepPIN}, {Step: agent.StepSigning}, {Step: agent.StepSending},
		{Step: agent.StepDone, State: "refused", Codes: []string{"sig.revoked\x1b[2J", "sig.late"}, Said: []string{"The certificate was revoked.\x1b"}}, {Step: agent.StepFailed, Code: "pin.wrong", Tries: &tries}, {Step: agent.StepDone, State: "confirmed"}} {
		n.Step(s)
	}
	for _, want := range []string{"Portal: https://portal.example\n", "Control code: 4815\n", "  The certificate was revoked.\n  [sig.revoked[2J, sig.late]\n", "[pin.wrong]\n", "Tries left: 2\n", "Done: your identity is confirmed.\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
	if n.Err() != nil || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%v: %q", n.Err(), out.String())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestNarratorKeepsTheFirstFailure(t *testing.T) {
	n := NewNarrator(brokenPipe{}, words.Russian)
	n.Begin("https://portal.example")
	if n.Err() == nil {
		t.Error("nobody was told of the broken pipe")
	}
}

func TestChoose(t *testing.T) {
	user := agent.PINState{Name: "user", CanChange: true, Unblock: agent.BySOPIN, UnblockTries: pin.Left(3)}
	blocked := agent.PINState{Name: "PIN2", CanChange: true, Problem: pin.ReasonBlocked, Unblock: agent.ByKRP, UnblockTries: pin.Left(10)}
	krp := agent.PINState{Name: "KRP"}
	for _, c := range []struct {
		name   string
		all    []agent.PINState
		task   agent.Task
		number int
		want   string
		err    error
	}{
		{"the only one", []agent.PINState{user}, agent.TaskChange, 0, "user", nil},
		{"the only one that can", []agent.PINState{krp, user}, agent.TaskChange, 0, "user", nil},
		{"the one in need", []agent.PINState{user, blocked}, agent.TaskUnblock, 0, "PIN2", nil},
		{"several", []agent.PINState{user, blocked}, agent.TaskChange, 0, "", ErrManyPIN},
		{"by number", []agent.PINState{user, blocked}, agent.TaskChange, 2, "PIN2", nil},
		{"number too high", []agent.PINState{user}, agent.TaskChange, 2, "", ErrNumber},
		{"none can", []agent.PINState{krp}, agent.TaskUnblock, 0, "", ErrNoPIN},
		{"none there", nil, agent.TaskChange, 0, "", ErrNoPIN},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Choose(c.all, c.task, c.number)
			if got.Name != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v", got.Name, err)
			}
		})
	}
}

func TestPINTable(t *testing.T) {
	all := DescribePINs(words.English, []agent.PINState{
		{Carrier: "Вера", Name: "user", Tries: pin.Unknown(), CanChange: true, Unblock: agent.BySOPIN, UnblockTries: pin.Unknown()},
		{Titles: map[words.Language]string{words.English: "UEC"}, Name: "PIN2", Tries: pin.Blocked(), Problem: pin.ReasonBlocked, Unblock: agent.ByKRP, UnblockTries: pin.Left(10)},
		{Titles: map[words.Language]string{words.English: "UEC"}, Name: "PIN1", Tries: pin.Left(3), CanChange: true},
	})
	var out strings.Builder
	if _, err := PINTable(words.English, all).WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "NO  CARRIER  PIN   TRIES    STATE") || !strings.HasPrefix(lines[1], "1   Вера     PIN   unknown  usable") ||
		!strings.HasPrefix(lines[2], "2   UEC      PIN2  blocked  ") || !strings.Contains(lines[3], "3        usable") {
		t.Errorf("got\n%s", out.String())
	}
	if all[1].UnblockTries == nil || all[2].UnblockTries != nil {
		t.Errorf("tries of the unblocking secret: %+v", all)
	}
}

func TestHolderTable(t *testing.T) {
	h := DescribeHolder(&card.HolderData{SNILS: "11223344595", Name: ident.PersonName{Surname: "Светлова", Given: "Вера"}, BirthDate: time.Date(1990, 3, 1, 0, 0, 0, 0, time.UTC),
		Sex: 2, Photo: []byte{1, 2, 3}})
	var out strings.Builder
	if _, err := HolderTable(words.Russian, h).WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	want := "Фамилия        Светлова\nИмя            Вера\nДата рождения  1990-03-01\nПол            женский\nСНИЛС          112-233-445 95\nФотография     3 байт\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// desk is a person with prepared answers.
type desk struct {
	pins    []string
	yes     bool
	errors  []string // what was said loudly
	asked   int
	confirm int
	fail    error
}

func (d *desk) Confirm(context.Context, pinentry.Dialog) (pinentry.Answer, error) {
	d.confirm++
	if d.yes {
		return pinentry.Yes, nil
	}
	return pinentry.No, nil
}

func (d *desk) PIN(_ context.Context, q pinentry.Dialog) (*pin.PIN, error) {
	if d.fail != nil {
		return nil, d.fail
	}
	d.asked++
	d.errors = append(d.errors, q.Error)
	return pin.New([]byte(d.pins[min(d.asked, len(d.pins))-1])), nil
}

// reader is a card that takes one PIN and counts.
type reader struct {
	right string
	left  int
	shown []string
}

func (r *reader) HolderPINs(context.Context) ([]agent.PINState, error) { return nil, nil }

func (r *reader) ReadHolder(_ context.Context, s agent.PINState, p *pin.PIN) (*card.HolderData, error) {
	if n, _ := s.Tries.Count(); r.left == 1 && n != 1 {
		return nil, &agent.Error{ErrorCode: agent.CodeLastTry}
	}
	var typed string
	if err := p.Use(func(b []byte) error { typed = string(b); return nil }); err != nil {
		return nil, err
	}
	r.shown = append(r.shown, typed)
	switch {
	case len(typed) < 4:
		return nil, &pin.Error{Reason: pin.ReasonFormat}
	case typed == r.right:
		return &card.HolderData{FullName: "ok"}, nil
	}
	if r.left--; r.left == 0 {
		return nil, &pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked()}
	}
	return nil, &pin.Error{Reason: pin.ReasonWrong, Tries: pin.Left(r.left)}
}

// calledOff is a card whose holder ends the command while it is read; it says what package pcsc says then, or something else.
type calledOff struct {
	reader
	leave context.CancelFunc
	says  error
}

func (c *calledOff) ReadHolder(ctx context.Context, _ agent.PINState, _ *pin.PIN) (*card.HolderData, error) {
	c.leave()
	if c.says != nil {
		return nil, c.says
	}
	return nil, &card.Error{Reason: card.Protocol, Op: "transmit", Cause: ctx.Err()}
}

// Who ends the command is not told that the card answered nonsense; what the card said of the PIN is told all the same.
func TestReadHolderCalledOff(t *testing.T) {
	for want, says := range map[string]error{agent.CodeCancelled: nil, "pin.blocked": &pin.Error{Reason: pin.ReasonBlocked, Tries: pin.Blocked()}} {
		t.Run(want, func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			_, err := ReadHolder(ctx, &calledOff{leave: leave, says: says}, agent.PINState{Name: "PIN1", Tries: pin.Left(3)}, &desk{pins: []string{"1234"}}, words.Russian)
			if agent.CodeOf(err) != want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReadHolder(t *testing.T) {
	for _, c := range []struct {
		name    string
		desk    desk
		left    int // on the card
		told    pin.Tries
		code    string // of the failure, empty for success
		shown   int    // PINs that reached the card
		confirm int
	}{
		{"right at once", desk{pins: []string{"1234"}}, 3, pin.Left(3), "", 1, 0},
		{"right after a mistake", desk{pins: []string{"0000", "1234"}}, 3, pin.Left(3), "", 2, 0},
		{"too short costs nothing", desk{pins: []string{"1", "1234"}}, 3, pin.Left(3), "", 2, 0},
		{"declined", desk{fail: pinentry.ErrCancelled}, 3, pin.Left(3), agent.CodeDeclined, 0, 0},
		{"no answer", desk{fail: pinentry.ErrTimeout}, 3, pin.Left(3), agent.CodeTimeout, 0, 0},
		{"no dialog", desk{fail: pinentry.ErrBroken}, 3, pin.Left(3), agent.CodePinentry, 0, 0},
		{"last try, no", desk{pins: []string{"1234"}}, 1, pin.Left(1), agent.CodeDeclined, 0, 1},
		{"last try, yes", desk{pins: []string{"1234"}, yes: true}, 1, pin.Left(1), "", 1, 1},
		{"last try, not told of", desk{pins: []string{"1234"}, yes: true}, 1, pin.Left(2), "", 1, 1},
		{"last try wrong", desk{pins: []string{"0000"}, yes: true}, 1, pin.Left(1), "pin.blocked", 1, 1},
		{"blocked before", desk{pins: []string{"1234"}}, 0, pin.Blocked(), "pin.blocked", 0, 0},
		{"a card that counts nothing", desk{pins: []string{"1"}}, 3, pin.Unknown(), agent.CodeDeclined, mostTries, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &reader{right: "1234", left: c.left}
			h, err := ReadHolder(t.Context(), r, agent.PINState{Name: "PIN1", Tries: c.told}, &c.desk, words.Russian)
			if (err == nil) != (c.code == "") || err != nil && agent.CodeOf(err) != c.code || err == nil && h.FullName != "ok" {
				t.Errorf("got %+v, %v", h, err)
			}
			if len(r.shown) != c.shown || c.desk.confirm != c.confirm {
				t.Errorf("%d PINs shown, %d confirmations", len(r.shown), c.desk.confirm)
			}
		})
	}
}

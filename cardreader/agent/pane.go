// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	"zaver/signature/challenge"
)

// openWindow shows the request in the agent's own window, if there is one, and returns a context that ends when the person cancels there.
// Without a window everything is asked by dialogs.
func (a *asked) openWindow(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if a.agent.cfg.Window == nil {
		return ctx, cancel
	}
	// The window outlives ctx: it tells that the time is over, and shows a result when the page is gone. Run closes it.
	s, err := a.agent.cfg.Window.Open(context.WithoutCancel(ctx), a.form())
	if err != nil {
		a.log.InfoContext(ctx, "no window", "err", err)
		return ctx, cancel
	}
	a.window = s
	go func() {
		select {
		case <-s.Done():
			if err := s.Err(); !errors.Is(err, window.ErrNotShown) {
				cancel(windowError(err))
			}
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func windowError(err error) error {
	if errors.Is(err, window.ErrCancelled) {
		return fail(CodeDeclined, err)
	}
	return fail(CodeWindow, err)
}

// choose lets the person choose in the window. The error is window.ErrNotShown when there is none.
func (a *asked) choose(ctx context.Context, usable []Credential) (Credential, error) {
	rows := make([]window.Row, 0, len(usable)+len(a.unusable))
	for _, c := range usable {
		rows = append(rows, a.row(c, true))
	}
	// Nothing is chosen for the person unless there is nothing to choose.
	only := len(usable) == 1 && usable[0].Code == "" && !otherPerson(usable[0], a.statement)
	rows[0].Chosen = only
	for _, c := range a.unusable {
		if len(rows) < window.MaxRows {
			rows = append(rows, a.row(c, false))
		}
	}
	n, err := a.window.Choose(ctx, rows[:min(len(rows), window.MaxRows)])
	switch {
	case err == nil:
		return usable[n], nil
	case errors.Is(err, window.ErrNotShown):
		return Credential{}, err
	case ctx.Err() != nil:
		return Credential{}, ended(ctx)
	}
	return Credential{}, windowError(err)
}

// declined is an error when the person declined while the carrier signed: a card can't be called off, its signature can.
func (o *Operation) declined(ctx context.Context) error {
	if err := ended(ctx); err != nil && CodeOf(err) == CodeDeclined {
		return err
	}
	if o.window == nil {
		return nil
	}
	if err := o.window.Err(); errors.Is(err, window.ErrCancelled) {
		return windowError(err)
	}
	return nil
}

// show tells the window what goes on.
func (o *Operation) show(p window.Progress) {
	if o.window != nil {
		o.window.Tell(p)
	}
}

// conclude shows the result, unless the person closed the window or the page went away.
func (o *Operation) conclude(last Step, portal []said) {
	if o.window == nil {
		return
	}
	if last.Code == CodeCancelled || last.Code == CodeDeclined {
		o.window.Close()
		return
	}
	o.window.Finish(o.result(last, portal))
}

// reasons are the portal's words of a refusal, cleaned and bounded as all that comes from outside.
func reasons(portal []said) []string {
	const most, long = 4, 300
	var out []string
	for _, s := range portal[:min(len(portal), most)] {
		if line := strings.TrimSpace(words.Clean(s.What, long) + " " + words.Clean(s.Do, long)); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// mostGrey bounds the certificates that a result names.
const mostGrey = 8

// result is the last step in words.
func (o *Operation) result(last Step, portal []said) window.Result {
	say := func(k words.Key, pairs ...any) string { return words.Say(o.request.Language, k, pairs...) }
	switch {
	case last.State == "confirmed":
		return window.Result{Tone: window.Good, Text: say(words.ResultGood), Lines: []string{say(words.ResultGoodDo)}}
	case last.Step == StepDone:
		return window.Result{Tone: window.Bad, Text: say(words.ResultRefused), Lines: append(reasons(portal), say(words.ResultPage))}
	}
	what, todo := words.Failure(o.request.Language, last.Code)
	r := window.Result{Tone: window.Bad, Text: what}
	if last.Tries != nil && *last.Tries > 0 {
		r.Lines = append(r.Lines, say(words.ResultTries, "n", *last.Tries))
	}
	if last.HeldBy != "" {
		r.Lines = append(r.Lines, say(words.ResultHeldBy, "programs", words.Clean(last.HeldBy, longValue)))
	}
	if o.unblockBlocked {
		todo = say(words.ResultUnblock)
	}
	r.Lines = append(r.Lines, todo)
	for i, c := range o.grey {
		if i == mostGrey {
			break
		}
		r.Lines = append(r.Lines, c.Title+". "+c.Note)
	}
	return r
}

// form is the request as the window shows it.
func (a *asked) form() window.Form {
	st := a.statement
	facts := []window.Fact{
		{Label: a.say(words.WindowPortal), Value: words.Clean(a.portal.Name, longValue)},
		{Label: a.say(words.WindowAddress), Value: a.portal.Origin, Strong: true},
		{Label: a.say(words.WindowPurpose), Value: a.purpose()},
		{Label: a.say(words.WindowAccount), Value: words.Clean(st.Account, wholeValue)},
		{Label: a.say(words.WindowHolder), Value: words.Clean(st.Holder, longValue)},
	}
	if st.Purpose == challenge.ConfirmOrganisation {
		facts = append(facts, window.Fact{Label: a.say(words.WindowOGRN), Value: st.OGRN.String()})
	} else {
		facts = append(facts, window.Fact{Label: a.say(words.WindowSNILS), Value: st.SNILS.Formatted()})
	}
	control := a.say(words.WindowControl)
	return window.Form{Title: a.say(words.Title), Heading: a.say(words.WindowHeading), Facts: facts,
		Code: window.Code{Label: control, Value: st.ControlCode, Spoken: control + ": " + strings.Join(strings.Split(st.ControlCode, ""), " ")},
		Hint: a.say(words.ConsentCompare), Choose: a.say(words.WindowChoose), Sign: a.say(words.WindowSign), Decline: a.say(words.WindowDecline),
		Close: a.say(words.WindowClose), Progress: window.Progress{Text: a.say(words.WindowLook)}}
}

// row is one certificate as the window shows it.
func (a *asked) row(c Credential, usable bool) window.Row {
	r := window.Row{Title: a.carrier(c), Usable: usable}
	if c.Certificate != nil {
		r.Title = holderName(c)
		for _, l := range a.aboutCertificate(c, 1, 1)[1:] {
			r.Lines = append(r.Lines, l.text)
		}
	}
	if n, known := c.Tries.Count(); known && usable && c.Code == "" {
		r.Lines = append(r.Lines, a.say(words.WindowTries, "n", n))
	}
	switch {
	case !usable:
		r.Note = a.say(words.WindowUnusable, "reason", words.Reason(a.request.Language, c.Code))
	case c.Code != "":
		r.Note = a.say(words.WindowMend, "reason", words.Reason(a.request.Language, c.Code))
	}
	if usable && otherPerson(c, a.statement) {
		r.Note = strings.TrimSpace(a.say(words.ConsentOther) + " " + r.Note)
	}
	return r
}

// progress is what the window says at a step of the way to a signature.
func (a *asked) progress(s Step, c Credential) window.Progress {
	tries := ""
	if n, known := c.Tries.Count(); known {
		tries = " " + a.say(words.WindowTries, "n", n) + "."
	}
	switch {
	case s.Step == StepDevice:
		return window.Progress{Text: a.say(words.WindowInsert)}
	case s.Step == StepSending:
		return window.Progress{Text: a.say(words.WindowSending), Final: true}
	case c.Entry == PINOnReader:
		p := window.Progress{Text: a.say(words.WindowPad), Detail: a.say(words.WindowPadHow) + tries}
		if p.Seconds = int(c.EntryTime / time.Second); p.Seconds > 0 {
			p.Countdown = a.say(words.WindowPadLeft, "n", window.Left)
		}
		return p
	case s.Step == StepPIN && c.Entry == PINTyped:
		return window.Progress{Text: a.say(words.WindowPIN, "carrier", a.carrier(c)), Detail: a.say(words.WindowPINWhere) + tries}
	}
	return window.Progress{Text: a.say(words.WindowSigning), Detail: a.say(words.WindowKeep, "carrier", a.carrier(c))}
}

// SPDX-License-Identifier: Apache-2.0

package backstage

import (
	"context"
	"errors"
	"fmt"

	"zaver/portal/text"
	"zaver/softhsm-fixtures/stage"
	"zaver/softhsm-fixtures/tsl"
)

// condition is a way in which the list of accredited centres can be published.
type condition struct {
	Name, Title string
	fault       tsl.Fault
	edit        func(*tsl.List)
}

// conditions are those on the page, the truth first.
func conditions() []condition {
	return []condition{
		{Name: "good", Title: "исправен"},
		{Name: "down", Title: "сервер не отвечает", fault: tsl.Fails},
		{Name: "signature", Title: "подпись не сходится", fault: tsl.BadSignature},
		{Name: "signer", Title: "подписан не министерством", fault: tsl.OtherSigner},
		{Name: "older", Title: "версия старше действующей", edit: func(l *tsl.List) { l.Version = tsl.FirstVersion - 1 }},
		{Name: "struck", Title: "аккредитация нашего центра прекращена", edit: stage.StrikeOff},
	}
}

// list is the part of the page about the list of accredited centres.
type list struct {
	Conditions []condition
	Chosen     string
	Published  int64 // version
	InForce    int64 // version, 0 without a list
	Trouble    string
	// Refused and Advice are the words of the last renewal, empty after a good one.
	Refused, Advice string
}

// publish puts the list into the condition and has the portal renew it.
func (d *desk) publish(ctx context.Context, name string) error {
	for _, c := range conditions() {
		if c.Name != name {
			continue
		}
		d.w.Centres.SetFault(c.fault)
		if err := d.w.PublishCentres(c.edit); err != nil {
			return err
		}
		d.condition = name
		code, err := d.w.RefreshCentres(ctx)
		if err != nil {
			return err
		}
		return d.say(code)
	}
	return errors.New("no such list")
}

// say keeps the words for a code.
func (d *desk) say(code string) error {
	d.refused, d.advice = "", ""
	if code == "" {
		return nil
	}
	words, err := text.Load()
	if err != nil {
		return fmt.Errorf("find words: %w", err)
	}
	d.refused, d.advice = words.Code(text.Russian, code, nil)
	return nil
}

// list looks at what is published and what the portal judges by.
func (d *desk) list(ctx context.Context) list {
	l := list{Conditions: conditions(), Chosen: d.condition, Published: d.w.Centres.List().Version, Refused: d.refused, Advice: d.advice}
	var err error
	if l.InForce, err = d.w.CentresInForce(ctx); err != nil {
		l.Trouble = err.Error()
	}
	return l
}

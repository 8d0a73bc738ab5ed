// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	dialogs "zaver/cardreader/agent/pinentry"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
)

// nativeRounds is how many confirmations in a row through native messaging must succeed, without a question of the browser.
const nativeRounds = 100

// native confirms again and again through the extension, for which the portal is a server out on the network, while no agent
// listens on loopback. One that fails ends it: the figure is of all of them.
func native(ctx context.Context, o Options) (sections []section, err error) {
	o.say("starting the world")
	w, err := stage.Start(ctx, o.World)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	b, err := robot.LaunchWith(ctx, robot.Setup{Portals: []string{w.Origin()}, Host: w.NativeHost(), Public: []string{w.PortalAddress()}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	v, err := b.Open(robot.Options{Origin: w.Origin(), Inbox: w.Inbox})
	if err != nil {
		return nil, err
	}
	defer v.Close()
	p := people.Numbered(firstWalker)
	if err := v.Become(p); err != nil {
		return nil, err
	}
	token, err := w.Token(ctx, p, pki.Good, 0)
	if err != nil {
		return nil, err
	}
	err = errors.Join(w.PlugIn(token), w.Agent.Stop(), w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{p.PINs.Token}}))
	if err != nil {
		return nil, err
	}
	o.say("confirming %d times through native messaging", nativeRounds)
	var doors, whole []time.Duration
	for i := range nativeRounds {
		door, took, err := nativeOnce(ctx, w, v)
		if err != nil {
			return nil, fmt.Errorf("native messaging, confirmation %d of %d: %w", i+1, nativeRounds, err)
		}
		doors, whole = append(doors, door), append(whole, took)
	}
	if c := v.Complaints(); len(c) > 0 {
		return nil, fmt.Errorf("native messaging: the browser complains: %q", c)
	}
	all := single("confirmations without a question of the browser, in a row", "of 100", float64(len(whole)))
	all.budget, all.holds = "100", len(whole) == nativeRounds
	found, result := spread("page loaded to both doors known, start of the agent included", doors), spread("click to result on the page, start of the agent included; without the time to read", whole)
	return []section{{"Native messaging, token P-256, in the browser", []row{all, found, result.most(700, result.p95)}}}, nil
}

// nativeOnce is one confirmation: how long the page looked for the agent, and from the click to the result.
func nativeOnce(ctx context.Context, w *stage.World, v *robot.Robot) (door, took time.Duration, err error) {
	request, err := v.Begin("token")
	if err != nil {
		return 0, 0, err
	}
	err = v.Do("confirm", func(ctx context.Context) error {
		if found, err := v.AwaitSign(ctx); err != nil || !found {
			return errors.Join(err, errors.New("the page found no agent"))
		}
		looked, err := robot.Ask[float64](v, "performance.getEntriesByName('zaver-doors')[0].duration")
		if err != nil {
			return err
		}
		door = time.Duration(looked * float64(time.Millisecond))
		began := time.Now()
		if err := v.Press(ctx, robot.SignButton); err != nil {
			return err
		}
		if err := v.Until(ctx, "document.querySelector('#confirm-result[data-result=confirmed]')"); err != nil {
			return err
		}
		ready, err := v.Ready()
		took = ready.Sub(began) - dialogs.Rest // in which the person reads the question
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	if level, err := w.Level(ctx, request); err != nil || level != "confirmed" {
		return 0, 0, fmt.Errorf("confirmation %s left level %q: %w", request, level, err)
	}
	_, err = w.Query(ctx, standardAgain)
	return door, took, err
}

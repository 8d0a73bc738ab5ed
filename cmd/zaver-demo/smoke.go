// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
)

// timeline prints each step when it has ended.
type timeline struct {
	out   io.Writer
	began time.Time
	steps time.Duration
}

func (t *timeline) step(name string, took time.Duration) {
	t.steps += took
	t.print("%8.2f s  %-28s %7.2f s\n", time.Since(t.began).Seconds(), name, took.Seconds())
}

// print goes on where nobody reads: the walk's exit code counts.
func (t *timeline) print(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format, args...) }

// timed runs and prints one step.
func (t *timeline) timed(name string, f func() error) error {
	began := time.Now()
	if err := f(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	t.step(name, time.Since(began))
	return nil
}

// smoke walks the main road twice. It fails unless both accounts are confirmed
// on the page and in the portal's database.
func smoke(ctx context.Context, o options, stdout, _ io.Writer) (err error) {
	t := &timeline{out: stdout, began: time.Now()}
	cfg, err := cast(stage.Config{})
	if err != nil {
		return err
	}
	var w *stage.World
	if err := t.timed("world with portal and agent", func() (err error) {
		w, err = stage.Start(ctx, cfg)
		return err
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.timed("everything ended", w.Close)) }()
	var b *robot.Browser
	if err := t.timed("browser", func() (err error) {
		b, err = robot.Launch(ctx)
		return err
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	// A window that waits ends with the browser, so that Ctrl-C is heard at once.
	stop := context.AfterFunc(ctx, func() { _ = b.Close() }) // closed again above
	defer stop()
	for _, walk := range []struct {
		method string
		person people.Person
		give   func(p people.Person) error
		pin    string
	}{
		{"token", people.TokenHolder(), func(p people.Person) error {
			token, err := w.Token(ctx, p, pki.Good, pki.GOST256)
			if err != nil {
				return err
			}
			return w.PlugIn(token)
		}, people.TokenHolder().PINs.Token},
		{"uec", people.CardHolder(), func(p people.Person) error {
			_, err := w.InsertCard(ctx, p)
			return err
		}, people.CardHolder().PINs.Card2},
	} {
		t.print("\n%s: %s\n", walk.method, walk.person.FullName())
		if err := w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{walk.pin}}); err != nil {
			return err
		}
		give := func() error { return walk.give(walk.person) }
		if err := t.walk(ctx, w, b, o.shots, walk.method, walk.person, give); err != nil {
			return fmt.Errorf("%s: %w\nportal:\n%s\nagent:\n%s", walk.method, err, w.Portal.Tail(), w.Agent.Tail())
		}
	}
	t.print("\nboth accounts are confirmed, after %.2f s\n", time.Since(t.began).Seconds())
	return nil
}

func (t *timeline) walk(ctx context.Context, w *stage.World, b *robot.Browser, shots, method string, p people.Person, give func() error) error {
	r, err := b.Open(robot.Options{Origin: w.Origin(), Inbox: w.Inbox, Shots: shots, Name: method, Seen: t.step})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Become(p); err != nil {
		return err
	}
	if err := t.timed(map[string]string{"token": "token plugged in", "uec": "card inserted"}[method], give); err != nil {
		return err
	}
	request, err := r.Confirm(method)
	if err != nil {
		return err
	}
	result, err := r.Result()
	if err != nil {
		return err
	}
	if result.State != "confirmed" {
		return fmt.Errorf("the page ends with %s (%s): %s", result.State, strings.Join(result.Codes, " "), result.Text)
	}
	seen, err := r.Level()
	if err != nil {
		return err
	}
	stored, err := w.Level(ctx, request)
	if err != nil {
		return err
	}
	if seen != "confirmed" || stored != "confirmed" {
		return fmt.Errorf("the account's page says %s, the portal's database %s", seen, stored)
	}
	t.print("            page: %s, database: %s, confirmation %s\n", seen, stored, request)
	return t.timed("evidence, ten years later", func() error { return w.Later(ctx, request, method) })
}

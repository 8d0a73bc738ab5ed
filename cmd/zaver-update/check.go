// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/client"
	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
)

// says are what people are told, in each language.
var says = map[words.Language]struct{ newer, current, how, fetched, install, done string }{
	words.Russian: {
		newer: "Вышла версия %s от %s; установлена %s.\n", current: "Новой версии нет: установлена %s, у издателя %s.\n",
		how: "Установить: sudo zaver-agent update install\n", fetched: "Пакет скачан и проверен:\n%s\n", install: "Установить: sudo %s\n", done: "Установлена версия %s.\n",
	},
	words.English: {
		newer: "Version %s of %s is out; %s is installed.\n", current: "There is no newer version: %s is installed, the publisher has %s.\n",
		how: "To install it: sudo zaver-agent update install\n", fetched: "The package was fetched and checked:\n%s\n", install: "To install it: sudo %s\n", done: "Version %s is installed.\n",
	},
}

// check asks for the newest version. A newer one is told by ExitNewer too.
func (j *job) check(ctx context.Context) error {
	c, free, err := j.client()
	if err != nil {
		return err
	}
	defer func() { _ = free() }()
	f, err := c.Check(ctx)
	if err != nil {
		return err
	}
	if err := j.tellFound(f); err != nil {
		return err
	}
	if f.Newer {
		return &boot.Failure{Exit: update.ExitNewer}
	}
	return nil
}

// answer is what a check found, for programs.
func answer(f client.Found) update.Answer {
	return update.Answer{Format: update.Format, Installed: f.Installed, Newest: f.Newest.Version, Newer: f.Newer, Notes: &f.Newest.Notes, Checked: &f.Checked, Expires: &f.Expires}
}

func (j *job) tellFound(f client.Found) error {
	if j.json {
		return answer(f).WriteJSON(j.stdout)
	}
	say := says[j.language]
	if !f.Newer {
		_, err := fmt.Fprintf(j.stdout, say.current, f.Installed, f.Newest.Version)
		return err
	}
	if err := j.tellNewer(j.stdout, f); err != nil {
		return err
	}
	_, err := io.WriteString(j.stdout, say.how)
	return err
}

// tellNewer says which version is out, and what is new in it.
func (j *job) tellNewer(w io.Writer, f client.Found) error {
	_, err := fmt.Fprintf(w, says[j.language].newer, f.Newest.Version, f.Newest.Released.Format(time.DateOnly), f.Installed)
	if note := f.Newest.Notes.In(j.language); err == nil && note != "" {
		_, err = fmt.Fprintln(w, note)
	}
	return err
}

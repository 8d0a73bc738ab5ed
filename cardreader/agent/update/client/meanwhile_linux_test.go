// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/publish"
	"zaver/softhsm-fixtures/mirror"
)

// films does something to the repository and returns what a web server could serve meanwhile: the state before, one after each file that got its
// place, in the order in which the kernel saw them, and the state after.
func (w *world) films(do func() error) []mirror.State {
	w.t.Helper()
	watch, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	w.must(err)
	defer func() { w.must(syscall.Close(watch)) }()
	_, err = syscall.InotifyAddWatch(watch, w.m.Dir(), syscall.IN_MOVED_TO)
	w.must(err)
	before, err := w.m.Save()
	w.must(err)
	w.must(do())
	after, err := w.m.Save()
	w.must(err)
	for name, content := range after {
		if strings.HasPrefix(name, "targets/") {
			before[name] = content // packages are there before anything names them
		}
	}
	film := []mirror.State{before}
	for _, name := range w.moved(watch) {
		if strings.HasPrefix(name, ".") { // nobody asks for it
			continue
		}
		next := maps.Clone(film[len(film)-1])
		next[name] = after[name]
		film = append(film, next)
	}
	for name, content := range after {
		if !bytes.Equal(film[len(film)-1][name], content) {
			w.t.Fatalf("%s was written, but not moved to its place", name)
		}
	}
	return film
}

// moved reads the names that were moved into a watched folder: inotify(7).
func (w *world) moved(watch int) (names []string) {
	w.t.Helper()
	b := make([]byte, 64<<10)
	n, err := syscall.Read(watch, b)
	w.must(err)
	for b = b[:n]; len(b) >= syscall.SizeofInotifyEvent; {
		e := (*syscall.InotifyEvent)(unsafe.Pointer(&b[0]))
		end := syscall.SizeofInotifyEvent + int(e.Len)
		names = append(names, string(bytes.TrimRight(b[syscall.SizeofInotifyEvent:end], "\x00")))
		b = b[end:]
	}
	return names
}

// cinema answers each request from one state of a film.
type cinema struct {
	film  []mirror.State
	shows []int    // the state that a request meets; those behind the last meet the state of the last
	asked []string // for which files
}

func (c *cinema) RoundTrip(r *http.Request) (*http.Response, error) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if n := len(c.asked); n >= len(c.shows) {
		c.shows = append(c.shows, c.shows[n-1])
	}
	content, there := c.film[c.shows[len(c.asked)]][name]
	c.asked = append(c.asked, name)
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: int64(len(content)), Body: io.NopCloser(bytes.NewReader(content)), Request: r}
	if !there {
		answer.StatusCode = http.StatusNotFound
	}
	return answer, nil
}

// next makes shows the following way in which requests and moves can come one after the other: a request meets the next state that answers it
// otherwise, those behind it that state at first. Ways in which every request gets the same answer are one.
func (c *cinema) next() bool {
	for i := len(c.asked) - 1; i >= 0; i-- {
		name := c.asked[i]
		for s := c.shows[i] + 1; s < len(c.film); s++ {
			if !bytes.Equal(c.film[s][name], c.film[c.shows[i]][name]) {
				c.shows, c.asked = append(c.shows[:i], s), nil
				return true
			}
		}
	}
	return false
}

// A client reads while the publisher writes: between any two of its requests any number of files may get their place. It must find the one state or
// the other, at its first run and later, and the new one when it comes again. Only where a key was lost, so that nobody can sign for those who
// trust it still, it may have to come again.
func TestMeanwhile(t *testing.T) {
	without := func(w *world, role string) error {
		w.t.Helper()
		keys, had := publish.Keys{}, w.m.Keys(role)
		for _, r := range publish.Roles() {
			maps.Copy(keys, w.m.Keys(r))
		}
		maps.DeleteFunc(keys, func(id string, _ publish.Key) bool { _, lost := had[id]; return lost })
		fresh, err := publish.Generate(w.t.TempDir(), role)
		w.must(err)
		r, err := publish.Open(w.m.Dir(), w.clock)
		w.must(err)
		return r.Rotate(keys, fresh)
	}
	for _, c := range []struct {
		name    string
		do      func(w *world) error
		version string
		may     string // a code that clients may meet
	}{
		{"publish", func(w *world) error { return w.m.Release("1.3.0", "program 1.3.0", theNote) }, "1.3.0", ""},
		{"refresh", func(w *world) error { return w.m.Refresh() }, "1.2.0", ""},
		{"renew the root", func(w *world) error { return w.m.Rotate() }, "1.2.0", ""},
		{"rotate the root", func(w *world) error { return w.m.Rotate(publish.Root) }, "1.2.0", ""},
		{"rotate timestamp", func(w *world) error { return w.m.Rotate(publish.Timestamp) }, "1.2.0", ""},
		{"rotate snapshot", func(w *world) error { return w.m.Rotate(publish.Snapshot) }, "1.2.0", ""},
		{"rotate targets", func(w *world) error { return w.m.Rotate(publish.Targets) }, "1.2.0", ""},
		{"rotate all", func(w *world) error { return w.m.Rotate(publish.Roles()...) }, "1.2.0", ""},
		{"the timestamp's key was lost", func(w *world) error { return without(w, publish.Timestamp) }, "1.2.0", update.CodeSignature},
		{"the targets' key was lost", func(w *world) error { return without(w, publish.Targets) }, "1.2.0", update.CodeSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.finds("1.2.0")
			known, err := os.ReadFile(filepath.Join(w.cfg.State, "trusted.json"))
			w.must(err)
			film := w.films(func() error { return c.do(w) })
			for what, remembered := range map[string][]byte{"first run": nil, "after a good run": known} {
				if ways := w.watches(film, remembered, func(err error) bool { return update.CodeOf(err) == c.may }, c.version); ways < 2 {
					t.Errorf("%s: %d ways through %d states", what, ways, len(film))
				}
			}
		})
	}
}

// watches has a client read in every way in which its requests can meet the states, and returns how many there were.
func (w *world) watches(film []mirror.State, remembered []byte, may func(error) bool, version string) (ways int) {
	w.t.Helper()
	server, folders := &cinema{film: film, shows: []int{0}}, w.t.TempDir()
	for {
		ways++
		w.cfg.Transport, w.cfg.State = server, filepath.Join(folders, fmt.Sprint(ways))
		if remembered != nil {
			w.must(errors.Join(os.Mkdir(w.cfg.State, 0o700), os.WriteFile(filepath.Join(w.cfg.State, "trusted.json"), remembered, 0o600)))
		}
		if _, err := w.check(); err != nil && !may(err) {
			w.t.Errorf("asked for %v in the states %v: %v", server.asked, server.shows, err)
		}
		w.cfg.Transport = &cinema{film: film[len(film)-1:], shows: []int{0}}
		w.finds(version)
		if !server.next() {
			return ways
		}
	}
}

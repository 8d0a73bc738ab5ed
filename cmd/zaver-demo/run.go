// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"zaver/cmd/internal/boot"
	"zaver/softhsm-fixtures/backstage"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/stage"
)

// registerDelay lets the live marks of the register checks be seen.
const registerDelay = 2 * time.Second

// run starts the world and waits for Ctrl-C. It prints before and after, and
// nothing in between: the terminal belongs to the PIN entry then.
func run(ctx context.Context, o options, stdout, _ io.Writer) (err error) {
	dir, err := keptDir(o.dir)
	if err != nil {
		return err
	}
	tty := ownTerminal()
	if tty == "" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return boot.Fail(boot.ExitFailure, "start it in a terminal or on a desktop; zaver-demo smoke needs neither",
			"there is no place to ask for a PIN: neither a terminal nor a display")
	}
	cfg, err := cast(stage.Config{Dir: dir, Ports: stage.Pleasant(), Person: true, TTY: tty, RegisterDelay: registerDelay, Pages: backstage.Pages})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "zaver-demo: starting in %s …\n", dir); err != nil {
		return err
	}
	screen := keepScreen()
	w, err := stage.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() {
		asking := w.Asking()
		err = errors.Join(err, w.Close())
		screen.restore(stdout, asking)
		_, _ = io.WriteString(stdout, "\nzaver-demo: everything has ended.\n") // nobody may read it any more
	}()
	if err := furnish(ctx, w); err != nil {
		return err
	}
	if err := tell(stdout, w, tty); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-w.Portal.Ended():
		return fmt.Errorf("the portal has ended by itself; %s says:\n%s", w.Portal.Log(), w.Portal.Tail())
	case <-w.Agent.Ended():
		return fmt.Errorf("the agent has ended by itself; %s says:\n%s", w.Agent.Log(), w.Agent.Tail())
	}
}

// keptDir is where everything lives between runs.
func keptDir(given string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	if os.Geteuid() == 0 {
		// Not root's own cache: the database's user could not enter there.
		return "/var/cache/zaver/demo", nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", boot.Fail(boot.ExitFailure, "give a folder with --dir", "find a place to keep things: %w", err)
	}
	return filepath.Join(cache, "zaver", "demo"), nil
}

// furnish plugs the token in, puts the card into the reader and brings a portal that slept the list of centres of today.
func furnish(ctx context.Context, w *stage.World) error {
	token, err := w.Token(ctx, people.TokenHolder(), pki.Good, pki.GOST256)
	if err != nil {
		return err
	}
	if err := w.PlugIn(token); err != nil {
		return err
	}
	if _, err = w.InsertCard(ctx, people.CardHolder()); err != nil {
		return err
	}
	_, err = w.RefreshCentres(ctx) // a refusal is for the page behind the stage to show
	return err
}

func tell(out io.Writer, w *stage.World, tty string) error {
	where := "in a window of its own"
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		where = "in this terminal (" + tty + ")"
	}
	var text strings.Builder
	fmt.Fprintf(&text, `
  Open             %s
  SMS and letters  %s
  Behind the stage %s%s   all data to copy; pull the card, break a register, strike a centre off …

  1. Register with a phone below; the code comes to the SMS page.
  2. Fill in the personal data; the registers answer within seconds: the account is standard.
  3. Confirm with the token (a GOST key) or the card. The agent asks %s:
     compare the control code with the page, then type the PIN.
  4. Behind the stage, take the evidence home and read what it will prove in ten years.

`, w.Origin(), w.InboxURL(), w.InboxURL(), backstage.Path, where)
	vera, pavel := people.TokenHolder(), people.CardHolder()
	rows := "  \tTOKEN\tCARD\n"
	row := func(label string, value func(people.Person) string) {
		rows += fmt.Sprintf("  %s\t%s\t%s\n", label, value(vera), value(pavel))
	}
	row("Name", people.Person.FullName)
	row("Phone", func(p people.Person) string { return p.Phone })
	row("E-mail", func(p people.Person) string { return p.Email })
	row("Password, say", func(p people.Person) string { return p.Password })
	row("Sex", func(p people.Person) string { return backstage.Sex(p) })
	row("Born", func(p people.Person) string { return p.BirthDate.Format("02.01.2006") + ", " + p.BirthPlace })
	row("Passport", func(p people.Person) string {
		return p.Passport.Series + " " + p.Passport.Number + ", " + p.Passport.Issued.Format("02.01.2006") + ", " + p.Passport.Division[:3] + "-" + p.Passport.Division[3:]
	})
	row("Issued by", func(p people.Person) string { return p.Passport.IssuedBy })
	row("SNILS", people.Person.FormattedSNILS)
	rows += fmt.Sprintf("  PIN\t%s\t%s (PIN2)\n", vera.PINs.Token, pavel.PINs.Card2)
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(t, rows); err != nil {
		return err
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\n  Logs and data: %s\n  Ctrl-C ends everything.\n\n", w.Dir)
	_, err := io.WriteString(out, text.String())
	return err
}

// ownTerminal is the terminal that this was started from, "" without one.
func ownTerminal() string {
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		if err == nil && (strings.HasPrefix(name, "/dev/pts/") || strings.HasPrefix(name, "/dev/tty")) {
			return name
		}
	}
	return ""
}

// screen is the terminal as it was before a PIN entry could change it.
type screen struct {
	fd    int
	state *term.State
}

func keepScreen() screen {
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if state, err := term.GetState(int(f.Fd())); err == nil {
			return screen{int(f.Fd()), state}
		}
	}
	return screen{}
}

// restore brings the terminal back; asking says that a PIN entry was ended in
// the middle, which leaves echo off and a second page shown.
func (s screen) restore(out io.Writer, asking bool) {
	if s.state == nil {
		return
	}
	_ = term.Restore(s.fd, s.state) // the terminal is gone then
	if asking {
		_, _ = io.WriteString(out, "\x1b[?1049l\x1b[?25h\x1b[0m") // as above
	}
}

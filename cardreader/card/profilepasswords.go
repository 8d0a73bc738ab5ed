// SPDX-License-Identifier: Apache-2.0

package card

import (
	"fmt"
)

// Bounds of a password's length in characters.
const (
	minPassword  = 4
	maxISO9564   = 2 * (pinBlockSize - 1)
	maxASCII     = pinBlockSize
	maxTries     = 15
	maxPasswords = 16
)

func (c *profileChecker) passwords(p *Profile, f *profileFile) {
	if len(f.Passwords) > maxPasswords {
		c.fault("passwords", "has more than %d entries", maxPasswords)
		return
	}
	for i, w := range f.Passwords {
		at := fmt.Sprintf("passwords[%d]", i)
		if w.Name == "" {
			c.fault(at+".name", "is empty")
		}
		if _, err := p.password(w.Name); err == nil {
			c.fault(at+".name", "stands twice")
		}
		p.Passwords = append(p.Passwords, c.password(at, &w))
	}
	for i, w := range f.Passwords {
		if w.UnblockedBy == "" && w.Unblock == "" {
			continue
		}
		at := fmt.Sprintf("passwords[%d]", i)
		c.refers(p, at+".unblocked_by", w.UnblockedBy)
		c.unblocks(p, at, &p.Passwords[i])
	}
}

func (c *profileChecker) password(at string, w *passwordFile) Password {
	c.oneOf(at+".format", w.Format, string(ISO9564), string(ASCIIPadded))
	characters := c.oneOfOr(at+".characters", w.Characters, string(Digits), string(Digits), string(Printable))
	counter := c.oneOfOr(at+".counter", w.Counter, string(CounterVerify), string(CounterVerify), string(CounterNone))
	change := c.oneOfOr(at+".change", w.Change, "", string(ChangeOldNew), string(ChangeNew))
	unblock := c.oneOfOr(at+".unblock", w.Unblock, "", string(UnblockCodeNew), string(UnblockNew), string(UnblockNothing))
	most := maxISO9564
	if PINFormat(w.Format) == ASCIIPadded {
		most = maxASCII
	}
	if PINFormat(w.Format) == ISO9564 && Characters(characters) != Digits {
		c.fault(at+".characters", "can't be written in %s", ISO9564)
	}
	c.between(at+".max", w.Max, minPassword, most)
	c.between(at+".min", w.Min, minPassword, w.Max)
	c.between(at+".tries", w.Tries, 0, maxTries)
	return Password{
		Name: w.Name, Ref: c.bytes(at+".ref", w.Ref, 1, 1)[0], Format: PINFormat(w.Format), Characters: Characters(characters),
		Min: w.Min, Max: w.Max, Tries: w.Tries, Counter: Counter(counter), Change: Change(change),
		Unblock: Unblock(unblock), UnblockedBy: w.UnblockedBy, ConfirmLast: w.ConfirmLast,
	}
}

// unblocks checks what only the whole list shows.
func (c *profileChecker) unblocks(p *Profile, at string, pw *Password) {
	switch {
	case pw.Unblock == "":
		c.fault(at+".unblock", "is missing beside unblocked_by")
	case pw.UnblockedBy == pw.Name:
		c.fault(at+".unblocked_by", "names the password itself")
	case pw.Unblock == UnblockNothing && pw.Change == ChangeOldNew:
		// The new value could not follow: nobody knows the old one.
		c.fault(at+".unblock", "is %q, but a change needs the old value", UnblockNothing)
	}
}

func (c *profileChecker) refers(p *Profile, field, name string) {
	if _, err := p.password(name); err != nil {
		c.fault(field, "names no password of the profile")
	}
}

// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"zaver/cardreader/agent/update"
)

// staleAfter is how long ago the last check for updates may be before it is worth a line.
const staleAfter = 45 * 24 * time.Hour

// updates tells what the last check for a newer version saw. A person who never asked for one is left in peace: nothing is checked by itself.
func (u *checkup) updates(context.Context) {
	if !u.cfg.Updates.On || u.cfg.Updates.State == "" {
		u.skip(AreaUpdate)
		return
	}
	seen, err := update.ReadSeen(u.cfg.Updates.State)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		u.skip(AreaUpdate)
		return
	case err != nil:
		u.add(Warning, CodeUpdateState, u.cfg.Updates.State+": "+err.Error())
		return
	}
	if update.Newer(seen.Newest, u.cfg.Version) {
		u.add(Warning, CodeUpdateNewer, u.cfg.Version+" < "+seen.Newest)
		return
	}
	if age := u.cfg.Now().Sub(seen.Checked); age > staleAfter {
		u.add(Warning, CodeUpdateStale, seen.Checked.Format(time.DateOnly), number("n", int(age/(24*time.Hour))))
		return
	}
	u.well(AreaUpdate, seen.Newest)
}

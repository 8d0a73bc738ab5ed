// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/update"
)

func TestUpdates(t *testing.T) {
	saw := func(newest string, ago time.Duration) func(*testing.T, *computer) {
		return func(_ *testing.T, x *computer) {
			now := time.Now()
			x.must(update.WriteSeen(x.config.Updates.State, update.Seen{Checked: now.Add(-ago), Expires: now, Newest: newest}))
		}
	}
	for _, c := range []struct {
		name, code string
		state      doctor.State
		damage     func(*testing.T, *computer)
	}{
		{"no server configured", "doctor.update.skipped", doctor.Skipped, func(_ *testing.T, x *computer) { x.config.Updates.On = false }},
		{"no folder", "doctor.update.skipped", doctor.Skipped, func(_ *testing.T, x *computer) { x.config.Updates.State = "" }},
		{"never checked", "doctor.update.skipped", doctor.Skipped, func(*testing.T, *computer) {}},
		{"newest installed", "doctor.update.ok", doctor.OK, saw("1.2.3", time.Hour)},
		{"newer installed than published", "doctor.update.ok", doctor.OK, saw("1.2.2", time.Hour)},
		{"newer seen", doctor.CodeUpdateNewer, doctor.Warning, saw("1.10.0", time.Hour)},
		{"newer seen long ago", doctor.CodeUpdateNewer, doctor.Warning, saw("1.2.4", 1000*time.Hour)},
		{"44 days ago", "doctor.update.ok", doctor.OK, saw("1.2.3", 44*24*time.Hour)},
		{"46 days ago", doctor.CodeUpdateStale, doctor.Warning, saw("1.2.3", 46*24*time.Hour)},
		{"unreadable", doctor.CodeUpdateState, doctor.Warning, func(_ *testing.T, x *computer) { x.file(x.config.Updates.State+"/seen.json", "{", 0o600) }},
		{"version that is none", doctor.CodeUpdateState, doctor.Warning, func(_ *testing.T, x *computer) {
			x.file(x.config.Updates.State+"/seen.json", `{"format":"zaver.update.seen/v1","newest":"9; rm -rf"}`, 0o600)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newComputer(t)
			x.config.Updates = doctor.Updates{On: true, State: filepath.Dir(x.file(x.home+"/.local/state/zaver/updates/lock", "", 0o600))}
			c.damage(t, x)
			r := x.examine()
			at := slices.IndexFunc(r.Lines, func(l doctor.Line) bool { return l.Area == doctor.AreaUpdate })
			if at < 0 || r.Lines[at].Code != c.code || r.Lines[at].State != c.state {
				t.Errorf("got %+v", r.Lines)
			}
			if r.Exit != 0 {
				t.Errorf("exit %d: old versions keep nobody from confirming", r.Exit)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"zaver/portal/localpg"
	"zaver/softhsm-fixtures/mischief"
)

// Controls are the emulators of the portal's surroundings, in the order door
// of the registers, SNILS, passport, INN, SMS centre, mail.
func (w *World) Controls() []*mischief.Control {
	r := w.Registers
	return []*mischief.Control{&r.Door, &r.SNILS, &r.Passport, &r.INN, &w.SMS.Control, &w.Mail.Control}
}

// Settle starts portal and agent if they do not run, with the agent's first
// settings, and thaws them.
func (w *World) Settle(ctx context.Context) error {
	for _, p := range []*Program{w.Portal, w.Agent} {
		if err := p.Thaw(); err != nil {
			return err
		}
		if p.PID() == 0 {
			if err := p.Start(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// Query asks the portal's database and returns the rows as psql prints them
// unaligned: one a line, columns parted by "|".
func (w *World) Query(ctx context.Context, sql string) (string, error) {
	cluster, err := w.cluster()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(cluster.Bin(), "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", cluster.DSN(localpg.Database), "-c", sql)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask the portal's database: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// ForgetLimits lets the portal forget how often an address or a contact tried:
// all people of a world come from one address.
func (w *World) ForgetLimits(ctx context.Context) error {
	_, err := w.Query(ctx, "TRUNCATE limits")
	return err
}

var requestForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// Level is the level, in the portal's database, of the account that a confirmation belongs to.
func (w *World) Level(ctx context.Context, request string) (string, error) {
	if !requestForm.MatchString(request) {
		return "", fmt.Errorf("look up level: %q is no request", request)
	}
	return w.Query(ctx, "SELECT a.level FROM confirmations c JOIN accounts a ON a.id = c.account_id WHERE c.request = '"+request+"'")
}

// Evidence has the portal write out the proof of a confirmation as a zip file.
func (w *World) Evidence(ctx context.Context, request, file string) error {
	out, err := w.Command(ctx, "zaver-portal", "evidence", "export", "-config", w.PortalConfig(), request, "-o", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("export evidence: %w: %s", err, out)
	}
	return nil
}

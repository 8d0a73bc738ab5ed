// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"zaver/portal/evidence"
	"zaver/portal/localpg"
	"zaver/softhsm-fixtures/mischief"
	"zaver/softhsm-fixtures/pki"
)

// Controls are the emulators of the portal's surroundings, in the order door
// of the registers, SNILS, passport, INN, SMS centre, mail.
func (w *World) Controls() []*mischief.Control {
	r := w.Registers
	return []*mischief.Control{&r.Door, &r.SNILS, &r.Passport, &r.INN, &w.SMS.Control, &w.Mail.Control}
}

// Settle starts portal and agent if they do not run, with the agent's first
// settings.
func (w *World) Settle(ctx context.Context) error {
	for _, p := range []*Program{w.Portal, w.Agent} {
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

// Later exports the proof of a confirmation and has it judged by zaver with the clock ten years
// on, and by OpenSSL as of the time of the confirmation: both by the files alone.
func (w *World) Later(ctx context.Context, request, method string) (err error) {
	dir, err := os.MkdirTemp(w.Dir, "evidence-")
	if err != nil {
		return fmt.Errorf("judge evidence: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	archive := filepath.Join(dir, "evidence.zip")
	if err := w.Evidence(ctx, request, archive); err != nil {
		return err
	}
	if out, err := w.judge(ctx, archive, time.Now().AddDate(10, 0, 0), "--lang", "en"); err != nil {
		return fmt.Errorf("judge evidence ten years on (%s): %w: %s", method, err, out)
	}
	if err := unzip(archive, dir); err != nil {
		return err
	}
	readme, err := os.ReadFile(filepath.Join(dir, evidence.NameReadme))
	if err != nil {
		return fmt.Errorf("judge evidence: %w", err)
	}
	for line := range strings.Lines(string(readme)) {
		if command := strings.TrimSpace(line); strings.Contains(command, "openssl cms -verify") {
			cmd := exec.CommandContext(ctx, "sh", "-c", command+" && cmp signed.txt statement.txt && sha256sum -c SHA256SUMS") //nolint:gosec // what the README says
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", command, err, out)
			}
			return nil
		}
	}
	return errors.New("judge evidence: the README names no command")
}

// Report writes zaver's judgement at a moment about the proof of a confirmation, by its files alone, as a page in Russian.
func (w *World) Report(ctx context.Context, request string, at time.Time, file string) (err error) {
	dir, err := os.MkdirTemp(w.Dir, "evidence-")
	if err != nil {
		return fmt.Errorf("judge evidence: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	archive := filepath.Join(dir, "evidence.zip")
	if err := w.Evidence(ctx, request, archive); err != nil {
		return err
	}
	out, err := w.judge(ctx, archive, at, "--lang", "ru", "--html", file)
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() < badUsage {
		return nil // not valid or not decidable: the page says so
	}
	if err != nil {
		return fmt.Errorf("judge evidence: %w: %s", err, out)
	}
	return nil
}

// badUsage is the exit code of verify that is about the question, not about the signature.
const badUsage = 3

// judge runs verify over an archive with the roots of this world.
func (w *World) judge(ctx context.Context, archive string, at time.Time, more ...string) ([]byte, error) {
	args := append([]string{"verify", "evidence", archive, "--at", at.UTC().Format(time.RFC3339)}, more...)
	args = append(args, "--anchors")
	for _, root := range []string{pki.Root, pki.GOSTRoot, pki.UEC} {
		args = append(args, w.path("trust", root+".pem"))
	}
	return w.Command(ctx, "zaver-portal", args...).CombinedOutput()
}

// Confirmation is one that has ended, as the portal's database has it.
type Confirmation struct{ Request, Method, State, Codes, Ended string }

// Confirmations are the newest that have ended, at most n.
func (w *World) Confirmations(ctx context.Context, n int) ([]Confirmation, error) {
	rows, err := w.Query(ctx, fmt.Sprintf(`SELECT request, method, state, array_to_string(codes, ' '), to_char(decided_at, 'HH24:MI:SS')
		FROM confirmations WHERE digest IS NOT NULL AND decided_at IS NOT NULL ORDER BY decided_at DESC LIMIT %d`, n))
	if err != nil {
		return nil, err
	}
	var list []Confirmation
	for row := range strings.Lines(rows) {
		if f := strings.Split(strings.TrimSpace(row), "|"); len(f) == 5 {
			list = append(list, Confirmation{f[0], f[1], f[2], f[3], f[4]})
		}
	}
	return list, nil
}

// unzip lays the files of an archive out in a folder; they have no folders of their own.
func unzip(archive, dir string) (err error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("unpack evidence: %w", err)
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			return fmt.Errorf("unpack evidence: %w", err)
		}
		b, err := io.ReadAll(in)
		if err := errors.Join(err, in.Close()); err != nil {
			return fmt.Errorf("unpack evidence: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), b, 0o600); err != nil {
			return fmt.Errorf("unpack evidence: %w", err)
		}
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"zaver/softhsm-fixtures/tsl"
)

// startCentres starts the server of the list of accredited centres with a list of the test PKI's.
func (w *World) startCentres(ctx context.Context) error {
	cfg, list, err := tsl.FromPKI(w.PKI, time.Now())
	if err != nil {
		return err
	}
	if w.Centres, err = tsl.Start(ctx, cfg); err != nil {
		return err
	}
	w.atEnd(w.Centres.Close)
	w.accredited = list.Centres
	return w.PublishCentres(nil)
}

// PublishCentres publishes the next version of the list, dated now; edit changes what it says of the
// centres as they are in truth, nil changes nothing. Versions go on over restarts of a kept folder.
func (w *World) PublishCentres(edit func(*tsl.List)) error {
	w.settings.Lock()
	defer w.settings.Unlock()
	version := int64(tsl.FirstVersion)
	file := w.path("list.version")
	if b, err := os.ReadFile(file); err == nil {
		last, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err != nil {
			return fmt.Errorf("publish list of centres: %w", err)
		}
		version = last + 1
	} else if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("publish list of centres: %w", err)
	}
	list := tsl.List{Version: version, Date: time.Now()}
	for _, c := range w.accredited {
		c.Statuses = append([]tsl.Status(nil), c.Statuses...)
		list.Centres = append(list.Centres, c)
	}
	if edit != nil {
		edit(&list)
	}
	if err := replace(file, fmt.Appendln(nil, version)); err != nil {
		return fmt.Errorf("publish list of centres: %w", err)
	}
	return w.Centres.Publish(list)
}

// StrikeOff is an edit of the list by which the accreditation of the test PKI's centre ends now.
func StrikeOff(l *tsl.List) {
	l.Centres[0].Statuses = append(l.Centres[0].Statuses, tsl.Status{Text: tsl.Ended, From: l.Date})
}

// RefreshCentres has the portal renew its list, as an operator does. The code says why the list was
// refused or not had; it is empty when the list is in force.
func (w *World) RefreshCentres(ctx context.Context) (code string, err error) {
	_, refused := w.trust(ctx, "refresh")
	var ended *exec.ExitError
	if refused == nil || !errors.As(refused, &ended) {
		return "", refused
	}
	shown, showErr := w.trust(ctx, "show", "--json")
	var status struct {
		Failure string `json:"failure"`
	}
	if err := errors.Join(showErr, json.Unmarshal(shown, &status)); err != nil {
		return "", err
	}
	if status.Failure == "" { // it failed before it asked
		return "", refused
	}
	return status.Failure, nil
}

// CentresSet writes the portal's set in force with the list's history to a file that trust.Restore reads.
func (w *World) CentresSet(ctx context.Context, file string) error {
	shown, err := w.trust(ctx, "show", "--json")
	if err != nil {
		return err
	}
	var status struct {
		Set string `json:"set"`
	}
	if err := json.Unmarshal(shown, &status); err != nil {
		return fmt.Errorf("ask for the set in force: %w", err)
	}
	_, err = w.trust(ctx, "restore", status.Set, "-o", file)
	return err
}

// trust runs one of the portal's commands about the list.
func (w *World) trust(ctx context.Context, command string, args ...string) ([]byte, error) {
	cmd := w.Command(ctx, "zaver-portal", append([]string{"trust", command, "-config", w.PortalConfig()}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			return out, fmt.Errorf("zaver-portal trust %s: %w: %s", command, err, ended.Stderr)
		}
		return out, fmt.Errorf("zaver-portal trust %s: %w", command, err)
	}
	return out, nil
}

// CentresInForce is the version of the list that the running portal judges by, 0 without one.
func (w *World) CentresInForce(ctx context.Context) (int64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Origin()+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("ask for the list in force: %w", err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("ask for the list in force: %w", err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "zaver_trust_list_version "); ok {
			version, err := strconv.ParseFloat(value, 64)
			return int64(version), err
		}
	}
	return 0, fmt.Errorf("ask for the list in force: status %d without the figure: %w", answer.StatusCode, lines.Err())
}

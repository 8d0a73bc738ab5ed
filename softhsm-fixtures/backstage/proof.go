// SPDX-License-Identifier: Apache-2.0

package backstage

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"zaver/softhsm-fixtures/stage"
)

// shownProofs bounds the list of confirmations on the page, knownProofs the ones that can be asked for.
const (
	shownProofs = 5
	knownProofs = 1000
)

// laterYears is when the report judges: the signer's certificate has long expired then.
const laterYears = 10

// proof is a confirmation on the page.
type proof struct{ stage.Confirmation }

// How says the method in words.
func (p proof) How() string {
	if p.Method == "uec" {
		return "карта УЭК"
	}
	return "токен"
}

// Outcome is how it ended.
func (p proof) Outcome() string {
	switch p.State {
	case "confirmed":
		return "подтверждена"
	case "refused":
		return "отказано"
	default:
		return p.State
	}
}

// proofs are the newest confirmations.
func (d *desk) proofs(ctx context.Context) []proof {
	found, err := d.w.Confirmations(ctx, shownProofs)
	if err != nil {
		return nil // the portal's database is down, as the page may have made it
	}
	out := make([]proof, 0, len(found))
	for _, c := range found {
		out = append(out, proof{c})
	}
	return out
}

// archive hands the proof of a confirmation out, as the portal exports it.
func (d *desk) archive(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Disposition", `attachment; filename="evidence.zip"`)
	d.serve(rw, r, "evidence.zip", d.w.Evidence)
}

// report shows what zaver will say about it in ten years.
func (d *desk) report(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	d.serve(rw, r, "report.html", func(ctx context.Context, request, file string) error {
		return d.w.Report(ctx, request, time.Now().AddDate(laterYears, 0, 0), file)
	})
}

// serve makes a file about the confirmation that the address names, and sends it.
func (d *desk) serve(rw http.ResponseWriter, r *http.Request, name string, write func(ctx context.Context, request, file string) error) {
	d.turn.Lock()
	defer d.turn.Unlock()
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	file, err := d.file(ctx, r.PathValue("request"), name, write)
	if file != "" {
		defer os.RemoveAll(filepath.Dir(file))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.NotFound(rw, r)
	case err != nil:
		http.Error(rw, err.Error(), http.StatusUnprocessableEntity)
	default:
		http.ServeFile(rw, r, file)
	}
}

func (d *desk) file(ctx context.Context, request, name string, write func(ctx context.Context, request, file string) error) (string, error) {
	known, err := d.w.Confirmations(ctx, knownProofs)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(known, func(c stage.Confirmation) bool { return c.Request == request }) {
		return "", fs.ErrNotExist
	}
	dir, err := os.MkdirTemp(d.w.Dir, "proof-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, name)
	return file, write(ctx, request, file)
}

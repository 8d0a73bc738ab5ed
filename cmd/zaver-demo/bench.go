// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"zaver/cmd/internal/boot"
	measure "zaver/softhsm-fixtures/bench"
	"zaver/softhsm-fixtures/stage"
)

// bench measures what is promised and prints it beside its baselines.
func bench(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if o.only != "" && !slices.Contains(measure.Parts(), o.only) {
		return boot.Fail(boot.ExitUsage, "zaver-demo help", "bench: no part %q, only %s", o.only, strings.Join(measure.Parts(), ", "))
	}
	cfg, err := cast(stage.Config{})
	if err != nil {
		return err
	}
	cfg.Scripted = nil // the small program is built: the start of this one would be measured twice in each confirmation
	return measure.Run(ctx, measure.Options{World: cfg, Only: o.only, Time: o.time, Gate: o.gate, Out: stdout, Progress: stderr})
}

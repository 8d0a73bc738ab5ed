// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	measure "zaver/softhsm-fixtures/bench"
	"zaver/softhsm-fixtures/stage"
)

// bench measures what is promised and prints it beside its baselines.
func bench(ctx context.Context, o options, stdout, stderr io.Writer) error {
	cfg, err := cast(stage.Config{})
	if err != nil {
		return err
	}
	cfg.Scripted = nil // the small program is built: the start of this one would be measured twice in each confirmation
	return measure.Run(ctx, measure.Options{World: cfg, Time: o.time, Out: stdout, Progress: stderr})
}

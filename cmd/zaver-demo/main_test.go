// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"zaver/cmd/internal/boot"
)

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		exit int
		says string
	}{
		{nil, boot.ExitUsage, ""},
		{[]string{"dance"}, boot.ExitUsage, ""},
		{[]string{"run", "now"}, boot.ExitUsage, ""},
		{[]string{"smoke", "--dir", "x"}, boot.ExitUsage, ""},
		{[]string{"help"}, boot.ExitOK, "Usage: zaver-demo"},
		{[]string{"run", "--help"}, boot.ExitOK, "Usage: zaver-demo"},
	} {
		var out, errs bytes.Buffer
		err := dispatch(context.Background(), c.args, &out, &errs)
		if exit := boot.Report(&errs, program, err); exit != c.exit || !strings.Contains(out.String(), c.says) {
			t.Errorf("%v: exit %d, printed %q %q", c.args, exit, out.String(), errs.String())
		}
	}
}

// TestNoPlaceForAPIN keeps run from starting what could ask nobody.
func TestNoPlaceForAPIN(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if ownTerminal() != "" {
		return // a test in a terminal has a place
	}
	var out bytes.Buffer
	err := dispatch(context.Background(), []string{"run", "--dir", t.TempDir()}, &out, &out)
	var f *boot.Failure
	if !errors.As(err, &f) || f.Hint == "" || out.Len() > 0 {
		t.Errorf("run: %v, printed %q", err, out.String())
	}
}

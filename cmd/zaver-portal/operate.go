// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"zaver/cmd/internal/boot"
	"zaver/portal/assemble"
	"zaver/portal/evidence"
	"zaver/portal/fault"
	"zaver/portal/store"
)

func migrate(ctx context.Context, args []string, out io.Writer) (err error) {
	c, _, err := load("migrate", args, nil)
	if err != nil {
		return err
	}
	dsn, stop, err := c.database(ctx, guest)
	if err != nil {
		return err
	}
	defer func() { err = join(err, stop()) }()
	if err := store.Migrate(ctx, dsn); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	_, err = fmt.Fprintln(out, "zaver-portal: the database is up to date")
	return err
}

// printKeys prints the public keys; they are made when missing, so that agents
// can be set up before the portal first runs.
func printKeys(args []string, out io.Writer) error {
	c, _, err := load("key", args, nil)
	if err != nil {
		return err
	}
	dir, err := c.keys()
	if err != nil {
		return err
	}
	origin, err := url.Parse(c.Origin)
	if err != nil {
		return fmt.Errorf("read origin: %w", err)
	}
	statements, checkpoints, err := assemble.LoadKeys(dir, origin.Host)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "statement %s\naudit %s\n", statements.Public, checkpoints.Public)
	return err
}

func exportEvidence(ctx context.Context, args []string, out io.Writer) (err error) {
	if len(args) == 0 || args[0] != "export" {
		return boot.Fail(boot.ExitUsage, "zaver-portal evidence export -config FILE REQUEST", "evidence: what to do with it?")
	}
	var target string
	c, rest, err := load("evidence export", args[1:], func(f *flag.FlagSet) { f.StringVar(&target, "o", "", "file to write") })
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return boot.Fail(boot.ExitUsage, "its number stands on the result page and in the notice", "evidence export: name one confirmation")
	}
	request := rest[0]
	log, closeLog, err := boot.OpenLog(c.Log, io.Discard)
	if err != nil {
		return err
	}
	defer func() { err = join(err, closeLog()) }()
	opened, _, closeStore, err := c.open(ctx, guest, log)
	if err != nil {
		return err
	}
	defer func() { err = join(err, closeStore()) }()
	bundle, err := opened.Evidence().Bundle(ctx, request)
	if fault.CodeOf(err) == fault.NotFound {
		return boot.Fail(boot.ExitFailure, "only confirmations that were judged have evidence", "no evidence of confirmation %q", request)
	}
	if err != nil {
		return fmt.Errorf("read evidence: %w", err)
	}
	decision, err := evidence.Open(bundle.Parts, bundle.Digest)
	if err != nil {
		return fmt.Errorf("check evidence: %w", err)
	}
	files, err := evidence.Export(bundle.Parts, bundle.Digest)
	if err != nil {
		return fmt.Errorf("export evidence: %w", err)
	}
	if target == "" {
		target = "evidence-" + filepath.Base(request) + ".zip"
	}
	file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return boot.Fail(boot.ExitFailure, "give another name with -o", "%s exists already", target)
	}
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	if err := join(evidence.WriteZip(file, files, decision.Judged), file.Close()); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	_, err = fmt.Fprintln(out, "zaver-portal: wrote", target)
	return err
}

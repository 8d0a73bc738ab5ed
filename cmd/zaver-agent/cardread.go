// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent/terminal"
	"zaver/cardreader/card"
	"zaver/cmd/internal/boot"
)

func newCardCommand(a *app) *cobra.Command {
	group := &cobra.Command{Use: "card", Short: "Read what is on a card", Args: cobra.ArbitraryArgs, RunE: func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "card: no command given")
		}
		return boot.Fail(boot.ExitUsage, c.CommandPath()+" --help", "card: unknown command %q", args[0])
	}}
	group.AddCommand(newCardReadCommand(a))
	return group
}

func newCardReadCommand(a *app) *cobra.Command {
	var asJSON bool
	var language, photo string
	c := leaf("read", "Print the holder's data of the card in place, under its first PIN", func(ctx context.Context) error {
		return readCard(ctx, a, photo, asJSON, language)
	})
	c.Long = c.Short + ".\n\nThe PIN is asked in a window of its own (pinentry). What is printed is personal data, and goes nowhere else.\n\n" +
		"With --json: {\"holder\":{\"surname\",\"given\",\"patronymic\",\"full_name\",\"birth_date\",\"birth_place\",\"sex\",\"snils\",\"inn\",\"policy\",\"address\",\"phone\",\"email\",\"issuer_address\",\"photo_bytes\",\"photo_file\"}}, without what the\n" +
		"card does not carry; of a failure {\"code\",\"tries\"}.\n" +
		"Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration, 4 another request is open, 6 you declined."
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&photo, "photo", "", "write the photograph to a new `file`")
	languageFlag(c, &language)
	return c
}

// readCard asks the PIN and prints the holder's data.
func readCard(ctx context.Context, a *app, photo string, asJSON bool, named string) error {
	t, err := a.teller(false, asJSON, named)
	if err != nil {
		return err
	}
	if photo != "" {
		if _, err := os.Lstat(photo); err == nil { // before a PIN is asked in vain
			return photoError(&fs.PathError{Op: "create", Path: photo, Err: fs.ErrExist})
		}
	}
	if err := closeProcess(); err != nil {
		return err
	}
	ctx, free := ownEnd(ctx)
	defer free()
	data, err := t.holderData(ctx)
	if err != nil {
		return t.failed(ctx, ownReason(ctx, err))
	}
	holder := terminal.DescribeHolder(data)
	if photo != "" && len(data.Photo) > 0 {
		if err := writeNew(photo, data.Photo); err != nil {
			return photoError(err)
		}
		holder.PhotoFile = photo
	}
	if asJSON {
		return terminal.WriteJSON(a.stdout, struct {
			Holder terminal.Holder `json:"holder"`
		}{holder})
	}
	_, err = terminal.HolderTable(t.language, holder).WriteTo(a.stdout)
	return err
}

// holderData asks the PIN of the only card in place, and reads it.
func (t teller) holderData(ctx context.Context) (*card.HolderData, error) {
	release, err := myTurn()
	if err != nil {
		return nil, err
	}
	defer release()
	source, err := t.settings.cardSource(nil)
	if err != nil {
		return nil, err
	}
	pins, err := source.HolderPINs(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(pins) == 0:
		return nil, &card.Error{Reason: card.Unsupported, Op: "read the holder's data"}
	case len(pins) > 1:
		what, todo := terminal.ManyCards(t.language, len(pins))
		return nil, &boot.Failure{Exit: boot.ExitUsage, Hint: todo, Err: errors.New(what)}
	}
	dialogs, err := t.settings.terminalDialogs()
	if err != nil {
		return nil, err
	}
	return terminal.ReadHolder(ctx, source, pins[0], dialogs, t.language)
}

func photoError(err error) error {
	return &boot.Failure{Exit: boot.ExitFailure, Hint: "name a file that does not exist yet", Err: fmt.Errorf("write photograph: %w", err)}
}

// writeNew writes a file that must not be there yet, for its owner alone.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"zaver/cmd/internal/boot"
	"zaver/cmd/internal/offline"
	"zaver/portal/text"
)

// verifyFiles checks signatures in files; its exit codes are those of package offline.
func verifyFiles(ctx context.Context, args []string, out, errs io.Writer) int {
	words, err := text.Load()
	if err != nil {
		return boot.Report(errs, "zaver-portal", err)
	}
	return offline.Run(ctx, args, offline.World{
		In: os.Stdin, Out: out, Errs: errs, Now: time.Now, Words: words, Lang: language(os.Getenv),
	})
}

// language is that of the environment: Russian unless the locale names another.
func language(env func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			if strings.HasPrefix(v, "en") || v == "C" || v == "POSIX" || strings.HasPrefix(v, "C.") {
				return string(text.English)
			}
			return string(text.Russian)
		}
	}
	return string(text.Russian)
}

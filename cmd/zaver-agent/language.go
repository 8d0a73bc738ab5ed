// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
)

func languageFlag(c *cobra.Command, into *string) {
	c.Flags().StringVar(into, "lang", "", "`language` of what is said: ru or en (default: the locale's)")
}

// chooseLanguage is the language of what a command prints: the one that was named, the locale's, the configuration's,
// English.
func chooseLanguage(named string, configured words.Language) (words.Language, error) {
	if named != "" {
		if l := words.Language(named); l.Known() {
			return l, nil
		}
		return "", boot.Fail(boot.ExitUsage, "use --lang ru or --lang en", "unknown language %q", named)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		locale := os.Getenv(name)
		switch {
		case locale == "":
			continue
		case strings.HasPrefix(strings.ToLower(locale), "ru"):
			return words.Russian, nil
		}
		return words.English, nil
	}
	if configured.Known() {
		return configured, nil
	}
	return words.English, nil
}

// SPDX-License-Identifier: Apache-2.0

package cards

import "regexp"

// bracketed is where libccid puts a reader's serial number into its name: "Maker Reader [Interface] (serial) 00 00".
var bracketed = regexp.MustCompile(`\s*\([^()]*\)`)

// logged is a reader's name as a log may hold it. Of a token with a reader of its own, the reader's serial number is the token's.
func logged(name string) string { return bracketed.ReplaceAllString(name, "") }

// SPDX-License-Identifier: Apache-2.0

package nativemsg

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// ErrCaller is wrapped when the arguments are not those of a browser that speaks for an allowed extension.
var ErrCaller = errors.New("not started by a browser for the extension")

const chromiumScheme = "chrome-extension://"

// CheckCaller checks what a browser says when it starts the program, and returns the extension's id. Chromium gives
// the extension's origin (on Windows a window's number too), Firefox the manifest's path and the extension's id.
// The browser has compared the extension with the manifest already; a manifest that somebody widened is caught here.
func CheckCaller(args, allowed []string) (string, error) {
	var id string
	switch {
	case len(args) > 0 && strings.HasPrefix(args[0], chromiumScheme):
		rest, whole := strings.CutSuffix(strings.TrimPrefix(args[0], chromiumScheme), "/")
		windowOnly := len(args) == 1 || len(args) == 2 && strings.HasPrefix(args[1], "--parent-window=")
		if !whole || !windowOnly {
			return "", fmt.Errorf("%w: odd arguments", ErrCaller)
		}
		id = rest
	case len(args) == 2 && filepath.IsAbs(args[0]) && filepath.Ext(args[0]) == ".json":
		id = args[1]
	default:
		return "", fmt.Errorf("%w: it gives its name as an argument", ErrCaller)
	}
	if id == "" || !slices.Contains(allowed, id) {
		return "", fmt.Errorf("%w: extension %.80q", ErrCaller, id)
	}
	return id, nil
}

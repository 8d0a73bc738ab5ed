// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"zaver/cardreader/agent"
	"zaver/cmd/internal/boot"
)

// turn takes this person's turn: native hosts of several browsers and the loopback door are processes of their own, and
// one request at a time is shown. Where the lock can't even be made, the error has the code agent.internal: nobody is busy.
func turn() (release func(), err error) {
	give, err := boot.OneInstance(runtimeFile("zaver-agent-turn.lock"))
	if f, held := errors.AsType[*boot.Failure](err); err != nil && (!held || f.Exit != boot.ExitRunning) {
		return nil, &agent.Error{ErrorCode: agent.CodeInternal, Cause: err}
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = give() }, nil // the lock ends with the process at the latest
}

// runtimeFile is a file of this person's that lasts as long as they are signed in. It is never in a folder where another user could have put
// one of that name first, and so keep this person's agent busy for ever; nor in one of another user's, as a changed user's environment names.
func runtimeFile(name string) string {
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), filepath.Join("/run/user", strconv.Itoa(os.Getuid()))} {
		if info, err := os.Stat(dir); filepath.IsAbs(dir) && err == nil && info.IsDir() && ownAlone(info) {
			return filepath.Join(dir, name)
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		if own := filepath.Join(cache, "zaver"); os.MkdirAll(own, 0o700) == nil {
			return filepath.Join(own, name)
		}
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("%d-%s", os.Getuid(), name)) // without a home, too
}

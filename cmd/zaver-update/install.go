// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zaver/cardreader/agent/update"
)

// installEnv is all that a package manager sees of the environment: nobody's PATH, preload or configuration.
var installEnv = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "HOME=/root"}

// install fetches the newer package into a folder that only the administrator can reach, and has it installed. The package is not read again by a
// name that somebody else could have changed meanwhile.
func (j *job) install(ctx context.Context) error {
	if j.user != j.admin {
		return update.Fail(update.CodeNotRoot, nil)
	}
	_, row := j.manager()
	if row < 0 {
		return update.Fail(update.CodeInstaller, nil)
	}
	if j.state == "" {
		j.state = update.SystemState
	}
	j.kind, j.dir = managers[row].kind, ""
	path, f, free, err := j.fetch(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = free() }()
	if err := guarded(path, j.admin); err != nil {
		return update.Fail(update.CodeExposed, err)
	}
	m := managers[row]
	argv := append(append([]string{filepath.Join(j.prefix, m.program)}, m.own...), path)
	if err := j.execute(argv, installEnv, j.stderr); err != nil {
		return update.Fail(update.CodeInstall, fmt.Errorf("%s: %w", shell(argv), err))
	}
	_ = os.Remove(path) // what is left takes room and is fetched no more
	f.Installed, f.Newer = f.Newest.Version, false
	if j.json {
		return answer(f).WriteJSON(j.stdout)
	}
	_, err = fmt.Fprintf(j.stdout, says[j.language].done, f.Newest.Version)
	return err
}

// exposed refuses to work for the administrator with what anybody else could exchange: the configuration, the trusted root, the program itself, the
// way to the state folder. A check remembers what it accepted, and what is installed is judged by that: it demands no less than the installation.
func (j *job) exposed() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, path := range []string{j.config, j.root, self} {
		if path == "" {
			continue
		}
		err := guarded(path, j.admin)
		if path == j.root && errors.Is(err, os.ErrNotExist) {
			return update.Fail(update.CodeRoot, err)
		}
		if err != nil {
			return update.Fail(update.CodeExposed, err)
		}
	}
	if err := guardedFolder(filepath.Dir(j.state), j.admin); err != nil {
		return update.Fail(update.CodeExposed, err)
	}
	return nil
}

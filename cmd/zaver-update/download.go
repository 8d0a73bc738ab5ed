// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/client"
)

// download fetches the newer package and says how to install it.
func (j *job) download(ctx context.Context) error {
	path, f, free, err := j.fetch(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = free() }()
	argv := j.installation(path)
	if j.json {
		a := answer(f)
		a.File, a.Command = path, argv
		return a.WriteJSON(j.stdout)
	}
	say := says[j.language]
	if _, err := fmt.Fprintf(j.stdout, say.fetched, path); err != nil || len(argv) == 0 {
		return err
	}
	_, err = fmt.Fprintf(j.stdout, say.install, shell(argv))
	return err
}

// fetch checks and downloads. The caller frees the state folder.
func (j *job) fetch(ctx context.Context) (path string, f client.Found, free func() error, err error) {
	c, free, err := j.client()
	if err != nil {
		return "", f, nil, err
	}
	if path, f, err = j.checked(ctx, c); err != nil {
		_ = free() // a lock that can't be given back goes with the process
		return "", f, nil, err
	}
	return path, f, free, nil
}

// checked checks and downloads while the state folder is ours.
func (j *job) checked(ctx context.Context, c *client.Client) (string, client.Found, error) {
	f, err := c.Check(ctx)
	if err != nil {
		return "", f, err
	}
	if !f.Newer {
		return "", f, update.Fail(update.CodeCurrent, fmt.Errorf("installed %s, newest %s", f.Installed, f.Newest.Version))
	}
	dir, own, err := j.folder()
	if err != nil {
		return "", f, err
	}
	if !j.json {
		if err = j.tellNewer(j.stderr, f); err != nil {
			return "", f, err
		}
	}
	path, err := c.Download(ctx, f, dir, j.progress(f.Newest.Length))
	if err == nil && own {
		// older ones are fetched no more; what can't be removed only takes room
		_ = update.RemoveFiles(dir, func(name string) bool { return update.ValidFile(name) && name != f.Newest.File })
	}
	return path, f, err
}

// folder is where the package goes, and whether that is our own folder. There, what was cut short by a power failure is removed. Errors have
// CodeDisk, or CodeExposed where what root downloads could be exchanged before root installs it.
func (j *job) folder() (dir string, own bool, err error) {
	if j.dir == "" {
		dir = filepath.Join(j.state, "packages")
		if err = os.MkdirAll(dir, 0o700); err == nil {
			err = update.RemoveFiles(dir, func(name string) bool { return strings.HasPrefix(name, client.Unfinished) })
		}
		if err != nil {
			return "", true, update.Fail(update.CodeDisk, err)
		}
		return dir, true, nil
	}
	if dir, err = filepath.Abs(j.dir); err != nil {
		return "", false, update.Fail(update.CodeDisk, err)
	}
	if j.user == j.admin {
		err = guarded(dir, j.admin)
	}
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist): // without the folder nothing can be written, which is said then
		return "", false, update.Fail(update.CodeExposed, err)
	case shared(dir, j.user):
		return "", false, update.Fail(update.CodeDisk, fmt.Errorf("somebody else may exchange what lies in %s", dir))
	}
	return dir, false, nil
}

// progress writes a line for each tenth of the package.
func (j *job) progress(length int64) func(int64) {
	if j.json {
		return nil
	}
	told := int64(0)
	return func(n int64) {
		if tenth := n * 10 / length; tenth > told {
			told = tenth
			_, _ = fmt.Fprintf(j.stderr, "%3d %%  %s\n", tenth*10, size(n)) // a terminal that went away stops no download
		}
	}
}

func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// shell writes a command line that a person may paste.
func shell(argv []string) string {
	out := make([]string, len(argv))
	for i, a := range argv {
		if strings.IndexFunc(a, func(r rune) bool {
			return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+=:", r)
		}) >= 0 {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		out[i] = a
	}
	return strings.Join(out, " ")
}

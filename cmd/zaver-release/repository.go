// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"zaver/cardreader/agent/update/publish"
	"zaver/cmd/internal/boot"
)

const updatesUsage = `Updates:

  zaver-release keys     -repository DIR -keys DIR
  zaver-release publish  -repository DIR -keys DIR[,DIR] [-ru NOTE] [-en NOTE] PACKAGE...
  zaver-release withdraw -repository DIR -keys DIR[,DIR] NAME...
  zaver-release refresh  -repository DIR -keys DIR[,DIR]
  zaver-release rotate   -repository DIR -keys DIR[,DIR] -new DIR [ROLE...]

  keys      makes the keys of the four roles (root: three, two of which sign) and an empty repository
  publish   adds packages as make packages made them; needs the keys of targets, snapshot and timestamp
  withdraw  takes packages out of the list
  refresh   signs a new timestamp, good for a week; run it daily, with the timestamp's key alone at hand. It fails, the
            timestamp signed, from thirty days before something expires that it has no keys for: run it with them
  rotate    gives roles (root, targets, snapshot, timestamp) new keys in the folder of -new and revokes the old ones;
            without roles it renews the root for another year. Needs two of the root's keys

  -repository DIR  the folder that a web server serves as it is
  -keys DIR,DIR    folders with the keys at hand (*.pem, mode 0600)
`

// repositoryFlags are what the commands on a repository share.
type repositoryFlags struct {
	dir, keys, fresh, ru, en string
}

// read reads the flags that the command knows; arguments says how many words may stand behind them.
func (f *repositoryFlags) read(name string, args []string, stdout io.Writer, own []string, least, most int) (rest []string, err error) {
	flags := quiet(name)
	flags.StringVar(&f.dir, "repository", "", "")
	flags.StringVar(&f.keys, "keys", "", "")
	for _, o := range own {
		switch o {
		case "new":
			flags.StringVar(&f.fresh, "new", "", "")
		case "notes":
			flags.StringVar(&f.ru, "ru", "", "")
			flags.StringVar(&f.en, "en", "", "")
		}
	}
	err = flags.Parse(args)
	if err != nil || f.dir == "" || f.keys == "" || flags.NArg() < least || flags.NArg() > most {
		return nil, wrongLine(stdout, updatesUsage, err)
	}
	for _, dir := range append(strings.Split(f.keys, ","), f.fresh) {
		if dir != "" && within(dir, f.dir) {
			return nil, boot.Fail(boot.ExitUsage, "keep keys where no web server looks", "%s lies in the repository", dir)
		}
	}
	return flags.Args(), nil
}

// within reports whether a folder is the other one or lies in it, links followed as far as they lead anywhere.
func within(dir, other string) bool {
	rel, err := filepath.Rel(whole(other), whole(dir))
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

func whole(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if parent := filepath.Dir(abs); parent != abs {
		return filepath.Join(whole(parent), filepath.Base(abs))
	}
	return abs
}

// work loads the keys at hand, opens the repository for this program alone, and tells until when all is good when the work is done. Two that
// write at once would give one number to two files.
func (f *repositoryFlags) work(now time.Time, stdout io.Writer, do func(*publish.Repository, publish.Keys) error) error {
	keys, err := publish.Load(strings.Split(f.keys, ",")...)
	if err != nil {
		return &boot.Failure{Exit: boot.ExitFailure, Hint: "keys are files of yours alone: chmod 600", Err: err}
	}
	free, err := boot.OneInstance(filepath.Join(f.dir, ".lock"))
	if err != nil {
		return err
	}
	defer func() { _ = free() }()
	r, err := publish.Open(f.dir, now)
	if err != nil {
		return err
	}
	err = do(r, keys)
	if err != nil && !errors.Is(err, publish.ErrDue) {
		return err
	}
	return errors.Join(err, tell(r, stdout))
}

// tell says until when everything is good: whoever runs this by a timer wants to see it in the log.
func tell(r *publish.Repository, stdout io.Writer) error {
	expiry := r.Expiry()
	for _, role := range publish.Roles() {
		if _, err := fmt.Fprintf(stdout, "%-10s good until %s\n", role, expiry[role].Format(time.RFC3339)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(stdout, "root of packages: %s\n", r.RootPath())
	return err
}

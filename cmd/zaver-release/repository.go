// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
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
  refresh   signs a new timestamp, good for a week; run it daily, with the timestamp's key alone at hand
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
	return flags.Args(), nil
}

// open opens the repository and loads the keys at hand.
func (f *repositoryFlags) open(now time.Time) (*publish.Repository, publish.Keys, error) {
	r, err := publish.Open(f.dir, now)
	if err != nil {
		return nil, nil, err
	}
	keys, err := publish.Load(strings.Split(f.keys, ",")...)
	if err != nil {
		return nil, nil, &boot.Failure{Exit: boot.ExitFailure, Hint: "keys are files of yours alone: chmod 600", Err: err}
	}
	return r, keys, nil
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

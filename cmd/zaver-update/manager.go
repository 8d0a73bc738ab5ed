// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"

	"zaver/cardreader/agent/update"
)

// managers are the programs that install a package from a file, the first that is there counts. mark is what shows that the system lives by them and
// does not only have them.
var managers = []struct {
	kind, program, mark string
	people, own         []string // arguments before the file: for a person, and for this program, which can't be asked anything
}{
	{update.Deb, "/usr/bin/apt-get", "/etc/debian_version", []string{"install"},
		[]string{"install", "--yes", "--no-remove", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"}},
	{update.RPM, "/usr/bin/dnf", "", []string{"install"}, []string{"install", "--assumeyes"}},
	{update.RPM, "/usr/bin/zypper", "", []string{"install", "--allow-unsigned-rpm"}, []string{"--non-interactive", "install", "--allow-unsigned-rpm"}},
}

// manager says of which kind this system's packages are, and which row of managers installs them; deb and -1 when none is there.
func (j *job) manager() (kind string, row int) {
	there := func(path string) bool {
		_, err := os.Stat(filepath.Join(j.prefix, path))
		return err == nil
	}
	for i, m := range managers {
		if there(m.program) && (m.mark == "" || there(m.mark)) {
			return m.kind, i
		}
	}
	return update.Deb, -1
}

// installation is the command line with which a person installs the package; empty when nothing here can.
func (j *job) installation(path string) []string {
	kind, row := j.manager()
	if row < 0 || filepath.Ext(path) != "."+kind {
		return nil
	}
	m := managers[row]
	return append(append([]string{filepath.Base(m.program)}, m.people...), path)
}

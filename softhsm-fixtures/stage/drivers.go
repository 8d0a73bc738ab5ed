// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"zaver/softhsm-fixtures/tokens"
)

// Drivers are the process ids of the agent's driver processes, one for each
// PKCS #11 module that it has loaded.
func (w *World) Drivers() ([]int, error) { return w.agentChildren("\x00pkcs11-worker") }

// Asking reports whether a PIN entry dialog of the agent is open.
func (w *World) Asking() bool {
	pids, err := w.agentChildren("pinentry")
	return err == nil && len(pids) > 0
}

// agentChildren are the agent's child processes whose command line has the words.
func (w *World) agentChildren(words string) ([]int, error) {
	if w.Agent == nil || w.Agent.PID() == 0 {
		return nil, nil
	}
	return findProcesses(w.Agent.PID(), words)
}

// findProcesses gives the processes whose command line has the words, of that parent unless it is 0.
func findProcesses(parent int, words string) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state ppid …; the name may have spaces and parentheses.
		_, rest, ok := bytes.Cut(b[max(0, bytes.LastIndexByte(b, ')')):], []byte(" "))
		fields := bytes.Fields(rest)
		if !ok || len(fields) < 2 || parent != 0 && string(fields[1]) != strconv.Itoa(parent) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && bytes.Contains(args, []byte(words)) {
			found = append(found, pid)
		}
	}
	return found, nil
}

func (w *World) endDrivers() error {
	pids, err := w.Drivers()
	for _, pid := range pids {
		if killErr := syscall.Kill(pid, syscall.SIGKILL); !errors.Is(killErr, syscall.ESRCH) {
			err = errors.Join(err, killErr)
		}
	}
	return err
}

// softhsm is the PKCS #11 module of the tokens.
func softhsm() (string, error) { return tokens.Library() }

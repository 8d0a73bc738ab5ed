// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"zaver/cardreader/agent/doctor"
)

// examineAsNobody runs the check of a service's socket in a process of a user who owns nothing and may not use it.
func examineAsNobody(t *testing.T, socket string) doctor.Report {
	t.Helper()
	dir, err := os.MkdirTemp("", "nobody") // open to others, unlike the test's own folders
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	self, err := os.Executable()
	must(t, err)
	program := filepath.Join(dir, "doctor.test")
	copyFile(t, self, program)
	cmd := exec.CommandContext(t.Context(), program, asNobody, socket)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin"}
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	_ = cmd.Run() // the exit code stands in the report
	var r doctor.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	kept := r.Lines[:0]
	for _, line := range r.Lines { // a bare process lacks much else
		if line.Area == doctor.AreaService {
			kept = append(kept, line)
		}
	}
	r.Lines, r.Exit = kept, doctor.AreaService.Exit()
	return r
}

// closed takes everybody's rights on a socket, the owner's too, until the test ends.
func closed(t *testing.T, socket string) {
	t.Helper()
	info, err := os.Stat(socket)
	must(t, err)
	must(t, os.Chmod(socket, 0))
	t.Cleanup(func() { must(t, os.Chmod(socket, info.Mode().Perm())) })
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	must(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, err)
	must(t, out.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

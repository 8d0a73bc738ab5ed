// SPDX-License-Identifier: Apache-2.0

package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// owner is the unprivileged user that runs the server for root.
type owner struct{ uid, gid uint32 }

func findOwner(name string) (*owner, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, ErrNoUser
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read user %s: %w", name, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read user %s: %w", name, err)
	}
	return &owner{uint32(uid), uint32(gid)}, nil
}

// canEnter checks that the owner may walk down to dir, and names the folder
// that stops it: initdb would only say "permission denied".
func (o *owner) canEnter(dir string) error {
	for at := filepath.Dir(dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("check cluster folder: %w", err)
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("check cluster folder %s: no owner known", at)
		}
		need := os.FileMode(0o001)
		switch {
		case st.Uid == o.uid:
			need = 0o100
		case st.Gid == o.gid:
			need = 0o010
		}
		if info.Mode().Perm()&need == 0 {
			return fmt.Errorf("check cluster folder: %w %s (mode %v): choose another, for example under /var/lib", ErrUnreachable, at, info.Mode().Perm())
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// attributes make a child run as the owner.
func (c *Cluster) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{}
	if c.owner != nil {
		a.Credential = &syscall.Credential{Uid: c.owner.uid, Gid: c.owner.gid}
	}
	return a
}

// environment is what the tools need and nothing that steers libpq elsewhere.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
}

// run runs one of PostgreSQL's tools to its end.
func (c *Cluster) run(ctx context.Context, tool string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, tool), args...)
	cmd.SysProcAttr, cmd.Env, cmd.Dir = c.attributes(), environment(), c.cfg.Dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		said := strings.Join(strings.Fields(out.String()), " ")
		return fmt.Errorf("run %s: %w: %s", tool, err, said[max(0, len(said)-400):])
	}
	return nil
}

// answers reports whether the server takes connections.
func (c *Cluster) answers(ctx context.Context) bool {
	if _, err := os.Stat(filepath.Join(c.Socket(), ".s.PGSQL."+port)); err != nil {
		return false
	}
	return c.run(ctx, "pg_isready", "-q", "-h", c.Socket(), "-p", port, "-t", "2") == nil
}

// ensureDatabase makes the portal's database once.
func (c *Cluster) ensureDatabase(ctx context.Context) error {
	at := []string{"-h", c.Socket(), "-p", port, "-U", Superuser}
	if c.run(ctx, "psql", append(at, "-qAtX", "-d", Database, "-c", "SELECT 1")...) == nil {
		return nil
	}
	if err := c.run(ctx, "createdb", append(at, Database)...); err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	return nil
}

// process is a server that we started.
type process struct {
	pid   int
	ended chan struct{} // closed when it was waited for
}

func (p *process) signal(s syscall.Signal) {
	_ = syscall.Kill(p.pid, s) // it may be gone already
}

// spawn starts the server in a session of its own, so that a Ctrl-C in the
// terminal reaches only the portal, which then stops the server in order.
func (c *Cluster) spawn(args []string) (*process, error) {
	log, err := os.OpenFile(c.Log(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open server log: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(c.bin, "postgres"), args...) //nolint:noctx // a server outlives the call that starts it; stop ends it
	cmd.SysProcAttr, cmd.Env, cmd.Dir = c.attributes(), environment(), c.cfg.Dir
	cmd.SysProcAttr.Setsid = true
	cmd.Stdout, cmd.Stderr = log, log
	if c.cfg.Disposable {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	}
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel sends the death signal when the thread that forked ends,
		// so that thread is kept until the server is gone.
		runtime.LockOSThread()
		defer close(p.ended)
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("start PostgreSQL: %w", err)
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		if err := cmd.Wait(); err != nil && !isExit(err) {
			return
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func isExit(err error) bool {
	_, ok := errors.AsType[*exec.ExitError](err)
	return ok
}

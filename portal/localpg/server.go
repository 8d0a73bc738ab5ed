// SPDX-License-Identifier: Apache-2.0

package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Start makes the cluster when there is none, starts the server unless it
// runs already, and makes the database Database. It returns once the server
// answers.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.initialise(ctx); err != nil {
		return err
	}
	if c.answers(ctx) {
		return c.ensureDatabase(ctx)
	}
	if err := c.launchPatiently(ctx); err != nil {
		return err
	}
	return c.ensureDatabase(ctx)
}

// launchPatiently waits for what a killed server or portal left.
func (c *Cluster) launchPatiently(ctx context.Context) error {
	wait := time.NewTicker(100 * time.Millisecond)
	defer wait.Stop()
	for try := 0; ; try++ {
		err := c.launch(ctx)
		passes := err != nil && slices.ContainsFunc(transient, func(words string) bool { return strings.Contains(err.Error(), words) })
		if !passes || try >= 100 {
			return err
		}
		select {
		case <-wait.C:
		case <-ctx.Done():
			return err
		}
	}
}

// initialise runs initdb once. It works in a folder beside and moves it in
// place, so that a crash in the middle leaves nothing half made.
func (c *Cluster) initialise(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.data(), "PG_VERSION")); err == nil {
		return nil
	}
	fresh := filepath.Join(c.cfg.Dir, "data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear half-made cluster: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make cluster folder: %w", err)
	}
	if err := c.give(fresh); err != nil {
		return err
	}
	args := []string{"-D", fresh, "-U", Superuser, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"}
	if c.cfg.Disposable {
		args = append(args, "--no-sync")
	}
	if err := c.run(ctx, "initdb", args...); err != nil {
		return fmt.Errorf("make cluster: %w", err)
	}
	if err := os.Remove(c.data()); err != nil { // empty, made by prepare
		return fmt.Errorf("place cluster: %w", err)
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("place cluster: %w", err)
	}
	return nil
}

// settings are the server's options beyond its defaults.
func (c *Cluster) settings() []string {
	s := []string{
		"listen_addresses=", "unix_socket_directories=" + c.Socket(), "unix_socket_permissions=0700",
		"port=" + port, "max_connections=64", "shared_buffers=64MB", "jit=off",
		"log_min_messages=warning", "log_min_error_statement=panic", // statements may hold personal data
		"log_parameter_max_length_on_error=0",
	}
	if c.cfg.Disposable {
		s = append(s, "fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200",
			"autovacuum=off", "max_wal_size=2GB", "wal_level=minimal", "max_wal_senders=0")
	}
	return s
}

// launch starts the server and waits until it answers.
func (c *Cluster) launch(ctx context.Context) error {
	args := []string{"-D", c.data()}
	for _, s := range c.settings() {
		args = append(args, "-c", s)
	}
	p, err := c.spawn(args)
	if err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !c.answers(ctx) {
		select {
		case <-tick.C:
		case <-p.ended:
			return fmt.Errorf("start PostgreSQL: it ended at once, its log %s says: %s", c.Log(), tail(c.Log()))
		case <-ctx.Done():
			p.signal(syscall.SIGQUIT)
			<-p.ended
			return fmt.Errorf("start PostgreSQL: %w", ctx.Err())
		}
	}
	c.server = p
	return nil
}

// Running reports whether a server of this data directory runs, whoever started it.
func (c *Cluster) Running() (bool, error) {
	pid, err := c.pid()
	return pid != 0, err
}

// Stop ends the server, the found one too, and waits until it is gone: first
// in its fast mode (clients are cut, a checkpoint is written), and when ctx
// ends before, at once (the next start replays the log).
func (c *Cluster) Stop(ctx context.Context) error {
	pid, err := c.pid()
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	if err := c.gone(ctx, pid); err == nil {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return c.gone(hard, pid)
}

// gone waits for a server to end: through its process when it is ours, else
// by looking.
func (c *Cluster) gone(ctx context.Context, pid int) error {
	var ended <-chan struct{}
	if c.server != nil && c.server.pid == pid {
		ended = c.server.ended
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return nil
		case <-tick.C:
			if ended == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("stop PostgreSQL: %w", ctx.Err())
		}
	}
}

// pid is the server's process by its pid file, 0 when none runs. A pid file
// that a crash left is told from a live one by the server's own check: the
// process must be a postgres of this data directory.
func (c *Cluster) pid() (int, error) {
	raw, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read pid file: %w", err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && pid > 1 && c.sits(pid) {
		return pid, nil
	}
	return 0, nil
}

// sits reports a process in the data directory: a server is; one that has its number now is not.
func (c *Cluster) sits(pid int) bool {
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return err == nil && cwd == c.data()
}

func tail(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], " | ")
}

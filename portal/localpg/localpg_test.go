// SPDX-License-Identifier: Apache-2.0

package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// folder is a short one that the server's user may enter: t.TempDir is for the
// caller alone.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "zaver-pg-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func started(t *testing.T, dir string) *Cluster {
	t.Helper()
	return startedAs(t, Config{Dir: dir, Disposable: true})
}

func startedAs(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // for a test that fails before its own stop
		if serverPID(t, c) != 0 {
			stop(t, c)
		}
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func stop(t *testing.T, c *Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

func sql(t *testing.T, c *Cluster, statement string) error {
	t.Helper()
	return c.run(t.Context(), "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", c.DSN(Database), "-c", statement)
}

func serverPID(t *testing.T, c *Cluster) int {
	t.Helper()
	pid, err := c.pid()
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestClusterKeepsItsDataOverRestarts(t *testing.T) {
	cfg := Config{Dir: folder(t)} // as in production: what was committed outlives a kill
	whole := t                    // servers live as long as the whole test
	c := startedAs(whole, cfg)
	if err := sql(t, c, `CREATE TABLE kept (n int)`); err != nil {
		t.Fatal(err)
	}
	first := serverPID(t, c)

	t.Run("a running server is used again", func(t *testing.T) {
		// A portal that was killed leaves its server behind; the next one finds it.
		again := startedAs(whole, cfg)
		if pid := serverPID(t, again); pid != first {
			t.Errorf("server %d, want %d", pid, first)
		}
	})
	t.Run("a killed server is started again", func(t *testing.T) {
		if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-c.server.ended
		if _, err := os.Stat(filepath.Join(c.data(), "postmaster.pid")); err != nil {
			t.Fatalf("the kill left no pid file: %v", err)
		}
		next := startedAs(whole, cfg)
		if err := sql(t, next, `SELECT * FROM kept`); err != nil {
			t.Error(err)
		}
		c = next
	})
	t.Run("a killed server that nobody waited for does not bar the next", func(t *testing.T) {
		// Killed together with its portal, the server stays in the table of
		// processes until the portal's own successor as parent takes note.
		stop(t, c)
		dead := exec.Command("/bin/true")
		dead.SysProcAttr = c.attributes()
		if err := dead.Start(); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(c.data(), "postmaster.pid")
		if err := os.WriteFile(file, fmt.Appendf(nil, "%d\n%s\n", dead.Process.Pid, c.data()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.give(file); err != nil {
			t.Fatal(err)
		}
		if err := c.launch(t.Context()); err == nil || !strings.Contains(err.Error(), "postmaster.pid") {
			t.Fatalf("error = %v", err)
		}
		waited := make(chan error, 1)
		time.AfterFunc(300*time.Millisecond, func() { waited <- dead.Wait() })
		c = startedAs(whole, cfg)
		if err := <-waited; err != nil {
			t.Error(err)
		}
	})
	t.Run("found server is stopped too", func(t *testing.T) {
		found := startedAs(whole, cfg)
		pid := serverPID(t, found)
		stop(t, found)
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) && serverPID(t, found) != 0 {
			t.Errorf("server %d is alive: %v", pid, err)
		}
		stop(t, found) // a second time there is nothing to do
	})
	t.Run("a foreign process with the pid is left alone", func(t *testing.T) {
		file := filepath.Join(c.data(), "postmaster.pid")
		if err := os.WriteFile(file, []byte("1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if pid := serverPID(t, c); pid != 0 {
			t.Errorf("took process %d for the server", pid)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOnlyTheOwnerGetsIn(t *testing.T) {
	c := started(t, folder(t))
	defer stop(t, c)
	for path, want := range map[string]os.FileMode{c.data(): 0o700, c.Socket(): 0o700, c.Log(): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
	raw, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(string(raw), "\n"); len(lines) < 6 || lines[5] != "" {
		t.Errorf("listens on a network address: %q", lines)
	}
	status, err := os.ReadFile("/proc/" + strings.Split(string(raw), "\n")[0] + "/status")
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 && strings.Contains(string(status), "\nUid:\t0\t") {
		t.Error("the server runs as root")
	}
}

func TestHalfMadeClusterIsMadeAnew(t *testing.T) {
	dir := folder(t)
	half := filepath.Join(dir, "data.new")
	if err := os.Mkdir(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop(t, started(t, dir))
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Run("binaries", func(t *testing.T) {
		if _, err := New(Config{Dir: folder(t), Bin: "/nowhere"}); !errors.Is(err, ErrNoBinaries) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("long path", func(t *testing.T) {
		_, err := New(Config{Dir: filepath.Join(folder(t), strings.Repeat("x", 100))})
		if err == nil || !strings.Contains(err.Error(), "shorter folder") {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("closed folder", func(t *testing.T) {
		if os.Geteuid() != 0 {
			return // then the server runs as the caller, who may enter its own folders
		}
		closed := folder(t)
		if err := os.Chmod(closed, 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := New(Config{Dir: filepath.Join(closed, "pg")})
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), closed) {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("server that does not start", func(t *testing.T) {
		dir := folder(t)
		c := started(t, dir)
		stop(t, c)
		if err := os.WriteFile(filepath.Join(c.data(), "postgresql.conf"), []byte("nonsense = 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := c.Start(t.Context())
		if err == nil || !strings.Contains(err.Error(), "nonsense") {
			t.Errorf("error = %v", err)
		}
	})
}

func TestDurableByDefault(t *testing.T) {
	c := &Cluster{cfg: Config{Dir: "/x"}}
	for _, s := range c.settings() {
		if strings.HasPrefix(s, "fsync") || strings.HasPrefix(s, "synchronous_commit") || strings.HasPrefix(s, "full_page_writes") {
			t.Errorf("a cluster that is kept has %s", s)
		}
	}
}

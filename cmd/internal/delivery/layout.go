// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"zaver/cmd/internal/boot"
)

// files are those that are installed as they are.
//
//go:embed files
var files embed.FS

// plain says where the embedded files go.
var plain = []struct{ name, place string }{
	{"zaver-agent.service", "usr/lib/systemd/user/zaver-agent.service"},
	{"zaver-agent.socket", "usr/lib/systemd/user/zaver-agent.socket"},
	{"zaver-agent-ip6.socket", "usr/lib/systemd/user/zaver-agent-ip6.socket"},
	{"zaver-agent.desktop", "usr/share/applications/zaver-agent.desktop"},
	{"copyright", "usr/share/doc/zaver-agent/copyright"},
	{"zaver-agent.svg", "usr/share/icons/hicolor/scalable/apps/zaver-agent.svg"},
}

// pages are the man pages, which are compressed.
var pages = []struct{ name, place string }{
	{"man/zaver-agent.1", "usr/share/man/man1/zaver-agent.1.gz"},
	{"man/zaver-agent.ru.1", "usr/share/man/ru/man1/zaver-agent.1.gz"},
	{"man/zaver-agent.json.5", "usr/share/man/man5/zaver-agent.json.5.gz"},
	{"changelog", "usr/share/doc/zaver-agent/changelog.Debian.gz"},
}

// completions are what the agent itself prints for each shell.
var completions = []struct{ shell, place string }{
	{"bash", "usr/share/bash-completion/completions/zaver-agent"},
	{"zsh", "usr/share/zsh/vendor-completions/_zaver-agent"},
	{"fish", "usr/share/fish/vendor_completions.d/zaver-agent.fish"},
}

// wanted are the units that every person's session starts: the sockets, which cost nothing until a page knocks.
var wanted = []string{"zaver-agent.socket", "zaver-agent-ip6.socket"}

// layout puts everything but the programs into the tree.
func (b *build) layout(ctx context.Context) ([]string, error) {
	for _, f := range plain {
		content, err := files.ReadFile("files/" + f.name)
		if err != nil {
			return nil, err
		}
		if err := b.put(f.place, 0o644, content); err != nil {
			return nil, err
		}
	}
	for _, f := range pages {
		content, err := files.ReadFile("files/" + f.name)
		if err != nil {
			return nil, err
		}
		content = bytes.ReplaceAll(content, []byte("@VERSION@"), []byte(b.Version))
		content = bytes.ReplaceAll(content, []byte("@DATE@"), []byte(b.Moment.UTC().Format("January 2, 2006")))
		content = bytes.ReplaceAll(content, []byte("@RFC5322@"), []byte(b.Moment.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700")))
		if content, err = compressed(content); err != nil {
			return nil, err
		}
		if err := b.put(f.place, 0o644, content); err != nil {
			return nil, err
		}
	}
	for _, c := range completions {
		cmd := exec.CommandContext(ctx, filepath.Join(b.tree, agentPath), "completion", c.shell)
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("completion for %s: %w", c.shell, err)
		}
		if err := b.put(c.place, 0o644, out); err != nil {
			return nil, err
		}
	}
	for _, unit := range wanted {
		if err := b.link("../"+unit, "usr/lib/systemd/user/sockets.target.wants/"+unit); err != nil {
			return nil, err
		}
	}
	config, err := os.ReadFile(b.Agent)
	if err != nil {
		return nil, err
	}
	if err := b.configured(ctx, config); err != nil {
		return nil, err
	}
	if err := b.put("etc/zaver/agent.json", 0o644, config); err != nil {
		return nil, err
	}
	if err := b.updates(config); err != nil {
		return nil, err
	}
	return nil, b.browsers(config)
}

// configured has the agent that was built read its configuration: with one that it refuses it would start on nobody's computer. The command reads
// that first, and then finds no line on its standard input, which is a wrong command line.
func (b *build) configured(ctx context.Context, config []byte) error {
	file := filepath.Join(b.work, "agent.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(b.tree, agentPath), "--config", file, "confirm").CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == boot.ExitUsage {
		return nil
	}
	return fmt.Errorf("the agent refuses its configuration %s: %w: %s", b.Agent, err, bytes.ReplaceAll(bytes.TrimSpace(out), []byte(file), []byte(b.Agent)))
}

// put writes one file of the tree.
func (b *build) put(place string, mode os.FileMode, content []byte) error {
	path := filepath.Join(b.tree, place)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode) // whatever the umask of the build is
}

func (b *build) link(to, place string) error {
	path := filepath.Join(b.tree, place)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.Symlink(to, path)
}

// compressed is gzip without a name and a time.
func compressed(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// shared are folders of the system, which other packages bring; every other folder of the tree is ours, so that it goes when the agent goes.
var shared = []string{"/etc", "/usr", "/usr/bin", "/usr/lib", "/usr/libexec", "/usr/share", "/usr/lib/systemd", "/usr/lib/systemd/user",
	"/usr/lib/systemd/user/sockets.target.wants", "/usr/share/applications", "/usr/share/doc", "/usr/share/man", "/usr/share/man/man1", "/usr/share/man/man5",
	"/usr/share/man/ru", "/usr/share/man/ru/man1", "/usr/share/icons", "/usr/share/icons/hicolor", "/usr/share/icons/hicolor/scalable",
	"/usr/share/icons/hicolor/scalable/apps", "/usr/share/bash-completion", "/usr/share/bash-completion/completions", "/usr/share/zsh",
	"/usr/share/zsh/vendor-completions", "/usr/share/fish", "/usr/share/fish/vendor_completions.d", "/usr/lib/mozilla", "/usr/share/mozilla", "/usr/share/chromium"}

func owned(place string) bool { return !slices.Contains(shared, place) }

// isConfig says which files are the administrator's to change: an upgrade and a removal keep them. The browsers' manifests,
// which must lie in /etc too, are no configuration: they point at the agent and go with it.
func isConfig(place string) bool { return place == "/etc/zaver/agent.json" }

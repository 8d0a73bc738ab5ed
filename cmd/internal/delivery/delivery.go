// SPDX-License-Identifier: Apache-2.0

// Package delivery alone owns how the agent reaches people: it builds the
// programs, lays out the files of an installed agent (units, native-messaging
// manifests, extension, man pages, completions, desktop entry), writes the
// bill of materials, and has nfpm make a deb and an rpm of them.
//
// The same source, version and moment give the same bytes, wherever and
// whenever they are built: no paths, no clock, no host name goes in.
// Everything here is called by one goroutine of a build program.
package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zaver/cardreader/agent/update"
)

// Config is what a delivery is made of.
type Config struct {
	// Source is the root of the module.
	Source string
	// Out is the folder for packages, SHA256SUMS and the bill of materials; made when absent.
	Out string
	// Version is of the form 1.2.3.
	Version string
	// Agent is the agent's configuration that is installed as /etc/zaver/agent.json: it names the portals.
	Agent string
	// UpdateRoot is the file of the root that clients of updates trust first; empty: the packages have no updates.
	UpdateRoot string
	// Moment is the time that every file and record carries; a whole second.
	Moment time.Time
	// Nfpm is the command line of nfpm.
	Nfpm []string
	// Log gets one line a step, and what the tools print when they fail.
	Log io.Writer
}

// Names of the things made, in the order of making.
const (
	sumsFile = "SHA256SUMS"
	sbomFile = "zaver-agent.cdx.json"
)

// Build makes everything and returns the paths of the files made: deb, rpm, bill of materials, SHA256SUMS.
func Build(ctx context.Context, c Config) ([]string, error) {
	if !update.ValidVersion(c.Version) { // another could neither be published nor updated
		return nil, fmt.Errorf("version %q is not of the form 1.2.3", c.Version)
	}
	if c.Moment.IsZero() || c.Moment.Nanosecond() != 0 {
		return nil, errors.New("the moment of the build must be a whole second")
	}
	work, err := os.MkdirTemp("", "zaver-delivery-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return nil, err
	}
	tree := filepath.Join(work, "tree")
	b := &build{Config: c, work: work, tree: tree}
	var made []string
	for _, step := range []struct {
		what string
		do   func(context.Context) ([]string, error)
	}{
		{"build the programs", b.programs},
		{"write the bill of materials", b.bill},
		{"lay out the files", b.layout},
		{"make the packages", b.packages},
	} {
		if _, err := fmt.Fprintln(c.Log, "delivery:", step.what); err != nil {
			return nil, err
		}
		files, err := step.do(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step.what, err)
		}
		made = append(made, files...)
	}
	sums, err := writeSums(c.Out, made)
	return append(made, sums), err
}

// build is one delivery under way.
type build struct {
	Config
	work string // a temporary folder
	tree string // the root of what is installed
}

const agentPath = "usr/bin/zaver-agent"

// shipped are the programs, by package and place in the tree.
var shipped = []struct{ pkg, path string }{
	{"./cmd/zaver-agent", agentPath},
	{"./cmd/zaver-window", "usr/libexec/zaver/zaver-window"},
	{"./cmd/zaver-update", "usr/libexec/zaver/zaver-update"},
}

// buildEnv is what the programs are built by, wherever that is: for the processor that the packages are named after, and for every one of its kind.
var buildEnv = []string{"GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "CGO_ENABLED=1",
	"CGO_CFLAGS=-O2 -g0 -fstack-protector-strong -D_FORTIFY_SOURCE=2", "CGO_LDFLAGS=-Wl,--build-id=none -Wl,-z,relro,-z,now"}

// programs builds without paths, version control stamps and build ids, which differ from place to place.
func (b *build) programs(ctx context.Context) ([]string, error) {
	for _, p := range shipped {
		out := filepath.Join(b.tree, p.path)
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return nil, err
		}
		flags := "-s -w -buildid= -X main.release=" + b.Version
		if err := b.run(ctx, b.Source, buildEnv, "go", "build", "-trimpath", "-buildvcs=false", "-buildmode=pie", "-ldflags", flags, "-o", out, p.pkg); err != nil {
			return nil, err
		}
		if err := os.Chmod(out, 0o755); err != nil { // whatever the umask of the build is: everybody starts them
			return nil, err
		}
	}
	return nil, nil
}

// run runs a tool and shows what it printed when it fails.
func (b *build) run(ctx context.Context, dir string, env []string, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		_, _ = b.Log.Write(out) // the error is told anyway
		return fmt.Errorf("%s: %w", strings.Join(argv[:min(2, len(argv))], " "), err)
	}
	return nil
}

// writeSums writes the SHA-256 of each file as sha256sum(1) reads it.
func writeSums(dir string, files []string) (string, error) {
	var lines []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256(b)
		lines = append(lines, hex.EncodeToString(sum[:])+"  "+filepath.Base(f)+"\n")
	}
	slices.Sort(lines)
	path := filepath.Join(dir, sumsFile)
	return path, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644)
}

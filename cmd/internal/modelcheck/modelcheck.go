// SPDX-License-Identifier: Apache-2.0

// Package modelcheck runs spin on the model of the confirmation protocol in docs/model, so that the model, what docs/model/README.md tells
// of it, and the claims about the protocol stay true together. It alone knows how spin is called. It needs spin and gcc; without them its
// test fails. It writes to a folder of its caller and may be used from many goroutines with a folder each.
package modelcheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// MemoryLimit is what one search may take, in MiB; a search that needs more is an error.
const MemoryLimit = 900

// depth bounds the length of a run in steps; a search that meets it is an error.
const depth = 20_000

// Run is one search.
type Run struct {
	// Defines are the switches of the model: "NO_CODE", "REQUESTS=2".
	Defines []string
	// Shortest looks for the shortest run that breaks a claim, which takes more memory; otherwise the search goes deep first.
	Shortest bool
}

// Result is what a search of all states found.
type Result struct {
	// States is how many were met.
	States int
	// MiB is the memory that the search took, Took its processor time; making the checker is in neither.
	MiB  float64
	Took time.Duration
	// Broken is the claim that doesn't hold, as the model writes it; empty when all hold.
	Broken string
	// Steps tell the run that breaks it.
	Steps []string
	// Unreached are statements of the model that no run came to; only a search that broke nothing knows them.
	Unreached []string
}

var (
	statesForm    = regexp.MustCompile(`(?m)^\s*(\d+) states, stored`)
	memoryForm    = regexp.MustCompile(`(?m)^\s*([0-9.]+)\s+total actual memory usage`)
	brokenForm    = regexp.MustCompile(`(?m)^pan:1: assertion violated (.*) \(at depth \d+\)$`)
	errorsForm    = regexp.MustCompile(`errors: (\d+)`)
	unreachedForm = regexp.MustCompile(`(?m)^\t(\S+:\d+, state \d+, .*)$`)
)

// Check copies the model into the folder, makes its checker and runs it to the end. It fails when a tool is missing or fails, and when
// the search was cut short by a bound.
func Check(ctx context.Context, model, folder string, r Run) (Result, error) {
	text, err := os.ReadFile(model)
	if err != nil {
		return Result{}, err
	}
	c := checker{folder: folder, model: filepath.Base(model), defines: make([]string, len(r.Defines))}
	for i, d := range r.Defines {
		c.defines[i] = "-D" + d
	}
	if err := os.WriteFile(filepath.Join(folder, c.model), text, 0o600); err != nil {
		return Result{}, err
	}
	if _, err := c.run(ctx, "spin", append(c.defines, "-a", c.model)...); err != nil {
		return Result{}, err
	}
	order, effort := "-DCOLLAPSE", "-O1" // -O2 takes longer to make than it saves
	if r.Shortest {                      // a short search is over before a better checker is made
		order, effort = "-DBFS", "-O0"
	}
	if _, err := c.run(ctx, "gcc", effort, "-w", "-DSAFETY", order, fmt.Sprintf("-DMEMLIM=%d", MemoryLimit), "-o", "pan", "pan.c"); err != nil {
		return Result{}, err
	}
	search := exec.CommandContext(ctx, "./pan", fmt.Sprintf("-m%d", depth), "-E")
	out, err := c.output(search)
	if err != nil {
		return Result{}, err
	}
	result := Result{Took: search.ProcessState.UserTime() + search.ProcessState.SystemTime()}
	if err := result.read(out, r.Shortest); err != nil {
		return Result{}, fmt.Errorf("%w:\n%s", err, out)
	}
	if result.Broken != "" {
		if result.Steps, err = c.replay(ctx); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

// read takes apart what the checker says of its search.
func (r *Result) read(out string, shortest bool) error {
	if found := statesForm.FindStringSubmatch(out); found != nil {
		r.States, _ = strconv.Atoi(found[1])
	}
	if found := memoryForm.FindStringSubmatch(out); found != nil {
		r.MiB, _ = strconv.ParseFloat(found[1], 64)
	}
	count := errorsForm.FindStringSubmatch(out)
	if count == nil || r.States == 0 {
		return errors.New("the checker says neither states nor errors")
	}
	if found := brokenForm.FindStringSubmatch(out); found != nil {
		r.Broken = found[1]
	}
	for _, cut := range []string{"max search depth too small", "reached -DMEMLIM bound", "out of memory"} {
		if strings.Contains(out, cut) {
			return fmt.Errorf("the search was cut short: %s", cut)
		}
	}
	if (count[1] != "0") != (r.Broken != "") {
		return errors.New("the checker found an error that is no claim of the model")
	}
	if r.Broken == "" && strings.Contains(out, "Search not completed") {
		return errors.New("the search was cut short")
	}
	if !shortest && r.Broken == "" {
		for _, found := range unreachedForm.FindAllStringSubmatch(out, -1) {
			if !strings.HasSuffix(found[1], `"-end-"`) { // processes run for ever
				r.Unreached = append(r.Unreached, found[1])
			}
		}
	}
	return nil
}

type checker struct {
	folder, model string
	defines       []string
}

// replay walks the run that was found and gives what the model tells on the way.
func (c checker) replay(ctx context.Context) ([]string, error) {
	out, err := c.run(ctx, "spin", append(c.defines, "-t", "-T", c.model)...)
	if err != nil {
		return nil, err
	}
	var steps []string
	for line := range strings.Lines(out) {
		if step, ok := strings.CutPrefix(strings.TrimSpace(line), "MSC: "); ok {
			steps = append(steps, step)
		}
	}
	return steps, nil
}

func (c checker) run(ctx context.Context, name string, args ...string) (string, error) {
	return c.output(exec.CommandContext(ctx, name, args...))
}

func (c checker) output(cmd *exec.Cmd) (string, error) {
	cmd.Dir = c.folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out), nil
}

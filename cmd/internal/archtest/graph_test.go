// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "zaver"

// pkg is what the rules need to know of one package, as `go list` tells it.
type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	GoFiles    []string
	CgoFiles   []string
	Imports    []string
	Deps       []string
}

// room is the path below the module ("signature/cms"); empty for foreign packages.
func (p pkg) room() string { return roomOf(p.ImportPath) }

func roomOf(importPath string) string {
	if room, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return room
	}
	return ""
}

// tree is the top-level folder of a room.
func tree(room string) string {
	top, _, _ := strings.Cut(room, "/")
	return top
}

// under reports whether room is root itself or lies below it.
func under(room, root string) bool { return room == root || strings.HasPrefix(room, root+"/") }

// listed returns every package of the module that has non-test code.
func listed(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,CgoFiles,Imports,Deps", "./...")
	cmd.Dir = moduleRoot(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v\n%s", err, stderr.String())
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read package list: %v", err)
		}
		if len(p.GoFiles)+len(p.CgoFiles) > 0 && p.room() != "" {
			all = append(all, p)
		}
	}
	return all
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("find module root: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// with returns the graph after from has been given one more import: how a test proves that a rule can fail.
func with(graph []pkg, from, imported string) []pkg {
	out := slices.Clone(graph)
	for i := range out {
		if out[i].room() == from {
			out[i].Imports = append(slices.Clone(out[i].Imports), imported)
			out[i].Deps = append(slices.Clone(out[i].Deps), imported)
			return out
		}
	}
	return append(out, pkg{ImportPath: module + "/" + from, Name: from, Imports: []string{imported}, Deps: []string{imported}})
}

func rooms(graph []pkg) map[string]bool {
	set := map[string]bool{}
	for _, p := range graph {
		set[p.room()] = true
	}
	return set
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

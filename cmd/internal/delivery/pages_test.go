// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	commandLine = regexp.MustCompile(`(?m)^  ([a-z][a-z-]*) +\S`)
	flagLine    = regexp.MustCompile(`(?m)^ +(?:-[a-z], )?--([a-z][a-z-]*)`)
)

// words returns every command, with its parents, and every flag of the agent as its own help tells them.
func commands(t *testing.T, agent string, path ...string) (names, flags []string) {
	t.Helper()
	out, err := exec.Command(agent, append(path, "--help")...).Output()
	if err != nil {
		t.Fatalf("%s --help: %v", path, err)
	}
	for _, m := range flagLine.FindAllStringSubmatch(string(out), -1) {
		flags = append(flags, m[1])
	}
	_, list, found := strings.Cut(string(out), "Available Commands:\n")
	if !found || len(path) > 0 && path[0] == "completion" {
		return names, flags
	}
	list, _, _ = strings.Cut(list, "\n\n")
	for _, m := range commandLine.FindAllStringSubmatch(list, -1) {
		below := append(append([]string{}, path...), m[1])
		names = append(names, strings.Join(below, " "))
		n, f := commands(t, agent, below...)
		names, flags = append(names, n...), append(flags, f...)
	}
	return names, flags
}

// TestManPages holds the man text against what the program can do, in both languages.
func TestManPages(t *testing.T) {
	agent := filepath.Join(t.TempDir(), "zaver-agent")
	tool(t, "go", "build", "-o", agent, "zaver/cmd/zaver-agent")
	names, flags := commands(t, agent)
	if len(names) < 8 {
		t.Fatalf("only these commands were found: %s", names)
	}
	for _, page := range []string{"man/zaver-agent.1", "man/zaver-agent.ru.1"} {
		text, err := files.ReadFile("files/" + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			// A group of commands is told by its members.
			if !bytes.Contains(text, []byte(".It Cm "+n)) {
				if !bytes.Contains(text, []byte(".It Cm "+n+" ")) {
					t.Errorf("%s does not tell of the command %q", page, n)
				}
			}
		}
		for _, f := range flags {
			if !bytes.Contains(text, []byte("Fl -"+f)) {
				t.Errorf("%s does not tell of --%s", page, f)
			}
		}
	}
}

func TestManPagesAreWellFormed(t *testing.T) {
	for _, page := range []string{"zaver-agent.1", "zaver-agent.ru.1", "zaver-agent.json.5"} {
		t.Run(page, func(t *testing.T) {
			text, err := files.ReadFile("files/man/" + page)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("mandoc", "-T", "lint", "-W", "error")
			cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(text, []byte("@DATE@"), []byte("November 22, 2026")))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			cmd = exec.Command("mandoc", "-T", "utf8", "-K", "utf-8")
			cmd.Stdin = bytes.NewReader(text)
			if out, err := cmd.Output(); err != nil || bytes.Contains(out, []byte("??")) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

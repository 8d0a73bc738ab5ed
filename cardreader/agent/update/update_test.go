// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/words"
)

// Every code that the package names is listed, has words in both languages, an exit code, and a row in the document.
func TestCodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../../docs/updates.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := update.Codes()
	named := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, "Code") {
			return true
		}
		code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if named++; !slices.Contains(codes, code) {
			t.Errorf("%s is not listed", code)
		}
		return true
	})
	if named != len(codes) || named < 25 {
		t.Errorf("%d codes are named, %d listed", named, len(codes))
	}
	unknown, _ := update.Explain(words.English, "update.nonsense")
	for _, code := range codes {
		t.Run(code, func(t *testing.T) {
			if !bytes.Contains(doc, []byte("| `"+code+"` |")) {
				t.Error("docs/updates.md does not list it")
			}
			ru, doRU := update.Explain(words.Russian, code)
			en, doEN := update.Explain(words.English, code)
			if ru == en || doRU == doEN || ru == "" || doRU == "" || en == "" || doEN == "" || code != update.CodeInternal && en == unknown {
				t.Errorf("words: %q, %q, %q, %q", ru, doRU, en, doEN)
			}
			if !strings.ContainsAny(ru, "абвгдежзиклмнопрстуя") || strings.ContainsAny(en+doEN, "абвгдежзиклмнопрстуя") {
				t.Errorf("languages are mixed up: %q, %q", ru, en)
			}
			if exit := update.Exit(code); exit < 1 || exit > 14 || exit == 2 || exit == update.ExitNewer {
				t.Errorf("exit code %d", exit)
			}
		})
	}
}

func TestCodeOf(t *testing.T) {
	inner := update.Fail(update.CodeCut, errors.New("x"))
	for _, c := range []struct {
		err  error
		want string
	}{{inner, update.CodeCut}, {fmt.Errorf("y: %w", inner), update.CodeCut}, {update.Fail(update.CodeState, inner), update.CodeState}, {errors.New("z"), update.CodeInternal}, {nil, update.CodeInternal}} {
		if got := update.CodeOf(c.err); got != c.want {
			t.Errorf("%v: got %s, want %s", c.err, got, c.want)
		}
	}
}

func TestVersions(t *testing.T) {
	order := []string{"0.0.0", "0.0.1", "0.0.10", "0.1.0", "0.9.9", "1.0.0", "1.0.9", "1.0.10", "1.2.0", "1.10.0", "2.0.0", "10.0.0", "9999.9999.9999"}
	for i, a := range order {
		for j, b := range order {
			if got := update.Newer(a, b); got != (i > j) {
				t.Errorf("%s newer than %s: %t", a, b, got)
			}
		}
	}
	for _, v := range []string{"", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3-rc1", "1.2.3+x", "01.2.3", "1.02.3", "-1.2.3", "1.2.x", " 1.2.3", "1.2.3\n", "10000.0.0", "(devel)", "١.٢.٣"} {
		if update.ValidVersion(v) || update.Newer(v, "0.0.1") || update.Newer("9.9.9", v) {
			t.Errorf("%q counts as a version", v)
		}
	}
}

func TestFiles(t *testing.T) {
	for name, want := range map[string]bool{"zaver-agent_1.2.3-1_amd64.deb": true, "zaver-agent-1.2.3-1.x86_64.rpm": true, "a.deb": true, ".deb": false, "": false, "../a.deb": false, "a/b.deb": false,
		`a\b.deb`: false, "-a.deb": false, "a.deb\n": false, "a.exe": false, "a b.deb": false, "A.deb": false, "a\x00.deb": false, strings.Repeat("a", 200) + ".deb": false, "пакет.deb": false} {
		if got := update.ValidFile(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}

func TestCustom(t *testing.T) {
	good := update.Custom{Version: "1.2.3", OS: "linux", Arch: "amd64", Kind: update.Deb}
	for name, c := range map[string]struct {
		change func(*update.Custom)
		good   bool
	}{
		"good": {func(*update.Custom) {}, true}, "version": {func(c *update.Custom) { c.Version = "1" }, false}, "system": {func(c *update.Custom) { c.OS = "" }, false},
		"processor": {func(c *update.Custom) { c.Arch = "x86/64" }, false}, "kind": {func(c *update.Custom) { c.Kind = "msi" }, false},
		"note": {func(c *update.Custom) { c.Notes.English = strings.Repeat("x", 601) }, false}, "longest note": {func(c *update.Custom) { c.Notes.Russian = strings.Repeat("ы", 600) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			x := good
			c.change(&x)
			if err := x.Check(); (err == nil) != c.good {
				t.Error(err)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	both, one := update.Notes{Russian: "р", English: "e"}, update.Notes{Russian: "р"}
	for _, c := range []struct {
		notes update.Notes
		l     words.Language
		want  string
	}{{both, words.Russian, "р"}, {both, words.English, "e"}, {one, words.English, "р"}, {update.Notes{English: "e"}, words.Russian, "e"}, {update.Notes{}, words.English, ""},
		{update.Notes{English: "a\x1b[2J\nb\u202e"}, words.English, "a[2J b"}} {
		if got := c.notes.In(c.l); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestStateFolder(t *testing.T) {
	for _, c := range []struct {
		name, xdg, home string
		administrator   bool
		want            string
	}{
		{"person", "", "/home/i", false, "/home/i/.local/state/zaver/updates"},
		{"person who chose", "/s", "/home/i", false, "/s/zaver/updates"},
		{"relative choice", "s", "/home/i", false, "/home/i/.local/state/zaver/updates"},
		{"administrator", "", "/root", true, update.SystemState},
		{"administrator who chose", "/s", "/root", true, "/s/zaver/updates"},
		{"nobody", "", "", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := update.StateFolder(c.administrator, c.home, func(string) string { return c.xdg }); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestSeen(t *testing.T) {
	dir := t.TempDir()
	if _, err := update.ReadSeen(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing seen yet: %v", err)
	}
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	if err := update.WriteSeen(dir, update.Seen{Checked: at, Expires: at.AddDate(0, 0, 7), Newest: "1.2.3"}); err != nil {
		t.Fatal(err)
	}
	if s, err := update.ReadSeen(dir); err != nil || !s.Checked.Equal(at) || s.Newest != "1.2.3" {
		t.Errorf("got %+v, %v", s, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
	for name, content := range map[string]string{"empty": "", "no JSON": "{", "another format": `{"format":"x"}`, "no version": `{"format":"zaver.update.seen/v1","newest":"\u001b[2J"}`,
		"endless": `{"format":"zaver.update.seen/v1","x":"` + strings.Repeat("x", 8192) + `"}`} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "seen.json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := update.ReadSeen(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("read %+v, %v", s, err)
			}
		})
	}
	if err := update.WriteSeen(filepath.Join(dir, "none"), update.Seen{}); err == nil {
		t.Error("wrote into a folder that isn't there")
	}
}

func TestAnswer(t *testing.T) {
	a := update.Failed(words.English, update.Fail(update.CodeRollback, errors.New("timestamp.json\x1b[2J\nolder")))
	var text, asJSON bytes.Buffer
	if err := errors.Join(a.WriteFailure(&text), a.WriteJSON(&asJSON)); err != nil {
		t.Fatal(err)
	}
	if want := a.Text + "\n-> " + a.Remedy + "\n(update.rollback: timestamp.json[2J older)\n"; text.String() != want {
		t.Errorf("got %q, want %q", text.String(), want)
	}
	var back update.Answer
	if err := json.Unmarshal(asJSON.Bytes(), &back); err != nil || back.Code != update.CodeRollback || back.Detail != a.Detail || back.Format != update.Format {
		t.Errorf("got %+v, %v", back, err)
	}
}

func TestFolderCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{{syscall.ENOSPC, update.CodeDisk}, {syscall.EDQUOT, update.CodeDisk}, {syscall.EROFS, update.CodeDisk}, {syscall.EACCES, update.CodeState}, {syscall.ENOTDIR, update.CodeState}} {
		if got := update.FolderCode(&fs.PathError{Op: "mkdir", Path: "x", Err: c.err}); got != c.want {
			t.Errorf("%v: %s", c.err, got)
		}
	}
}

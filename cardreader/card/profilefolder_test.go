// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

// wholeNamed is the whole profile under another name.
func wholeNamed(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(b), `"name": "whole"`, `"name": "`+name+`"`, 1)
}

// TestReadFolder: one bad file is named, the others serve.
func TestReadFolder(t *testing.T) {
	good := wholeNamed(t, "own")
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	tests := []struct {
		name     string
		files    fstest.MapFS
		profiles string   // names, in order
		problems []string // beginnings
	}{
		{"empty", fstest.MapFS{"readme.txt": file("x")}, "", nil},
		{"one", fstest.MapFS{"a.json": file(good)}, "own", nil},
		{"in the order of names", fstest.MapFS{"b.json": file(wholeNamed(t, "two")), "a.json": file(wholeNamed(t, "one"))}, "one two", nil},
		{"one bad", fstest.MapFS{"a.json": file(good), "b.json": file("{\n\"format\": 1}"), "c.json": file(wholeNamed(t, "third"))},
			"own third", []string{"b.json: line 2: format: is a number"}},
		{"all bad", fstest.MapFS{"a.json": file(""), "b.json": file("[]"), "c.json": file(strings.Repeat(" ", maxProfileSize+1))},
			"", []string{"a.json: line 1: ", "b.json: line 1: ", "c.json: line 1: the file is too long"}},
		{"two of one name", fstest.MapFS{"a.json": file(good), "b.json": file(good)}, "own", []string{"b.json: line 1: name: is that of a.json, too"}},
		{"hidden", fstest.MapFS{".a.json": file("{"), "a.json~": file("{"), "a.JSON": file("{")}, "", nil},
		{"a folder named like a file", fstest.MapFS{"a.json/x": file("{")}, "", []string{"a.json: line 1: is no regular file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			profiles, problems, err := ReadFolder(tt.files, ".")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, p := range profiles {
				names = append(names, p.Name)
			}
			if got := strings.Join(names, " "); got != tt.profiles {
				t.Errorf("profiles %q, want %q", got, tt.profiles)
			}
			if len(problems) != len(tt.problems) {
				t.Fatalf("problems %v", problems)
			}
			for i, p := range problems {
				if !strings.HasPrefix(p.Error(), tt.problems[i]) || p.Line < 1 || p.File == "" {
					t.Errorf("problem %q, want %q", p, tt.problems[i])
				}
			}
			_, err = LoadProfiles(tt.files, ".")
			if (err != nil) != (len(tt.problems) > 0) {
				t.Errorf("the strict reader says %v", err)
			}
		})
	}
	t.Run("too many", func(t *testing.T) {
		many := fstest.MapFS{}
		for i := range maxProfiles + 10 {
			many[strings.Repeat("a", i+1)+".json"] = file("{")
		}
		_, problems, err := ReadFolder(many, ".")
		if err != nil || len(problems) != maxProfiles+1 || !strings.Contains(problems[maxProfiles].Reason, "more than") {
			t.Errorf("%d problems, %v", len(problems), err)
		}
	})
}

// TestReadFolderOnDisk: what only a real folder has.
func TestReadFolderOnDisk(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode fs.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("a.json", wholeNamed(t, "own"), 0o600)
	if err := unix.Mkfifo(filepath.Join(dir, "pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.json", filepath.Join(dir, "z.json")); err != nil {
		t.Fatal(err)
	}
	profiles, problems, err := ReadFolder(os.DirFS(dir), ".")
	if err != nil || len(profiles) != 1 {
		t.Fatalf("%d profiles, %v", len(profiles), err)
	}
	want := []string{"dangling.json: line 1: can't be opened", "pipe.json: line 1: is no regular file", "z.json: line 1: name: is that of a.json, too"}
	for i, p := range problems {
		if i >= len(want) || !strings.HasPrefix(p.Error(), want[i]) {
			t.Errorf("problem %q", p)
		}
		if strings.Contains(p.Error(), dir) {
			t.Errorf("%q names a folder", p)
		}
	}
	if _, _, err := ReadFolder(os.DirFS(filepath.Join(dir, "none")), "."); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder gives %v", err)
	}
}

// TestAllProfiles: a file of one's own comes first, and in place of the program's.
func TestAllProfiles(t *testing.T) {
	builtin, err := BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	own := fstest.MapFS{
		"a.json": {Data: []byte(wholeNamed(t, "own"))}, "piv.json": {Data: []byte(wholeNamed(t, "piv"))}, "z.json": {Data: []byte("{")},
	}
	for _, tt := range []struct {
		name     string
		own      fs.FS
		count    int
		problems int
		first    string
		fails    bool
	}{
		{"none", nil, len(builtin), 0, builtin[0].Name, false},
		{"empty", fstest.MapFS{}, len(builtin), 0, builtin[0].Name, false},
		{"own", own, len(builtin) + 1, 1, "own", false},
		{"missing", os.DirFS("/nonexistent"), len(builtin), 0, builtin[0].Name, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			profiles, problems, err := AllProfiles(tt.own)
			if (err != nil) != tt.fails || len(problems) != tt.problems || len(profiles) != tt.count || profiles[0].Name != tt.first {
				t.Errorf("%d profiles, problems %v, %v", len(profiles), problems, err)
			}
			seen := map[string]bool{}
			for _, p := range profiles {
				if seen[p.Name] {
					t.Errorf("%s stands twice", p.Name)
				}
				seen[p.Name] = true
				if p.Name == "piv" && tt.own != nil && tt.first == "own" && p.AID[0] != 0xF0 {
					t.Error("the program's own profile won")
				}
			}
		})
	}
}

// TestOwnProfileIsNotWeaker: a file of one's own may change what is known of a card, but not have its passwords go over the wire in the open.
func TestOwnProfileIsNotWeaker(t *testing.T) {
	builtin, err := BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	demanding := builtin[slices.IndexFunc(builtin, func(p *Profile) bool { return p.SecureMessaging == suiteGOST })]
	same, err := os.ReadFile("profiles/uec-test.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, aid string
		refused   bool
	}{
		{"its AID", fmt.Sprintf("%X", demanding.AID), true},
		{"the beginning of its AID", fmt.Sprintf("%X", demanding.AID[:5]), true},
		{"its AID and more", fmt.Sprintf("%X00", demanding.AID), true},
		{"another AID", "F05A415645525555", false},
	} {
		for _, name := range []string{"own", demanding.Name} {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				open := regexp.MustCompile(`"aid": "[^"]*"`).ReplaceAllString(wholeNamed(t, name), `"aid": "`+tt.aid+`"`)
				profiles, problems, err := AllProfiles(fstest.MapFS{"own.json": {Data: []byte(open)}})
				if err != nil {
					t.Fatal(err)
				}
				if (len(problems) == 1) != tt.refused || tt.refused && (problems[0].File != "own.json" || problems[0].Field != "secure_messaging") {
					t.Errorf("problems %v", problems)
				}
				if tt.refused && (len(profiles) != len(builtin) || profiles[0].SecureMessaging == suiteNone && bytes.HasPrefix(demanding.AID, profiles[0].AID)) {
					t.Errorf("the weaker profile serves")
				}
			})
		}
	}
	if _, problems, err := AllProfiles(fstest.MapFS{"own.json": {Data: same}}); err != nil || len(problems) != 0 {
		t.Errorf("a profile with the same suite: %v, %v", problems, err)
	}
}

func TestOfKind(t *testing.T) {
	all, err := BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	uec, signature := OfKind(all, KindUEC), OfKind(all, KindSignature)
	if len(uec)+len(signature) != len(all) || len(uec) == 0 || len(signature) == 0 || OfKind(all, "other") != nil {
		t.Errorf("%d and %d of %d", len(uec), len(signature), len(all))
	}
}

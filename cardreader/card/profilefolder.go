// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

//go:embed profiles/*.json
var builtin embed.FS

// maxProfiles bounds the profile files of one folder.
const maxProfiles = 256

// BuiltinProfiles returns the profiles that come with the program.
func BuiltinProfiles() ([]*Profile, error) { return LoadProfiles(builtin, "profiles") }

// LoadProfiles reads every *.json file of a directory, in the order of their
// names. One bad file fails the whole, with a *[ProfileError].
func LoadProfiles(fsys fs.FS, dir string) ([]*Profile, error) {
	profiles, problems, err := ReadFolder(fsys, dir)
	if err == nil && len(problems) > 0 {
		err = problems[0]
	}
	if err != nil {
		return nil, err
	}
	return profiles, nil
}

// ReadFolder reads every *.json file of a directory, in the order of their
// names. What is wrong with single files comes as problems, each of which names
// file, line and field, and the others serve still. The error is of the
// directory itself: it is missing, or may not be read.
func ReadFolder(fsys fs.FS, dir string) (profiles []*Profile, problems []*ProfileError, err error) {
	return readFolder(fsys, dir, func(*Profile) *ProfileError { return nil })
}

// readFolder is ReadFolder with a fault more that a profile may have.
func readFolder(fsys fs.FS, dir string, fault func(*Profile) *ProfileError) (profiles []*Profile, problems []*ProfileError, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, nil, fmt.Errorf("read the folder of card profiles: %w", err)
	}
	owner := map[string]string{}
	files := 0
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".json") || strings.HasPrefix(name, ".") {
			continue
		}
		if files++; files > maxProfiles {
			return profiles, append(problems, &ProfileError{File: name, Line: 1, Reason: fmt.Sprintf("is one of more than %d files", maxProfiles)}), nil
		}
		p, problem := readProfile(fsys, path.Join(dir, name))
		if problem == nil && owner[p.Name] != "" {
			problem = &ProfileError{Line: 1, Field: "name", Reason: "is that of " + owner[p.Name] + ", too"}
		}
		if problem == nil {
			problem = fault(p)
		}
		if problem != nil {
			problem.File = name
			problems = append(problems, problem)
			continue
		}
		owner[p.Name] = name
		profiles = append(profiles, p)
	}
	return profiles, problems, nil
}

func readProfile(fsys fs.FS, name string) (*Profile, *ProfileError) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, &ProfileError{Line: 1, Reason: "can't be opened: " + plain(err)}
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, &ProfileError{Line: 1, Reason: "is no regular file"}
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, &ProfileError{Line: 1, Reason: "can't be opened: " + plain(err)}
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxProfileSize+1))
	if err != nil {
		return nil, &ProfileError{Line: 1, Reason: "can't be read: " + plain(err)}
	}
	p, err := LoadProfile(b)
	if e := (*ProfileError)(nil); errors.As(err, &e) {
		return nil, e
	}
	return p, nil
}

// plain leaves out the path, which the problem names already.
func plain(err error) string {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

// AllProfiles returns the user's own profiles and, after them, those that come
// with the program, except where an own one has the same name: so a file of
// one's own changes what is known of a card, but not that it demands secure
// messaging: for an application that does, an own profile with less is a problem.
// A nil own folder has none. Problems are those of the own files; the program's
// own are tested.
func AllProfiles(own fs.FS) (profiles []*Profile, problems []*ProfileError, err error) {
	known, err := BuiltinProfiles()
	if err != nil {
		return nil, nil, err
	}
	if own == nil {
		return known, nil, nil
	}
	profiles, problems, err = readFolder(own, ".", weaker(known))
	if err != nil {
		return known, nil, err
	}
	return append(profiles, without(known, profiles)...), problems, nil
}

// weaker finds the fault of an own profile that would open an application in the open, or by another suite, which the program knows to
// demand secure messaging: every password of the card would go over the wire as it is. A beginning of an AID selects the application, too.
func weaker(known []*Profile) func(*Profile) *ProfileError {
	return func(p *Profile) *ProfileError {
		for _, k := range known {
			if k.SecureMessaging != suiteNone && p.SecureMessaging != k.SecureMessaging && (bytes.HasPrefix(k.AID, p.AID) || bytes.HasPrefix(p.AID, k.AID)) {
				return &ProfileError{Line: 1, Field: "secure_messaging", Reason: fmt.Sprintf("is %q, where this application demands %q", p.SecureMessaging, k.SecureMessaging)}
			}
		}
		return nil
	}
}

func without(known, own []*Profile) []*Profile {
	names := map[string]bool{}
	for _, p := range own {
		names[p.Name] = true
	}
	var out []*Profile
	for _, p := range known {
		if !names[p.Name] {
			out = append(out, p)
		}
	}
	return out
}

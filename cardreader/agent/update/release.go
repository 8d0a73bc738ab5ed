// SPDX-License-Identifier: Apache-2.0

package update

import (
	"fmt"
	"regexp"
	"time"

	"golang.org/x/mod/semver"
)

// Kinds of packages.
const (
	Deb = "deb"
	RPM = "rpm"
)

// Limits that publisher and client share.
const (
	MaxPackage   = 256 << 20 // bytes of a package
	MaxTargets   = 1000      // packages in the metadata
	MaxNote      = 600       // characters of a release note in one language
	MaxFresh     = 31 * 24 * time.Hour
	maxVersion   = 14
	fileNameForm = `^[a-z][A-Za-z0-9._+-]{0,100}\.(deb|rpm)$`
)

// Custom is what the signed metadata say of a package besides its length and hash.
type Custom struct {
	Version  string    `json:"version"` // of the form 1.2.3
	OS       string    `json:"os"`      // as runtime.GOOS
	Arch     string    `json:"arch"`    // as runtime.GOARCH
	Kind     string    `json:"kind"`    // Deb or RPM
	Released time.Time `json:"released"`
	Notes    Notes     `json:"notes,omitzero"`
}

// Notes say what is new, in a line of each language; either may be empty.
type Notes struct {
	Russian string `json:"ru,omitempty"`
	English string `json:"en,omitempty"`
}

var (
	versionForm = regexp.MustCompile(`^(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$`)
	fileName    = regexp.MustCompile(fileNameForm)
	word        = regexp.MustCompile(`^[a-z0-9]{1,20}$`)
)

// ValidVersion reports whether v is of the form 1.2.3, which all packages of the agent have.
func ValidVersion(v string) bool { return len(v) <= maxVersion && versionForm.MatchString(v) }

// ValidFile reports whether name can be a package's: a plain file name that ends with .deb or .rpm.
func ValidFile(name string) bool { return fileName.MatchString(name) }

// Newer reports whether version a comes after b by the order of semantic versions. What is no version is never newer.
func Newer(a, b string) bool {
	return ValidVersion(a) && ValidVersion(b) && semver.Compare("v"+a, "v"+b) > 0
}

// Check refuses what no publisher of the agent says of a package.
func (c Custom) Check() error {
	switch {
	case !ValidVersion(c.Version):
		return fmt.Errorf("version %q is not of the form 1.2.3", c.Version)
	case !word.MatchString(c.OS) || !word.MatchString(c.Arch):
		return fmt.Errorf("platform %q/%q", c.OS, c.Arch)
	case c.Kind != Deb && c.Kind != RPM:
		return fmt.Errorf("kind %q is neither deb nor rpm", c.Kind)
	case len([]rune(c.Notes.Russian)) > MaxNote || len([]rune(c.Notes.English)) > MaxNote:
		return fmt.Errorf("a release note is longer than %d characters", MaxNote)
	}
	return nil
}

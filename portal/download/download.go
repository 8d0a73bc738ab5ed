// SPDX-License-Identifier: Apache-2.0

// Package download owns the agent's install packages that the portal hands out: which files of the operator's folder
// they are, their versions and hashes, and that nothing else of the disk is given away.
//
// The folder is read once. A Shelf never changes and may be used from many goroutines; a file that was changed after the
// reading is not handed out, because its hash would be another than people were told.
package download

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"syscall"
	"time"
)

// Bounds of what a folder may hold.
const (
	MaxPackages = 32
	MaxSize     = 256 << 20 // octets of one package
)

// ErrUnknown is returned for a name that is no package of the shelf, and for a package that was changed since.
var ErrUnknown = errors.New("download: no such package")

// Kind is the format of a package.
type Kind string

// The formats: Debian's (deb(5)) and RPM's.
const (
	Deb Kind = "deb"
	RPM Kind = "rpm"
)

// Package is one install package of the agent.
type Package struct {
	Name          string // of the file, safe in an address and on a command line
	Kind          Kind
	Version, Arch string // as the package's format writes them, for example "0.4.0-1", "amd64"
	Size          int64  // octets
	SHA256        string // 64 lower-case hexadecimal digits
	modified      time.Time
}

// Command installs the package, typed in the folder that it was saved in.
func (p Package) Command() string {
	if p.Kind == RPM {
		return "sudo dnf install ./" + p.Name
	}
	return "sudo apt install ./" + p.Name
}

var names = []struct {
	kind Kind
	form *regexp.Regexp
}{
	{Deb, regexp.MustCompile(`^zaver-agent_([0-9][0-9A-Za-z.+~-]{0,63})_([a-z0-9]{1,16})\.deb$`)},
	{RPM, regexp.MustCompile(`^zaver-agent-([0-9][0-9A-Za-z.+~-]{0,63})\.([a-z0-9_]{1,16})\.rpm$`)},
}

// Shelf is what the portal hands out. The nil Shelf is empty.
type Shelf struct {
	root     *os.Root
	packages []Package
}

// Open reads a folder as `make packages` fills it; what is no package of the agent is left aside. A folder without any
// package is an error, for it was named to hold some.
func Open(folder string) (*Shelf, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open folder of packages: %w", err)
	}
	s := &Shelf{root: root}
	if err := s.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("read folder of packages: %w", err), root.Close())
	}
	return s, nil
}

func (s *Shelf) read() error {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		p, ok := named(e.Name())
		if !ok {
			continue
		}
		if len(s.packages) == MaxPackages {
			return fmt.Errorf("more than %d packages", MaxPackages)
		}
		if err := s.measure(&p); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		s.packages = append(s.packages, p)
	}
	if len(s.packages) == 0 {
		return errors.New("no package of the agent there, such as zaver-agent_1.0.0-1_amd64.deb")
	}
	slices.SortFunc(s.packages, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

func named(file string) (Package, bool) {
	for _, n := range names {
		if m := n.form.FindStringSubmatch(file); m != nil {
			return Package{Name: file, Kind: n.kind, Version: m[1], Arch: m[2]}, true
		}
	}
	return Package{}, false
}

func (s *Shelf) measure(p *Package) error {
	f, err := s.open(p.Name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("is no regular file")
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, MaxSize+1))
	if err != nil {
		return err
	}
	if n == 0 || n > MaxSize {
		return fmt.Errorf("is empty or has more than %d octets", MaxSize)
	}
	p.Size, p.SHA256, p.modified = n, hex.EncodeToString(h.Sum(nil)), info.ModTime()
	return nil
}

// open opens a file of the folder, and does not wait for who would write into a pipe: nobody may.
func (s *Shelf) open(name string) (*os.File, error) {
	return s.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// Packages lists what there is, Debian's first.
func (s *Shelf) Packages() []Package {
	if s == nil {
		return nil
	}
	return slices.Clone(s.packages)
}

// Take opens a package; the caller closes it. The error is ErrUnknown, or of the disk.
func (s *Shelf) Take(name string) (Package, io.ReadSeekCloser, error) {
	for _, p := range s.Packages() {
		if p.Name != name {
			continue
		}
		f, err := s.open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return Package{}, nil, fmt.Errorf("%w: %s is gone", ErrUnknown, name)
		}
		if err != nil {
			return Package{}, nil, fmt.Errorf("open package: %w", err)
		}
		if info, err := f.Stat(); err != nil || info.Size() != p.Size || !info.ModTime().Equal(p.modified) {
			return Package{}, nil, errors.Join(fmt.Errorf("%w: %s was changed", ErrUnknown, name), err, f.Close())
		}
		return p, f, nil
	}
	return Package{}, nil, ErrUnknown
}

// Close gives the folder back.
func (s *Shelf) Close() error {
	if s == nil {
		return nil
	}
	return s.root.Close()
}

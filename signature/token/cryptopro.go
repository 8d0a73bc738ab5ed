// SPDX-License-Identifier: Apache-2.0

package token

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// A key made by CryptoPro CSP is a container of files, on a token ("passive carrier") or on a disk, and no PKCS#11 object. A token or disk
// that carries one is named for what it is, so that nobody looks for a fault where there is none.

// containerFiles are the files of a container, each also with a digit for a second key.
var containerFiles = []string{"header.key", "masks.key", "masks2.key", "name.key", "primary.key", "primary2.key"}

// passiveCarriers are models that have no cryptography of their own: a key on them belongs to a program.
var passiveCarriers = []string{"rutoken lite", "rutoken s", "jacarta lt"}

// carriesContainer judges a token without certificates and keys by what PKCS#11 shows: names of data objects, its model, its reader.
func carriesContainer(t *Token, data []string) bool {
	for _, name := range data {
		if containerName(name) {
			return true
		}
	}
	for _, text := range []string{t.Model, t.Reader} {
		text = strings.ToLower(strings.Join(strings.Fields(text), " "))
		for _, model := range passiveCarriers {
			if text == model || strings.HasPrefix(text, model+" ") {
				return true
			}
		}
	}
	return false
}

// containerName reports whether a name is one of a container, of a file in it, or of CryptoPro itself.
func containerName(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	if strings.Contains(name, "cryptopro") || strings.Contains(name, "криптопро") {
		return true
	}
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	for _, file := range containerFiles {
		if base == file {
			return true
		}
	}
	return containerFolder(base)
}

// containerFolder reports whether a name has the form of a container's folder: eight characters at most and three digits, "abcdefgh.000".
func containerFolder(name string) bool {
	stem, ext, ok := strings.Cut(name, ".")
	return ok && stem != "" && len(stem) <= 8 && len(ext) == 3 && strings.Trim(ext, "0123456789") == ""
}

const maxContainerFolders = 256 // looked at in one place

// containers looks for containers on disks, each named once by the folder that holds it. It is asked only when no token has anything to offer.
func (h *Host) containers() (out []ModuleError) {
	for _, pattern := range orDirs(h.cfg.Containers, containerDirs()) {
		places, err := filepath.Glob(pattern)
		if err != nil {
			continue // a pattern that is none finds nothing
		}
		for _, dir := range places[:min(len(places), maxModules)] {
			if holdsContainer(dir) {
				out = append(out, ModuleError{Module: dir, Code: CodeCryptoPro,
					Err: &Error{Code: CodeCryptoPro, Module: dir, Cause: errors.New("a container of CryptoPro CSP is there")}})
			}
		}
	}
	return out
}

func holdsContainer(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries[:min(len(entries), maxContainerFolders)] {
		if !e.IsDir() || !containerFolder(e.Name()) {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, e.Name(), "header.key")); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"zaver/portal/evidence"
)

// maxEntries bounds the files of one evidence archive, maxBundle their bytes.
const (
	maxEntries = evidence.MaxParts + 8
	maxBundle  = 128 << 20
)

// bundle is an exported evidence bundle by the names of its files.
type bundle map[string][]byte

// openBundle reads the zip archive or the folder.
func openBundle(name string) (bundle, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, usagef("evidence: %v", err)
	}
	if info.IsDir() {
		return openFolder(name)
	}
	file, err := read(askEvidence, name)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, usagef("evidence: %s is neither a folder nor a zip archive", name)
	}
	if len(z.File) > maxEntries {
		return nil, usagef("evidence: more than %d files", maxEntries)
	}
	b := bundle{}
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		data, err := unpack(f)
		if err == nil {
			err = b.put(filepath.Base(f.Name), data)
		}
		if err != nil {
			return nil, usagef("evidence: %q: %v", f.Name, err)
		}
	}
	return b, nil
}

// put adds a file. Folders inside do not count: a name stands once.
func (b bundle) put(name string, data []byte) error {
	if _, ok := b[name]; ok {
		return errors.New("there twice")
	}
	size := len(data)
	for _, d := range b {
		size += len(d)
	}
	if size > maxBundle {
		return fmt.Errorf("more than %d MiB in all", maxBundle>>20)
	}
	b[name] = append([]byte{}, data...)
	return nil
}

// unpack reads one entry, whatever size its header tells.
func unpack(f *zip.File) (_ []byte, err error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	data, err := io.ReadAll(io.LimitReader(r, evidence.MaxPart+1))
	if err == nil && len(data) > evidence.MaxPart {
		err = fmt.Errorf("larger than %d MiB", evidence.MaxPart>>20)
	}
	return data, err
}

func openFolder(name string) (bundle, error) {
	files, err := folder(askEvidence, name)
	if err != nil {
		return nil, err
	}
	if len(files) > maxEntries {
		return nil, usagef("evidence: more than %d files in %s", maxEntries, name)
	}
	b := bundle{}
	for _, f := range files {
		data, err := read(askEvidence, f)
		if err == nil {
			err = b.put(filepath.Base(f), data)
		}
		if err != nil {
			return nil, usagef("evidence: %s: %v", f, err)
		}
	}
	return b, nil
}

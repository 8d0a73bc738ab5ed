// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// elfFinding is what the file of a driver says of itself; an empty code means nothing wrong was seen.
type elfFinding struct {
	code, detail string
	count        int
}

// maxDriver bounds the file that is read, in bytes; maxNeeded the libraries that are looked for.
const (
	maxDriver = 256 << 20
	maxNeeded = 64
)

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "386": elf.EM_386, "arm": elf.EM_ARM,
	"riscv64": elf.EM_RISCV, "loong64": elf.EM_LOONGARCH}

// inspect reads the head, the wanted libraries and the offered functions of a driver's file. The file is not run.
func (u *checkup) inspect(path string) (out elfFinding) {
	// debug/elf has panicked on crafted files before; a damaged driver must not end the check of the others.
	defer func() {
		if p := recover(); p != nil {
			out = elfFinding{code: CodeModuleForeign, detail: fmt.Sprint(p)}
		}
	}()
	info, err := os.Stat(path)
	if err != nil {
		return elfFinding{}
	}
	if !info.Mode().IsRegular() || info.Size() > maxDriver {
		return elfFinding{code: CodeModuleForeign, detail: "not an ordinary file, or too long"}
	}
	f, err := elf.Open(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return elfFinding{}
	case err != nil:
		return elfFinding{code: CodeModuleForeign, detail: err.Error()}
	}
	defer func() { _ = f.Close() }()
	if want, known := machines[runtime.GOARCH]; known && f.Machine != want {
		return elfFinding{code: CodeModuleArchitecture, detail: f.Machine.String()}
	}
	if missing := u.missingLibraries(f, path); len(missing) > 0 {
		return elfFinding{code: CodeModuleLibrary, detail: strings.Join(missing, ", "), count: len(missing)}
	}
	symbols, err := f.DynamicSymbols()
	if err != nil || !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == "C_GetFunctionList" && s.Section != elf.SHN_UNDEF }) {
		return elfFinding{code: CodeModuleForeign, detail: "C_GetFunctionList is not offered"}
	}
	return elfFinding{}
}

// missingLibraries returns the libraries that the loader would not find.
func (u *checkup) missingLibraries(f *elf.File, path string) []string {
	needed, err := f.ImportedLibraries()
	if err != nil {
		return nil
	}
	dirs := u.libraryDirs()
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		own, err := f.DynString(tag)
		if err != nil {
			continue
		}
		for _, list := range own {
			for dir := range strings.SplitSeq(strings.ReplaceAll(list, "$ORIGIN", filepath.Dir(path)), ":") {
				dirs = append(dirs, dir)
			}
		}
	}
	var missing []string
	for _, name := range needed[:min(len(needed), maxNeeded)] {
		if !slices.ContainsFunc(dirs, func(dir string) bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil }) {
			missing = append(missing, name)
		}
	}
	return missing
}

var loaderDirs = []string{"/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
	"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib"}

// libraryDirs are the loader's own folders and those that ld.so.conf.d adds.
func (u *checkup) libraryDirs() []string {
	out := slices.Clone(loaderDirs)
	files, err := filepath.Glob(filepath.Join(u.cfg.Root, "/etc/ld.so.conf.d/*.conf"))
	if err != nil {
		return out
	}
	for _, name := range files[:min(len(files), maxNeeded)] {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if dir := strings.TrimSpace(lines.Text()); strings.HasPrefix(dir, "/") {
				out = append(out, dir)
			}
		}
		_ = f.Close()
	}
	return out
}

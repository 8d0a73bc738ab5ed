// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// program is our name in enable-in and disable-in of p11-kit's registry.
const program = "zaver-agent"

const (
	maxModules      = 32       // asked at once
	maxModuleFile   = 64 << 10 // bytes of a *.module file
	maxModuleFiles  = 256      // of one registry folder
	moduleExtension = ".module"
)

// ErrExposed says that somebody else could put another file in the place of a driver, which is given the PIN.
var ErrExposed = errors.New("others may change it")

// notTokens are p11-kit's own modules, which repeat the others or hold only trust anchors.
var notTokens = []string{"p11-kit-proxy.so", "p11-kit-trust.so", "p11-kit-client.so", "libnssckbi.so", "libp11-kit.so.0"}

// driver is a library of a common kind of token.
type driver struct{ token, file string }

// Modules returns the paths of the libraries that List would ask, resolved, each once: what the user named, the known drivers, the registry.
func (h *Host) Modules() []string {
	found, _ := h.discover()
	paths := make([]string, len(found))
	for i, m := range found {
		paths[i] = m.path
	}
	return paths
}

// discover looks anew each time: it reads a handful of small files, and drivers may be installed while the agent runs.
func (h *Host) discover() (found []module, problems []ModuleError) {
	add := func(name string, registry Setup) error {
		path := h.locate(name)
		if !filepath.IsAbs(path) {
			return fs.ErrNotExist // never from the folder that the agent happens to run in
		}
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		if slices.Contains(notTokens, filepath.Base(real)) || len(found) == maxModules {
			return nil
		}
		for i := range found {
			if found[i].path == real {
				if found[i].with.Parameters == "" { // named by the user, and the registry knows how to start it
					found[i].with.Parameters = registry.Parameters
				}
				return nil
			}
		}
		if err := exposed(real); err != nil {
			return err
		}
		found = append(found, module{real, h.configured(name, real, registry)})
		return nil
	}
	problem := func(path string, err error) {
		problems = append(problems, ModuleError{Module: path, Code: CodeModule,
			Err: &Error{Code: CodeModule, Module: path, Cause: fmt.Errorf("find module: %w", err)}})
	}
	for _, path := range h.cfg.Modules {
		if err := add(path, Setup{}); err != nil {
			problem(path, err)
		}
	}
	// What nobody named may be absent: a registry keeps files of removed drivers.
	if h.cfg.Known {
		for _, d := range knownDrivers {
			if err := add(d.file, Setup{}); errors.Is(err, ErrExposed) {
				problem(d.file, err)
			}
		}
	}
	if h.cfg.P11Kit {
		for _, m := range registered(orDirs(h.cfg.RegistryDirs, registryDirs)) {
			if err := add(m.path, m.with); errors.Is(err, ErrExposed) {
				problem(m.path, err)
			}
		}
	}
	return found, problems
}

func orDirs(dirs, standard []string) []string {
	if dirs == nil {
		return standard
	}
	return dirs
}

// locate finds a driver whose whole path isn't named, as p11-kit does: among the libraries, never beside the agent. What can't be
// found stays as it is.
func (h *Host) locate(name string) string {
	if !filepath.IsLocal(name) {
		return name
	}
	for _, dir := range orDirs(h.cfg.LibraryDirs, libraryDirs) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return name
}

// registered reads p11-kit's registry (pkcs11.conf(5)): one file per module; a file of the same name in a later folder overrides line by line.
func registered(dirs []string) []module {
	files := make(map[string]map[string]string)
	var order []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // a folder that is not there registers nothing
		}
		for _, e := range entries[:min(len(entries), maxModuleFiles)] {
			name := e.Name()
			if !strings.HasSuffix(name, moduleExtension) || strings.HasPrefix(name, ".") {
				continue
			}
			settings, err := readModuleFile(filepath.Join(dir, name))
			if err != nil {
				continue // such as a file that everybody may change
			}
			if files[name] == nil {
				files[name] = make(map[string]string)
				order = append(order, name)
			}
			for k, v := range settings {
				files[name][k] = v
			}
		}
	}
	var out []module
	for _, name := range order {
		if path := eligible(files[name]); path != "" {
			out = append(out, module{path, Setup{Parameters: files[name]["x-init-reserved"]}})
		}
	}
	return out
}

// eligible returns the library of a registered module, or "" when it is not for us.
func eligible(s map[string]string) string {
	lists := func(key string) bool {
		return slices.Contains(strings.FieldsFunc(s[key], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }), program)
	}
	_, restricted := s["enable-in"]
	switch {
	case s["remote"] != "", s["trust-policy"] == "yes", restricted && !lists("enable-in"), lists("disable-in"):
		return ""
	}
	return s["module"]
}

func readModuleFile(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || writableByAll(info) {
		return nil, errors.Join(ErrExposed, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxModuleFile))
	if err != nil {
		return nil, err
	}
	return parseModuleFile(b), nil
}

// parseModuleFile reads "name: value" lines; # begins a comment line. What is no such line is skipped, as p11-kit does.
func parseModuleFile(b []byte) map[string]string {
	out := make(map[string]string)
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, maxModuleFile+1)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") || strings.ContainsRune(line, 0) {
			continue
		}
		out[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return out
}

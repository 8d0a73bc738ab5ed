// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bufio"
	"bytes"
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

// registryDirs is where p11-kit looks: what packages bring, then what the administrator says.
var registryDirs = []string{"/usr/share/p11-kit/modules", "/etc/pkcs11/modules"}

// libraryDirs is where distributions and vendors put drivers.
var libraryDirs = []string{
	"/usr/lib/x86_64-linux-gnu/pkcs11", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu/pkcs11", "/usr/lib/aarch64-linux-gnu",
	"/usr/lib64/pkcs11", "/usr/lib64", "/usr/lib/pkcs11", "/usr/lib", "/usr/local/lib",
	"/opt/aktivco/rutokenecp/x86_64", "/opt/aktivco/rutokenecp/amd64",
}

// knownDrivers are the file names of the common tokens' drivers; OpenSC, which knows many tokens a little, comes last, so that a token is
// offered through its own driver first.
var knownDrivers = []struct{ token, file string }{
	{"Rutoken ECP", "librtpkcs11ecp.so"},
	{"JaCarta-2 GOST", "libjcPKCS11-2.so"},
	{"ESMART / ISBC", "libisbc_pkcs11_main.so"},
	{"SafeNet eToken", "libeTPkcs11.so"},
	{"OpenSC", "opensc-pkcs11.so"},
}

// notTokens are p11-kit's own modules, which repeat the others or hold only trust anchors.
var notTokens = []string{"p11-kit-proxy.so", "p11-kit-trust.so", "p11-kit-client.so", "libnssckbi.so", "libp11-kit.so.0"}

// Modules returns the paths of the libraries that List would ask, resolved, each once: what the user named, the known drivers, the registry.
func (h *Host) Modules() []string {
	paths, _ := h.discover()
	return paths
}

// discover looks anew each time: it reads a handful of small files, and drivers may be installed while the agent runs.
func (h *Host) discover() (paths []string, problems []ModuleError) {
	add := func(path string) error {
		if !filepath.IsAbs(path) {
			return fs.ErrNotExist // never from the folder that the agent happens to run in
		}
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		if !slices.Contains(paths, real) && !slices.Contains(notTokens, filepath.Base(real)) && len(paths) < maxModules {
			paths = append(paths, real)
		}
		return nil
	}
	for _, path := range h.cfg.Modules {
		if err := add(h.locate(path)); err != nil {
			problems = append(problems, ModuleError{Module: path, Code: CodeModule,
				Err: &Error{Code: CodeModule, Module: path, Cause: fmt.Errorf("find module: %w", err)}})
		}
	}
	// What nobody named may be absent: a registry keeps files of removed drivers.
	if h.cfg.Known {
		for _, d := range knownDrivers {
			_ = add(h.locate(d.file))
		}
	}
	if h.cfg.P11Kit {
		for _, path := range registered(orDirs(h.cfg.RegistryDirs, registryDirs)) {
			_ = add(h.locate(path))
		}
	}
	return paths, problems
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
func registered(dirs []string) []string {
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
				continue
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
	var out []string
	for _, name := range order {
		if path := eligible(files[name]); path != "" {
			out = append(out, path)
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

// SPDX-License-Identifier: Apache-2.0

package token

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Setup is what a module needs besides its path.
type Setup struct {
	// Parameters are handed to C_Initialize in the field that the standard reserves: NSS reads "configdir='sql:…'" there, and x-init-reserved of
	// p11-kit's registry goes there.
	Parameters string
	// Env names variables of this process that the module's worker gets besides the few that pass through by themselves; "NAME=value" sets one.
	// A variable that makes the dynamic loader or the Go runtime do something else is never passed.
	Env []string
}

// module is a library and what it needs.
type module struct {
	path string
	with Setup
}

// passed are the variables that modules need: where their user, configuration, sockets and language are.
var passed = []string{"HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "TMPDIR", "TZ", "XDG_RUNTIME_DIR",
	"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "SOFTHSM2_CONF", "OPENSC_CONF", "PCSCLITE_CSOCK_NAME"}

// loaders are beginnings of names that change the process instead of telling the module something.
var loaders = []string{"LD_", "DYLD_", "GODEBUG", "GOTRACEBACK", "GOGC", "GOM", "GCONV_PATH", "MALLOC_", "GLIBC_TUNABLES"}

// scrub builds the workers' environment: a variable that loads code or writes traces (LD_PRELOAD, GODEBUG…) does not get through by itself.
func scrub(environ, extra []string) []string {
	env := append([]string(nil), baseEnv...)
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if slices.Contains(passed, name) {
			env = append(env, kv)
		}
	}
	return append(env, extra...)
}

// environ adds a module's own variables, which count before those of all.
func (s Setup) environ(env []string) []string {
	out := slices.Clone(env)
	for _, kv := range s.Env {
		name, value, set := strings.Cut(kv, "=")
		if name == "" || slices.ContainsFunc(loaders, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		if !set {
			if value, set = os.LookupEnv(name); !set {
				continue
			}
		}
		out = slices.DeleteFunc(out, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		out = append(out, name+"="+value)
	}
	return out
}

// setup finds what a module needs that is used before it was listed.
func (h *Host) setup(path string) Setup {
	found, _ := h.discover()
	for _, m := range found {
		if m.path == path {
			return m.with
		}
	}
	return h.configured(path, path, Setup{})
}

// configured picks the configuration's word on a module, by the name under which it was found, its resolved path or its file name; otherwise
// what the registry said.
func (h *Host) configured(name, path string, registry Setup) Setup {
	for _, key := range []string{name, path, filepath.Base(name), filepath.Base(path)} {
		if s, ok := h.cfg.Setup[key]; ok {
			return s
		}
	}
	return registry
}

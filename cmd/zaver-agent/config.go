// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/loopback"
	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
	"zaver/signature/token"
)

// config is the agent's configuration file. The zero value of every field but Portals works.
type config struct {
	// Portals are those whose pages are answered; each origin with its pinned key.
	Portals []portalConfig `json:"portals"`
	// Loopback is the HTTP door.
	Loopback struct {
		Port int `json:"port"` // 24738 when absent
	} `json:"loopback"`
	// Modules are paths of PKCS #11 modules, asked before all others.
	Modules []string `json:"modules"`
	// Drivers are what single modules need, by path or file name: "parameters" for C_Initialize, "env" with names of variables that they may see.
	Drivers map[string]driverConfig `json:"drivers"`
	// P11Kit says whether to look into p11-kit's registry and for the drivers of common tokens; true when absent.
	P11Kit *bool `json:"p11kit"`
	// Profiles is a folder with card profiles beside the built-in ones.
	Profiles string `json:"profiles"`
	// Terminal is a file with the key and certificates that identification cards demand of a terminal; without it they can't be used.
	Terminal string `json:"terminal"`
	// PadRules is a file of rules for readers' keypads, behind the built-in ones.
	PadRules string `json:"padrules"`
	// NoPads leaves the keypads of readers alone: PINs are typed on the keyboard.
	NoPads bool `json:"nopads"`
	// Pinentry is the dialog program with its arguments; looked for when absent.
	Pinentry []string `json:"pinentry"`
	// Window is the program of the agent's own window, or "off"; looked for when absent.
	Window string `json:"window"`
	// Language is "ru" (when absent) or "en", for pages that name none.
	Language words.Language `json:"language"`
	// TTY is the terminal for pinentry programs without a window; the agent's own when absent.
	TTY string `json:"tty"`
	// Updates say where newer versions of this program come from; without a URL this build has none.
	Updates struct {
		URL  string `json:"url"`  // the folder with the publisher's metadata; https
		Root string `json:"root"` // file of the root that is trusted first; the package's own when absent
	} `json:"updates"`
	// Log says where the log goes.
	Log boot.Log `json:"log"`
}

type driverConfig struct {
	Parameters string   `json:"parameters"`
	Env        []string `json:"env"`
}

type portalConfig struct {
	Name   string `json:"name"`
	Origin string `json:"origin"`
	Key    string `json:"key"`
}

// systemConfig is what a package or the administrator installs; a person's own file goes before it.
const systemConfig = "/etc/zaver/agent.json"

// configPath is the file that was named, or the person's own, or the system's.
func configPath(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", boot.Fail(boot.ExitConfig, "give the file with --config", "find configuration: %w", err)
	}
	path := filepath.Join(dir, "zaver", "agent.json")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(systemConfig); err == nil {
			return systemConfig, nil
		}
	}
	return path, nil
}

// loadConfig reads the file of configPath. Commands that need no portal do without one.
func loadConfig(named string, required bool) (config, error) {
	var c config
	path, err := configPath(named)
	if err != nil {
		return c, err
	}
	err = boot.LoadConfig(path, &c)
	if errors.Is(err, fs.ErrNotExist) && named == "" && !required {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if c.Loopback.Port == 0 {
		c.Loopback.Port = loopback.DefaultPort
	}
	if c.Loopback.Port < 1 || c.Loopback.Port > 65535 {
		return c, boot.Fail(boot.ExitConfig, "", "%s: loopback.port %d is no port", path, c.Loopback.Port)
	}
	for i, m := range c.Modules {
		if !filepath.IsAbs(m) {
			return c, boot.Fail(boot.ExitConfig, "write the whole path", "%s: modules[%d]: %q is relative", path, i, m)
		}
	}
	if c.Window != "" && c.Window != windowOff && !filepath.IsAbs(c.Window) {
		return c, boot.Fail(boot.ExitConfig, "write the whole path, or \"off\"", "%s: window: %q is relative", path, c.Window)
	}
	if c.Updates.Root != "" && !filepath.IsAbs(c.Updates.Root) {
		return c, boot.Fail(boot.ExitConfig, "write the whole path", "%s: updates.root: %q is relative", path, c.Updates.Root)
	}
	if c.Language != "" && !c.Language.Known() {
		return c, boot.Fail(boot.ExitConfig, "", "%s: language %q is neither ru nor en", path, c.Language)
	}
	if required && len(c.Portals) == 0 {
		return c, boot.Fail(boot.ExitConfig, "add the portal's name, origin and key", "%s: no portals", path)
	}
	return c, nil
}

func (c config) portals() []agent.Portal {
	out := make([]agent.Portal, len(c.Portals))
	for i, p := range c.Portals {
		out[i] = agent.Portal(p)
	}
	return out
}

// tokenConfig says where token drivers are; the agent's own program is their worker.
func (c config) tokenConfig() (token.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return token.Config{}, fmt.Errorf("find this program: %w", err)
	}
	kit := c.P11Kit == nil || *c.P11Kit
	setup := make(map[string]token.Setup, len(c.Drivers))
	for name, d := range c.Drivers {
		setup[name] = token.Setup(d)
	}
	return token.Config{Modules: c.Modules, Setup: setup, P11Kit: kit, Known: kit, Worker: []string{self, workerCommand}}, nil
}

// tokenHost makes the host of the token drivers.
func (c config) tokenHost() (*token.Host, error) {
	t, err := c.tokenConfig()
	if err != nil {
		return nil, err
	}
	return token.New(t)
}

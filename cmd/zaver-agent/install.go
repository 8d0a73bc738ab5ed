// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/cmd/internal/boot"
)

// installation is what install writes and uninstall removes: this person's own files alone.
type installation struct {
	home     string
	config   string // XDG_CONFIG_HOME, may be empty
	dir      string // of the launcher and the extension folders
	browsers []extension.Browser
}

func newInstallCommand(a *app) *cobra.Command {
	var browsers []string
	var dir string
	c := leaf("install", "Set this person's browsers up: the program's manifests and the extension's folders", func(context.Context) error {
		return install(a, browsers, dir)
	})
	installFlags(c, &browsers, &dir)
	return c
}

func newUninstallCommand(a *app) *cobra.Command {
	var browsers []string
	var dir string
	c := leaf("uninstall", "Remove what install wrote", func(context.Context) error { return uninstall(a, browsers, dir) })
	installFlags(c, &browsers, &dir)
	return c
}

func installFlags(c *cobra.Command, browsers *[]string, dir *string) {
	names := make([]string, 0, len(extension.Browsers()))
	for _, b := range extension.Browsers() {
		names = append(names, string(b))
	}
	c.Flags().StringSliceVar(browsers, "browser", nil, "only these `browsers`: "+strings.Join(names, ", "))
	c.Flags().StringVar(dir, "dir", "", "the `folder` for launcher and extension (default ~/.local/share/zaver)")
}

func newInstallation(browsers []string, dir string) (installation, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return installation{}, boot.Fail(boot.ExitConfig, "set HOME", "find the home folder: %w", err)
	}
	i := installation{home: home, config: os.Getenv("XDG_CONFIG_HOME"), dir: dir, browsers: extension.Browsers()}
	if i.dir == "" {
		data := os.Getenv("XDG_DATA_HOME")
		if !filepath.IsAbs(data) {
			data = filepath.Join(home, ".local", "share")
		}
		i.dir = filepath.Join(data, "zaver")
	}
	if i.dir, err = filepath.Abs(i.dir); err != nil {
		return installation{}, fmt.Errorf("find the folder: %w", err)
	}
	if len(browsers) > 0 {
		i.browsers = nil
		for _, name := range browsers {
			b := extension.Browser(name)
			if !b.Known() {
				return installation{}, boot.Fail(boot.ExitUsage, "zaver-agent install --help", "unknown browser %q", name)
			}
			i.browsers = append(i.browsers, b)
		}
	}
	return i, nil
}

// present are the browsers that this person has used; all, when there is no trace of any.
func (i installation) present() []extension.Browser {
	var out []extension.Browser
	for _, b := range i.browsers {
		traces := []string{filepath.Dir(filepath.Dir(i.manifest(b)))}
		if b.Gecko() {
			// Newer ones keep their profiles here, and still look for manifests in the old place.
			traces = append(traces, extension.HomeFolder(".config/mozilla", i.home, i.config))
		}
		if slices.ContainsFunc(traces, func(dir string) bool { _, err := os.Stat(dir); return err == nil }) {
			out = append(out, b)
		}
	}
	if len(out) == 0 {
		return i.browsers
	}
	return out
}

// manifest is where the browser looks for this person's.
func (i installation) manifest(b extension.Browser) string {
	return extension.UserManifestIn(b, i.home, i.config)
}

// launcher is what the manifests name.
func (i installation) launcher() string { return filepath.Join(i.dir, "zaver-native-host") }

// extensionDir is the folder that a browser of b's family loads.
func (i installation) extensionDir(b extension.Browser) string {
	if b.Gecko() {
		return filepath.Join(i.dir, "extension-firefox")
	}
	return filepath.Join(i.dir, "extension-chromium")
}

func install(a *app, browsers []string, dir string) error {
	i, err := newInstallation(browsers, dir)
	if err != nil {
		return err
	}
	if len(browsers) == 0 {
		i.browsers = i.present()
	}
	c, err := loadConfig(a.config, true)
	if err != nil {
		return err
	}
	config := a.config
	if config != "" {
		if config, err = filepath.Abs(config); err != nil {
			return fmt.Errorf("find the configuration: %w", err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if err := writeFile(i.launcher(), extension.Launcher(program, config), 0o755); err != nil {
		return err
	}
	var origins []string
	for _, p := range c.Portals {
		origins = append(origins, p.Origin)
	}
	for _, b := range i.browsers {
		manifest, err := extension.HostManifest(b, i.launcher())
		if err != nil {
			return err
		}
		path := i.manifest(b)
		if err := writeFile(path, manifest, 0o644); err != nil {
			return err
		}
		if err := extension.Write(i.extensionDir(b), b, origins); err != nil {
			return &boot.Failure{Exit: boot.ExitConfig, Err: err}
		}
		if _, err := fmt.Fprintf(a.stdout, "%s: finds the agent by %s\n", b.Name(), path); err != nil {
			return err
		}
	}
	return i.advise(a)
}

// advise says what only the person can do, and what confined browsers can't.
func (i installation) advise(a *app) error {
	var out strings.Builder
	if slices.ContainsFunc(i.browsers, func(b extension.Browser) bool { return !b.Gecko() }) {
		fmt.Fprintf(&out, "Chromium, Chrome, Yandex Browser: open the page of extensions, switch developer mode on and load the folder\n  %s\n", i.extensionDir(extension.Chromium))
	}
	if slices.ContainsFunc(i.browsers, extension.Browser.Gecko) {
		fmt.Fprintf(&out, "Firefox: open about:debugging#/runtime/this-firefox and load manifest.json (until Firefox ends), or install a signed build\n  %s\n", i.extensionDir(extension.Firefox))
	}
	for _, confined := range []struct{ folder, words string }{
		{"snap/chromium", "Chromium as a snap starts no programs of yours: use the loopback door (zaver-agent run) or another build"},
		{"snap/firefox", "Firefox as a snap asks the desktop for leave to start the agent: answer yes"},
		{".var/app/org.chromium.Chromium", "Chromium as a flatpak starts no programs of yours: use the loopback door (zaver-agent run)"},
		{".var/app/com.google.Chrome", "Chrome as a flatpak starts no programs of yours: use the loopback door (zaver-agent run)"},
		{".var/app/org.mozilla.firefox", "Firefox as a flatpak needs the desktop's proxy for native messaging; without it use the loopback door (zaver-agent run)"},
	} {
		if _, err := os.Stat(filepath.Join(i.home, filepath.FromSlash(confined.folder))); err == nil {
			fmt.Fprintf(&out, "%s\n", confined.words)
		}
	}
	_, err := a.stdout.Write([]byte(out.String()))
	return err
}

func uninstall(a *app, browsers []string, dir string) error {
	i, err := newInstallation(browsers, dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, b := range i.browsers {
		path := i.manifest(b)
		switch err := os.Remove(path); {
		case err == nil:
			_, err = fmt.Fprintf(a.stdout, "%s: removed %s\n", b.Name(), path)
			errs = append(errs, err)
			// What install made for a browser that isn't there is empty now.
			_ = os.Remove(filepath.Dir(path))
			_ = os.Remove(filepath.Dir(filepath.Dir(path)))
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("remove manifest: %w", err))
		}
	}
	if len(browsers) == 0 { // launcher and folders serve several browsers
		errs = append(errs, i.removeFiles())
	}
	return errors.Join(errs...)
}

// removeFiles removes the launcher and the files that the extension consists of, and the folders that are empty then.
// What somebody put beside them stays.
func (i installation) removeFiles() error {
	paths := []string{i.launcher()}
	var dirs []string
	for _, b := range []extension.Browser{extension.Chromium, extension.Firefox} {
		files, err := extension.Files(b, []string{"https://portal.example"}) // their names are the same for all portals
		if err != nil {
			return err
		}
		for name := range files {
			path := filepath.Join(i.extensionDir(b), filepath.FromSlash(name))
			paths = append(paths, path)
			for d := filepath.Dir(path); len(d) > len(i.dir); d = filepath.Dir(d) {
				dirs = append(dirs, d)
			}
		}
	}
	var errs []error
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove: %w", err))
		}
	}
	dirs = append(dirs, i.dir)
	slices.Sort(dirs)
	for _, d := range slices.Backward(slices.Compact(dirs)) { // the inner ones first
		_ = os.Remove(d) // stays when something else is in it
	}
	return errors.Join(errs...)
}

// writeFile puts a whole file in place of what is there: a browser that looks meanwhile sees one or the other.
func writeFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".zaver-*")
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write file: %w", err), os.Remove(f.Name()))
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/loopback"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/window"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/cmd/internal/boot"
	"zaver/signature/token"
)

// doctorOptions are those of the command.
type doctorOptions struct {
	json             bool
	bundle, language string
	method           string
}

func newDoctorCommand(a *app) *cobra.Command {
	var o doctorOptions
	c := leaf("doctor", "Say what keeps the agent from working on this computer", func(ctx context.Context) error { return examine(ctx, a, o) })
	c.Long = "Looks at everything that the agent needs (configuration, smart-card service, readers, cards, token drivers, browsers, portal) and names what\n" +
		"is wrong, the cause first, with the way out. Nothing is changed, no PIN is asked. It takes less than three seconds.\n\n" +
		"Exit codes: 0 no fault (there may be warnings), 1 the doctor could not do its work, 2 wrong command line, else the area of the first fault:\n" + exitTable()
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	c.Flags().StringVar(&o.bundle, "bundle", "", "write what support needs to a new ZIP `file`, without anything that tells whose computer this is")
	c.Flags().StringVar(&o.method, "method", "", "only what this `method` needs: token or uec")
	languageFlag(c, &o.language)
	return c
}

func exitTable() string {
	var b bytes.Buffer
	for i, area := range doctor.Areas() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %s", area.Exit(), area)
	}
	return b.String() + "."
}

func examine(ctx context.Context, a *app, o doctorOptions) error {
	method := agent.Method(o.method)
	if method != "" && method != agent.MethodToken && method != agent.MethodUEC {
		return boot.Fail(boot.ExitUsage, "zaver-agent doctor --help", "doctor: unknown method %q", o.method)
	}
	cfg, end, err := a.patient()
	if err != nil {
		return err
	}
	defer end()
	if cfg.Language, err = chooseLanguage(o.language, cfg.Language); err != nil {
		return err
	}
	cfg.Method = method
	report := doctor.Run(ctx, cfg)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("doctor was interrupted: %w", err)
	}
	write := report.WriteText
	if o.json {
		write = report.WriteJSON
	}
	if err := write(a.stdout); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	if o.bundle != "" {
		if err := writeBundle(o.bundle, cfg, report); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(a.stderr, bundleAdvice[cfg.Language], o.bundle); err != nil {
			return fmt.Errorf("say where the bundle is: %w", err)
		}
	}
	if report.Exit != 0 {
		return &boot.Failure{Exit: report.Exit}
	}
	return nil
}

var bundleAdvice = map[words.Language]string{
	words.Russian: "Сведения для поддержки записаны в %s. Посмотрите их, прежде чем отправлять.\n",
	words.English: "What support needs was written to %s. Look into it before you send it.\n",
}

// writeBundle writes a file that must not be there yet.
func writeBundle(path string, c doctor.Config, r doctor.Report) error {
	var b bytes.Buffer
	if err := doctor.WriteBundle(&b, c, r); err != nil {
		return err
	}
	if err := writeNew(path, b.Bytes()); err != nil {
		return &boot.Failure{Exit: boot.ExitFailure, Hint: "name a file that does not exist yet", Err: fmt.Errorf("write bundle: %w", err)}
	}
	return nil
}

// examination is what the doors give to pages: the public part of a report, as JSON.
func (a *app) examination(ctx context.Context, language words.Language) ([]byte, error) {
	return a.examine(ctx, language, false)
}

// nativeExamination is examination for a page that asks through native messaging.
func (a *app) nativeExamination(ctx context.Context, language words.Language) ([]byte, error) {
	return a.examine(ctx, language, true)
}

func (a *app) examine(ctx context.Context, language words.Language, native bool) ([]byte, error) {
	cfg, end, err := a.patient()
	if err != nil {
		return nil, err
	}
	defer end()
	cfg.Native = native
	if language.Known() {
		cfg.Language = language
	}
	report := doctor.Run(ctx, cfg).Public()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return json.Marshal(report)
}

// patient is this computer, as the doctor looks at it. A broken configuration is one of its findings.
func (a *app) patient() (cfg doctor.Config, end func(), err error) {
	c, settings := a.settings()
	self, err := os.Executable()
	if err != nil {
		return doctor.Config{}, nil, fmt.Errorf("find this program: %w", err)
	}
	home, _ := os.UserHomeDir() // without one, its part is not looked at
	cfg = doctor.Config{Language: c.Language, Version: version(), Settings: settings, Program: self, Home: home, Env: os.Getenv, HeldByAnother: loopback.HeldByAnother,
		Pinentry: pinentry.Config{Argv: c.Pinentry, TTY: firstOf(c.TTY, os.Getenv("GPG_TTY"), ownTerminal()), Env: os.Environ()}}
	cfg.Updates = doctor.Updates{On: c.Updates.URL != "", State: update.StateFolder(os.Geteuid() == 0, home, os.Getenv)}
	if c.Window != windowOff {
		cfg.Window = &window.Config{Path: c.Window, Env: os.Environ()}
	}
	if source, err := c.cardSource(nil); err == nil {
		cfg.Cards = source
	} else {
		// The person's own profiles or the terminal file are at fault, and named elsewhere: the built-in profiles still tell much.
		if c.Terminal != "" {
			_, cfg.Settings.Terminal = card.LoadTerminal(c.Terminal)
		}
		c.Profiles, c.Terminal = "", ""
		if source, err := c.cardSource(nil); err == nil {
			cfg.Cards = source
		}
	}
	tokens, err := c.tokenConfig()
	if err != nil {
		return doctor.Config{}, nil, err
	}
	tokens.ListDeadline = doctor.ModuleDeadline
	host, err := token.New(tokens)
	if err != nil {
		return doctor.Config{}, nil, fmt.Errorf("prepare tokens: %w", err)
	}
	cfg.Tokens = host
	return cfg, func() { _ = host.Close() }, nil
}

// settings reads the configuration as far as it can be read, and says why not further.
func (a *app) settings() (config, doctor.Settings) {
	c, err := loadConfig(a.config, false)
	path, _ := configPath(a.config)
	s := doctor.Settings{Path: path, Port: c.Loopback.Port, Profiles: c.Profiles}
	for _, p := range c.Portals {
		s.Portals = append(s.Portals, doctor.Portal(p))
	}
	if s.Port == 0 {
		s.Port = loopback.DefaultPort
	}
	if err == nil {
		if _, missing := os.Stat(path); errors.Is(missing, fs.ErrNotExist) {
			err = missing
		}
	}
	if err != nil {
		s.Fault = settingsFault(err)
		s.Portals = nil
		return config{Language: c.Language}, s
	}
	return c, s
}

func settingsFault(err error) *doctor.SettingsFault {
	out := &doctor.SettingsFault{Code: doctor.CodeConfigInvalid, Err: err}
	var f *boot.Failure
	switch {
	case errors.Is(err, fs.ErrNotExist):
		out.Code = doctor.CodeConfigMissing
	case errors.Is(err, fs.ErrPermission), errors.Is(err, boot.ErrOpenToAll):
		out.Code = doctor.CodeConfigPermissions
	case errors.As(err, &f) && f.Line > 0:
		out.Code, out.Line = doctor.CodeConfigMalformed, f.Line
	}
	return out
}

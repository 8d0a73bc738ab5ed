// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"zaver/portal/localpg"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/ports"
)

// The account of the SMS centre.
const (
	smsUser     = "zaver"
	smsPassword = "loopback"
)

// ErrTaken is wrapped when a port is held by another program, or the folder by
// another world.
var ErrTaken = errors.New("taken")

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// lockDir keeps a second world out of a kept folder.
func (w *World) lockDir() error {
	f, err := os.OpenFile(w.path("lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("lock folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("folder %s is %w by another demo that runs", w.Dir, ErrTaken), f.Close())
	}
	w.atEnd(f.Close)
	return nil
}

// takePorts finds free ports, or checks those that were asked for.
func (w *World) takePorts(context.Context) error {
	if w.ports == (Ports{}) {
		first, unlock, err := ports.Lock()
		if err != nil {
			return err
		}
		w.atEnd(func() error { unlock(); return nil })
		w.ports = Ports{Portal: first, Inbox: first + 1, PKI: first + 2, Agent: first + 3}
		return nil
	}
	var errs []error
	for _, p := range []struct {
		port int
		what string
	}{{w.ports.Portal, "portal"}, {w.ports.Inbox, "inbox"}, {w.ports.PKI, "test PKI"}, {w.ports.Agent, "agent"}} {
		l, err := net.Listen("tcp", address(p.port))
		if err != nil {
			errs = append(errs, fmt.Errorf("port %d of the %s is %w: %w", p.port, p.what, ErrTaken, err))
			continue
		}
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// findPrograms builds the programs unless it was told where they are.
func (w *World) findPrograms(ctx context.Context) error {
	w.programs = w.cfg.Programs
	if w.programs != "" {
		return nil
	}
	w.programs = w.path("bin")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", w.programs+string(filepath.Separator),
		"zaver/cmd/zaver-portal", "zaver/cmd/zaver-agent")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w: %s", err, out)
	}
	return nil
}

// PortalConfig is the configuration file of the portal, for its other commands.
func (w *World) PortalConfig() string { return w.path("portal.json") }

func (w *World) startPortal(ctx context.Context) error {
	if err := replace(w.path("smpp.password"), []byte(smsPassword+"\n")); err != nil {
		return fmt.Errorf("configure portal: %w", err)
	}
	host, port, err := net.SplitHostPort(w.Mail.Addr())
	if err != nil {
		return fmt.Errorf("configure portal: %w", err)
	}
	mailPort, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("configure portal: %w", err)
	}
	err = writeJSON(w.PortalConfig(), map[string]any{
		"listen": address(w.ports.Portal), "origin": w.Origin(), "data_dir": "portal", "trust": "trust",
		"smtp":      map[string]any{"host": host, "port": mailPort, "from": "zaver <no-reply@portal.example>", "plain": true},
		"smpp":      map[string]any{"address": w.SMS.Addr(), "system_id": smsUser, "password_file": "smpp.password", "from": "zaver"},
		"registers": w.Registers.URL(), "agent_port": w.ports.Agent,
		"trust_list": map[string]any{"url": w.Centres.URL(), "every_hours": 1},
		"timestamps": []string{w.PKI.Authority(pki.GOSTCA).TSAURL()},
	})
	if err != nil {
		return fmt.Errorf("configure portal: %w", err)
	}
	w.Portal = &Program{
		name: "portal", argv: []string{filepath.Join(w.programs, "zaver-portal"), "serve", "-config", w.PortalConfig()},
		env: os.Environ(), log: w.path("portal.log"), ready: answers(w.Origin() + "/readyz"),
		// In good order, so that it ends its database.
		orphaned: syscall.SIGTERM,
	}
	w.atEnd(w.endPortal)
	return w.Portal.Start(ctx)
}

// endPortal also ends the database that a killed portal left running.
func (w *World) endPortal() error {
	running := w.Portal.PID() != 0
	err := w.Portal.Stop()
	if running && err == nil {
		return nil
	}
	cluster, clusterErr := w.cluster()
	if clusterErr != nil {
		return errors.Join(err, clusterErr)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return errors.Join(err, cluster.Stop(ctx))
}

func (w *World) cluster() (*localpg.Cluster, error) {
	return localpg.New(localpg.Config{Dir: w.path("portal", "postgres")})
}

// AgentSettings are the parts of the agent's configuration that tests change.
type AgentSettings struct {
	Modules  []string // PKCS #11 modules
	Pinentry []string // program and arguments; empty looks for one
	Language string
	// Window has requests shown in the scripted window (World.Window) instead of by dialogs alone.
	Window bool
	// NoTerminal leaves out the key that identification cards demand of a terminal.
	NoTerminal bool
	// Cards is the socket of another card daemon; empty is this world's own.
	Cards string
	// Portals replaces the pinned portals when not nil: name, origin, key.
	Portals []map[string]string
}

// AgentConfig is the configuration file of the agent, for its other commands.
func (w *World) AgentConfig() string { return w.path("agent.json") }

// environment leads programs to this world's card daemon and tokens.
func (w *World) environment() []string { return w.environmentOf(w.AgentSettings()) }

func (w *World) environmentOf(s AgentSettings) []string {
	cards := w.Pcscd.Env()
	if s.Cards != "" {
		cards = "PCSCLITE_CSOCK_NAME=" + s.Cards
	}
	env := []string{cards, "SOFTHSM2_CONF=" + w.softhsmConfig(), "XDG_RUNTIME_DIR=" + w.runtimeDir()}
	if s.Window {
		env = append(env, noDisplay)
	}
	return env
}

// Command prepares a program that sees the cards and tokens of this world;
// zaver-portal and zaver-agent are the ones that run here.
func (w *World) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	if name == "zaver-portal" || name == "zaver-agent" {
		name = filepath.Join(w.programs, name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), w.environment()...)
	return cmd
}

// AgentSettings are the settings of now, to be changed and given to SetAgent.
func (w *World) AgentSettings() AgentSettings {
	w.settings.Lock()
	defer w.settings.Unlock()
	return w.agent
}

// SetAgent changes the agent's configuration; the agent is started again.
func (w *World) SetAgent(ctx context.Context, s AgentSettings) error {
	if err := w.Agent.Stop(); err != nil {
		return err
	}
	if err := w.configureAgent(ctx, s); err != nil {
		return err
	}
	w.Agent.env = append(os.Environ(), w.environment()...) // it does not run
	return w.Agent.Start(ctx)
}

func (w *World) configureAgent(ctx context.Context, s AgentSettings) error {
	pinned := s.Portals
	if pinned == nil {
		key, err := w.statementKey(ctx)
		if err != nil {
			return err
		}
		pinned = []map[string]string{{"name": "zaver", "origin": w.Origin(), "key": key}}
	}
	w.settings.Lock()
	defer w.settings.Unlock()
	config := map[string]any{
		"portals": pinned, "loopback": map[string]any{"port": w.ports.Agent}, "modules": s.Modules, "p11kit": false, "language": s.Language,
		"log": map[string]any{"level": "debug"},
	}
	if !s.NoTerminal {
		config["terminal"] = w.path("terminal.json")
		if err := replace(w.path("terminal.json"), w.cards.NewTerminal(nil).File()); err != nil {
			return fmt.Errorf("configure agent: %w", err)
		}
	}
	if s.Window {
		program, err := w.scriptedWindow(ctx)
		if err != nil {
			return err
		}
		config["window"] = program
	} else if !w.cfg.Person {
		config["window"] = "off"
	}
	if len(s.Pinentry) > 0 {
		config["pinentry"] = s.Pinentry
	}
	if w.cfg.TTY != "" {
		config["tty"] = w.cfg.TTY
	}
	if err := writeJSON(w.AgentConfig(), config); err != nil {
		return fmt.Errorf("configure agent: %w", err)
	}
	w.agent = s
	return w.writeNativeHost(s)
}

// statementKey is the public key that the portal prints for those who set up agents.
func (w *World) statementKey(ctx context.Context) (string, error) {
	out, err := w.Command(ctx, "zaver-portal", "key", "-config", w.PortalConfig()).Output()
	if err != nil {
		return "", fmt.Errorf("ask the portal for its key: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if key, ok := strings.CutPrefix(strings.TrimSpace(line), "statement "); ok {
			return key, nil
		}
	}
	return "", fmt.Errorf("ask the portal for its key: %q has none", out)
}

func (w *World) startAgent(ctx context.Context) error {
	module, err := softhsm()
	if err != nil {
		return err
	}
	s := AgentSettings{Modules: []string{module, w.gostModule.Module()}, Language: "ru", Pinentry: w.pinentry}
	if err := os.MkdirAll(w.runtimeDir(), 0o700); err != nil {
		return fmt.Errorf("start agent: %w", err)
	}
	if err := w.configureAgent(ctx, s); err != nil {
		return err
	}
	env := append(os.Environ(), w.environment()...)
	w.Agent = &Program{
		name: "agent", argv: []string{filepath.Join(w.programs, "zaver-agent"), "run", "--config", w.AgentConfig()},
		env: env, log: w.path("agent.log"), ready: listens(address(w.ports.Agent)), orphaned: syscall.SIGKILL,
	}
	w.atEnd(w.Agent.Stop)
	return w.Agent.Start(ctx)
}

// answers looks for status 200.
func answers(url string) func(context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second}
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(io.LimitReader(answer.Body, 500)) // only to say more
			return fmt.Errorf("status %d: %s", answer.StatusCode, body)
		}
		return nil
	}
}

// listens looks for an open port.
func listens(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return replace(path, append(b, '\n'))
}

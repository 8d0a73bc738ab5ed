// SPDX-License-Identifier: Apache-2.0

package wiped

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/nativemsg"
	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/memscan"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/ports"
)

// What all tests share; written before they start.
var (
	program, dialogs string
	compiled         *gosttoken.Compiled
	centre           *pki.PKI
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "zaver-wiped")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if err := prepare(dir); err != nil {
			fmt.Fprintln(os.Stderr, "set-up:", err)
			return 1
		}
		defer centre.Close()
		return m.Run()
	}())
}

func prepare(dir string) (err error) {
	program = filepath.Join(dir, "zaver-agent")
	if out, err := exec.Command("go", "build", "-o", program, "zaver/cmd/zaver-agent").CombinedOutput(); err != nil {
		return fmt.Errorf("build agent: %w: %s", err, out)
	}
	if dialogs, err = pinentry.Build(context.Background(), dir); err != nil {
		return err
	}
	if compiled, err = gosttoken.Compile(context.Background(), filepath.Join(dir, "gost")); err != nil {
		return err
	}
	centre, err = pki.Start(pki.Config{})
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// computer is the agent of one person, with one device.
type computer struct {
	t       *testing.T
	who     people.Person
	method  agent.Method
	portal  *portal
	script  *pinentry.Pinentry
	env     []string
	modules []string
	dir     string // configuration, log and runtime folder of the agent: nothing else writes there
	options map[string]any
	before  []func(config string) // what must be so before the agent starts
	user    *syscall.Credential   // nil: that of the test

	door string // "run" or "native-host"
	port int
	cmd  *exec.Cmd
	in   io.WriteCloser // of the native host
	out  io.Reader

	mu   sync.Mutex
	told bytes.Buffer // what the door told the page
}

// someone is a person whose every secret is new, and so long that none is found by chance.
func someone(number int) people.Person {
	p := people.Numbered(number)
	p.PINs = people.PINs{Token: number14(), SO: number14(), Card1: number14(), Card2: number14(), PUK: number14()}
	return p
}

// number14 is a PIN for devices that take long ones, word8 for those that take eight characters.
func number14() string { return memscan.Digits(14) }
func word8() string    { return memscan.Letters(8) }

// profile gives the agent a card profile of its own in place of one of the built-in: with another line.
func (c *computer) profile(name, line, other string) {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join("../../cardreader/card/profiles", name))
	must(c.t, err)
	if !bytes.Contains(b, []byte(line)) {
		c.t.Fatalf("%s has no %s", name, line)
	}
	dir := filepath.Join(c.dir, "profiles")
	must(c.t, os.MkdirAll(dir, 0o700))
	must(c.t, os.WriteFile(filepath.Join(dir, name), bytes.ReplaceAll(b, []byte(line), []byte(other)), 0o600))
	c.options["profiles"] = dir
}

func newComputer(t *testing.T, door string, who people.Person) *computer {
	t.Helper()
	c := &computer{t: t, who: who, method: agent.MethodToken, portal: newPortal(t, who), dir: t.TempDir(), door: door, options: map[string]any{}}
	must(t, os.Mkdir(filepath.Join(c.dir, "run"), 0o700))
	var err error
	c.script, err = pinentry.New(t.TempDir(), dialogs, pinentry.Script{})
	must(t, err)
	c.env = []string{"XDG_RUNTIME_DIR=" + filepath.Join(c.dir, "run"), "TMPDIR=" + c.dir, "HOME=" + c.dir,
		"PCSCLITE_CSOCK_NAME=" + filepath.Join(c.dir, "none")}
	return c
}

// start runs the agent behind its door.
func (c *computer) start() {
	c.t.Helper()
	port, release, err := ports.Hold()
	must(c.t, err)
	c.t.Cleanup(release)
	c.port = port
	config := map[string]any{"portals": []map[string]string{{"name": "Демо", "origin": c.portal.server.URL, "key": c.portal.public}}, "language": "ru",
		"loopback": map[string]int{"port": c.port}, "modules": c.modules, "p11kit": false, "pinentry": c.script.Argv(), "window": "off", "log": map[string]any{"level": "debug"}}
	for name, v := range c.options {
		config[name] = v
	}
	b, err := json.Marshal(config)
	must(c.t, err)
	file := filepath.Join(c.dir, "agent.json")
	must(c.t, os.WriteFile(file, b, 0o600))
	for _, f := range c.before {
		f(file)
	}
	args := []string{c.door, "--config", file}
	if c.door == "native-host" {
		args = append(args, "--", "chrome-extension://"+extension.ChromiumID+"/")
	}
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(c.t, err)
	c.cmd = exec.Command(program, args...)
	c.cmd.Env, c.cmd.Stderr, c.cmd.Dir = append(os.Environ(), c.env...), log, c.dir
	if c.user != nil {
		open(c.t, c.dir, filepath.Dir(c.script.Argv()[2]))
		for _, v := range c.env {
			if store, ok := strings.CutPrefix(v, "SOFTHSM2_CONF="); ok {
				open(c.t, filepath.Dir(store))
			}
		}
		c.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	}
	c.in, err = c.cmd.StdinPipe()
	must(c.t, err)
	c.out, err = c.cmd.StdoutPipe()
	must(c.t, err)
	must(c.t, c.cmd.Start())
	must(c.t, log.Close())
	c.t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		if c.t.Failed() {
			b, _ := os.ReadFile(c.log()) // none says nothing
			c.t.Logf("the agent's log:\n%s", b)
		}
	})
	if c.door == "run" {
		ready := make([]byte, 16)
		_, err := io.ReadFull(c.out, ready)
		must(c.t, err)
	}
}

// seen waits until the smart-card service has seen the card, which takes it half a second.
func (c *computer) seen(config string) {
	c.t.Helper()
	for late := time.Now().Add(30 * time.Second); time.Now().Before(late); {
		if out, _ := c.run("cards", "--json", "--config", config); strings.Contains(out, `"present": true`) || strings.Contains(out, `"present":true`) {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	c.t.Fatal("the service does not see the card")
}

// run runs another command of the agent to its end.
func (c *computer) run(args ...string) (stdout string, exit int) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), program, args...)
	cmd.Env = append(os.Environ(), c.env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told.Write(out.Bytes())
	c.told.Write(errs.Bytes())
	return out.String(), cmd.ProcessState.ExitCode()
}

func (c *computer) log() string { return filepath.Join(c.dir, "agent.log") }

// confirm hands a request over through the door; the last step comes in time.
func (c *computer) confirm(request string) <-chan agent.Step {
	c.t.Helper()
	order := map[string]string{"origin": c.portal.server.URL, "request": request, "ticket": "Tk-hG7fD3sK1_-qWeRtYuIoP", "method": string(c.method), "lang": "ru"}
	last := make(chan agent.Step, 1)
	if c.door == "native-host" {
		order["do"], order["sender"] = "confirm", c.portal.server.URL
		b, err := json.Marshal(order)
		must(c.t, err)
		must(c.t, nativemsg.WriteFrame(c.in, b))
		go func() { last <- c.hear(nativeSteps(c.out)) }()
		return last
	}
	b, err := json.Marshal(order)
	must(c.t, err)
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/v1/confirm", c.port), bytes.NewReader(b))
	must(c.t, err)
	r.Header.Set("Origin", c.portal.server.URL)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	must(c.t, err)
	go func() {
		defer answer.Body.Close()
		d := json.NewDecoder(answer.Body)
		last <- c.hear(func(v *json.RawMessage) error { return d.Decode(v) })
	}()
	return last
}

func nativeSteps(out io.Reader) func(*json.RawMessage) error {
	return func(v *json.RawMessage) (err error) {
		*v, err = nativemsg.ReadFrame(out, nativemsg.MaxOut)
		return err
	}
}

// hear reads steps to the last one.
func (c *computer) hear(next func(*json.RawMessage) error) (step agent.Step) {
	for {
		var raw json.RawMessage
		if err := next(&raw); err != nil {
			return step
		}
		c.mu.Lock()
		c.told.Write(raw)
		c.mu.Unlock()
		step = agent.Step{}
		if err := json.Unmarshal(raw, &step); err != nil || step.Final() {
			return step
		}
	}
}

// shown waits for the nth dialog of a kind.
func (c *computer) shown(command string, n int) {
	c.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		all, err := c.script.Shown()
		must(c.t, err)
		count := 0
		for _, s := range all {
			if s.Command == command {
				count++
			}
		}
		if count >= n {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("no dialog %s number %d: %+v", command, n, all)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// family are the agent's processes, but for those that play the person.
func (c *computer) family() []int {
	c.t.Helper()
	all, err := memscan.Family(c.cmd.Process.Pid)
	must(c.t, err)
	return slices.DeleteFunc(all, func(pid int) bool {
		args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return err == nil && strings.Contains(string(args), dialogs)
	})
}

// search looks for a secret wherever the agent could have left it.
func (c *computer) search(secret string) []memscan.Found {
	c.t.Helper()
	forms := memscan.Forms(secret)
	var found []memscan.Found
	for _, pid := range c.family() {
		here, err := memscan.Process(pid, forms)
		must(c.t, err)
		found = append(found, here...)
	}
	files, err := memscan.Files(c.dir, forms)
	must(c.t, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat(found, files, memscan.Bytes("traffic with the portal", c.portal.said(), forms), memscan.Bytes("traffic with the page", c.told.Bytes(), forms))
}

// gone fails for every copy of the secrets.
func (c *computer) gone(when string, secrets ...string) {
	c.t.Helper()
	for i, s := range secrets {
		for _, f := range c.search(s) {
			c.t.Errorf("%s, secret %d: %s", when, i+1, f)
		}
	}
}

// end waits for the end of a request.
func (c *computer) end(last <-chan agent.Step) agent.Step {
	c.t.Helper()
	select {
	case s := <-last:
		return s
	case <-time.After(30 * time.Second):
		c.t.Fatal(errors.New("the request does not end"))
	}
	return agent.Step{}
}

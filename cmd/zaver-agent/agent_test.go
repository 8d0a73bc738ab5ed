// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/signature/challenge"
	"zaver/signature/cms"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/ports"
	"zaver/softhsm-fixtures/tokens"
)

var program, dialogs string

// closers end what tests share.
var closers []func() error

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "zaver-agent")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "zaver-agent")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	if dialogs, err = pinentry.Build(context.Background(), dir); err != nil {
		panic(err)
	}
	code := m.Run()
	for _, end := range closers {
		_ = end()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// patience bounds every wait for what must come; what comes is what is awaited, not the time.
const patience = 2 * time.Minute

// freePort is a port on which nobody listens but whom the test tells it.
func freePort(t *testing.T) int {
	t.Helper()
	port, release, err := ports.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

// run runs the program to its end.
func run(t *testing.T, env []string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func writeConfig(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "agent.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommandLine(t *testing.T) {
	_, key, err := challenge.GenerateKey("portal.test")
	if err != nil {
		t.Fatal(err)
	}
	portals := func(origin, key string) []map[string]string {
		return []map[string]string{{"name": "Демо", "origin": origin, "key": key}}
	}
	home := []string{"HOME=" + t.TempDir(), "XDG_CONFIG_HOME=", "XDG_RUNTIME_DIR=" + t.TempDir()}
	for _, c := range []struct {
		name        string
		args        []string
		exit        int
		out, errors string
	}{
		{"nothing", nil, 2, "", "hint: zaver-agent help"},
		{"unknown", []string{"sign"}, 2, "", `unknown command "sign"`},
		{"help", []string{"help"}, 0, "Exit codes", ""},
		{"help of a command", []string{"run", "--help"}, 0, "--tty", ""},
		{"version", []string{"version"}, 0, "zaver-agent ", ""},
		{"unknown flag", []string{"tokens", "--pin=1234"}, 2, "", "-pin"},
		{"argument too many", []string{"cards", "x"}, 2, "", `unexpected argument "x"`},
		{"no configuration", []string{"run"}, 3, "", "hint: give another file with --config"},
		{"no portals", []string{"run", "--config", writeConfig(t, map[string]any{})}, 3, "", "no portals"},
		{"unknown field", []string{"run", "--config", writeConfig(t, map[string]any{"portal": 1})}, 3, "", `unknown field "portal"`},
		{"plain http", []string{"run", "--config", writeConfig(t, map[string]any{"portals": portals("http://portal.example", key), "pinentry": []string{"/bin/true"}})}, 3, "", "use https"},
		{"false key", []string{"run", "--config", writeConfig(t, map[string]any{"portals": portals("https://portal.example", "x"), "pinentry": []string{"/bin/true"}})}, 3, "", "portals[0].key"},
		{"no pinentry", []string{"run", "--config", writeConfig(t, map[string]any{"portals": portals("https://portal.example", key), "pinentry": []string{"/nonexistent"}})}, 3, "", "hint: install pinentry"},
		{"relative module", []string{"tokens", "--config", writeConfig(t, map[string]any{"modules": []string{"lib.so"}})}, 3, "", "relative"},
		{"bad port", []string{"tokens", "--config", writeConfig(t, map[string]any{"loopback": map[string]int{"port": 70000}})}, 3, "", "no port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, exit := run(t, home, c.args...)
			if exit != c.exit || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errors) {
				t.Errorf("exit %d\nstdout: %s\nstderr: %s", exit, out, errs)
			}
		})
	}
}

// surroundings are a portal, a token in SoftHSM and a scripted person.
type surroundings struct {
	t       *testing.T
	portal  *httptest.Server
	private string
	text    []byte
	got     chan []byte
	script  *pinentry.Pinentry
	config  map[string]any
	env     []string
	port    int
}

const requestID, ticket, submit = "Rq-aZ0xCw9vQ2_-pLmN", "Tk-hG7fD3sK1_-qWeRtYuIoP", "Sb-zXcVbNm8_-aSdFgHjKlQw"

func surround(t *testing.T, s pinentry.Script) *surroundings {
	t.Helper()
	x := &surroundings{t: t, got: make(chan []byte, 1), port: freePort(t)}
	x.portal = httptest.NewServer(x)
	t.Cleanup(x.portal.Close)
	private, public, err := challenge.GenerateKey("portal.test")
	if err != nil {
		t.Fatal(err)
	}
	x.private = private
	centre, err := pki.Start(pki.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = centre.Close() })
	vera := people.TokenHolder()
	good, err := centre.Make(pki.Order{Person: vera})
	if err != nil {
		t.Fatal(err)
	}
	store, err := tokens.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Add(t.Context(), tokens.For(vera, good)); err != nil {
		t.Fatal(err)
	}
	if x.script, err = pinentry.New(t.TempDir(), dialogs, s); err != nil {
		t.Fatal(err)
	}
	x.env = append(store.Env(), "XDG_RUNTIME_DIR="+t.TempDir())
	x.config = map[string]any{
		"portals":  []map[string]string{{"name": "Демо", "origin": x.portal.URL, "key": public}},
		"loopback": map[string]int{"port": x.port}, "modules": []string{store.Module()}, "p11kit": false, "pinentry": x.script.Argv(),
	}
	return x
}

func (x *surroundings) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch r.URL.Path {
	case "/agent/v1/statement/" + requestID:
		signer, err := challenge.NewSigner(x.private)
		if err != nil {
			x.t.Error(err)
			return
		}
		vera, now := people.TokenHolder(), time.Now().UTC().Truncate(time.Second)
		st := challenge.Statement{Purpose: challenge.ConfirmIdentity, Origin: x.portal.URL, Request: requestID, Issued: now, Expires: now.Add(challenge.Life),
			Account: "+7 900 ***-**-01", Holder: vera.FullName(), SNILS: ident.SNILS(vera.SNILS), ControlCode: "4815"}
		_, _ = rand.Read(st.Nonce[:])
		if x.text, err = challenge.Sign(st, signer); err != nil {
			x.t.Error(err)
			return
		}
		w.Header().Set("Zaver-Submit", submit)
		_, _ = w.Write(x.text)
	case "/agent/v1/response/" + requestID:
		x.got <- body
		_, _ = io.WriteString(w, `{"state":"confirmed","codes":[]}`)
	default:
		_, _ = io.WriteString(w, `{}`)
	}
}

// start runs the agent until the test ends, and returns what it logs.
func (x *surroundings) start() (cmd *exec.Cmd, log *bytes.Buffer) {
	x.t.Helper()
	cmd = exec.Command(program, "run", "--config", writeConfig(x.t, x.config))
	cmd.Env = append(os.Environ(), x.env...)
	log = &bytes.Buffer{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != fmt.Sprintf("zaver-agent: ready on http://127.0.0.1:%d\n", x.port) {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		x.t.Fatalf("got %q, %v\n%s", line, err, log)
	}
	return cmd, log
}

func (x *surroundings) confirm() []agent.Step {
	x.t.Helper()
	body := fmt.Sprintf(`{"origin":%q,"request":%q,"ticket":%q,"method":"token","lang":"ru"}`, x.portal.URL, requestID, ticket)
	req, err := http.NewRequestWithContext(x.t.Context(), "POST", "http://127.0.0.1:"+strconv.Itoa(x.port)+"/v1/confirm", strings.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Origin", x.portal.URL)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	defer resp.Body.Close()
	var steps []agent.Step
	for dec := json.NewDecoder(resp.Body); ; {
		var s agent.Step
		if err := dec.Decode(&s); err != nil {
			return steps
		}
		steps = append(steps, s)
	}
}

// The real program, a real SoftHSM token behind its worker process, a real dialog process.
func TestRoadWithToken(t *testing.T) {
	vera := people.TokenHolder()
	x := surround(t, pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{"00000000", vera.PINs.Token}})
	cmd, log := x.start()
	steps := x.confirm()
	if last := steps[len(steps)-1]; last.State != "confirmed" {
		t.Fatalf("got %+v\n%s", steps, log)
	}
	signed, err := cms.Parse(<-x.got)
	if err != nil {
		t.Fatal(err)
	}
	if p := signed.Check(); len(p) > 0 || !bytes.Equal(signed.Content, x.text) {
		t.Errorf("problems %v", p)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, log)
	}
	x.discreet(log.String())
}

// discreet fails when a log holds what is the person's. Ports and the folder of the dialog program are left out: theirs are digits, too.
func (x *surroundings) discreet(log string) {
	x.t.Helper()
	vera := people.TokenHolder()
	log = strings.NewReplacer(x.portal.URL, "", fmt.Sprintf("127.0.0.1:%d", x.port), "", filepath.Dir(dialogs), "").Replace(log)
	for _, secret := range []string{vera.PINs.Token, vera.Surname, vera.SNILS, "4815", ticket, submit} {
		if strings.Contains(log, secret) {
			x.t.Errorf("the log holds %q", secret)
		}
	}
}

// A second agent says why it doesn't start; so does one whose port another program holds.
func TestSingleInstance(t *testing.T) {
	x := surround(t, pinentry.Script{})
	x.start()
	if _, errs, exit := run(t, x.env, "run", "--config", writeConfig(t, x.config)); exit != 4 || !strings.Contains(errs, "another instance is running") {
		t.Errorf("exit %d: %s", exit, errs)
	}
	other := append(x.env, "XDG_RUNTIME_DIR="+t.TempDir())
	if _, errs, exit := run(t, other, "run", "--config", writeConfig(t, x.config)); exit != 4 || !strings.Contains(errs, "hint: end the program that holds the port") {
		t.Errorf("exit %d: %s", exit, errs)
	}
}

// SIGTERM in the middle of a request ends dialog and worker with the agent.
func TestTermWhileAsking(t *testing.T) {
	x := surround(t, pinentry.Script{Confirm: []string{pinentry.Hang}})
	cmd, log := x.start()
	done := make(chan []agent.Step, 1)
	go func() { done <- x.confirm() }()
	tick, late := time.NewTicker(10*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		if shown, err := x.script.Shown(); err == nil && len(shown) > 0 {
			break
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("no dialog\n%s", log)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, log)
	}
	if steps := <-done; len(steps) == 0 || steps[len(steps)-1].Code != agent.CodeCancelled {
		t.Errorf("the page was told %+v", steps)
	}
	if out, err := exec.Command("pgrep", "-f", x.script.Argv()[2]).Output(); err == nil {
		t.Errorf("dialog left: %s", out)
	}
}

func TestListTokens(t *testing.T) {
	x := surround(t, pinentry.Script{})
	config := writeConfig(t, x.config)
	out, errs, exit := run(t, x.env, "tokens", "--config", config)
	if exit != 0 || !strings.Contains(out, "Светлова Вера Андреевна") || !strings.Contains(out, "usable") {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
	out, _, _ = run(t, x.env, "tokens", "--json", "--config", config)
	var listed struct {
		Tokens []struct {
			Token, Tries string
			Usable       bool
		}
	}
	if err := json.Unmarshal([]byte(out), &listed); err != nil || len(listed.Tokens) != 1 || !listed.Tokens[0].Usable {
		t.Errorf("%v: %s", err, out)
	}
}

func TestCardsWithoutService(t *testing.T) {
	_, errs, exit := run(t, []string{"PCSCLITE_CSOCK_NAME=" + filepath.Join(t.TempDir(), "none")}, "cards")
	if exit != 1 || !strings.Contains(errs, "[doctor.service.stopped]") || !strings.Contains(errs, "systemctl start pcscd.socket") {
		t.Errorf("exit %d: %s", exit, errs)
	}
}

// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/cards"
	"zaver/cardreader/agent/doctor"
	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/challenge"
	"zaver/signature/token"
	"zaver/softhsm-fixtures/faultmodule"
	"zaver/softhsm-fixtures/people"
	scripted "zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/ports"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/tokens"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
)

// asWorker makes this test binary a worker process of signature/token; asNobody has it examine a service's socket and
// print the report, as a user of no rights.
const (
	asWorker = "pkcs11-worker"
	asNobody = "doctor-of-nobody"
)

// What all tests share: things that take long to make.
var (
	daemon  *readers.Daemon
	centre  *pki.PKI
	dialogs string        // program of the scripted pinentry
	store   *tokens.Store // one token with one good certificate
	faulty  *faultmodule.Compiled
	private string // the portal's key pair
	public  string
	slot    *vpcd.Slot // reader 0
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asWorker {
		os.Exit(token.ServeWorker(os.Stdin, os.Stdout))
	}
	if len(os.Args) == 3 && os.Args[1] == asNobody {
		r := doctor.Run(context.Background(), doctor.Config{Root: "/nonexistent", Env: env{readers.SocketVariable: os.Args[2]}.get})
		_ = r.WriteJSON(os.Stdout)
		os.Exit(r.Exit)
	}
	code, err := surrounded(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func surrounded(m *testing.M) (code int, err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "doctor")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if daemon, err = readers.Start(ctx); err != nil {
		return 1, err
	}
	defer func() { _ = daemon.Close() }()
	// The client library reads the socket's name once per process.
	if err := os.Setenv(readers.SocketVariable, daemon.Socket()); err != nil {
		return 1, err
	}
	if centre, err = pki.Start(pki.Config{}); err != nil {
		return 1, err
	}
	defer func() { _ = centre.Close() }()
	if dialogs, err = scripted.Build(ctx, dir); err != nil {
		return 1, err
	}
	if faulty, err = faultmodule.Compile(ctx, dir); err != nil {
		return 1, err
	}
	if private, public, err = challenge.GenerateKey("portal.test"); err != nil {
		return 1, err
	}
	if store, err = storeWith(ctx, filepath.Join(dir, "store"), pki.Good); err != nil {
		return 1, err
	}
	slot = vpcd.NewSlot(daemon.Slot(0))
	return m.Run(), nil
}

// storeWith makes a token with one certificate.
func storeWith(ctx context.Context, dir string, v pki.Variant) (*tokens.Store, error) {
	s, err := tokens.New(dir)
	if err != nil {
		return nil, err
	}
	id, err := centre.Make(pki.Order{Person: people.TokenHolder(), Variant: v})
	if err != nil {
		return nil, err
	}
	return s, s.Add(ctx, tokens.For(people.TokenHolder(), id))
}

// env is an environment.
type env map[string]string

func (e env) get(name string) string { return e[name] }

// computer is one on which everything is well, until a test breaks something.
type computer struct {
	t       *testing.T
	config  doctor.Config
	env     env
	root    string
	home    string
	runtime string
	program string
	modules token.Config
	portal  *httptest.Server
	answer  http.HandlerFunc // of the portal
	skew    atomic.Int64     // nanoseconds that the portal's clock is ahead
}

const secretHome = "ivan-petrov"

func newComputer(t *testing.T) *computer {
	t.Helper()
	dir := t.TempDir()
	c := &computer{t: t, root: filepath.Join(dir, "root"), home: filepath.Join(dir, "home", secretHome), runtime: filepath.Join(dir, "run")}
	for _, d := range []string{c.root, c.home, c.runtime} {
		c.must(os.MkdirAll(d, 0o700))
	}
	c.program = c.file(filepath.Join(dir, "zaver-agent"), "program", 0o755)
	c.file(c.root+"/usr/sbin/pcscd", "", 0o755)
	c.file(c.root+"/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n", 0o644)
	c.env = env{readers.SocketVariable: daemon.Socket(), "XDG_RUNTIME_DIR": c.runtime, "WAYLAND_DISPLAY": "w0", "XDG_SESSION_TYPE": "wayland"}
	c.listen(filepath.Join(c.runtime, "w0"), func(conn net.Conn) { _ = conn.Close() })
	c.openPortal()
	c.browser(extension.Chromium)
	script, err := scripted.New(t.TempDir(), dialogs, scripted.Script{})
	c.must(err)
	self, err := os.Executable()
	c.must(err)
	profiles, err := card.BuiltinProfiles()
	c.must(err)
	terminal, err := card.ParseTerminal(uec.Shared().NewTerminal(nil).File())
	c.must(err)
	c.modules = token.Config{Modules: []string{store.Module()}, Worker: []string{self, asWorker}, Env: store.Env(), ListDeadline: doctor.ModuleDeadline}
	c.config = doctor.Config{Language: words.Russian, Version: "1.2.3", Method: agent.MethodToken,
		Settings: doctor.Settings{Path: filepath.Join(c.home, ".config/zaver/agent.json"), Port: freePort(t),
			Portals: []doctor.Portal{{Name: "Демо", Origin: c.portal.URL, Key: public}}},
		Cards:    cards.New(cards.Service(pcsc.New(pcsc.Config{})), profiles, nil, nil, card.WithTerminal(terminal)),
		Pinentry: pinentry.Config{Argv: script.Argv(), Env: os.Environ()}, Program: c.program,
		Root: c.root, Home: c.home, Env: c.env.get, Roots: c.roots(),
		Limits: func() doctor.Limits { return doctor.Limits{LockedMemory: math.MaxUint64} },
		Free:   func(string) (uint64, error) { return 1 << 30, nil }}
	return c
}

func (c *computer) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// file writes a file with the folders above it.
func (c *computer) file(path, content string, mode os.FileMode) string {
	c.t.Helper()
	c.must(os.MkdirAll(filepath.Dir(path), 0o755))
	c.must(os.WriteFile(path, []byte(content), mode))
	return path
}

func (c *computer) json(path string, v any) string {
	c.t.Helper()
	b, err := json.Marshal(v)
	c.must(err)
	return c.file(path, string(b), 0o644)
}

// listen answers connections to a UNIX socket until the test ends.
func (c *computer) listen(path string, serve func(net.Conn)) {
	c.t.Helper()
	l, err := net.Listen("unix", path)
	c.must(err)
	c.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
}

func (c *computer) openPortal() {
	c.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/agent/v1/key" {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprintln(w, public)
	}
	c.portal = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Duration(c.skew.Load())).UTC().Format(http.TimeFormat))
		c.answer(w, r)
	}))
	c.t.Cleanup(c.portal.Close)
}

func (c *computer) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.portal.Certificate())
	return pool
}

// browser installs a browser with manifest and extension.
func (c *computer) browser(b extension.Browser) {
	c.t.Helper()
	program := map[extension.Browser]string{extension.Chromium: "chromium", extension.Chrome: "google-chrome", extension.Yandex: "yandex-browser", extension.Firefox: "firefox-esr"}[b]
	c.file(c.root+"/usr/bin/"+program, "", 0o755)
	launcher := c.file(filepath.Join(c.home, ".local/zaver-launch"), string(extension.Launcher(c.program, "")), 0o755)
	manifest, err := extension.HostManifest(b, launcher)
	c.must(err)
	c.file(extension.UserManifest(b, c.home), string(manifest), 0o644)
	c.extension(b, true, true)
}

// extension writes the browser's memory of its extensions.
func (c *computer) extension(b extension.Browser, there, on bool) {
	c.t.Helper()
	if b.Gecko() {
		addons := []map[string]any{{"id": "other@example.com", "active": true}}
		if there {
			addons = append(addons, map[string]any{"id": extension.GeckoID, "active": on})
		}
		c.json(filepath.Join(c.home, ".mozilla/firefox/x.default/extensions.json"), map[string]any{"addons": addons})
		return
	}
	settings := map[string]any{"aaaa": map[string]any{"state": 1}}
	if there {
		state := 0
		if on {
			state = 1
		}
		settings[extension.ChromiumID] = map[string]any{"state": state}
	}
	dir := filepath.Dir(filepath.Dir(extension.UserManifest(b, c.home)))
	c.json(filepath.Join(dir, "Default/Preferences"), map[string]any{"extensions": map[string]any{"settings": settings}})
}

// use has the tokens listed by these modules; environment is that of their processes.
func (c *computer) use(environment []string, modules ...string) {
	c.modules.Modules, c.modules.Env = modules, environment
}

// fault installs a copy of the module that misbehaves over the good token.
func (c *computer) fault(orders ...faultmodule.Order) string {
	c.t.Helper()
	m, err := faulty.Install(filepath.Join(c.t.TempDir(), "fault.so"), store.Module(), orders...)
	c.must(err)
	return m.Path()
}

// examine runs the doctor.
func (c *computer) examine() doctor.Report {
	c.t.Helper()
	if c.config.Tokens == nil {
		host, err := token.New(c.modules)
		c.must(err)
		c.t.Cleanup(func() { _ = host.Close() })
		c.config.Tokens = host
	}
	begun := time.Now()
	r := doctor.Run(c.t.Context(), c.config)
	took := time.Since(begun)
	note(took)
	if took > 3*time.Second {
		c.t.Errorf("the run took %v", took)
	}
	c.discreet(r)
	return r
}

// discreet fails when what leaves the computer tells whose it is: after each fault that a test injects.
func (c *computer) discreet(r doctor.Report) {
	c.t.Helper()
	var bundle, public bytes.Buffer
	c.must(doctor.WriteBundle(&bundle, c.config, r))
	c.must(r.Public().WriteJSON(&public))
	files := unzip(c.t, bundle.Bytes())
	files["the public report"] = public.String()
	secrets := append(identifying(c.t), c.home, secretHome, c.root, c.program, c.portal.Listener.Addr().String(), daemon.Reader(0))
	for name, content := range files {
		scan(c.t, name, content, secrets)
	}
}

var (
	identifyOnce sync.Once
	identities   []string
)

// identifying is what tells people and their devices from others: names, numbers, PINs, and the serial numbers and labels of tokens and certificates.
func identifying(t *testing.T) []string {
	t.Helper()
	identifyOnce.Do(func() {
		for _, p := range []people.Person{people.TokenHolder(), people.CardHolder()} {
			identities = append(identities, p.FullName(), p.Surname, p.Given, p.Patronymic, p.SNILS, p.Phone, p.PINs.Token, p.PINs.Card2, p.PINs.PUK)
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		host, err := token.New(token.Config{Modules: []string{store.Module()}, Worker: []string{self, asWorker}, Env: store.Env()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = host.Close() }()
		found, _ := host.List(t.Context())
		for _, tok := range found {
			identities = append(identities, tok.Serial, tok.Label)
			for _, c := range tok.Credentials {
				identities = append(identities, c.Certificate.Serial.Text(16), c.Certificate.Serial.String())
			}
		}
	})
	if len(identities) < 22 {
		t.Fatalf("only %d things to look for", len(identities))
	}
	return identities
}

// documented are the exit codes that docs/doctor.md tells, by code.
func documented(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	exits := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if cells := strings.Split(line, "|"); len(cells) >= 5 {
			exits[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[len(cells)-2])
		}
	}
	return exits
}

// insert puts a card into reader 0 until the test ends, and waits until the service sees it.
func (c *computer) insert(v vpcd.Card) {
	c.t.Helper()
	c.must(slot.Insert(c.t.Context(), v))
	c.t.Cleanup(func() {
		slot.Remove()
		waitFor(c.t, func(r pcsc.Reader) bool { return r.Name == daemon.Reader(0) && !r.Present })
	})
	waitFor(c.t, func(r pcsc.Reader) bool { return r.Name == daemon.Reader(0) && r.Present })
}

// waitFor waits until the service says of some reader what is wanted.
func waitFor(t *testing.T, wanted func(pcsc.Reader) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for s := range pcsc.New(pcsc.Config{}).Watch(ctx) {
		for _, r := range s.Readers {
			if wanted(r) {
				return
			}
		}
	}
	t.Fatal("the reader did not come to that state")
}

// uecCard makes a good card, changed as wished before it is personalised.
func uecCard(t *testing.T, v pki.Variant, change func(*uec.Config)) *uec.Card {
	t.Helper()
	key, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	who := people.CardHolder()
	id, err := centre.Make(pki.Order{Person: who, Authority: pki.UEC, Variant: v, PublicKey: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cfg := uec.Config{Key: key, Certificates: [][]byte{id.DER, id.Chain[0]}, PIN1: "1234", PIN2: "123456", KRP: "87654321",
		Holder: uec.Holder{SNILS: who.SNILS}, First: now.AddDate(-1, 0, 0), Last: now.AddDate(3, 0, 0)}
	if change != nil {
		change(&cfg)
	}
	c, err := uec.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// freePort is a port on which nobody listens until the test ends.
func freePort(t *testing.T) int {
	t.Helper()
	port, release, err := ports.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

// expect checks what a report must say of the one fault that was put in.
func expect(t *testing.T, r doctor.Report, state doctor.State, code string) {
	t.Helper()
	if len(r.Lines) == 0 {
		t.Fatal("no lines")
	}
	first := r.Lines[0]
	exit := 0
	if state == doctor.Fault {
		exit = doctor.AreaOf(code).Exit()
	}
	if first.Code != code || first.State != state || r.Exit != exit {
		for _, l := range r.Lines {
			t.Logf("%s %s: %s (%s)", l.State, l.Code, l.Text, l.Detail)
		}
		t.Errorf("the first line is %s %s with exit code %d, not %s %s with %d", first.State, first.Code, r.Exit, state, code, exit)
	}
	if told := documented(t)[code]; state == doctor.Fault && told != strconv.Itoa(r.Exit) {
		t.Errorf("exit code %d, docs/doctor.md says %s", r.Exit, told)
	}
	if state != doctor.OK && (first.Text == "" || first.Remedy == "") {
		t.Errorf("no words: %+v", first)
	}
}

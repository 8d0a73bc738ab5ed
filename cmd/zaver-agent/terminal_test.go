// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/terminal"
	"zaver/cardreader/pcsc"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/tokens"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
)

// runWith runs the program with something on standard input.
func runWith(t *testing.T, stdin string, env []string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// handover is the line that the portal's page shows.
func (x *surroundings) handover() string { return lineOf(x.portal.URL) }

func lineOf(origin string) string {
	return terminal.FormatHandover(agent.Request{Origin: origin, Method: agent.MethodToken, Request: requestID, Ticket: ticket}) + "\n"
}

// A whole confirmation without a browser: the line, the statement, consent, a wrong PIN, the right one, a signature.
func TestConfirmInTerminal(t *testing.T) {
	vera := people.TokenHolder()
	x := surround(t, pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{"00000000", vera.PINs.Token}})
	out, errs, exit := runWith(t, x.handover(), x.env, "confirm", "--lang", "en", "--config", writeConfig(t, x.config))
	if exit != 0 || !strings.Contains(out, "Portal: "+x.portal.URL) || !strings.Contains(out, "Control code: 4815") || !strings.Contains(out, "Done: your identity is confirmed.") {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
	signed, err := cms.Parse(<-x.got)
	if err != nil {
		t.Fatal(err)
	}
	if p := signed.Check(); len(p) > 0 || !bytes.Equal(signed.Content, x.text) {
		t.Errorf("problems %v", p)
	}
	for _, secret := range []string{vera.PINs.Token, ticket, submit, "\x1b"} {
		if strings.Contains(out+errs, secret) {
			t.Errorf("printed %q", secret)
		}
	}
}

func TestConfirmInTerminalEnds(t *testing.T) {
	vera := people.TokenHolder()
	right := pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{vera.PINs.Token}}
	for _, c := range []struct {
		name   string
		script pinentry.Script
		line   func(x *surroundings) string
		exit   int
		out    string
		errs   string
	}{
		{"declined", pinentry.Script{Confirm: []string{pinentry.Cancel}}, (*surroundings).handover, terminal.ExitDeclined, "[agent.declined]", ""},
		{"another portal", right, func(*surroundings) string { return lineOf("https://evil.example") }, 1, "[agent.origin]", ""},
		{"no line", right, func(*surroundings) string { return "" }, 2, "", "hint: copy the whole line"},
		{"nonsense", right, func(*surroundings) string { return "hello\n" }, 2, "", "not the line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := surround(t, c.script)
			out, errs, exit := runWith(t, c.line(x), x.env, "confirm", "--lang", "ru", "--config", writeConfig(t, x.config))
			if exit != c.exit || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
				t.Errorf("exit %d\n%s%s", exit, out, errs)
			}
			select {
			case <-x.got:
				t.Error("something was signed")
			default:
			}
		})
	}
}

// Who interrupts the command has declined. There is no page that was closed, and nothing says so.
func TestInterrupted(t *testing.T) {
	for _, c := range []struct {
		name   string
		script pinentry.Script
		args   []string
	}{
		{"confirm", pinentry.Script{Confirm: []string{pinentry.Hang}}, []string{"confirm"}},
		{"the PIN of a confirmation", pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{pinentry.Hang}}, []string{"confirm"}},
		{"pin change", pinentry.Script{PIN: []string{pinentry.Hang}}, []string{"pin", "change"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := surround(t, c.script)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, append(c.args, "--lang", "ru", "--config", writeConfig(t, x.config))...)
			cmd.Env, cmd.Stdin = append(os.Environ(), x.env...), strings.NewReader(x.handover())
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				shown, err := x.script.Shown()
				if err == nil && len(shown) == len(c.script.Confirm)+len(c.script.PIN) {
					break
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
					t.Fatalf("no dialog: %s", out.String())
				}
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if exit := cmd.ProcessState.ExitCode(); exit != terminal.ExitDeclined || !strings.Contains(out.String(), "[agent.declined]") || strings.Contains(out.String(), "траница закрыта") {
				t.Errorf("exit %d: %s", exit, out.String())
			}
		})
	}
}

// A program reads one JSON object a line, the same as at the doors.
func TestConfirmJSON(t *testing.T) {
	vera := people.TokenHolder()
	x := surround(t, pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{vera.PINs.Token}})
	out, errs, exit := runWith(t, x.handover(), x.env, "confirm", "--json", "--config", writeConfig(t, x.config))
	var steps []agent.Step
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var s agent.Step
		if err := dec.Decode(&s); err != nil {
			break
		}
		steps = append(steps, s)
	}
	if exit != 0 || len(steps) < 5 || steps[0].Step != agent.StepStatement || steps[len(steps)-1].State != "confirmed" || strings.Count(out, "\n") != len(steps) {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
}

// While one confirmation is open in a terminal, another one is busy.
func TestConfirmBusy(t *testing.T) {
	x := surround(t, pinentry.Script{Confirm: []string{pinentry.Hang}})
	config := writeConfig(t, x.config)
	first := exec.Command(program, "confirm", "--config", config) // ends in order below: killed, it would leave its dialog
	first.Env, first.Stdin = append(os.Environ(), x.env...), strings.NewReader(x.handover())
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Process.Signal(os.Interrupt); _ = first.Wait() })
	tick, late := time.NewTicker(10*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for shown, _ := x.script.Shown(); len(shown) == 0; shown, _ = x.script.Shown() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("no dialog")
		}
	}
	out, errs, exit := runWith(t, x.handover(), x.env, "confirm", "--config", config)
	if exit != terminal.ExitBusy || !strings.Contains(out, "[agent.busy]") {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
}

func TestTokensSpeakRussian(t *testing.T) {
	x := surround(t, pinentry.Script{})
	out, errs, exit := run(t, x.env, "tokens", "--lang", "ru", "--config", writeConfig(t, x.config))
	lines := strings.Split(out, "\n")
	if exit != 0 || len(lines) != 3 || !strings.HasPrefix(lines[0], "ТОКЕН") || !strings.HasSuffix(lines[1], "годен") {
		t.Fatalf("exit %d\n%s%s", exit, out, errs)
	}
	head, row := []rune(lines[0]), []rune(lines[1])
	if at := strings.Index(lines[0], "СОСТОЯНИЕ"); at < 0 || string(row[len([]rune(lines[0][:at])):]) != "годен" || len(head) == 0 {
		t.Errorf("columns are not aligned:\n%s", out)
	}
}

type pinsJSON struct{ PINs []terminal.PIN }

func status(t *testing.T, env []string, config string) []terminal.PIN {
	t.Helper()
	out, errs, exit := run(t, env, "pin", "status", "--json", "--config", config)
	var got pinsJSON
	if err := json.Unmarshal([]byte(out), &got); err != nil || exit != 0 {
		t.Fatalf("exit %d, %v\n%s%s", exit, err, out, errs)
	}
	return got.PINs
}

func TestPINOfToken(t *testing.T) {
	vera := people.TokenHolder()
	x := surround(t, pinentry.Script{PIN: []string{vera.PINs.Token, "11112222", "11112222"}})
	x.env = append(x.env, "PCSCLITE_CSOCK_NAME="+filepath.Join(t.TempDir(), "none"))
	config := writeConfig(t, x.config)
	pins := status(t, x.env, config)
	if len(pins) != 1 || !pins[0].CanChange || pins[0].Unblock != agent.BySOPIN || pins[0].Number != 1 {
		t.Fatalf("got %+v", pins)
	}
	out, errs, exit := run(t, x.env, "pin", "status", "--lang", "ru", "--config", config)
	if exit != 0 || !strings.Contains(out, "НОСИТЕЛЬ") || !strings.Contains(out, "сменить, разблокировать") {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
	if out, errs, exit = run(t, x.env, "pin", "change", "--lang", "en", "--config", config); exit != 0 || out != "The PIN was changed.\n" {
		t.Fatalf("exit %d\n%s%s", exit, out, errs)
	}
	must(t, x.script.Write(pinentry.Script{PIN: []string{vera.PINs.Token, "33334444", "33334444", pinentry.Cancel}}))
	out, errs, exit = run(t, x.env, "pin", "change", "--json", "--config", config)
	var outcome struct{ Task, State, Code string }
	if err := json.Unmarshal([]byte(out), &outcome); err != nil || exit == 0 || outcome.State != "failed" || outcome.Task != "change" {
		t.Errorf("the old PIN still works: exit %d, %v\n%s%s", exit, err, out, errs)
	}
	must(t, x.script.Write(pinentry.Script{PIN: []string{tokens.For(vera).SOPIN, vera.PINs.Token, vera.PINs.Token}}))
	if out, errs, exit = run(t, x.env, "pin", "unblock", "1", "--lang", "ru", "--config", config); exit != 0 || !strings.Contains(out, "разблокирован") {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPINCommandLine(t *testing.T) {
	env := append(bare(t), "PCSCLITE_CSOCK_NAME="+filepath.Join(t.TempDir(), "none"))
	config := writeConfig(t, map[string]any{"p11kit": false, "pinentry": []string{"/bin/true"}})
	for _, c := range []struct {
		name string
		args []string
		exit int
		want string
	}{
		{"group", []string{"pin"}, 2, "no command given"},
		{"unknown", []string{"pin", "guess"}, 2, `unknown command "guess"`},
		{"a PIN as argument", []string{"pin", "change", "12345678", "87654321"}, 2, "no number of a PIN"},
		{"not a number", []string{"pin", "unblock", "two"}, 2, "no number of a PIN"},
		{"zero", []string{"pin", "change", "0"}, 2, "no number of a PIN"},
		{"flag for a PIN", []string{"pin", "change", "--pin", "1234"}, 2, "--pin"},
		{"help", []string{"pin", "change", "--help"}, 0, "Exit codes"},
		{"help of confirm", []string{"confirm", "--help"}, 0, "5 the portal refused"},
		{"line as argument", []string{"confirm", "https://portal.example/confirm#x"}, 2, "unexpected argument"},
		{"help of card read", []string{"card", "read", "--help"}, 0, "birth_date"},
		{"card", []string{"card"}, 2, "no command given"},
		{"card write", []string{"card", "write"}, 2, `unknown command "write"`},
		{"no service", []string{"card", "read", "--lang", "en", "--config", config}, 1, "doctor.service.stopped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, exit := run(t, env, c.args...)
			if exit != c.exit || !strings.Contains(out+errs, c.want) {
				t.Errorf("exit %d\n%s%s", exit, out, errs)
			}
		})
	}
}

// smartCards is the one private service of these tests: the client library of this process remembers the first socket.
var smartCards = sync.OnceValues(func() (*readers.Daemon, error) {
	d, err := readers.Start(context.Background())
	if err != nil {
		return nil, err
	}
	closers = append(closers, d.Close)
	return d, os.Setenv(readers.SocketVariable, d.Socket())
})

// cardInReader is a private smart-card service with a UEC in its first reader, and a configuration that fits.
func cardInReader(t *testing.T, script pinentry.Script) (card *uec.Card, env []string, config string) {
	t.Helper()
	daemon, err := smartCards()
	must(t, err)
	centre, err := pki.Start(pki.Config{})
	must(t, err)
	t.Cleanup(func() { _ = centre.Close() })
	key, err := uec.GenerateKey()
	must(t, err)
	who, now := people.CardHolder(), time.Now()
	id, err := centre.Make(pki.Order{Person: who, Authority: pki.UEC, PublicKey: key.Public()})
	must(t, err)
	card, err = uec.New(uec.Config{Key: key, Certificates: [][]byte{id.DER, id.Chain[0]}, PIN1: "1234", PIN2: "123456", KRP: "87654321",
		Holder: uec.Holder{SNILS: who.SNILS, Surname: who.Surname, Given: who.Given, Photo: []byte("\xff\xd8photo")}, First: now.AddDate(-1, 0, 0), Last: now.AddDate(3, 0, 0)})
	must(t, err)
	slot := vpcd.NewSlot(daemon.Slot(0))
	must(t, slot.Insert(t.Context(), card))
	t.Cleanup(func() { slot.Remove(); awaitCard(t, false) })
	awaitCard(t, true)
	terminalFile := filepath.Join(t.TempDir(), "terminal")
	must(t, os.WriteFile(terminalFile, uec.Shared().NewTerminal(nil).File(), 0o600))
	played, err := pinentry.New(t.TempDir(), dialogs, script)
	must(t, err)
	config = writeConfig(t, map[string]any{"p11kit": false, "terminal": terminalFile, "pinentry": played.Argv()})
	return card, append(bare(t), daemon.Env()), config
}

// awaitCard waits until the service sees a card, or none.
func awaitCard(t *testing.T, in bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for s := range pcsc.New(pcsc.Config{}).Watch(ctx) {
		if slices.ContainsFunc(s.Readers, func(r pcsc.Reader) bool { return r.Present }) == in {
			return
		}
	}
	t.Errorf("the service does not see that the card is in: %v", in)
}

func TestCardCommands(t *testing.T) {
	card, env, config := cardInReader(t, pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{"0000", "1234"}})
	who := people.CardHolder()

	out, errs, exit := run(t, env, "cards", "--lang", "ru", "--config", config)
	if exit != 0 || !strings.Contains(out, "СЧИТЫВАТЕЛЬ") || !strings.Contains(out, who.Surname) || !strings.Contains(out, "годен") {
		t.Errorf("cards: exit %d\n%s%s", exit, out, errs)
	}

	photo := filepath.Join(t.TempDir(), "photo.jpg")
	out, errs, exit = run(t, env, "card", "read", "--lang", "ru", "--photo", photo, "--config", config)
	if exit != 0 || !strings.Contains(out, "Фамилия") || !strings.Contains(out, who.Surname) || strings.Contains(out+errs, "1234\n") {
		t.Errorf("card read: exit %d\n%s%s", exit, out, errs)
	}
	if b, err := os.ReadFile(photo); err != nil || string(b) != "\xff\xd8photo" {
		t.Errorf("photograph: %v, %q", err, b)
	}
	if n := card.Tries(uec.PIN1); n != uec.PINTries {
		t.Errorf("%d tries left after the right PIN", n)
	}

	out, errs, exit = run(t, env, "card", "read", "--json", "--config", config)
	var holder struct{ Holder terminal.Holder }
	if err := json.Unmarshal([]byte(out), &holder); err != nil || exit != 0 || holder.Holder.Surname != who.Surname || holder.Holder.PhotoBytes != 7 {
		t.Errorf("card read --json: exit %d, %v\n%s%s", exit, err, out, errs)
	}

	pins := status(t, env, config)
	if len(pins) < 3 || pins[0].PIN != "PIN1" || pins[0].Unblock != agent.ByKRP {
		t.Fatalf("got %+v", pins)
	}
	card.SetTries(uec.PIN2, 0)
	if pins = status(t, env, config); pins[1].Problem != "blocked" {
		t.Errorf("blocked: %+v", pins[1])
	}
}

func TestCardPINUnblock(t *testing.T) {
	card, env, config := cardInReader(t, pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{"87654321", "222222", "222222"}})
	card.SetTries(uec.PIN2, 0)
	out, errs, exit := run(t, env, "pin", "unblock", "--lang", "ru", "--config", config)
	if exit != 0 || !strings.Contains(out, "разблокирован") || card.Tries(uec.PIN2) != uec.PINTries {
		t.Errorf("exit %d, %d tries\n%s%s", exit, card.Tries(uec.PIN2), out, errs)
	}
}

// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/fakepcscd"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/uec"
)

const changePIN = 0x24 // CHANGE REFERENCE DATA

// A card that is pulled once it was told to change a PIN leaves nobody knowing which PIN it has: nothing else is said.
func TestNobodyKnowsTheChange(t *testing.T) {
	for _, c := range []struct {
		lang, want string
		args       []string
	}{
		{"ru", "Неизвестно, сменился ли ПИН-код", nil},
		{"en", "It is not known whether the PIN was changed", nil},
		{"en", `"state": "unknown"`, []string{"--json"}},
	} {
		t.Run(c.lang+" "+strings.Join(c.args, ""), func(t *testing.T) {
			card, env, config := cardInReader(t, pinentry.Script{PIN: []string{"1234", "4321", "4321"}})
			card.Inject(uec.Fault{INS: changePIN, Action: uec.PullAfter})
			out, errs, exit := run(t, env, append([]string{"pin", "change", "1", "--lang", c.lang, "--config", config}, c.args...)...)
			if exit != 1 || !strings.Contains(out+errs, c.want) || !strings.Contains(out+errs, "pin.outcome_unknown") {
				t.Errorf("exit %d\n%s%s", exit, out, errs)
			}
			for _, claim := range []string{"остался прежним", "what it was", "сменён", "was changed."} {
				if strings.Contains(out+errs, claim) {
					t.Errorf("claims %q:\n%s%s", claim, out, errs)
				}
			}
		})
	}
}

// Who interrupts while the card is silent about the change is told that nobody knows; who does before, that the PIN is the old one.
func TestInterruptedChange(t *testing.T) {
	for _, c := range []struct {
		name, code, state, kept string
		ins                     byte
		exit                    int
	}{
		{"at the old PIN", "agent.declined", "failed", "The PIN is what it was.", 0x20, 6},
		{"at the new PIN", "pin.outcome_unknown", "unknown", "", changePIN, 1},
	} {
		for _, asJSON := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				card, env, config := cardInReader(t, pinentry.Script{PIN: []string{"1234", "4321", "4321"}})
				card.Inject(uec.Fault{INS: c.ins, Data: true, Action: uec.Hang})
				args := []string{"pin", "change", "1", "--lang", "en", "--config", config}
				if asJSON {
					args = append(args, "--json")
				}
				cmd := exec.CommandContext(t.Context(), program, args...)
				cmd.Env = append(os.Environ(), env...)
				var out bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &out
				hanging := card.Hanging()
				must(t, cmd.Start())
				select {
				case <-hanging:
				case <-time.After(patience):
					t.Fatalf("the command does not come: %s", out.String())
				}
				must(t, cmd.Process.Signal(os.Interrupt))
				_ = cmd.Wait()
				card.Release()
				if got := cmd.ProcessState.ExitCode(); got != c.exit || !strings.Contains(out.String(), c.code) {
					t.Errorf("exit %d: %s", got, out.String())
				}
				var told struct{ State, Code string }
				if err := json.Unmarshal(out.Bytes(), &told); asJSON && (err != nil || told.State != c.state || told.Code != c.code) {
					t.Errorf("%v: %s", err, out.String())
				}
				if says := strings.Contains(out.String(), "The PIN is what it was."); !asJSON && says != (c.kept != "") {
					t.Errorf("says %s", out.String())
				}
			})
		}
	}
}

// Whoever is at it already is named in the same way by every command that takes its turn.
func TestBusyCommands(t *testing.T) {
	x := surround(t, pinentry.Script{PIN: []string{pinentry.Hang}})
	x.env = append(x.env, "PCSCLITE_CSOCK_NAME="+filepath.Join(t.TempDir(), "none"))
	config := writeConfig(t, x.config)
	first := exec.Command(program, "pin", "change", "--config", config) // ends in order below: killed, it would leave its dialog
	first.Env = append(os.Environ(), x.env...)
	must(t, first.Start())
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
	for _, args := range [][]string{{"pin", "change"}, {"pin", "unblock", "1"}, {"card", "read"}, {"pin", "change", "--json"}, {"card", "read", "--json"}} {
		out, errs, exit := run(t, x.env, append(args, "--lang", "ru", "--config", config)...)
		if exit != 4 || !strings.Contains(out+errs, "agent.busy") || (out == "") != !slices.Contains(args, "--json") {
			t.Errorf("%v: exit %d\n%s%s", args, exit, out, errs)
		}
	}
}

// A service that cannot be used is called what the doctor calls it, by every command that needs it.
func TestServiceFaultsAreTheDoctors(t *testing.T) {
	for _, c := range []struct {
		name, code, words string
		service           *fakepcscd.Options
	}{
		{"not running", "doctor.service.stopped", "не запущена", nil},
		{"another version", "doctor.service.protocol", "протоколу 4:5", &fakepcscd.Options{Major: 4, Minor: 5}},
		{"turns the user away", "doctor.service.policy", "polkit", &fakepcscd.Options{Respond: func(fakepcscd.Command, []byte) []byte { return nil }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "comm")
			if c.service != nil {
				d, err := fakepcscd.Start(socket, *c.service)
				must(t, err)
				t.Cleanup(d.Kill)
			}
			env := append(bare(t), "PCSCLITE_CSOCK_NAME="+socket)
			config := writeConfig(t, map[string]any{"p11kit": false, "pinentry": []string{"/bin/true"}})
			for _, command := range []string{"cards", "card read", "pin status", "pin change", "pin unblock 1"} {
				out, errs, exit := run(t, env, append(strings.Fields(command), "--lang", "ru", "--config", config)...)
				if exit != 1 || out != "" || !strings.Contains(errs, c.words) || !strings.Contains(errs, "["+c.code+"]") || strings.Contains(errs, "token.none") {
					t.Errorf("%s: exit %d\n%s%s", command, exit, out, errs)
				}
				out, errs, exit = run(t, env, append(strings.Fields(command), "--json", "--config", config)...)
				var told struct{ Code string }
				if err := json.Unmarshal([]byte(out), &told); err != nil || exit != 1 || errs != "" || told.Code != c.code {
					t.Errorf("%s --json: exit %d, %v\n%s%s", command, exit, err, out, errs)
				}
			}
		})
	}
}

// A confirmation with a card says the same of the service, and so does its stream for programs.
func TestConfirmNamesTheServiceFault(t *testing.T) {
	x := surround(t, pinentry.Script{})
	socket := filepath.Join(t.TempDir(), "comm")
	d, err := fakepcscd.Start(socket, fakepcscd.Options{Major: 4, Minor: 5})
	must(t, err)
	t.Cleanup(d.Kill)
	x.env = append(x.env, "PCSCLITE_CSOCK_NAME="+socket)
	line, config := strings.Replace(x.handover(), "#token.", "#uec.", 1), writeConfig(t, x.config)
	if out, errs, exit := runWith(t, line, x.env, "confirm", "--lang", "en", "--config", config); exit != 1 || !strings.Contains(out, "speaks protocol 4:5") {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
	x = surround(t, pinentry.Script{})
	x.env = append(x.env, "PCSCLITE_CSOCK_NAME="+socket)
	line, config = strings.Replace(x.handover(), "#token.", "#uec.", 1), writeConfig(t, x.config)
	if out, errs, exit := runWith(t, line, x.env, "confirm", "--json", "--config", config); exit != 1 || !strings.HasSuffix(out, `{"step":"failed","code":"doctor.service.protocol"}`+"\n") {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
}

// Without readers and tokens each command says what is missing and what to do.
func TestNothingInPlace(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "comm")
	d, err := fakepcscd.Start(socket, fakepcscd.Options{})
	must(t, err)
	t.Cleanup(d.Kill)
	env := append(bare(t), "PCSCLITE_CSOCK_NAME="+socket)
	config := writeConfig(t, map[string]any{"p11kit": false, "pinentry": []string{"/bin/true"}})
	for _, c := range []struct {
		command, want string
		exit          int
	}{
		{"cards --lang ru", "Считыватель не подключён. Подключите", 0},
		{"cards --json", `"readers": []`, 0},
		{"card read --lang ru", "Подключите считыватель", 1},
		{"card read --json", "card.no_reader", 1},
		{"pin status --lang ru", "Ни карты, ни токена с ПИН-кодом нет. Вставьте", 0},
		{"pin status --json", `"pins": []`, 0},
		{"pin change --lang ru", "Ни карты, ни токена с ПИН-кодом нет.", 1},
		{"pin unblock 2 --json", `"code": "token.none"`, 1},
		{"tokens --lang ru", "Не найден ни один драйвер токена", 1},
	} {
		out, errs, exit := run(t, env, append(strings.Fields(c.command), "--config", config)...)
		if exit != c.exit || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: exit %d\n%s%s", c.command, exit, out, errs)
		}
	}
}

// Help and completions know what they have nothing about.
func TestHelpCommandLine(t *testing.T) {
	for _, c := range []struct {
		command, want string
		exit          int
	}{
		{"help", "Available Commands", 0},
		{"help pin change", "zaver-agent pin change [NUMBER]", 0},
		{"help nope", `unknown command "nope"`, 2},
		{"help pin nope", `unknown command "pin nope"`, 2},
		{"completion", "no shell given", 2},
		{"completion csh", `unknown shell "csh"`, 2},
		{"completion bash now", "unexpected argument", 2},
		{"completion bash", "zaver-agent", 0},
	} {
		if out, errs, exit := run(t, bare(t), strings.Fields(c.command)...); exit != c.exit || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: exit %d\n%.300s%s", c.command, exit, out, errs)
		}
	}
}

// A file that is there is refused before a PIN is asked for what could not be written.
func TestPhotoIsNotAskedForInVain(t *testing.T) {
	_, env, config := cardInReader(t, pinentry.Script{PIN: []string{"1234"}})
	out, errs, exit := run(t, env, "card", "read", "--photo", config, "--config", config)
	if exit != 1 || !strings.Contains(errs, "file already exists") || strings.Contains(out+errs, people.CardHolder().Surname) {
		t.Errorf("exit %d\n%s%s", exit, out, errs)
	}
}

// In a narrow terminal each row is written cell by cell; nothing is broken in the middle.
func TestNarrowTerminal(t *testing.T) {
	x := surround(t, pinentry.Script{})
	x.env = append(x.env, "PCSCLITE_CSOCK_NAME="+filepath.Join(t.TempDir(), "none"), "COLUMNS=60")
	for _, command := range []string{"tokens", "pin status"} {
		out, errs, exit := run(t, x.env, append(strings.Fields(command), "--lang", "ru", "--config", writeConfig(t, x.config))...)
		if exit != 0 || !strings.Contains(out, "СОСТОЯНИЕ") || !strings.Contains(out, "\n") {
			t.Errorf("exit %d\n%s%s", exit, out, errs)
		}
		for line := range strings.Lines(out) {
			if len([]rune(line)) > 61 {
				t.Errorf("%s writes %q", command, line)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"zaver/signature/token"
)

// TestBeginsWhenLet speaks with a worker as the host does: it asks before it sets a PIN, and sets none when the host has gone instead of answering.
func TestBeginsWhenLet(t *testing.T) {
	for _, tt := range []struct {
		name, op, pin, call string
		let                 bool
	}{
		{"change, let", "change", userPIN, "C_SetPIN", true}, {"change, not let", "change", userPIN, "C_SetPIN", false},
		{"unblock, let", "unblock", soPIN, "C_InitPIN", true}, {"unblock, not let", "unblock", soPIN, "C_InitPIN", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fault, store := theRig.install(t), theRig.ownStore(t)
			c := theRig.credential(t, list(t, theRig.host(t, store, fault.Path())), "p256")
			asked, err := json.Marshal(map[string]any{"op": tt.op, "module": fault.Path(), "pin": true, "fresh": true,
				"token": map[string]any{"slot": c.Ref.Slot, "label": c.Ref.Label, "serial": c.Ref.Serial, "last_try": false}})
			if err != nil {
				t.Fatal(err)
			}
			last := converse(t, store, frame('J', string(asked))+frame('P', tt.pin)+frame('P', freshPIN), tt.let)
			if done := strings.Contains(last, `"done":true`); done != tt.let {
				t.Errorf("it ends with %q", last)
			}
			if calls, err := fault.Calls(); err != nil || slices.Contains(calls, tt.call) != tt.let {
				t.Errorf("calls %v, %v", calls, err)
			}
		})
	}
}

// converse gives a worker a request, answers its question or goes, and returns what it says after that. The worker has ended then.
func converse(t *testing.T, store func(*token.Config), request string, let bool) (last string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var c token.Config
	store(&c)
	cmd := exec.CommandContext(t.Context(), self, asWorker)
	cmd.Env = c.Env
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, request); err != nil {
		t.Fatal(err)
	}
	question := make([]byte, len(frame('J', `{"begun":true}`)))
	if _, err := io.ReadFull(out, question); err != nil || string(question) != frame('J', `{"begun":true}`) {
		t.Fatalf("it asks %q, %v", question, err)
	}
	if let {
		_, err = io.WriteString(in, frame('J', `{"op":"begin"}`))
	} else {
		err = in.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	return string(rest)
}

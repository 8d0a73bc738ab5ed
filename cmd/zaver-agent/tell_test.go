// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/cmd/internal/boot"
	"zaver/signature/pin"
)

// told runs a way to end and returns what was said and the exit code.
func told(t *testing.T, asJSON bool, end func(teller) error) (stdout, stderr string, exit int) {
	t.Helper()
	var out, errs bytes.Buffer
	err := end(teller{app: &app{stdout: &out, stderr: &errs}, language: words.English, json: asJSON})
	exit = boot.Report(&errs, program, err)
	return out.String(), errs.String(), exit
}

// A change that could not be interrupted any more is told as done, and the exit code is that of an interrupt.
func TestPINDone(t *testing.T) {
	s := agent.PINState{Ref: 1, Name: "user"}
	for _, c := range []struct {
		task              agent.Task
		interrupted, json bool
		want              string
		exit              int
	}{
		{agent.TaskChange, false, false, "The PIN was changed.\n", 0},
		{agent.TaskChange, true, false, "The PIN was changed.\nIt was too late to interrupt the command.\n", 6},
		{agent.TaskUnblock, true, false, "The PIN was unblocked and set anew.\nIt was too late to interrupt the command.\n", 6},
		{agent.TaskChange, false, true, `{"task":"change","pin":"user","state":"done"}`, 0},
		{agent.TaskUnblock, true, true, `{"task":"unblock","pin":"user","state":"done","interrupted":true}`, 6},
	} {
		out, errs, exit := told(t, c.json, func(t teller) error { return t.pinDone(c.task, s, c.interrupted) })
		if c.json {
			var b bytes.Buffer
			if err := json.Compact(&b, []byte(out)); err != nil {
				t.Error(err)
			}
			out = b.String()
		}
		if strings.TrimSuffix(out, "\n") != strings.TrimSuffix(c.want, "\n") || errs != "" || exit != c.exit {
			t.Errorf("%+v: exit %d\n%s%s", c, exit, out, errs)
		}
	}
}

// What is known of the PIN afterwards is said, and nothing that is not.
func TestPINFailed(t *testing.T) {
	s := agent.PINState{Ref: 1, Name: "PIN2", Unblock: agent.ByKRP}
	const kept = "The PIN is what it was."
	for _, c := range []struct {
		name  string
		err   error
		state string // for programs
		says  string
		kept  bool
		exit  int
	}{
		{"declined", &agent.Error{ErrorCode: agent.CodeDeclined}, "failed", "You declined", true, 6},
		{"no answer", &agent.Error{ErrorCode: agent.CodeTimeout}, "failed", "ran out", true, 1},
		{"removed before", &agent.Error{ErrorCode: "card.removed"}, "failed", "was removed", true, 1},
		{"nobody knows", &pin.Unsettled{Cause: errors.New("x")}, "unknown", "It is not known", false, 1},
		{"wrong", &pin.Error{Reason: pin.ReasonWrong, Tries: pin.Left(2), Ref: "PIN2"}, "failed", "Tries left: 2", false, 1},
		{"wrong code", &pin.Error{Reason: pin.ReasonWrong, Tries: pin.Left(9), Ref: agent.RefUnblock}, "failed", "Wrong unblocking code (KRP).", false, 1},
		{"blocked code", &pin.Error{Reason: pin.ReasonBlocked, Ref: agent.RefUnblock}, "failed", "The unblocking code (KRP) is blocked.", false, 1},
		{"busy", &agent.Error{ErrorCode: agent.CodeBusy}, "failed", "busy", true, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, exit := told(t, false, func(x teller) error { return x.pinFailed(t.Context(), agent.TaskChange, s, c.err) })
			if exit != c.exit || out != "" || !strings.Contains(errs, c.says) || strings.Contains(errs, kept) != c.kept {
				t.Errorf("exit %d\n%s%s", exit, out, errs)
			}
			out, errs, exit = told(t, true, func(x teller) error { return x.pinFailed(t.Context(), agent.TaskChange, s, c.err) })
			var got pinOutcome
			if err := json.Unmarshal([]byte(out), &got); err != nil || got.State != c.state || got.Code != agent.CodeOf(c.err) || exit != c.exit || errs != "" {
				t.Errorf("exit %d, %v\n%s%s", exit, err, out, errs)
			}
		})
	}
	if _, errs, exit := told(t, false, func(x teller) error {
		return x.pinFailed(t.Context(), agent.TaskChange, agent.PINState{}, &agent.Error{ErrorCode: agent.CodeBusy})
	}); exit != 4 || strings.Contains(errs, kept) {
		t.Errorf("before any PIN was meant: exit %d\n%s", exit, errs)
	}
	if _, errs, exit := told(t, true, func(x teller) error { return x.failed(context.Background(), errors.New("no words for this")) }); exit != 1 || !strings.Contains(errs, "no words for this") {
		t.Errorf("without a code: exit %d\n%s", exit, errs)
	}
}

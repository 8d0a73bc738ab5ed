// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/signature/pin"
)

// Failure is why something did not work, as a person and a program are told.
type Failure struct {
	Code  string `json:"code"`
	Tries *int   `json:"tries,omitempty"` // left, where the code is a PIN's and the number is known
	// What happened and what to do, in words.
	What string `json:"-"`
	Do   string `json:"-"`
	// HeldBy names the programs that hold a busy card; for the person alone.
	HeldBy string `json:"-"`
	// Kept says that the PIN is what it was, where the words don't.
	Kept bool `json:"-"`
}

// FailureOf describes the last step of what failed.
func FailureOf(l words.Language, last agent.Step) Failure {
	what, todo := words.Failure(l, last.Code)
	return Failure{Code: last.Code, Tries: last.Tries, What: what, Do: todo, HeldBy: last.HeldBy}
}

// CareFailure describes why a PIN was not cared for. Where the secret failed that unblocks, it is named.
func CareFailure(l words.Language, s agent.PINState, err error) Failure {
	f := FailureOf(l, Failed(err))
	f.Kept = s.Ref != nil && !strings.HasPrefix(f.Code, "pin.")
	refused, ok := errors.AsType[*pin.Error](err)
	if !ok || refused.Ref != agent.RefUnblock || s.Unblock == agent.NoUnblock {
		return f
	}
	secret := words.Say(l, words.SecretOf+words.Key(s.Unblock))
	switch refused.Reason {
	case pin.ReasonWrong:
		f.What, f.Do = words.Say(l, words.CareWrong, "secret", secret), say(l, sayWrongSecret)
	case pin.ReasonBlocked:
		f.What, f.Do = say(l, sayBlockedSecret, "secret", secret), say(l, sayGoThere)
	}
	return f
}

// Exit is the exit code of a command that ended so.
func (f Failure) Exit() int { return Exit(agent.Step{Step: agent.StepFailed, Code: f.Code}) }

// WriteText writes the failure for people.
func (f Failure) WriteText(w io.Writer, l words.Language) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s]\n", f.What, words.Clean(f.Code, 80))
	if f.Tries != nil {
		fmt.Fprintln(&b, say(l, sayTries, "n", fmt.Sprint(*f.Tries)))
	}
	if f.HeldBy != "" {
		fmt.Fprintln(&b, words.Say(l, words.ResultHeldBy, "programs", words.Clean(f.HeldBy, 80)))
	}
	if f.Do != "" {
		fmt.Fprintln(&b, f.Do)
	}
	if f.Kept {
		fmt.Fprintln(&b, say(l, sayKept))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

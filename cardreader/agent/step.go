// SPDX-License-Identifier: Apache-2.0

package agent

import "zaver/cardreader/agent/words"

// Method is a confirmation method that needs the agent.
type Method string

// The methods.
const (
	MethodToken Method = "token" // a signature token through its PKCS #11 module
	MethodUEC   Method = "uec"   // the universal electronic card in a reader
)

// Request is what a page hands over: where the portal is, which request, the
// one-time ticket to fetch its statement. There is no hash, text or PIN field.
type Request struct {
	Origin   string
	Request  string // [A-Za-z0-9_-]{16,64}
	Ticket   string // [A-Za-z0-9_-]{16,128}
	Method   Method
	Language words.Language
}

// Step is one line of the door's answer. The last one has the name "done" or "failed".
type Step struct {
	Step    string   `json:"step"`
	Control string   `json:"control,omitempty"` // with StepConsent: the statement's control code
	State   string   `json:"state,omitempty"`   // with StepDone: "confirmed" or "refused"
	Codes   []string `json:"codes,omitempty"`   // with StepDone: the portal's reasons
	Code    string   `json:"code,omitempty"`    // with StepFailed
	Tries   *int     `json:"tries,omitempty"`   // with StepFailed and a pin.* code: tries left, when known
	// HeldBy names the programs of this computer that hold a busy card. It is for the person alone: no page is told.
	HeldBy string `json:"-"`
	// Said are the portal's words for Codes, cleaned and bounded; for the person alone.
	Said []string `json:"-"`
}

// The names of steps, in the order in which they come.
const (
	StepStatement = "statement" // the statement is being fetched
	StepDevice    = "device"    // waiting for a card or token to be put in
	StepConsent   = "consent"   // the person is being asked
	StepPIN       = "pin"       // the PIN is being asked; once per try
	StepSigning   = "signing"
	StepSending   = "sending"
	StepDone      = "done"
	StepFailed    = "failed"
)

// Final reports whether nothing comes after s.
func (s Step) Final() bool { return s.Step == StepDone || s.Step == StepFailed }

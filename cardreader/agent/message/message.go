// SPDX-License-Identifier: Apache-2.0

// Package message alone owns the words that pages and doors exchange: the
// version of the protocol, the greeting, the refusal, and the strict reading of
// one flat JSON object. Both doors use it, so that neither is laxer than the other.
//
// Everything here is pure; it may be used from many goroutines. The doors bound
// the size of what they hand over.
package message

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
)

// Protocol is the version of the messages; pages refuse one that they don't know.
const Protocol = 1

// Hello is the answer to a greeting.
type Hello struct {
	Agent    string `json:"agent"` // always "zaver"
	Version  string `json:"version"`
	Protocol int    `json:"protocol"`
	Busy     bool   `json:"busy"` // another request is open in this process
}

// NewHello is the greeting of an agent of this version.
func NewHello(version string, busy bool) Hello {
	return Hello{Agent: "zaver", Version: version, Protocol: Protocol, Busy: busy}
}

// Refusal is the answer to what was not begun.
type Refusal struct {
	Code string `json:"code"`
}

// Texts reads one JSON object strictly: only the named fields, in exactly this case, each at most once, all of them
// texts that aren't empty, nothing behind. encoding/json alone would take "ORIGIN", and the last of two origins.
// The result has the fields that were there.
func Texts(body []byte, allowed ...string) (map[string]string, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("message is not UTF-8")
	}
	left := make(map[string]bool, len(allowed))
	for _, name := range allowed {
		left[name] = true
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("message is not a JSON object")
	}
	out := map[string]string{}
	for dec.More() {
		token, err := dec.Token()
		name, isText := token.(string)
		if err != nil || !isText {
			return nil, errors.New("message is not JSON")
		}
		if !left[name] {
			return nil, fmt.Errorf("unknown or repeated field %.20q", name)
		}
		delete(left, name)
		token, err = dec.Token()
		value, isText := token.(string)
		if err != nil || !isText || value == "" {
			return nil, fmt.Errorf("field %q is not a text", name)
		}
		out[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("message is not JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the object")
	}
	return out, nil
}

// requestFields are the fields of a request to confirm. All but "lang" must be there.
var requestFields = []string{"origin", "request", "ticket", "method", "lang"}

// RequestFields returns the names of the fields of a request to confirm.
func RequestFields() []string { return append([]string(nil), requestFields...) }

// Request makes the agent's request of the fields that Texts read.
func Request(fields map[string]string) (agent.Request, error) {
	for _, name := range requestFields {
		if name != "lang" && fields[name] == "" {
			return agent.Request{}, fmt.Errorf("field %q is missing", name)
		}
	}
	lang, err := Language(fields)
	if err != nil {
		return agent.Request{}, err
	}
	return agent.Request{Origin: fields["origin"], Request: fields["request"], Ticket: fields["ticket"],
		Method: agent.Method(fields["method"]), Language: lang}, nil
}

// Language reads the field "lang"; "" when there is none.
func Language(fields map[string]string) (words.Language, error) {
	lang := words.Language(fields["lang"])
	if lang != "" && !lang.Known() {
		return "", errors.New("unknown language")
	}
	return lang, nil
}

// ParseRequest reads the one object with which a page asks to confirm.
func ParseRequest(body []byte) (agent.Request, error) {
	fields, err := Texts(body, requestFields...)
	if err != nil {
		return agent.Request{}, err
	}
	return Request(fields)
}

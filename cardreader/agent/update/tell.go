// SPDX-License-Identifier: Apache-2.0

package update

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"zaver/cardreader/agent/words"
)

// Format is the first member of what the commands print as JSON.
const Format = "zaver.update/v1"

const maxDetail = 400 // characters

// Answer is what the commands print as JSON: what was found, or what failed.
type Answer struct {
	Format    string     `json:"format"`
	Code      string     `json:"code,omitempty"` // of a failure; empty when none
	Text      string     `json:"text,omitempty"`
	Remedy    string     `json:"remedy,omitempty"`
	Detail    string     `json:"detail,omitempty"`
	Installed string     `json:"installed,omitempty"`
	Newest    string     `json:"newest,omitempty"`
	Newer     bool       `json:"newer"` // Newest comes after Installed
	Notes     *Notes     `json:"notes,omitempty"`
	Checked   *time.Time `json:"checked,omitempty"`
	Expires   *time.Time `json:"expires,omitempty"`
	File      string     `json:"file,omitempty"`    // the package that was fetched
	Command   []string   `json:"command,omitempty"` // what installs it, as root
}

// Failed is the answer that an error makes.
func Failed(l words.Language, err error) Answer {
	code := CodeOf(err)
	what, todo := Explain(l, code)
	return Answer{Format: Format, Code: code, Text: what, Remedy: todo, Detail: words.Clean(fmt.Sprint(err), maxDetail)}
}

// WriteJSON writes the answer for programs.
func (a Answer) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(a)
}

// WriteFailure writes what failed for people.
func (a Answer) WriteFailure(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s\n-> %s\n(%s)\n", a.Text, a.Remedy, a.Detail)
	return err
}

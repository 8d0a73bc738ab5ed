// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// recordHead is the first line of every record; another format gets another line.
const recordHead = "zaver.audit/v1"

// timeFormat has a fixed width, in UTC, so that one moment has one spelling.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// ErrRecord is wrapped by every error about a record that cannot be written or read.
var ErrRecord = errors.New("malformed audit record")

// Event is what happened, before the log gave it a place.
type Event struct {
	// Time of the event; kept to the microsecond, in UTC.
	Time time.Time
	// Kind names the event ("confirmation"); a dotted lower-case word.
	Kind string
	// Account is the opaque id of the account; empty when none is concerned.
	Account string
	// Object is the id of the thing acted on (a confirmation's request id).
	Object string
	// Outcome is the state it came to ("confirmed", "refused").
	Outcome string
	// Codes are the stable reasons, in the order in which they were given.
	Codes []string
	// Evidence is the digest of the evidence bundle; zero when there is none.
	Evidence [32]byte
}

// Record is an event with its place in the log.
type Record struct {
	Event
	// Seq is the zero-based place in the log.
	Seq int64
	// Prev is the hash of the record before it; zero for the first.
	Prev Hash
}

// Bytes gives the canonical text of the record: fixed lines in fixed order.
// It fails with [ErrRecord] when a field holds anything but printable ASCII
// without spaces and commas.
func (r Record) Bytes() ([]byte, error) {
	for _, v := range append([]string{r.Kind, r.Account, r.Object, r.Outcome}, r.Codes...) {
		if !plain(v) {
			return nil, fmt.Errorf("write field %q: %w", v, ErrRecord)
		}
	}
	if r.Kind == "" || r.Seq < 0 || r.Time.Year() < 1 || r.Time.Year() > 9999 {
		return nil, fmt.Errorf("write record %d: %w", r.Seq, ErrRecord)
	}
	for _, c := range r.Codes {
		if c == "" {
			return nil, fmt.Errorf("write an empty code: %w", ErrRecord)
		}
	}
	evidence := ""
	if r.Evidence != ([32]byte{}) {
		evidence = hex.EncodeToString(r.Evidence[:])
	}
	var b strings.Builder
	b.WriteString(recordHead + "\n")
	for _, f := range [...][2]string{
		{"seq", strconv.FormatInt(r.Seq, 10)},
		{"time", r.Time.UTC().Format(timeFormat)},
		{"kind", r.Kind},
		{"account", r.Account},
		{"object", r.Object},
		{"outcome", r.Outcome},
		{"codes", strings.Join(r.Codes, ",")},
		{"evidence", evidence},
		{"prev", r.Prev.String()},
	} {
		b.WriteString(f[0] + " " + f[1] + "\n")
	}
	if b.Len() > MaxRecord {
		return nil, fmt.Errorf("write %d bytes: %w", b.Len(), ErrRecord)
	}
	return []byte(b.String()), nil
}

// plain reports whether v may stand in a record: printable ASCII, no space, no comma.
func plain(v string) bool {
	for i := range len(v) {
		if v[i] <= ' ' || v[i] > '~' || v[i] == ',' {
			return false
		}
	}
	return true
}

// ParseRecord reads canonical bytes; any other spelling of the same record
// fails with [ErrRecord].
func ParseRecord(data []byte) (Record, error) {
	var r Record
	if len(data) > MaxRecord {
		return r, fmt.Errorf("read %d bytes: %w", len(data), ErrRecord)
	}
	lines := strings.Split(string(data), "\n")
	keys := [...]string{"seq", "time", "kind", "account", "object", "outcome", "codes", "evidence", "prev"}
	if len(lines) != len(keys)+2 || lines[0] != recordHead || lines[len(lines)-1] != "" {
		return r, fmt.Errorf("read lines: %w", ErrRecord)
	}
	var v [len(keys)]string
	for i, k := range keys {
		rest, ok := strings.CutPrefix(lines[i+1], k+" ")
		if !ok {
			return r, fmt.Errorf("read %s: %w", k, ErrRecord)
		}
		v[i] = rest
	}
	var errs [4]error
	r.Seq, errs[0] = strconv.ParseInt(v[0], 10, 64)
	r.Time, errs[1] = time.Parse(timeFormat, v[1])
	r.Kind, r.Account, r.Object, r.Outcome = v[2], v[3], v[4], v[5]
	if v[6] != "" {
		r.Codes = strings.Split(v[6], ",")
	}
	if v[7] != "" {
		if len(v[7]) != 64 {
			return r, fmt.Errorf("read evidence: %w", ErrRecord)
		}
		_, errs[2] = hex.Decode(r.Evidence[:], []byte(v[7]))
	}
	r.Prev, errs[3] = tlog.ParseHash(v[8])
	if err := errors.Join(errs[:]...); err != nil {
		return r, fmt.Errorf("read fields: %w: %w", ErrRecord, err)
	}
	// One record has one spelling: what was read must write to the same bytes.
	again, err := r.Bytes()
	if err != nil {
		return r, err
	}
	if string(again) != string(data) {
		return r, fmt.Errorf("read another spelling: %w", ErrRecord)
	}
	return r, nil
}

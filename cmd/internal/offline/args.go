// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Usage is what `verify help` prints.
const Usage = `zaver-portal verify: check signatures, certificates and evidence in files, without a portal or a network

usage:
  zaver-portal verify cms FILE --anchors F… [--content F] [--untrusted F…] [--crl F…] [--ocsp F…]
                      [--at TIME] [--profile generic|qualified] [--json] [--lang ru|en]
  zaver-portal verify chain LEAF --anchors F… [--untrusted F…] [--crl F…] [--ocsp F…] [--at TIME]
                      [--policy OID…] [--explicit-policy] [--inhibit-any-policy] [--inhibit-mapping]
                      [--profile generic|qualified] [--json] [--lang ru|en]
  zaver-portal verify evidence FILE [--anchors F…] [--digest SHA256] [--at TIME] [--json] [--lang ru|en]
  zaver-portal verify batch < REQUESTS

  F is a file (PEM, DER or base64), a pattern such as 'crl/*.crl', or a folder. An option that ends in … takes
  all words up to the next option and may be repeated. FILE may stand first or last. What lies among F and
  cannot be read is told and left out.
  TIME is RFC 3339 ("2026-11-22T12:00:00Z"), a day ("2026-11-22") or seconds since 1970; without it, now.
  Revocation: with --crl or --ocsp, or under the qualified profile, every certificate below the anchor must be
  shown to be good; without them, the generic profile reports that nobody was asked.
  --html FILE writes the report as a page, too.
  batch reads one request a line as JSON, {"verify":"chain","file":"leaf.cer","anchors":["root.cer"]}, with the
  options' names as fields, and answers one line each: {"id":…,"exit":0,"report":{…}}.

exit code: 0 valid, 1 not valid, 2 not decidable with what was given, 3 bad usage
`

// Options are how the answer is given; they are not part of the question.
type Options struct {
	JSON bool
	Lang string // ru or en; empty is by the environment
	HTML string // file to write the report's page to
	Help bool
}

// usageError is a question that cannot be asked.
type usageError struct{ reason string }

func (e *usageError) Error() string { return e.reason }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// isUsage says whether the question itself was wrong.
func isUsage(err error) bool {
	var u *usageError
	return errors.As(err, &u)
}

// parse reads the words after "verify".
func parse(args []string) (Request, Options, error) {
	var r Request
	var o Options
	if len(args) == 0 {
		return r, o, usagef("what is to be checked: cms, chain, evidence or batch?")
	}
	switch r.Verify = args[0]; r.Verify {
	case askCMS, askChain, askEvidence, askBatch:
	case "--batch", "-batch":
		r.Verify = askBatch
	case "help", "-h", "-help", "--help":
		o.Help = true
		return r, o, nil
	default:
		return r, o, usagef("%q cannot be checked: cms, chain, evidence or batch", args[0])
	}
	words, err := r.read(args[1:], &o)
	if err != nil || o.Help {
		return r, o, err
	}
	return r, o, r.take(words)
}

// take finds FILE: the word before all options, or the last word behind them.
func (r *Request) take(words []string) error {
	if len(words) > 1 {
		return usagef("one file at a time: %q and %q (use batch for many)", words[0], words[1])
	}
	if len(words) == 1 {
		r.File = words[0]
	}
	return nil
}

// read gives the words that belong to no option.
func (r *Request) read(args []string, o *Options) (words []string, err error) {
	var last *[]string // the list that took the last word
	for i := 0; i < len(args); {
		name, value, hasValue := option(args[i])
		if name == "" {
			words, last = append(words, args[i]), nil
			i++
			continue
		}
		i++
		if list := r.list(name); list != nil {
			n := len(*list)
			if hasValue {
				*list = append(*list, value)
			}
			for ; i < len(args) && !isOption(args[i]); i++ {
				*list = append(*list, args[i])
			}
			if len(*list) == n {
				return nil, usagef("--%s needs a value", name)
			}
			last = list
			continue
		}
		if flag := r.flag(name, o); flag != nil {
			if hasValue {
				return nil, usagef("--%s takes no value", name)
			}
			*flag, last = true, nil
			continue
		}
		single := r.single(name, o)
		if single == nil {
			return nil, usagef("unknown option --%s", name)
		}
		if !hasValue {
			if i >= len(args) || isOption(args[i]) {
				return nil, usagef("--%s needs a value", name)
			}
			value = args[i]
			i++
		}
		*single, last = value, nil
	}
	if len(words) == 0 && last != nil && len(*last) > 1 && r.Verify != askBatch {
		n := len(*last) - 1
		words, *last = (*last)[n:], (*last)[:n]
	}
	return words, nil
}

func isOption(s string) bool { return len(s) > 1 && s[0] == '-' }

// option splits "--name=value"; the name is empty for a plain word.
func option(s string) (name, value string, hasValue bool) {
	if !isOption(s) {
		return "", "", false
	}
	return cut(strings.TrimPrefix(strings.TrimPrefix(s, "-"), "-"))
}

func cut(s string) (name, value string, hasValue bool) {
	name, value, hasValue = strings.Cut(s, "=")
	return name, value, hasValue
}

func (r *Request) list(name string) *[]string {
	switch name {
	case "anchors", "anchor":
		return &r.Anchors
	case "untrusted":
		return &r.Untrusted
	case "crl", "crls":
		return &r.CRL
	case "ocsp":
		return &r.OCSP
	case "policy":
		return &r.Policy
	}
	return nil
}

func (r *Request) flag(name string, o *Options) *bool {
	switch name {
	case "explicit-policy":
		return &r.ExplicitPolicy
	case "inhibit-any-policy":
		return &r.InhibitAnyPolicy
	case "inhibit-mapping":
		return &r.InhibitMapping
	case "json":
		return &o.JSON
	case "h", "help":
		return &o.Help
	}
	return nil
}

func (r *Request) single(name string, o *Options) *string {
	switch name {
	case "content":
		return &r.Content
	case "digest":
		return &r.Digest
	case "at":
		return &r.At
	case "profile":
		return &r.Profile
	case "lang":
		return &o.Lang
	case "html":
		return &o.HTML
	}
	return nil
}

// moment reads TIME.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return now, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if n < 0 || n > 253402300799 { // the end of the year 9999
			return time.Time{}, usagef("--at %s: no moment between 1970 and 9999", s)
		}
		return time.Unix(n, 0).UTC(), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usagef("--at %q: write 2026-11-22T12:00:00Z, 2026-11-22 or seconds since 1970", s)
}

// oids reads the values of --policy; they may be parted by commas, too.
func oids(list []string) ([]asn1.ObjectIdentifier, error) {
	var out []asn1.ObjectIdentifier
	for _, s := range list {
		for _, one := range strings.Split(s, ",") {
			oid, err := oid(strings.TrimSpace(one))
			if err != nil {
				return nil, err
			}
			out = append(out, oid)
		}
	}
	return out, nil
}

func oid(s string) (asn1.ObjectIdentifier, error) {
	if s == "anyPolicy" {
		return asn1.ObjectIdentifier{2, 5, 29, 32, 0}, nil
	}
	parts := strings.Split(s, ".")
	out := make(asn1.ObjectIdentifier, len(parts))
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil || len(parts) < 2 || len(parts) > 32 || i == 0 && n > 2 || i == 1 && out[0] < 2 && n > 39 {
			return nil, usagef("--policy %q is no object identifier such as 1.2.643.100.113.1", s)
		}
		out[i] = int(n)
	}
	return out, nil
}

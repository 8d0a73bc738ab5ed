// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"net/netip"
	"net/url"
	"strings"

	"zaver/signature/cert"
)

// matcher is a name that is compared with constraints (RFC 5280 section 4.2.1.10). ok is false for a
// constraint that is not in the form it should have. excluded says what the constraint is for,
// which decides where a name stands for several.
type matcher interface {
	within(base *cert.GeneralName, excluded bool) (in, ok bool)
}

// newMatcher reads a name; false when it is of a form that nobody defined constraints for, or is
// not well-formed, so that nothing can be said of it.
func newMatcher(n *cert.GeneralName) (matcher, bool) {
	switch n.Tag {
	case cert.DirectoryName:
		return directoryName(n.Name), true
	case cert.DNSName:
		host, ok := parseHost(n.Text, true)
		return dnsName(host), ok
	case cert.RFC822Name:
		return parseMailbox(n.Text)
	case cert.URI:
		host, ok := uriHost(n.Text)
		return uriName(host), ok
	case cert.IPAddress:
		return address(n.IP), len(n.IP) == 4 || len(n.IP) == 16
	default:
		return nil, false
	}
}

// directoryName compares by RDN: the first ones must be those of the constraint.
type directoryName cert.Name

func (d directoryName) within(base *cert.GeneralName, _ bool) (in, ok bool) {
	return cert.Name(d).WithinSubtree(base.Name), true
}

// address compares IP version 4 with version 4 and 6 with 6 (RFC 4632).
type address []byte

func (a address) within(base *cert.GeneralName, _ bool) (in, ok bool) {
	half := len(base.IP) / 2
	if half != 4 && half != 16 || len(base.IP) != 2*half {
		return false, false
	}
	if len(a) != half {
		return false, true
	}
	for i := range a {
		if (a[i]^base.IP[i])&base.IP[half+i] != 0 {
			return false, true
		}
	}
	return true, true
}

// dnsName is a host in lower case, whose first label may be a wildcard.
type dnsName string

// within: a host name stands for itself and everything below it, the empty one for all. With a
// period in front, which the RFC does not define here, it stands for everything below it. A
// wildcard is excluded when any name that it may stand for is.
func (d dnsName) within(base *cert.GeneralName, excluded bool) (in, ok bool) {
	if base.Text == "" {
		return true, true
	}
	text, below := strings.CutPrefix(base.Text, ".")
	host, ok := parseHost(text, false)
	if !ok {
		return false, false
	}
	if isBelow(string(d), host) || string(d) == host && (!below || excluded) {
		return true, true
	}
	rest, wild := strings.CutPrefix(string(d), "*.")
	return excluded && wild && (isBelow(host, rest) || host == rest), true
}

// uriName is the host of a URI in lower case.
type uriName string

// within: a host name stands for itself alone, one with a period in front for everything below it.
func (u uriName) within(base *cert.GeneralName, _ bool) (in, ok bool) {
	return hostWithin(string(u), base.Text)
}

// mailbox is an address of RFC 5321: the local part as it is meant, without quoting, the host in
// lower case.
type mailbox struct{ local, host string }

// within: a whole address stands for itself, a host for all its addresses, one with a period in
// front for all addresses at hosts below it.
func (m mailbox) within(base *cert.GeneralName, _ bool) (in, ok bool) {
	if base.Text == "" {
		return true, true
	}
	if !strings.Contains(base.Text, "@") {
		return hostWithin(m.host, base.Text)
	}
	other, ok := parseMailbox(base.Text)
	return ok && other == matcher(m), ok
}

func hostWithin(host, base string) (in, ok bool) {
	if base == "" {
		return true, true
	}
	text, below := strings.CutPrefix(base, ".")
	b, ok := parseHost(text, false)
	if !ok {
		return false, false
	}
	if below {
		return isBelow(host, b), true
	}
	return host == b, true
}

// isBelow reports that host has at least one label more in front of base.
func isBelow(host, base string) bool {
	return len(host) > len(base)+1 && strings.HasSuffix(host, base) && host[len(host)-len(base)-1] == '.'
}

// parseHost reads a host name in the preferred syntax (RFC 1034 section 3.5, RFC 1123 section 2.1),
// underscores tolerated, into lower case. Addresses of IP version 4 are none.
func parseHost(s string, wildcard bool) (string, bool) {
	if len(s) == 0 || len(s) > 253 {
		return "", false
	}
	rest := s
	if wildcard {
		rest = strings.TrimPrefix(s, "*.")
	}
	var label string
	for more := true; more; {
		if label, rest, more = strings.Cut(rest, "."); !isLabel(label) {
			return "", false
		}
	}
	if strings.Trim(label, "0123456789") == "" { // the top label of a host name is no number
		return "", false
	}
	return strings.ToLower(s), true
}

func isLabel(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// uriHost takes the host out of a URI; false when there is none or it is an IP address, which a
// constraint on URIs refuses (RFC 5280 section 4.2.1.10).
func uriHost(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Opaque != "" || u.Host == "" {
		return "", false
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return "", false
	}
	return parseHost(host, false)
}

// parseMailbox reads "local@host"; the local part may be a quoted string (RFC 5321 section 4.1.2).
func parseMailbox(s string) (matcher, bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 {
		return nil, false
	}
	host, ok := parseHost(s[at+1:], false)
	if !ok {
		return nil, false
	}
	local, ok := parseLocal(s[:at])
	return mailbox{local, host}, ok
}

func parseLocal(s string) (string, bool) {
	if s[0] != '"' {
		for i, before := 0, byte('.'); i < len(s); i, before = i+1, s[i] {
			if s[i] == '.' && before == '.' || !isAtom(s[i]) {
				return "", false
			}
		}
		return s, s[len(s)-1] != '.'
	}
	if len(s) < 3 || s[len(s)-1] != '"' {
		return "", false
	}
	var out []byte
	escaped := false
	for _, c := range []byte(s[1 : len(s)-1]) {
		switch {
		case c < ' ' || c == 0x7f || c == '"' && !escaped:
			return "", false
		case c == '\\' && !escaped:
			escaped = true
			continue
		}
		out, escaped = append(out, c), false
	}
	return string(out), !escaped
}

// isAtom reports a character of a local part that is not quoted (RFC 5321 section 4.1.2, and beyond
// ASCII RFC 6531 section 3.3).
func isAtom(c byte) bool {
	switch {
	case c >= 0x80:
		return true
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte(".!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// SPDX-License-Identifier: Apache-2.0

package xmlread

import "strings"

// declaration reads version, encoding and standalone, in this order (XML 1.0 production 23).
func (r *Reader) declaration(s string) error {
	version, s, ok := pseudo(s, "version")
	if !ok {
		return r.malformed("XML declaration without a version")
	}
	if version != "1.0" {
		return &Error{CodeEncoding, r.pos, "not XML 1.0"}
	}
	if encoding, rest, ok := pseudo(s, "encoding"); ok {
		if !strings.EqualFold(encoding, "UTF-8") {
			return &Error{CodeEncoding, r.pos, "not UTF-8"}
		}
		s = rest
	}
	if standalone, rest, ok := pseudo(s, "standalone"); ok {
		if standalone != "yes" && standalone != "no" {
			return r.malformed("XML declaration")
		}
		s = rest
	}
	if strings.Trim(s, " \t\r\n") != "" {
		return r.malformed("XML declaration")
	}
	return nil
}

// pseudo takes one attribute of the declaration from the front of s.
func pseudo(s, name string) (value, rest string, ok bool) {
	trimmed := strings.TrimLeft(s, " \t\r\n")
	if len(trimmed) == len(s) || !strings.HasPrefix(trimmed, name) {
		return "", s, false
	}
	after := strings.TrimLeft(trimmed[len(name):], " \t\r\n")
	if !strings.HasPrefix(after, "=") {
		return "", s, false
	}
	after = strings.TrimLeft(after[1:], " \t\r\n")
	if after == "" || after[0] != '"' && after[0] != '\'' {
		return "", s, false
	}
	value, rest, ok = strings.Cut(after[1:], after[:1])
	return value, rest, ok
}

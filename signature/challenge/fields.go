// SPDX-License-Identifier: Apache-2.0

package challenge

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"zaver/signature/ident"
)

const (
	maxOrigin  = 256 // bytes
	maxAccount = 254 // an e-mail address in full
	maxHolder  = 512
)

// validate returns why the statement may not be written, as statement.malformed.
func (s Statement) validate() error {
	if s.Nonce == ([32]byte{}) {
		return malformed("nonce is all zeros")
	}
	if !token(s.Request) {
		return malformed("request is not 16 to 64 of A-Za-z0-9_-")
	}
	if len(s.ControlCode) != 4 || strings.Trim(s.ControlCode, "0123456789") != "" {
		return malformed("control code is not 4 digits")
	}
	if !IsOrigin(s.Origin) {
		return malformed("origin is not a canonical https origin")
	}
	if !words(s.Account, maxAccount) {
		return malformed("account is empty, too long or not plain text")
	}
	if !words(s.Holder, maxHolder) {
		return malformed("holder is empty, too long or not plain text")
	}
	if err := s.validateTimes(); err != nil {
		return err
	}
	return s.validateSubject()
}

func (s Statement) validateTimes() error {
	for _, t := range []time.Time{s.Issued, s.Expires} {
		if t.Nanosecond() != 0 || t.UTC().Year() < 2000 || t.UTC().Year() > 9999 {
			return malformed("times are not whole seconds of years 2000 to 9999")
		}
	}
	if life := s.Expires.Sub(s.Issued); life <= 0 || life > Life {
		return malformed("life is not within %v", Life)
	}
	return nil
}

// validateSubject wants the one number that the purpose asks for, in its only form.
func (s Statement) validateSubject() error {
	switch s.Purpose {
	case ConfirmIdentity:
		if n, err := ident.ParseSNILS(string(s.SNILS)); err != nil || n != s.SNILS || s.OGRN != "" {
			return malformed("a person is named by SNILS alone")
		}
	case ConfirmOrganisation:
		if n, err := ident.ParseOGRN(string(s.OGRN)); err != nil || n != s.OGRN || s.SNILS != "" {
			return malformed("an organisation is named by OGRN alone")
		}
	default:
		return malformed("purpose is unknown")
	}
	return nil
}

func token(s string) bool {
	if len(s) < 16 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// words reports plain text for people: printable, no line ends, nothing that
// turns or hides what is beside it (bidirectional marks, zero-width characters,
// letters that show nothing), and single spaces inside only.
func words(s string, limit int) bool {
	if s == "" || len(s) > limit || !utf8.ValidString(s) || strings.TrimSpace(s) != s || strings.Contains(s, "  ") {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || r == utf8.RuneError || invisible(r) {
			return false
		}
	}
	return true
}

// invisible are the letters and marks that count as printable and show nothing:
// what Unicode lets programs ignore, and the empty Braille pattern.
func invisible(r rune) bool {
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) || r == 0x2800
}

// IsOrigin reports a web origin in the one form that browsers send (RFC 6454
// section 6.2), which is the only one that a statement may name: lower case,
// ASCII (punycode for other letters, so that look-alikes show), no default
// port, nothing after it. Plain http is for loopback alone.
func IsOrigin(s string) bool {
	if len(s) > maxOrigin || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-:/[]") != "" {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != s || !canonicalPort(u) {
		return false
	}
	host := u.Hostname()
	if host == "" || strings.HasPrefix(host, ".") || strings.HasSuffix(host, ".") || strings.Contains(host, "..") {
		return false
	}
	ip, err := netip.ParseAddr(host)
	isIP := err == nil
	if strings.HasPrefix(u.Host, "[") != (isIP && ip.Is6()) || isIP && ip.String() != host {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		return host == "localhost" || isIP && ip.IsLoopback()
	default:
		return false
	}
}

func canonicalPort(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	if len(port) > 5 || port[0] == '0' || len(port) == 5 && port > "65535" {
		return false
	}
	return (u.Scheme != "https" || port != "443") && (u.Scheme != "http" || port != "80")
}

// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"zaver/signature/ident"
	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
)

// signature takes over every failed finding and reports whether the key that the
// certificate names has signed the statement that was issued.
func (w *reasons) signature(c Case) bool {
	if c.Report.Content != nil && !c.SameStatement {
		w.add(CodeStatement)
	}
	for _, f := range c.Report.With(verify.Fail) {
		w.add(f.Code)
	}
	holds := has(c.Report, verify.CodeOK, verify.OK) && !c.Report.Has(verify.CodeInvalid) && c.Report.Signer != nil
	// A report that says nothing about the bytes, or about another moment, proves nothing.
	if !holds && len(c.Report.With(verify.Fail)) == 0 || !c.Report.At.Equal(c.At) {
		w.add(CodeIncomplete)
	}
	if holds && !c.SameStatement {
		w.add(CodeStatement)
	}
	return holds && c.SameStatement
}

// path demands an anchor of the method's kind and every fact about the path.
func (w *reasons) path(c Case) {
	r := c.Report
	if len(r.Path) == 0 || r.Anchor == nil {
		if len(r.With(verify.Fail)) == 0 {
			w.add(CodeIncomplete)
		}
		return
	}
	if r.Anchor.Kind != c.Method.Anchor {
		if c.Method.Anchor == trust.UEC {
			w.add(CodeNotUEC)
		} else {
			w.add(CodeNotToken)
		}
	}
	complete := r.Path.Leaf().Equal(r.Signer) && r.Path.Anchor().Equal(r.Anchor.Certificate) &&
		has(r, verify.CodeChainOK, verify.OK) && r.Anchor.AccreditedAt(c.At)
	if r.Anchor.Kind == trust.Qualified {
		complete = complete && has(r, verify.CodeQualified, verify.OK)
	}
	if !complete && len(r.With(verify.Fail)) == 0 {
		w.add(CodeIncomplete)
	}
}

// holder compares the certificate with the person whom the account names.
func (w *reasons) holder(c Case) {
	h := c.Report.Signer.Holder()
	switch {
	case len(h.Problems) > 0:
		// Whose certificate it is can't be said when it says two things or a broken one.
		w.add(verify.CodeHolder)
	case !slices.Contains(c.Method.Holders, h.Kind):
		w.add(CodeHolderKind)
	case h.SNILS == "":
		w.add(CodeNoSNILS)
	case h.SNILS != c.Subject.SNILS: // an empty one of the account is unequal too
		w.add(CodeOtherPerson)
	case !h.Name.Same(c.Subject.Name):
		w.put(Reason{Code: CodeNameDiffers, Args: map[string]string{
			"certificate": mask(h.Name), "account": mask(c.Subject.Name),
		}})
	}
}

// unknown takes over what could not be found out, and demands a good answer about
// each certificate of the path below the anchor.
func (w *reasons) unknown(c Case) {
	r := c.Report
	if len(r.Path) == 0 {
		// Nobody was asked about a certificate that leads nowhere: not a matter of time.
		for _, f := range r.With(verify.Unknown) {
			if f.Code != verify.CodeRevocationUnknown || len(w.list) == 0 {
				w.add(f.Code)
			}
		}
		return
	}
	for _, f := range r.With(verify.Unknown) {
		w.put(Reason{Code: f.Code, Retry: true})
	}
	good := len(r.Revocations) == len(r.Path)-1
	for _, a := range r.Revocations {
		good = good && a.Status == revocation.Good
	}
	if !good && len(r.With(verify.Unknown)) == 0 && len(r.With(verify.Fail)) == 0 {
		w.put(Reason{Code: verify.CodeRevocationUnknown, Retry: true})
	}
}

func has(r *verify.Report, code string, s verify.Severity) bool {
	for _, f := range r.Findings {
		if f.Code == code && f.Severity == s {
			return true
		}
	}
	return false
}

// mask hides a name but the ends of its words, so that its owner knows it again
// and sees where two differ: "Петрова Анна" becomes "П***а А***а".
func mask(n ident.PersonName) string {
	words := strings.Fields(n.String())
	for i, word := range words {
		first, size := utf8.DecodeRuneInString(word)
		last, _ := utf8.DecodeLastRuneInString(word)
		words[i] = string(first) + "***"
		if size*3 <= len(word) { // one or two letters show only the first
			words[i] += string(last)
		}
	}
	return strings.Join(words, " ")
}

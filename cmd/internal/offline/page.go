// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"encoding/hex"
	"slices"
	"strings"

	"zaver/portal/text"
	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/verify"
)

// page is a report in words, the same for text and HTML.
type page struct {
	Lang                  text.Lang
	Title, Verdict, Means string
	State                 verify.Verdict
	Facts                 []fact
	Sections              []section
	words                 *text.Catalogue
}

type fact struct{ Label, Value string }

// section is one signer, or the file as a whole.
type section struct {
	Title    string
	Level    int // of nesting, 0 is the top
	State    verify.Verdict
	Facts    []fact
	Path     []step
	Findings []line
}

// step is one certificate of a path.
type step struct {
	Number                                      int
	Holder, Issuer, Serial, Validity, Key, Hash string
	Anchor                                      bool
}

// line is one finding in words.
type line struct {
	Mark, MarkWords, Words, Advice, About, Code, Detail string
	Severity                                            verify.Severity
}

// marks are the signs before findings.
var marks = map[verify.Severity]string{verify.OK: "✓", verify.Info: "i", verify.Warn: "!", verify.Fail: "✗", verify.Unknown: "?"}

const stamp = "2006-01-02 15:04:05 UTC"

func newPage(a *verify.Audit, words *text.Catalogue, lang text.Lang) *page {
	p := &page{Lang: lang, words: words, State: a.Verdict}
	p.Title = p.say("report.title", nil)
	p.Verdict = p.say("report."+string(a.Verdict), nil)
	p.Means = p.say("report."+string(a.Verdict)+".means", nil)
	p.fact(&p.Facts, "report.at", a.At.UTC().Format(stamp))
	p.fact(&p.Facts, "report.profile", p.say("report.profile."+string(a.Profile), nil))
	p.fact(&p.Facts, "report.trust_set", a.TrustSetID)
	if len(a.Findings) > 0 {
		s := section{Title: p.say("report.file", nil)}
		if v := (&verify.Report{Findings: a.Findings}).Verdict(); v != verify.Valid {
			s.State = v // else it says nothing by itself
		}
		s.Findings = p.lines(a.Findings, nil, "")
		p.Sections = append(p.Sections, s)
	}
	for i, r := range a.Signers {
		title := p.say("report.signer", map[string]any{"Number": i + 1})
		if r.Subject == verify.SubjectCertificate {
			title = p.say("report.certificate", nil)
		}
		p.signer(r, title, 0)
	}
	return p
}

func (p *page) say(id string, args map[string]any) string { return p.words.Text(p.Lang, id, args) }

func (p *page) fact(list *[]fact, id, value string) {
	if value != "" {
		*list = append(*list, fact{p.say(id, nil), value})
	}
}

func (p *page) signer(r *verify.Report, title string, level int) {
	s := section{Title: title, Level: level, State: r.Verdict()}
	if c := r.Signer; c != nil {
		p.fact(&s.Facts, "report.holder", c.Subject.String())
		p.fact(&s.Facts, "report.issuer", c.Issuer.String())
	}
	p.fact(&s.Facts, "report.judged_at", r.At.UTC().Format(stamp))
	if !r.SigningTime.IsZero() {
		p.fact(&s.Facts, "report.claimed", r.SigningTime.UTC().Format(stamp))
	}
	for _, t := range r.Timestamps {
		value := p.say("report.timestamp.fails", nil)
		if t.Holds {
			value = p.say("report.timestamp.holds", map[string]any{"Time": t.Time.UTC().Format(stamp)})
		}
		if t.Signer != nil {
			value += " · " + t.Signer.Subject.String()
		}
		p.fact(&s.Facts, "report.timestamp", value)
	}
	var policies []string
	for _, oid := range r.Policies.User {
		policies = append(policies, oid.String())
	}
	p.fact(&s.Facts, "report.policies", strings.Join(policies, ", "))
	path := []*cert.Certificate(r.Path)
	if len(path) == 0 && r.Signer != nil {
		path = []*cert.Certificate{r.Signer}
	}
	for i, c := range path {
		s.Path = append(s.Path, p.step(c, i, len(r.Path) > 0 && i == len(r.Path)-1))
	}
	s.Findings = p.lines(r.Findings, path, "")
	for _, t := range r.Timestamps {
		s.Findings = append(s.Findings, p.lines(t.Findings, nil, p.say("report.timestamp", nil))...)
	}
	p.Sections = append(p.Sections, s)
	for i, c := range r.CounterSigners {
		p.signer(c, p.say("report.counter_signer", map[string]any{"Number": i + 1}), level+1)
	}
}

func (p *page) step(c *cert.Certificate, i int, anchor bool) step {
	return step{
		Number: i + 1, Holder: c.Subject.String(), Issuer: c.Issuer.String(), Serial: verify.SerialText(c),
		Validity: p.say("report.validity.range", map[string]any{
			"From": c.NotBefore.UTC().Format(stamp), "Until": c.NotAfter.UTC().Format(stamp),
		}),
		Key: p.key(c), Hash: hash(c), Anchor: anchor,
	}
}

// key names the algorithm of a certificate's key for people.
func (p *page) key(c *cert.Certificate) string {
	name := strings.ToUpper(c.PublicKey.Kind().String())
	switch c.PublicKey.Kind() {
	case algo.GOST256, algo.GOST512:
		name = p.say("report.key.gost2012", nil)
	case algo.GOST2001:
		name = p.say("report.key.gost2001", nil)
	}
	return p.say("report.key.text", map[string]any{"Kind": name, "Bits": c.PublicKey.Bits()})
}

func hash(c *cert.Certificate) string {
	sum := c.Fingerprint()
	return hex.EncodeToString(sum[:])
}

// lines are findings in words, what does not hold first. about is what they are about
// where it is no certificate of the path.
func (p *page) lines(findings []verify.Finding, path []*cert.Certificate, about string) []line {
	var out []line
	for _, severity := range []verify.Severity{verify.Fail, verify.Unknown, verify.Warn, verify.OK, verify.Info} {
		for _, f := range findings {
			if f.Severity == severity {
				out = append(out, p.line(f, path, about))
			}
		}
	}
	return out
}

func (p *page) line(f verify.Finding, path []*cert.Certificate, about string) line {
	l := line{About: about, Mark: marks[f.Severity], MarkWords: p.say("report.mark."+string(f.Severity), nil), Code: f.Code, Detail: f.Detail, Severity: f.Severity}
	l.Words, l.Advice = p.words.Code(p.Lang, f.Code, nil)
	// What the catalogue tells a holder to do is no advice to an auditor.
	if !slices.Contains(Codes(), f.Code) {
		l.Advice, _ = p.words.Lookup(p.Lang, "report."+f.Code+".do", nil)
	}
	if words, ok := p.words.Lookup(p.Lang, "report."+f.Code, nil); ok {
		l.Words = words
	}
	if f.Severity == verify.OK || f.Severity == verify.Info {
		l.Advice = ""
	}
	if f.Severity == verify.OK && !tells(f.Code) {
		l.Detail = ""
	}
	for i, c := range path {
		if f.Certificate == hash(c) {
			l.About = p.say("report.about", map[string]any{"Number": i + 1})
		}
	}
	return l
}

// tells says whether a fact that holds has more to say than its words.
func tells(code string) bool {
	return strings.HasPrefix(code, "evidence.") || code == verify.CodeNotRevoked || code == verify.CodeTimestamp
}

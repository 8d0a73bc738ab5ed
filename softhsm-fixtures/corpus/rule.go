// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"slices"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// rule is a case before it is known through which doors it goes.
type rule struct {
	name, what, standard string
	codes                string
	gost                 string // codes for GOST keys when they differ
	confirm              string // codes at the door of confirmations when they differ; "-" keeps it away
	certificate          string // the same for the door of certificates
	verdict              verify.Verdict
	kinds                func(mint.Kind) bool
	with, bad, twin      edit
	only                 []Door
}

// expand makes the cases of an area: each rule once for each door.
func expand(area string, doors []Door, rules []rule) []Case {
	var out []Case
	for _, r := range rules {
		for _, d := range doors {
			codes, gost := r.codes, r.gost
			if len(r.only) > 0 && !slices.Contains(r.only, d) {
				continue
			}
			if other := map[Door]string{Confirmation: r.confirm, Certificate: r.certificate}[d]; other != "" {
				codes, gost = other, ""
			}
			if codes == "-" {
				continue
			}
			verdict := r.verdict
			if verdict == "" {
				verdict = verify.Invalid
			}
			out = append(out, Case{
				Name: string(d) + "/" + area + "/" + r.name, What: r.what, Standard: r.standard, Door: d, Verdict: verdict,
				codes: codes, gostCodes: gost, kinds: r.kinds, with: r.with, bad: r.bad, twin: r.twin,
			})
		}
	}
	return out
}

var (
	signatures = []Door{Document, Confirmation}
	paths      = []Door{Certificate, Document, Confirmation}
)

func onlyGOST(k mint.Kind) bool    { return k.IsGOST() }
func onlyGOST256(k mint.Kind) bool { return k == mint.GOST2012256 }
func onlyECDSA(k mint.Kind) bool   { return k == mint.P256 }
func onlyRSA(k mint.Kind) bool     { return k == mint.RSA2048 }
func notGOST(k mint.Kind) bool     { return !k.IsGOST() }
func curves(k mint.Kind) bool      { return k != mint.RSA2048 }

// message edits the SignedData, signer the SignerInfo, raw the finished bytes.
func message(f func(s *scene, m *mint.SignedData)) edit { return edit{message: f} }
func signer(f func(s *scene, g *mint.Signer)) edit      { return edit{signer: f} }
func raw(f func(der []byte) []byte) edit {
	return edit{der: func(_ *scene, der []byte) []byte { return f(slices.Clone(der)) }}
}

// replaced puts attributes in the place of the usual ones of their kinds.
func replaced(list func(s *scene) []mint.Attribute) edit {
	return signer(func(s *scene, g *mint.Signer) {
		for _, a := range list(s) {
			g.Drop = append(g.Drop, a.OID)
			g.Extra = append(g.Extra, mint.Attribute{OID: "kept", Raw: a.DER()})
		}
	})
}

func replacedBy(list ...mint.Attribute) edit {
	return replaced(func(*scene) []mint.Attribute { return list })
}

func added(list ...mint.Attribute) edit {
	return signer(func(_ *scene, g *mint.Signer) { g.Extra = append(g.Extra, list...) })
}

func dropped(oid string) edit {
	return signer(func(_ *scene, g *mint.Signer) { g.Drop = append(g.Drop, oid) })
}

func unsigned(list ...mint.Attribute) edit {
	return signer(func(_ *scene, g *mint.Signer) {
		for _, a := range list {
			g.Unsigned = append(g.Unsigned, a.Always())
		}
	})
}

// element takes the first element apart: its identifier, content and what follows it.
func element(der []byte) (tag byte, content, rest []byte) {
	n, head := int(der[1]), 2
	if n >= 0x80 {
		width := n & 0x7f
		n = 0
		for _, b := range der[2 : 2+width] {
			n = n<<8 | int(b)
		}
		head += width
	}
	return der[0], der[head : head+n], der[head+n:]
}

// parts are the elements of a content.
func parts(content []byte) [][]byte {
	var out [][]byte
	for len(content) > 0 {
		_, _, rest := element(content)
		out = append(out, content[:len(content)-len(rest)])
		content = rest
	}
	return out
}

// inside edits the element that the steps lead to: each is the place of an element in the one above. All
// lengths are mended.
func inside(der []byte, f func(element []byte) []byte, steps ...int) []byte {
	if len(steps) == 0 {
		return f(der)
	}
	tag, content, _ := element(der)
	list := parts(content)
	i := steps[0]
	if i < 0 {
		i += len(list)
	}
	list[i] = inside(list[i], f, steps[1:]...)
	return asn.TLV(tag, list...)
}

// behind puts bytes behind the last element inside.
func behind(more ...byte) func([]byte) []byte {
	return func(der []byte) []byte {
		tag, content, _ := element(der)
		return asn.TLV(tag, content, more)
	}
}

// at is an edit of the element of the finished signature that the steps lead to.
func at(f func(element []byte) []byte, steps ...int) edit {
	return raw(func(der []byte) []byte { return inside(der, f, steps...) })
}

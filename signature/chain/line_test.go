// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"encoding/asn1"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
)

// step is one certificate of a straight line from the anchor down.
type step struct {
	mint.Certificate
	as mint.Name // the name under which its issuer signs, when it is another spelling
}

// ca is a step of an authority; extensions replace those of the same identifier, gone removes one.
func ca(name string, extensions ...mint.Extension) step {
	return step{Certificate: mint.Certificate{Subject: mint.CN(name), Extensions: replace(mint.CAExtensions(), extensions)}}
}

// end is a step of a holder.
func end(name string, extensions ...mint.Extension) step {
	return step{Certificate: mint.Certificate{Subject: mint.CN(name), Extensions: replace(mint.LeafExtensions(), extensions)}}
}

func (s step) with(f func(*mint.Certificate)) step {
	s.Extensions = slices.Clone(s.Extensions)
	f(&s.Certificate)
	return s
}

// named gives the step another subject.
func (s step) named(n mint.Name) step {
	return s.with(func(c *mint.Certificate) { c.Subject = n })
}

// signedAs writes the issuer's name in another way.
func (s step) signedAs(n mint.Name) step {
	s.as = n
	return s
}

// gone removes an extension from the usual ones.
func gone(oid string) mint.Extension { return mint.Extension{OID: oid, Raw: []byte{}} }

func replace(usual, changes []mint.Extension) []mint.Extension {
	out := slices.Clone(usual)
	for _, e := range changes {
		if i := slices.IndexFunc(out, func(o mint.Extension) bool { return o.OID == e.OID }); i >= 0 {
			out[i] = e
		} else {
			out = append(out, e)
		}
	}
	return out
}

// keys are made once: what they are plays no part in most cases.
var keys = func() []*mint.Key {
	var list []*mint.Key
	for range 12 {
		list = append(list, mint.NewKey(mint.Ed25519))
	}
	return list
}()

// line signs the steps, the first by itself and each other one by the one before, with a key each.
func line(steps ...step) []*mint.Party {
	var out []*mint.Party
	for i, s := range steps {
		if s.Key == nil {
			s.Key = keys[i]
		}
		if i == 0 {
			out = append(out, s.Sign(nil))
			continue
		}
		issuer := out[i-1]
		if s.as != nil {
			issuer = issuer.As(s.as)
		}
		out = append(out, s.Sign(issuer))
	}
	return out
}

func parsed(t testing.TB, parties ...*mint.Party) []*cert.Certificate {
	t.Helper()
	var out []*cert.Certificate
	for _, p := range parties {
		out = append(out, parse(t, p.DER))
	}
	return out
}

// rule is a line and whether it holds: the anchor first, the certificate in question last.
type rule struct {
	name string // with the section of RFC 5280 that it is about
	line []step
	want string // the code of the failure, "" for a path that holds
	o    chain.Options
	// peer says what OpenSSL makes of it where that differs, and why.
	peer string
}

// lenient are notes on where OpenSSL accepts what is refused here, strict where it is the other way.
const (
	lenient = "lenient: "
	strict  = "strict: "
	unasked = "unasked: "
)

func run(t *testing.T, rules []rule) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			list := parsed(t, line(r.line...)...)
			leaf, anchors := list[len(list)-1], list[:1]
			untrusted := list[1 : len(list)-1]
			path, err := chain.Build(leaf, untrusted, anchors, moment, r.o)
			if got := code(t, err); got != r.want {
				t.Fatalf("code %q, want %q: %v", got, r.want, err)
			}
			if err == nil && len(path) != len(list) {
				t.Errorf("path of %d, want %d", len(path), len(list))
			}
			if strings.HasPrefix(r.peer, unasked) {
				return
			}
			out, ok := askPeer(t, leaf, untrusted, anchors, r.o)
			want := r.want == ""
			if r.peer != "" {
				want = !want
			}
			if ok != want {
				t.Errorf("openssl accepts: %t\n%s", ok, out)
			}
		})
	}
}

// askPeer asks "openssl verify" the same question.
func askPeer(t *testing.T, leaf *cert.Certificate, untrusted, anchors []*cert.Certificate, o chain.Options) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, list ...*cert.Certificate) string {
		t.Helper()
		var b []byte
		for _, c := range list {
			b = append(b, c.PEM()...)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{"verify", "-no-CApath", "-no-CAstore", "-partial_chain", "-attime", strconv.FormatInt(moment.Unix(), 10),
		"-CAfile", write("anchors.pem", anchors...), "-policy_check"}
	for _, p := range o.Policies {
		args = append(args, "-policy", p.String())
	}
	if len(o.Policies) == 0 {
		args = append(args, "-policy", mint.OIDAnyPolicy)
	}
	for flag, on := range map[string]bool{"-explicit_policy": o.RequireExplicitPolicy, "-inhibit_map": o.InhibitPolicyMapping, "-inhibit_any": o.InhibitAnyPolicy} {
		if on {
			args = append(args, flag)
		}
	}
	if len(untrusted) > 0 {
		args = append(args, "-untrusted", write("untrusted.pem", untrusted...))
	}
	out, err := exec.CommandContext(t.Context(), "openssl", append(args, write("leaf.pem", leaf))...).CombinedOutput()
	return string(out), err == nil
}

func oid(t testing.TB, dotted string) asn1.ObjectIdentifier {
	t.Helper()
	var out asn1.ObjectIdentifier
	for _, arc := range strings.Split(dotted, ".") {
		n, err := strconv.Atoi(arc)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

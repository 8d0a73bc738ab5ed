// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"testing"

	"zaver/signature/chain"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

var (
	permit, exclude = mint.Permit, mint.Exclude
	mail, dns, uri  = mint.Mail, mint.DNS, mint.URI
	refusedName     = chain.CodeNameConstraints
)

// dn is a directory name as a constraint.
func dn(parts ...string) mint.GeneralName { return mint.Dir(mint.DN(parts...)) }

// under is root, an authority with constraints, and a holder with alternative names.
func under(constraints mint.Extension, names ...mint.GeneralName) []step {
	return []step{root, ca("ca", constraints), end("leaf", mint.SAN(names...))}
}

// TestDirectoryNames is section 4.2.1.10 with the comparison of section 7.1.
func TestDirectoryNames(t *testing.T) {
	firm := func(parts ...string) step { return end("").named(mint.DN(parts...)) }
	within := func(constraints mint.Extension, leaf step) []step { return []step{root, ca("ca", constraints), leaf} }
	ru, test := dn("C=RU"), dn("C=RU", "O=Test")
	both := mint.NameOf(mint.RDN(mint.Attr("C", 0, "RU")), mint.RDN(mint.Attr("O", 0, "Test"), mint.Attr("OU", 0, "Unit")), mint.RDN(mint.Attr("CN", 0, "x")))
	run(t, []rule{
		{name: "4.2.1.10 permitted", line: within(permit(test), firm("C=RU", "O=Test", "CN=leaf"))},
		{name: "4.2.1.10 permitted, the base itself", line: within(permit(test), firm("C=RU", "O=Test"))},
		{name: "4.2.1.10 not permitted", line: within(permit(test), firm("C=RU", "O=Other", "CN=leaf")), want: refusedName},
		{name: "4.2.1.10 above the base", line: within(permit(test), firm("C=RU")), want: refusedName},
		{name: "4.2.1.10 not at the beginning", line: within(permit(dn("O=Test")), firm("C=RU", "O=Test")), want: refusedName},
		{name: "4.2.1.10 a longer value", line: within(permit(test), firm("C=RU", "O=Tester", "CN=leaf")), want: refusedName},
		{name: "7.1 letter case and spaces", line: within(permit(dn("C=RU", "O=Test Firm")), firm("C=RU", "O=TEST   firm", "CN=leaf"))},
		{name: "7.1 another string type", line: within(permit(test), end("").named(mint.NameOf(mint.RDN(mint.Attr("C", 0, "RU")), mint.RDN(mint.Attr("O", asn.TagPrintable, "Test")), mint.RDN(mint.Attr("CN", 0, "x")))))},
		{name: "7.1 half of an RDN", line: within(permit(test), end("").named(both)), want: refusedName},
		{name: "4.2.1.10 one of two permitted", line: within(permit(dn("C=US"), ru), firm("C=RU", "CN=leaf"))},
		{name: "4.2.1.10 excluded", line: within(exclude(test), firm("C=RU", "O=Test", "CN=leaf")), want: refusedName},
		{name: "4.2.1.10 excluded in another case", line: within(exclude(test), firm("C=ru", "O=tESt", "CN=leaf")), want: refusedName},
		{name: "4.2.1.10 not excluded", line: within(exclude(test), firm("C=RU", "O=Other", "CN=leaf"))},
		{name: "4.2.1.10 excluded wins", line: within(mint.NameConstraints([]mint.GeneralName{ru}, []mint.GeneralName{test}), firm("C=RU", "O=Test", "CN=leaf")), want: refusedName},
		{name: "4.2.1.10 permitted beside what is excluded", line: within(mint.NameConstraints([]mint.GeneralName{ru}, []mint.GeneralName{test}), firm("C=RU", "O=Other"))},
		{name: "4.2.1.10 everything excluded", line: within(exclude(dn()), firm("C=RU")), want: refusedName},
		{name: "4.2.1.10 alternative name not permitted", line: within(permit(test), end("", mint.SAN(dn("C=RU", "O=Other"))).named(mint.DN("C=RU", "O=Test"))), want: refusedName},
		{name: "4.2.1.10 subject not permitted, alternative name is", line: within(permit(test), end("", mint.SAN(dn("C=RU", "O=Test"))).named(mint.DN("C=RU", "O=Other"))), want: refusedName},
		{name: "6.1.3 (b) an empty subject is no name", line: within(permit(test), end("", mint.SAN(dns("example.org")).Crit()).named(mint.NameOf()))},
		{name: "6.1.3 (b) an authority below", line: []step{root, ca("ca", permit(test)), ca("other"), firm("C=RU", "O=Test")}, want: refusedName},
		{name: "6.1.3 (b) self-issued authority is left out", line: []step{root, ca("ca", permit(test)), ca("ca"), firm("C=RU", "O=Test")}},
		{name: "6.1.3 (b) self-issued and last is not", line: []step{root, ca("ca", permit(test)), ca("ca")}, want: refusedName},
		{name: "6.1.4 (g) the smaller of two", line: []step{root, ca("a", permit(ru)), ca("").named(mint.DN("C=RU", "O=A")).with(add(permit(test))), firm("C=RU", "O=Other")}, want: refusedName},
		{name: "6.1.4 (g) both of two", line: []step{root, ca("a", permit(ru)), ca("").named(mint.DN("C=RU", "O=A")).with(add(permit(test))), firm("C=RU", "O=Test")}},
		{name: "6.1.4 (g) wider below", line: []step{root, ca("a", permit(test)), ca("").named(mint.DN("C=RU", "O=Test")).with(add(permit(ru))), firm("C=RU", "O=Other")}, want: refusedName},
		{name: "6.1.4 (g) nothing in common", line: []step{root, ca("a", permit(ru)), ca("").named(mint.DN("C=RU")).with(add(permit(dn("C=US")))), firm("C=US")}, want: refusedName},
		{name: "6.1.4 (g) two exclude", line: []step{root, ca("a", exclude(dn("C=US"))), ca("b", exclude(ru)), firm("C=US")}, want: refusedName},
		{name: "RFC 5937 the anchor's", line: []step{ca("root", permit(test)), firm("C=RU", "O=Other")}, want: refusedName},
		{name: "6.1 its own are not for itself", line: []step{root, ca("").named(mint.DN("C=US")).with(add(permit(ru))), firm("C=RU")}},
	})
}

func add(e mint.Extension) func(*mint.Certificate) {
	return func(c *mint.Certificate) { c.Extensions = replace(c.Extensions, []mint.Extension{e}) }
}

// TestMailConstraints is section 4.2.1.10 for rfc822Name.
func TestMailConstraints(t *testing.T) {
	subject := func(constraints mint.Extension, e string, extra ...mint.Extension) []step {
		return []step{root, ca("ca", constraints), end("", extra...).named(mint.DN("CN=leaf", "E="+e))}
	}
	run(t, []rule{
		{name: "4.2.1.10 mailbox", line: under(permit(mail("anna@example.org")), mail("anna@example.org"))},
		{name: "4.2.1.10 another mailbox", line: under(permit(mail("anna@example.org")), mail("ivan@example.org")), want: refusedName},
		{name: "4.2.1.10 mailbox, host in another case", line: under(permit(mail("anna@example.org")), mail("anna@EXAMPLE.org"))},
		{name: "4.2.1.6 mailbox, local part in another case", line: under(permit(mail("anna@example.org")), mail("Anna@example.org")), want: refusedName},
		{name: "4.2.1.10 host", line: under(permit(mail("example.org")), mail("anna@example.org"))},
		{name: "4.2.1.10 host, one below it", line: under(permit(mail("example.org")), mail("anna@mail.example.org")), want: refusedName},
		{name: "4.2.1.10 domain", line: under(permit(mail(".example.org")), mail("anna@mail.example.org"))},
		{name: "4.2.1.10 domain, two labels more", line: under(permit(mail(".example.org")), mail("anna@a.b.example.org"))},
		{name: "4.2.1.10 domain, its own host", line: under(permit(mail(".example.org")), mail("anna@example.org")), want: refusedName},
		{name: "4.2.1.10 domain, not at a label", line: under(permit(mail(".example.org")), mail("anna@badexample.org")), want: refusedName},
		{name: "4.2.1.10 excluded host", line: under(exclude(mail("example.org")), mail("anna@example.org")), want: refusedName},
		{name: "4.2.1.10 excluded domain", line: under(exclude(mail(".example.org")), mail("anna@a.example.org")), want: refusedName},
		{name: "4.2.1.10 excluded domain, its own host", line: under(exclude(mail(".example.org")), mail("anna@example.org"))},
		{name: "4.2.1.10 excluded mailbox, quoted", line: under(exclude(mail("anna@example.org")), mail(`"anna"@example.org`)), want: refusedName, peer: lenient + "it compares bytes"},
		{name: "4.2.1.10 one of two addresses", line: under(permit(mail("example.org")), mail("anna@example.org"), mail("anna@example.com")), want: refusedName},
		{name: "4.2.1.10 address in the subject", line: subject(permit(mail("example.org")), "anna@example.org")},
		{name: "4.2.1.10 address in the subject, not permitted", line: subject(permit(mail("example.org")), "anna@example.com"), want: refusedName},
		{name: "4.2.1.10 address in the subject, excluded", line: subject(exclude(mail("example.com")), "anna@example.com"), want: refusedName},
		{name: "4.2.1.10 address in the subject beside an alternative name", line: subject(permit(mail("example.org")), "anna@example.com", mint.SAN(mail("anna@example.org"))),
			peer: strict + "it looks at the subject all the same"},
		{name: "4.2.1.10 address in the subject beside a name of another form", line: subject(permit(mail("example.org")), "anna@example.com", mint.SAN(dns("example.org"))), want: refusedName},
		{name: "4.2.1.6 no address", line: under(permit(mail("example.org")), mail("example.org")), want: refusedName},
		{name: "4.2.1.6 two at signs", line: under(permit(mail("example.org")), mail("a@b@example.org")), want: refusedName, peer: unasked + "it takes the last"},
		{name: "4.2.1.10 constraint with two at signs", line: under(permit(mail("a@b@example.org")), mail("anna@example.org")), want: refusedName},
		{name: "RFC 9598 6 letters outside ASCII", line: under(permit(mail("example.org")), utf8Mail("анна@example.org"))},
		{name: "RFC 9598 6 letters outside ASCII, not permitted", line: under(permit(mail("example.org")), utf8Mail("анна@example.com")), want: refusedName},
		{name: "RFC 9598 6 letters outside ASCII, excluded", line: under(exclude(mail(".example.org")), utf8Mail("анна@a.example.org")), want: refusedName, peer: lenient + "it passes it by"},
		{name: "RFC 9598 6 no address", line: under(exclude(mail("example.org")), mint.OtherName("1.3.6.1.5.5.7.8.9", asn.Null())), want: refusedName, peer: unasked + "it may skip it"},
		{name: "4.2.1.10 malformed and not limited", line: under(permit(dns("example.org")), mail("nonsense"), dns("example.org"))},
	})
}

// utf8Mail is an address as RFC 9598 writes it.
func utf8Mail(s string) mint.GeneralName { return mint.OtherName("1.3.6.1.5.5.7.8.9", asn.UTF8(s)) }

// TestHostConstraints is section 4.2.1.10 for dNSName.
func TestHostConstraints(t *testing.T) {
	run(t, []rule{
		{name: "4.2.1.10 host itself", line: under(permit(dns("example.org")), dns("example.org"))},
		{name: "4.2.1.10 host below", line: under(permit(dns("example.org")), dns("a.b.example.org"))},
		{name: "4.2.1.10 letter case", line: under(permit(dns("Example.org")), dns("www.eXAMPLE.ORG"))},
		{name: "4.2.1.10 not at a label", line: under(permit(dns("example.org")), dns("badexample.org")), want: refusedName},
		{name: "4.2.1.10 above", line: under(permit(dns("www.example.org")), dns("example.org")), want: refusedName},
		{name: "4.2.1.10 excluded", line: under(exclude(dns("example.org")), dns("www.example.org")), want: refusedName},
		{name: "4.2.1.10 excluded, others may", line: under(exclude(dns("example.org")), dns("example.com"))},
		{name: "4.2.1.10 everything excluded", line: under(exclude(dns("")), dns("example.com")), want: refusedName},
		{name: "4.2.1.10 second of two", line: under(exclude(dns("bad.example.org")), dns("example.org"), dns("bad.example.org")), want: refusedName},
		{name: "4.2.1.10 wildcard within", line: under(permit(dns("example.org")), dns("*.example.org"))},
		{name: "4.2.1.10 wildcard outside", line: under(permit(dns("example.org")), dns("*.org")), want: refusedName},
		{name: "4.2.1.10 wildcard that may be an excluded host", line: under(exclude(dns("bad.example.org")), dns("*.example.org")), want: refusedName, peer: lenient + "it compares letters"},
		{name: "4.2.1.10 constraint with a wildcard", line: under(permit(dns("*.example.org")), dns("a.example.org")), want: refusedName},
		{name: "4.2.1.10 period in front, below", line: under(permit(dns(".example.org")), dns("a.example.org"))},
		{name: "4.2.1.10 period in front, itself", line: under(permit(dns(".example.org")), dns("example.org")), want: refusedName},
		{name: "4.2.1.10 period in front, excluded itself", line: under(exclude(dns(".example.org")), dns("example.org")), want: refusedName, peer: lenient + "only what is below"},
		{name: "4.2.1.6 name with a period in front", line: under(permit(dns("example.org")), dns(".example.org")), want: refusedName, peer: lenient + "it compares endings"},
		{name: "4.2.1.6 name with spaces", line: under(permit(dns("example.org")), dns("a b.example.org")), want: refusedName, peer: lenient + "it compares endings"},
		{name: "4.2.1.6 address as a name", line: under(exclude(dns("example.org")), dns("192.0.2.1")), want: refusedName, peer: lenient + "it compares endings"},
		{name: "4.2.1.10 names of other forms may", line: under(permit(dns("example.org")), mail("anna@example.com"), uri("http://example.com/"))},
		{name: "6.1.3 (c) an authority's alternative name", line: []step{root, ca("a", permit(dns("example.org"))), ca("b", mint.SAN(dns("example.com"))), end("leaf")}, want: refusedName},
	})
}

// TestURIConstraints is section 4.2.1.10 for uniformResourceIdentifier.
func TestURIConstraints(t *testing.T) {
	run(t, []rule{
		{name: "4.2.1.10 host", line: under(permit(uri("example.org")), uri("http://example.org/a"))},
		{name: "4.2.1.10 host in another case, port and user", line: under(permit(uri("example.org")), uri("http://user@EXAMPLE.org:8080/a")), peer: strict + "it takes the user for a part of the host"},
		{name: "4.2.1.10 host, one below", line: under(permit(uri("example.org")), uri("http://www.example.org/")), want: refusedName},
		{name: "4.2.1.10 domain", line: under(permit(uri(".example.org")), uri("http://www.example.org/"))},
		{name: "4.2.1.10 domain, its own host", line: under(permit(uri(".example.org")), uri("http://example.org/")), want: refusedName},
		{name: "4.2.1.10 domain, not at a label", line: under(permit(uri(".example.org")), uri("http://badexample.org/")), want: refusedName},
		{name: "4.2.1.10 excluded host", line: under(exclude(uri("example.org")), uri("http://example.org/")), want: refusedName},
		{name: "4.2.1.10 excluded domain", line: under(exclude(uri(".example.org")), uri("ftp://a.example.org/")), want: refusedName},
		{name: "4.2.1.10 not excluded", line: under(exclude(uri("example.org")), uri("http://example.com/"))},
		{name: "4.2.1.10 user that looks like the host", line: under(permit(uri("example.org")), uri("http://example.org@example.com/")), want: refusedName},
		{name: "4.2.1.10 address, permitted", line: under(permit(uri("example.org")), uri("http://192.0.2.1/")), want: refusedName},
		{name: "4.2.1.10 address, excluded", line: under(exclude(uri("example.org")), uri("http://192.0.2.1/")), want: refusedName, peer: lenient + "it compares letters"},
		{name: "4.2.1.10 address of version 6", line: under(exclude(uri("example.org")), uri("http://[2001:db8::1]/")), want: refusedName, peer: unasked + "it compares letters"},
		{name: "4.2.1.10 no authority", line: under(exclude(uri("example.org")), uri("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6")), want: refusedName},
		{name: "4.2.1.10 no authority and no constraint", line: under(permit(dns("example.org")), uri("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"))},
	})
}

// TestAddressConstraints is section 4.2.1.10 for iPAddress.
func TestAddressConstraints(t *testing.T) {
	ip := mint.IP
	run(t, []rule{
		{name: "4.2.1.10 version 4 within", line: under(permit(ip("192.0.2.0/24")), ip("192.0.2.77"))},
		{name: "4.2.1.10 version 4 outside", line: under(permit(ip("192.0.2.0/24")), ip("192.0.3.1")), want: refusedName},
		{name: "4.2.1.10 version 4 in half a byte", line: under(permit(ip("192.0.2.64/26")), ip("192.0.2.128")), want: refusedName},
		{name: "4.2.1.10 version 4 excluded", line: under(exclude(ip("192.0.2.0/24")), ip("192.0.2.77")), want: refusedName},
		{name: "4.2.1.10 version 6 within", line: under(permit(ip("2001:db8::/32")), ip("2001:db8::1"))},
		{name: "4.2.1.10 version 6 outside", line: under(permit(ip("2001:db8::/32")), ip("2001:db9::1")), want: refusedName},
		{name: "4.2.1.10 version 6 excluded", line: under(exclude(ip("::1/128")), ip("::1")), want: refusedName},
		{name: "4.2.1.10 version 4 under version 6 alone", line: under(permit(ip("::/0")), ip("192.0.2.1")), want: refusedName},
		{name: "4.2.1.10 version 4 beside an excluded version 6", line: under(exclude(ip("::/0")), ip("192.0.2.1"))},
		{name: "4.2.1.10 all of version 4", line: under(permit(ip("0.0.0.0/0")), ip("192.0.2.1"))},
	})
}

// TestOtherConstraints is about what cannot be processed: it refuses when it matters.
func TestOtherConstraints(t *testing.T) {
	other, registered := mint.OtherName("1.2.3", asn.Null()), mint.RegisteredID("1.2.3")
	limited := func(minimum, maximum int64) mint.Extension {
		return mint.Subtrees([][]byte{mint.Subtree(dns("example.org"), minimum, maximum)}, nil)
	}
	run(t, []rule{
		{name: "4.2.1.10 otherName excluded and there", line: under(exclude(other), other), want: refusedName},
		{name: "4.2.1.10 otherName permitted and there", line: under(permit(other), other), want: refusedName, peer: unasked + "it may process it"},
		{name: "4.2.1.10 otherName limited and not there", line: under(exclude(other), dns("example.org"))},
		{name: "4.2.1.10 registeredID limited and there", line: under(permit(registered), registered), want: refusedName},
		{name: "4.2.1.10 otherName there and not limited", line: under(permit(dns("example.org")), other, dns("example.org"))},
		{name: "4.2.1.10 minimum", line: under(limited(1, -1), dns("example.org")), want: refusedName},
		{name: "4.2.1.10 maximum", line: under(limited(0, 3), dns("example.org")), want: refusedName},
		{name: "4.2.1.10 maximum on a form that is not there", line: under(limited(0, 3), mail("anna@example.com")), peer: unasked + "it may refuse"},
	})
}

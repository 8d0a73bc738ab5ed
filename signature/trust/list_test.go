// SPDX-License-Identifier: Apache-2.0

package trust_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/chain"
	"zaver/signature/trust"
	"zaver/signature/xmldsig"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/tsl"
)

var (
	today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	since = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
)

// world is a ministry with a set of its root and a list of one centre.
type world struct {
	*tsl.Ministry
	set    *trust.Set
	centre *mint.Party
}

func newWorld(t testing.TB, k mint.Kind) world {
	t.Helper()
	w := world{Ministry: tsl.NewMinistry(k)}
	w.centre = w.Centre("Центр", "1027700132195")
	w.set = setOf(t, w.Root)
	return w
}

func setOf(t testing.TB, roots ...*mint.Party) *trust.Set {
	t.Helper()
	var anchors []trust.Anchor
	for _, r := range roots {
		anchors = append(anchors, trust.Anchor{Certificate: parse(t, r.DER), Kind: trust.Qualified, Name: "root"})
	}
	set, err := trust.NewSet(anchors)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// list is what the ministry publishes today.
func (w world) list() tsl.List {
	return tsl.List{Version: 16314, Date: today.Add(-time.Hour), Centres: []tsl.Centre{tsl.Entry("Центр", "1027700132195", since, w.centre.DER)}}
}

func signed(t testing.TB, l tsl.List, k xmldsig.Key) []byte {
	t.Helper()
	doc, err := l.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func (w world) open(t testing.TB, l tsl.List) *trust.List {
	t.Helper()
	got, err := trust.OpenList(signed(t, l, w.Key()), trust.ListOptions{Set: w.set, At: today})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func listCode(err error) string {
	var e *trust.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func findings(l *trust.List) (codes []string) {
	for _, f := range l.Findings {
		codes = append(codes, f.Code)
	}
	return codes
}

func TestOpenList(t *testing.T) {
	for _, k := range []mint.Kind{mint.GOST256A, mint.GOST512A, mint.P256, mint.RSA2048} {
		w := newWorld(t, k)
		l := w.open(t, w.list())
		if l.Version != 16314 || !l.Date.Equal(today.Add(-time.Hour)) || l.Centres != 1 || len(l.Digest) != 64 || len(l.Findings) != 0 || len(l.Path) != 2 {
			t.Errorf("%s: %+v", k, l)
		}
		e := l.Entries[0]
		if e.Name != "Центр" || e.OGRN != "1027700132195" || e.INN != "7700000000" || e.Number != "1" || len(e.Certificates) != 1 || !bytes.Equal(e.Certificates[0].Raw, w.centre.DER) {
			t.Errorf("%s: %+v", k, e)
		}
		set, err := w.set.With(l)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := set.FindCentre(parse(t, w.centre.DER))
		if !ok || !c.AccreditedAt(today) || !c.AccreditedAt(since) || c.AccreditedAt(since.Add(-time.Second)) {
			t.Errorf("%s: %+v %v", k, c, ok)
		}
		if ref, ok := set.List(); !ok || ref != l.ListRef || set.ID() == w.set.ID() {
			t.Errorf("%s: %+v", k, ref)
		}
		if _, err := set.With(l); listCode(err) != trust.CodeDuplicate {
			t.Errorf("two lists: %v", err)
		}
	}
}

// TestListRefused: lists that must not count, and why.
func TestListRefused(t *testing.T) {
	w := newWorld(t, mint.GOST256A)
	other := tsl.NewMinistry(mint.GOST256A)
	good := signed(t, w.list(), w.Key())
	now := w.open(t, w.list()).ListRef
	options := trust.ListOptions{Set: w.set, At: today}
	after := func(o trust.ListOptions, ref trust.ListRef) trust.ListOptions { o.Previous = &ref; return o }
	with := func(change func(*tsl.List)) []byte {
		l := w.list()
		change(&l)
		return signed(t, l, w.Key())
	}
	by := func(p *mint.Party) []byte { return signed(t, w.list(), tsl.MustKey(p)) }
	leaf := func(issuer *mint.Party) *mint.Party {
		return mint.Certificate{Subject: mint.DN("C=RU", "OGRN="+tsl.OGRN, "CN=Перечень"), Key: mint.NewKey(mint.GOST256A), Extensions: mint.LeafExtensions()}.Sign(issuer)
	}
	expired := w.NewSigner(mint.Certificate{NotBefore: since, NotAfter: today.Add(-time.Second)})
	early := w.NewSigner(mint.Certificate{NotBefore: today.Add(time.Second)})
	authority := w.NewSigner(mint.Certificate{Extensions: mint.CAExtensions()})
	crypt := w.NewSigner(mint.Certificate{Extensions: []mint.Extension{mint.KeyUsage(mint.KeyEncipherment), mint.SKI(), mint.AKI()}})
	stranger := w.NewSigner(mint.Certificate{Subject: mint.DN("C=RU", "OGRN=1027700132195", "CN=Кто-то")})
	nobody := w.NewSigner(mint.Certificate{Subject: mint.DN("C=RU", "CN=Перечень")})
	clock := w.NewSigner(mint.Certificate{Extensions: append(mint.LeafExtensions(), mint.EKU(mint.TimeStamping).Crit())})
	lister := w.NewSigner(mint.Certificate{Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature, mint.CRLSign), mint.SKI(), mint.AKI()}})
	twoNumbers := w.NewSigner(mint.Certificate{Subject: mint.DN("C=RU", "OGRN="+tsl.OGRN, "OGRN=1027700132195", "CN=Кто-то")})
	mute := mint.Root("Root without a number", mint.GOST256A)
	anyone := mint.Leaf("Anyone", mint.GOST256A, mute)
	for _, tt := range []struct {
		name, code string
		doc        []byte
		options    trust.ListOptions
	}{
		{"a service of timestamps", trust.CodeListSigner, by(clock), options},
		{"a signer of CRLs", trust.CodeListSigner, by(lister), options},
		{"of two organisations", trust.CodeListSigner, by(twoNumbers), options},
		{"anchor and signer of no organisation", trust.CodeListSigner, by(anyone), trust.ListOptions{Set: setOf(t, mute), At: today}},
		{"good", "", good, options},
		{"good again", "", good, after(options, now)},
		{"after an older one", "", good, after(options, trust.ListRef{Version: 16313})},
		{"version back", trust.CodeListVersion, good, after(options, trust.ListRef{Version: 16315})},
		{"same version, other bytes", trust.CodeListVersion, with(func(l *tsl.List) { l.Extra = "<Ещё/>" }), after(options, now)},
		{"same content signed again", "", by(w.NewSigner(mint.Certificate{})), after(options, now)},
		{"dated in the future", trust.CodeListFuture, with(func(l *tsl.List) { l.Date = today.Add(time.Hour) }), options},
		{"a little ahead", "", with(func(l *tsl.List) { l.Date = today.Add(time.Minute) }), options},
		{"signature broken", trust.CodeListSignature, bytes.Replace(good, []byte("<Версия>16314"), []byte("<Версия>16315"), 1), options},
		{"no signature", trust.CodeListSignature, w.list().XML(), options},
		{"garbage", trust.CodeListSignature, []byte("<!DOCTYPE html><html></html>"), options},
		{"nothing", trust.CodeListSignature, nil, options},
		{"truncated", trust.CodeListSignature, good[:len(good)/2], options},
		{"another ministry", trust.CodeListSigner, by(other.Signer), options},
		{"a holder under an accredited centre", trust.CodeListSigner, signedWith(t, w.list(), leaf(w.centre), w.centre), options},
		{"the centre itself", trust.CodeListSigner, by(w.centre), options},
		{"an authority of the ministry", trust.CodeListSigner, by(authority), options},
		{"the root itself", trust.CodeListSigner, by(w.Root), options},
		{"a key for other use", trust.CodeListSigner, by(crypt), options},
		{"of another organisation", trust.CodeListSigner, by(stranger), options},
		{"of no organisation", trust.CodeListSigner, by(nobody), options},
		{"expired signer", trust.CodeListSigner, by(expired), options},
		{"signer not yet valid", trust.CodeListSigner, by(early), options},
		{"another signer that is pinned", "", by(stranger), trust.ListOptions{Set: w.set, At: today, Signers: [][32]byte{parse(t, stranger.DER).Fingerprint()}}},
		{"pinned but expired", trust.CodeListSigner, by(expired), trust.ListOptions{Set: w.set, At: today, Signers: [][32]byte{parse(t, expired.DER).Fingerprint()}}},
		{"anchor for cards only", trust.CodeListSigner, good, trust.ListOptions{Set: cardsOnly(t, w.Root), At: today}},
		{"no set", trust.CodeListSigner, good, trust.ListOptions{At: today}},
		{"another document", trust.CodeListMalformed, signDocument(t, "<Список><Версия>1</Версия></Список>", w.Key()), options},
		{"in a namespace", trust.CodeListMalformed, signDocument(t, `<АккредитованныеУдостоверяющиеЦентры xmlns="urn:a"><Версия>1</Версия></АккредитованныеУдостоверяющиеЦентры>`, w.Key()), options},
		{"no version", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "-" }), options},
		{"version no number", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "16314a" }), options},
		{"version negative", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "-1" }), options},
		{"version too big", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "99999999999999999999" }), options},
		{"two versions", trust.CodeListMalformed, with(func(l *tsl.List) { l.Extra = "<Версия>99999</Версия>" }), options},
		{"no date", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawDate = "-" }), options},
		{"date of no form", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawDate = "22.11.2026" }), options},
		{"element in a text", trust.CodeListMalformed, with(func(l *tsl.List) { l.RawVersion = "-"; l.Extra = "<Версия>1<a/>6314</Версия>" }), options},
		{"two present statuses", trust.CodeListMalformed, with(func(l *tsl.List) {
			l.Centres[0].Extra = "<СтатусАккредитации><Статус>Действует</Статус><ДействуетС>2020-01-01</ДействуетС></СтатусАккредитации>"
		}), options},
		{"two names", trust.CodeListMalformed, with(func(l *tsl.List) { l.Centres[0].Extra = "<Название>Другой</Название>" }), options},
		{"long text", trust.CodeListTooLarge, with(func(l *tsl.List) { l.Centres[0].Name = strings.Repeat("Ц", 3000) }), options},
	} {
		_, err := trust.OpenList(tt.doc, tt.options)
		if got := listCode(err); got != tt.code {
			t.Errorf("%s: %q, want %q: %v", tt.name, got, tt.code, err)
		}
	}
}

func cardsOnly(t testing.TB, root *mint.Party) *trust.Set {
	t.Helper()
	set, err := trust.NewSet([]trust.Anchor{{Certificate: parse(t, root.DER), Kind: trust.UEC}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func signDocument(t testing.TB, doc string, k xmldsig.Key) []byte {
	t.Helper()
	out, err := xmldsig.Sign([]byte(doc), k, xmldsig.Form{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// signedWith adds the issuer's certificate to KeyInfo, so that a whole path is there.
func signedWith(t testing.TB, l tsl.List, signer, issuer *mint.Party) []byte {
	t.Helper()
	doc := signed(t, l, tsl.MustKey(signer))
	one := []byte("</ds:X509Certificate>")
	return bytes.Replace(doc, one, []byte(string(one)+"<ds:X509Certificate>"+base64.StdEncoding.EncodeToString(issuer.DER)+string(one)), 1)
}

// TestFindings: what is wrong in a list and does not keep the rest from counting.
func TestFindings(t *testing.T) {
	w := newWorld(t, mint.P256)
	second := w.Centre("Второй", "1027700132196")
	leaf := mint.Leaf("Кто-то", mint.P256, w.centre)
	ended := tsl.Entry("Прежний", "1", since)
	ended.Statuses = append(ended.Statuses, tsl.Status{Text: tsl.Ended, From: since.AddDate(2, 0, 0)})
	for _, tt := range []struct {
		name    string
		centres []tsl.Centre
		want    []string
		count   int // certificates that count
	}{
		{"twice in one entry", []tsl.Centre{tsl.Entry("А", "1", since, w.centre.DER, w.centre.DER)}, nil, 1},
		{"twice in two entries", []tsl.Centre{tsl.Entry("А", "1", since, w.centre.DER), tsl.Entry("Б", "2", since.AddDate(1, 0, 0), w.centre.DER)}, []string{trust.FindDuplicate}, 1},
		{"broken certificate", []tsl.Centre{tsl.Entry("А", "1", since, []byte("not DER"), w.centre.DER), tsl.Entry("Б", "2", since, second.DER)}, []string{trust.FindCertificate}, 2},
		{"no authority", []tsl.Centre{tsl.Entry("А", "1", since, leaf.DER, w.centre.DER)}, []string{trust.FindAuthority}, 1},
		{"no certificate", []tsl.Centre{tsl.Entry("А", "1", since)}, []string{trust.FindEmpty}, 0},
		{"no certificate and not accredited", []tsl.Centre{ended}, nil, 0},
		{"the root is listed", []tsl.Centre{tsl.Entry("Минцифры", tsl.OGRN, since, w.Root.DER)}, nil, 0},
	} {
		l := w.list()
		l.Centres = tt.centres
		got := w.open(t, l)
		if d := cmp.Diff(tt.want, findings(got)); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
		set, err := w.set.With(got)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if len(set.Centres()) != tt.count {
			t.Errorf("%s: %d certificates", tt.name, len(set.Centres()))
		}
	}
	big, small := w.list(), w.list()
	for i := range 9 {
		big.Centres = append(big.Centres, ended)
		big.Centres[len(big.Centres)-1].Name = fmt.Sprint(i)
	}
	before := w.open(t, big).ListRef
	small.Version++
	got, err := trust.OpenList(signed(t, small, w.Key()), trust.ListOptions{Set: w.set, At: today, Previous: &before})
	if err != nil || !cmp.Equal(findings(got), []string{trust.FindShrunk}) {
		t.Errorf("shrunk: %v %v", findings(got), err)
	}
}

// TestAboveFindsThePath among thousands of centres.
func TestAboveFindsThePath(t *testing.T) {
	w := newWorld(t, mint.P256)
	leaf := mint.Leaf("Holder", mint.P256, w.centre)
	set, err := w.set.With(w.open(t, w.list()))
	if err != nil {
		t.Fatal(err)
	}
	holder := parse(t, leaf.DER)
	above := set.Above(holder)
	if len(above) != 1 || !above[0].Equal(parse(t, w.centre.DER)) {
		t.Fatalf("above: %v", above)
	}
	if path, err := chain.Build(holder, above, set.Certificates(), today, chain.Options{}); err != nil || len(path) != 3 {
		t.Errorf("path: %v %v", path, err)
	}
	if path, err := set.Finder().Build(holder, nil, today, chain.Options{}); err != nil || len(path) != 3 {
		t.Errorf("path by the finder: %v %v", path, err)
	}
	if named := set.Named(holder.Issuer.Key()); len(named) != 1 || named[0] != above[0] || len(set.Named(holder.Subject.Key())) != 0 {
		t.Errorf("named: %v", named)
	}
	if set.Known(w.centre.DER) != above[0] || set.Known(w.Root.DER) == nil || set.Known(leaf.DER) != nil {
		t.Error("known by bytes: not those of the set")
	}
	if again := set.Above(holder, above[0]); len(again) != 0 {
		t.Errorf("what is there already: %v", again)
	}
	if none := set.Above(parse(t, w.Root.DER)); len(none) != 0 {
		t.Errorf("above the root: %v", none)
	}
}

// TestKeep: a set is restored exactly, or not at all.
func TestKeep(t *testing.T) {
	w := newWorld(t, mint.GOST256A)
	l := w.list()
	l.Centres = append(l.Centres, tsl.Entry("Никогда", "2", since, w.Centre("Второй", "2").DER))
	l.Centres[1].Statuses = nil
	set, err := w.set.With(w.open(t, l))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*trust.Set{set, w.set} {
		b, err := s.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := trust.Restore(b)
		if err != nil || again.ID() != s.ID() || len(again.Centres()) != len(s.Centres()) {
			t.Errorf("restored: %v", err)
		}
		twice, err := again.Marshal()
		if err != nil || !bytes.Equal(b, twice) {
			t.Errorf("kept again: %v, equal %v", err, bytes.Equal(b, twice))
		}
		for name, bad := range map[string][]byte{
			"id":            bytes.Replace(b, []byte(s.ID()), []byte(strings.Repeat("0", 64)), 1),
			"kind":          bytes.Replace(b, []byte(`"qualified"`), []byte(`"uec"`), 1),
			"name":          bytes.Replace(b, []byte(`"root"`), []byte(`"toor"`), 1),
			"unknown field": bytes.Replace(b, []byte(`{"format"`), []byte(`{"more":1,"format"`), 1),
			"two":           append(bytes.Clone(b), b...),
			"nothing":       nil,
			"truncated":     b[:len(b)/2],
		} {
			if _, err := trust.Restore(bad); listCode(err) != trust.CodeSet {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestPinnedFile(t *testing.T) {
	if _, err := trust.ParseFingerprint("4e:45"); listCode(err) != trust.CodeFingerprint {
		t.Error("a short fingerprint is read")
	}
	sum := "4E450E4971F2D77D22567B55ECC2162B3DFD0D2FA6A8DA8A92CDCABC80489B59"
	if got, err := trust.ParseFingerprint(sum); err != nil || fmt.Sprintf("%X", got) != sum {
		t.Errorf("%x %v", got, err)
	}
}

// FuzzList reads what was signed, whatever it is: no crash, every error with its code, and a set that
// survives being kept.
func FuzzList(f *testing.F) {
	w := newWorld(f, mint.P256)
	l := w.list()
	f.Add(l.XML())
	l.Centres[0].Backwards, l.Centres[0].Successor = true, "1"
	l.Centres = append(l.Centres, tsl.Centre{Name: "x", Statuses: []tsl.Status{{Text: "?", RawFrom: "2020"}}, Certificates: [][]byte{{1}}})
	f.Add(l.XML())
	f.Add([]byte("<АккредитованныеУдостоверяющиеЦентры><Дата>2026-01-01</Дата><Версия>1</Версия><УдостоверяющийЦентр/></АккредитованныеУдостоверяющиеЦентры>"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		l, err := trust.ReadContent(doc)
		if err != nil {
			if listCode(err) == err.Error() {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		set, err := w.set.With(l)
		if err != nil {
			t.Fatalf("%q: %v", doc, err)
		}
		b, err := set.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := trust.Restore(b); err != nil || again.ID() != set.ID() {
			t.Fatalf("%q: %v", doc, err)
		}
	})
}

// BenchmarkOpenList reads a list as long as the real one.
func BenchmarkOpenList(b *testing.B) {
	w := newWorld(b, mint.GOST256A)
	l := bigList(w, 2400)
	doc := signed(b, l, w.Key())
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		got, err := trust.OpenList(doc, trust.ListOptions{Set: w.set, At: today})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.set.With(got); err != nil {
			b.Fatal(err)
		}
	}
}

// bigList has n centres with a certificate each; the certificates differ in their serial numbers.
func bigList(w world, n int) tsl.List {
	l := w.list()
	key := w.centre.Key
	for i := range n {
		c := mint.Certificate{Subject: mint.DN("C=RU", fmt.Sprintf("CN=Центр %d", i)), Key: key, Extensions: mint.CAExtensions()}.Sign(w.Root)
		l.Centres = append(l.Centres, tsl.Entry(fmt.Sprintf("Центр %d", i), fmt.Sprint(i), since, c.DER))
	}
	return l
}

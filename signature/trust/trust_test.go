// SPDX-License-Identifier: Apache-2.0

package trust_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/cert"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/pki"
)

func start(t testing.TB) *pki.PKI {
	t.Helper()
	p, err := pki.Start(pki.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func parse(t testing.TB, der []byte) *cert.Certificate {
	t.Helper()
	c, err := cert.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoadFolder(t *testing.T) {
	p := start(t)
	dir := t.TempDir()
	if err := p.WriteTrust(dir); err != nil {
		t.Fatal(err)
	}
	set, err := trust.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	root := parse(t, p.Authority(pki.Root).DER())
	if a, ok := set.Find(root); !ok || a.Kind != trust.Qualified || a.Name == "" || a.AccreditedFrom.IsZero() {
		t.Errorf("root: %+v %v", a, ok)
	}
	if _, ok := set.Find(parse(t, p.Authority(pki.RogueRoot).DER())); ok {
		t.Error("the rogue root is an anchor")
	}
	if q, u, all := set.Certificates(trust.Qualified), set.Certificates(trust.UEC), set.Anchors(); len(q) != 2 || len(u) != 1 || len(all) != 3 {
		t.Errorf("%d qualified, %d uec, %d in all", len(q), len(u), len(all))
	}
	ca := parse(t, p.Authority(pki.CA).DER())
	if c, ok := set.FindCentre(ca); !ok || c.Name == "" || !c.AccreditedAt(time.Now()) || len(set.Centres()) != 2 {
		t.Errorf("centre: %+v %v", c, ok)
	}
	if _, ok := set.Find(ca); ok {
		t.Error("a centre is an anchor")
	}
	again, err := trust.Load(dir)
	if err != nil || again.ID() != set.ID() || len(set.ID()) != 64 {
		t.Errorf("loaded twice: %v, ids %s %s", err, set.ID(), again.ID())
	}
}

// TestID changes when anything that matters does, and with nothing else.
func TestID(t *testing.T) {
	p := start(t)
	root, uec := parse(t, p.Authority(pki.Root).DER()), parse(t, p.Authority(pki.UEC).DER())
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	id := func(anchors ...trust.Anchor) string {
		t.Helper()
		s, err := trust.NewSet(anchors)
		if err != nil {
			t.Fatal(err)
		}
		return s.ID()
	}
	a := trust.Anchor{Certificate: root, Kind: trust.Qualified, Name: "root"}
	b := trust.Anchor{Certificate: uec, Kind: trust.UEC, Name: "uec"}
	base := id(a, b)
	if id(b, a) != base {
		t.Error("order matters")
	}
	zone := time.FixedZone("MSK", 3*3600)
	from := a
	from.AccreditedFrom = day
	same := a
	same.AccreditedFrom = day.In(zone)
	if id(from) != id(same) {
		t.Error("time zone matters")
	}
	kind, name, until := a, a, a
	kind.Kind, name.Name, until.AccreditedUntil = trust.UEC, "root 2", day
	forged := a
	forged.Name = "root\" -\n"
	centre, err := trust.NewSet([]trust.Anchor{a}, trust.Centre{Certificate: uec, Name: "uec"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{base: "base", centre.ID(): "centre"}
	for what, changed := range map[string]trust.Anchor{"kind": kind, "name": name, "until": until, "from": from, "forged": forged} {
		got := id(changed, b)
		if other, ok := seen[got]; ok {
			t.Errorf("%s has the id of %s", what, other)
		}
		seen[got] = what
	}
}

func TestAccreditedAt(t *testing.T) {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	year := day.AddDate(1, 0, 0)
	for _, tt := range []struct {
		name        string
		from, until time.Time
		at          time.Time
		want        bool
	}{
		{"open", time.Time{}, time.Time{}, day, true},
		{"first moment", day, year, day, true},
		{"before", day, year, day.Add(-time.Nanosecond), false},
		{"last moment", day, year, year.Add(-time.Nanosecond), true},
		{"end", day, year, year, false},
		{"open end", day, time.Time{}, year.AddDate(50, 0, 0), true},
		{"open begin", time.Time{}, year, time.Time{}, true},
	} {
		a := trust.Anchor{AccreditedFrom: tt.from, AccreditedUntil: tt.until}
		if got := a.AccreditedAt(tt.at); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestRefused names the code for every kind of bad folder.
func TestRefused(t *testing.T) {
	p := start(t)
	root := p.Authority(pki.Root)
	two := append(root.PEM(), p.Authority(pki.UEC).PEM()...)
	for _, tt := range []struct {
		name, list, code string
		file             []byte
	}{
		{"no list", "", trust.CodeRead, nil},
		{"not JSON", "anchors", trust.CodeMalformed, nil},
		{"unknown field", `{"anchors":[],"more":1}`, trust.CodeMalformed, nil},
		{"two lists", `{"anchors":[]}{}`, trust.CodeMalformed, nil},
		{"empty", `{"anchors":[]}`, trust.CodeEmpty, nil},
		{"no file", `{"anchors":[{"file":"b.pem","kind":"qualified"}]}`, trust.CodeRead, nil},
		{"file outside", `{"anchors":[{"file":"../a.pem","kind":"qualified"}]}`, trust.CodeRead, nil},
		{"absolute file", `{"anchors":[{"file":"/etc/passwd","kind":"qualified"}]}`, trust.CodeRead, nil},
		{"file too long", `{"anchors":[{"file":"a.pem","kind":"qualified"}]}`, trust.CodeRead, make([]byte, cert.MaxSize+1)},
		{"no certificate", `{"anchors":[{"file":"a.pem","kind":"qualified"}]}`, trust.CodeCertificate, []byte("hello")},
		{"two certificates", `{"anchors":[{"file":"a.pem","kind":"qualified"}]}`, trust.CodeCertificate, two},
		{"unknown kind", `{"anchors":[{"file":"a.pem","kind":"other"}]}`, trust.CodeKind, root.PEM()},
		{"no kind", `{"anchors":[{"file":"a.pem"}]}`, trust.CodeKind, root.PEM()},
		{"twice", `{"anchors":[{"file":"a.pem","kind":"qualified"},{"file":"a.pem","kind":"uec"}]}`, trust.CodeDuplicate, root.PEM()},
		{"period", `{"anchors":[{"file":"a.pem","kind":"uec","accredited_from":"2026-01-02T00:00:00Z","accredited_until":"2026-01-01T00:00:00Z"}]}`, trust.CodePeriod, root.PEM()},
		{"centre with a kind", `{"anchors":[],"centres":[{"file":"a.pem","kind":"uec"}]}`, trust.CodeKind, root.PEM()},
		{"centres alone", `{"anchors":[],"centres":[{"file":"a.pem"}]}`, trust.CodeEmpty, root.PEM()},
		{"anchor and centre", `{"anchors":[{"file":"a.pem","kind":"uec"}],"centres":[{"file":"a.pem"}]}`, trust.CodeDuplicate, root.PEM()},
		{"DER", `{"anchors":[{"file":"a.pem","kind":"qualified"}]}`, "", root.DER()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := fstest.MapFS{"a.pem": {Data: tt.file}}
			if tt.list != "" {
				dir[trust.ListFile] = &fstest.MapFile{Data: []byte(tt.list)}
			}
			_, err := trust.LoadFS(dir)
			var e *trust.Error
			code := ""
			if errors.As(err, &e) {
				code = e.Code
			}
			if code != tt.code || (err == nil) != (tt.code == "") {
				t.Errorf("code %q, want %q: %v", code, tt.code, err)
			}
		})
	}
	if _, err := trust.Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

// FuzzLoad loads any list beside one good certificate; what loads also has a stable id.
func FuzzLoad(f *testing.F) {
	p := start(f)
	dir := f.TempDir()
	if err := p.WriteTrust(dir); err != nil {
		f.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(dir, trust.ListFile))
	if err != nil {
		f.Fatal(err)
	}
	pem := p.Authority(pki.Root).PEM()
	f.Add(list, pem)
	f.Add([]byte(`{"anchors":[{"file":"root.pem","kind":"uec","name":"x","accredited_until":"2026-01-01T00:00:00Z"}]}`), pem)
	f.Add([]byte(`{"anchors":[{"file":"root.pem/../root.pem","kind":"uec"}]}`), []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"))
	f.Fuzz(func(t *testing.T, list, file []byte) {
		folder := fstest.MapFS{trust.ListFile: {Data: list}, "root.pem": {Data: file}, "uec.pem": {Data: pem}}
		set, err := trust.LoadFS(folder)
		if err != nil {
			var e *trust.Error
			if !errors.As(err, &e) || e.Code == "" {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		again, err := trust.NewSet(set.Anchors())
		if err != nil || again.ID() != set.ID() {
			t.Fatalf("set does not survive its own anchors: %v", err)
		}
		if d := cmp.Diff(len(set.Anchors()), len(set.Certificates())); d != "" || !json.Valid(list) {
			t.Fatal(d)
		}
	})
}

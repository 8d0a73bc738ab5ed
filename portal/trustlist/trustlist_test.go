// SPDX-License-Identifier: Apache-2.0

package trustlist_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"zaver/portal/store"
	"zaver/portal/trustlist"
	"zaver/signature/cert"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/pgtest"
	"zaver/softhsm-fixtures/tsl"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var (
	today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	since = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
)

// rig is a ministry that publishes, and a portal's database.
type rig struct {
	*tsl.Ministry
	server *tsl.Server
	store  *store.Store
	base   *trust.Set
	centre *mint.Party
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Ministry: tsl.NewMinistry(mint.GOST256A)}
	r.centre = r.Centre("Центр", "1027700132195")
	var err error
	r.server, err = tsl.Start(t.Context(), tsl.Config{Signer: r.Key(), Rogue: tsl.MustKey(tsl.NewMinistry(mint.GOST256A).Signer)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.server.Close() })
	r.store = pgtest.Open(t, nil)
	r.base = setOf(t, r.Root)
	r.publish(t, r.list(100))
	return r
}

func setOf(t *testing.T, roots ...*mint.Party) *trust.Set {
	t.Helper()
	var anchors []trust.Anchor
	for _, root := range roots {
		c, err := cert.Parse(root.DER)
		if err != nil {
			t.Fatal(err)
		}
		anchors = append(anchors, trust.Anchor{Certificate: c, Kind: trust.Qualified})
	}
	set, err := trust.NewSet(anchors)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func (r *rig) list(version int64) tsl.List {
	return tsl.List{Version: version, Date: today.Add(-time.Hour), Centres: []tsl.Centre{tsl.Entry("Центр", "1027700132195", since, r.centre.DER)}}
}

func (r *rig) publish(t *testing.T, l tsl.List) {
	t.Helper()
	if err := r.server.Publish(l); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) service(t *testing.T, edit func(*trustlist.Config)) *trustlist.Service {
	t.Helper()
	c := trustlist.Config{Store: r.store.TrustLists(), Base: r.base, URL: r.server.URL(), Now: func() time.Time { return today },
		Log: slog.New(slog.DiscardHandler)}
	if edit != nil {
		edit(&c)
	}
	s, err := trustlist.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func refresh(t *testing.T, s *trustlist.Service) trustlist.Outcome {
	t.Helper()
	o, err := s.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func version(s *trustlist.Service) int64 {
	ref, _ := s.Set().List()
	return ref.Version
}

func TestRefresh(t *testing.T) {
	r := newRig(t)
	s := r.service(t, nil)
	if s.Set().ID() != r.base.ID() || version(s) != 0 || !s.Status().Stale {
		t.Fatal("before the first list the folder's set is in force, and that is worth a warning")
	}
	o := refresh(t, s)
	if !o.New || o.List.Version != 100 || o.SetID != s.Set().ID() || version(s) != 100 || len(s.Set().Centres()) != 1 {
		t.Fatalf("%+v", o)
	}
	document, err := r.store.TrustLists().Document(t.Context(), 100)
	if err != nil || !bytes.Equal(document, r.server.Document()) {
		t.Errorf("the list is not kept as it came: %v", err)
	}
	if o = refresh(t, s); o.New || o.List.Version != 100 {
		t.Errorf("the same list again: %+v", o)
	}
	tries, err := s.Tries(t.Context())
	if err != nil || !tries.Succeeded.Equal(today) || tries.Failure != "" {
		t.Errorf("%+v %v", tries, err)
	}
	first := s.Set().ID()
	next := r.list(101)
	next.Centres[0].Statuses = append(next.Centres[0].Statuses, tsl.Status{Text: tsl.Ended, From: today.Add(-2 * time.Hour)})
	r.publish(t, next)
	if o = refresh(t, s); !o.New || version(s) != 101 || s.Set().ID() == first {
		t.Fatalf("%+v", o)
	}
	c, _ := cert.Parse(r.centre.DER)
	now, _ := s.Set().FindCentre(c)
	old, err := s.Restore(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := old.FindCentre(c)
	if now.AccreditedAt(today) || !before.AccreditedAt(today) || old.ID() != first {
		t.Error("old evidence is not judged by the set of its time")
	}
	if base, err := s.Restore(t.Context(), r.base.ID()); err != nil || base.ID() != r.base.ID() {
		t.Errorf("the folder's set of before: %v", err)
	}
	if _, err := s.Restore(t.Context(), "nonsense"); !errors.Is(err, trustlist.ErrNoSet) {
		t.Errorf("a set that never was: %v", err)
	}
	lists, err := s.Lists(t.Context(), 10)
	if err != nil || len(lists) != 2 || lists[0].Version != 101 || lists[1].Version != 100 || lists[1].Source != r.server.URL() {
		t.Errorf("%+v %v", lists, err)
	}
	if again := r.service(t, nil); again.Set().ID() != s.Set().ID() {
		t.Error("after a new start another set is in force")
	}
}

// TestLastGoodListStays whatever the server does.
func TestLastGoodListStays(t *testing.T) {
	r := newRig(t)
	s := r.service(t, func(c *trustlist.Config) { c.Timeout = time.Minute })
	refresh(t, s)
	good := s.Set()
	r.publish(t, r.list(101))
	for fault, want := range map[tsl.Fault]string{
		tsl.Fails: trustlist.CodeUnreachable, tsl.Dies: trustlist.CodeUnreachable, tsl.Redirects: trustlist.CodeUnreachable,
		tsl.BadSignature: trust.CodeListSignature, tsl.NoSignature: trust.CodeListSignature, tsl.OtherSigner: trust.CodeListSigner,
		tsl.Garbage: trust.CodeListSignature, tsl.Truncated: trust.CodeListSignature,
	} {
		r.fails(t, s, string(fault), want, func() { r.server.SetFault(fault) })
	}
	quick := r.service(t, func(c *trustlist.Config) { c.Timeout = 300 * time.Millisecond })
	for _, fault := range []tsl.Fault{tsl.Stalls, tsl.StallsInside} {
		r.fails(t, quick, string(fault), trustlist.CodeUnreachable, func() { r.server.SetFault(fault) })
	}
	r.server.SetFault(tsl.None)
	for name, l := range map[string]struct {
		list tsl.List
		want string
	}{
		"older":                     {r.list(99), trust.CodeListVersion},
		"same version, other bytes": {tsl.List{Version: 100, Date: today.Add(-2 * time.Hour)}, trust.CodeListVersion},
		"dated tomorrow":            {tsl.List{Version: 200, Date: today.AddDate(0, 0, 1)}, trust.CodeListFuture},
		"no date":                   {tsl.List{Version: 200, RawDate: "-"}, trust.CodeListMalformed},
	} {
		r.fails(t, s, name, l.want, func() { r.publish(t, l.list) })
	}
	if s.Set() != good {
		t.Error("another set is in force")
	}
	r.publish(t, r.list(101))
	if o := refresh(t, s); !o.New {
		t.Errorf("after the trouble: %+v", o)
	}
}

func (r *rig) fails(t *testing.T, s *trustlist.Service, name, want string, prepare func()) {
	t.Helper()
	prepare()
	before := s.Set()
	_, err := s.Refresh(t.Context())
	if got := trustlist.CodeOf(err); got != want {
		t.Errorf("%s: %q, want %q: %v", name, got, want, err)
	}
	tries, noted := s.Tries(t.Context())
	if noted != nil || tries.Failure != want || s.Set() != before {
		t.Errorf("%s: noted %q, %v; set changed %v", name, tries.Failure, noted, s.Set() != before)
	}
}

// TestEndless: a list that never ends is cut at the limit.
func TestEndless(t *testing.T) {
	r := newRig(t)
	r.server.SetFault(tsl.Endless)
	r.fails(t, r.service(t, nil), "endless", trust.CodeListTooLarge, func() {})
}

// TestEveryPortalFollows: several portals over one database, and a command beside them.
func TestEveryPortalFollows(t *testing.T) {
	r := newRig(t)
	s, other := r.service(t, nil), r.service(t, func(c *trustlist.Config) { c.URL = "" })
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { other.Follow(ctx) })
	refresh(t, s)
	look, late := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
	defer look.Stop()
	for version(other) != 100 {
		select {
		case <-look.C:
		case <-late:
			t.Fatal("the other portal does not follow")
		}
	}
	if other.Set().ID() != s.Set().ID() {
		t.Error("the same list gives different sets")
	}
	stop()
	done.Wait()
}

// TestRace: of lists that are imported at once the newest is in force, everywhere.
func TestRace(t *testing.T) {
	r := newRig(t)
	var wg sync.WaitGroup
	services := make([]*trustlist.Service, 6)
	for i := range services {
		services[i] = r.service(t, nil)
		l := r.list(int64(200 + i))
		document, err := l.Sign(r.Key())
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if _, err := services[i].Import(t.Context(), document, "file"); err != nil && trustlist.CodeOf(err) != trust.CodeListVersion {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a, ok, err := r.store.TrustLists().InForce(t.Context())
	if err != nil || !ok || a.Version != 205 {
		t.Fatalf("in force is %d: %v", a.Version, err)
	}
	for _, s := range services {
		if err := s.Load(t.Context()); err != nil || version(s) != 205 {
			t.Errorf("version %d, %v", version(s), err)
		}
	}
}

// TestOtherAnchors: a list counts only as long as the present anchors vouch for it.
func TestOtherAnchors(t *testing.T) {
	r := newRig(t)
	refresh(t, r.service(t, nil))
	stranger := mint.Root("Другой корень", mint.P256)
	both := r.service(t, func(c *trustlist.Config) { c.Base = setOf(t, r.Root, stranger) })
	if version(both) != 100 || len(both.Set().Anchors()) != 2 {
		t.Errorf("with one more anchor: version %d, %d anchors", version(both), len(both.Set().Anchors()))
	}
	without := r.service(t, func(c *trustlist.Config) { c.Base = setOf(t, stranger) })
	if version(without) != 0 || len(without.Set().Centres()) != 0 {
		t.Errorf("without its anchor the list counts: version %d", version(without))
	}
	if o, err := without.Import(t.Context(), r.server.Document(), "file"); err != nil || o.New || version(without) != 0 {
		t.Errorf("imported again: %+v %v", o, err)
	}
	if _, err := without.Restore(t.Context(), both.Set().ID()); err != nil {
		t.Errorf("the set of before: %v", err)
	}
}

func TestStale(t *testing.T) {
	r := newRig(t)
	now := today
	s := r.service(t, func(c *trustlist.Config) { c.Now = func() time.Time { return now }; c.WarnAfter = 48 * time.Hour })
	refresh(t, s)
	if s.Status().Stale {
		t.Error("a list of an hour is stale")
	}
	now = today.Add(49 * time.Hour)
	if st := s.Status(); !st.Stale || st.List.Version != 100 {
		t.Errorf("%+v", st)
	}
	quiet := r.service(t, func(c *trustlist.Config) { c.URL = "" })
	if quiet.Status().Stale {
		t.Error("stale without a need")
	}
}

func TestAddresses(t *testing.T) {
	r := newRig(t)
	for url, ok := range map[string]bool{
		"": true, "https://list.example/x": true, "http://127.0.0.1:1/x": true, "http://localhost/x": true, "http://[::1]/x": true,
		"http://list.example/x": false, "ftp://list.example/x": false, "file:///etc/passwd": false, "list.example": false, "http://127.0.0.1.list.example/": false,
	} {
		_, err := trustlist.New(trustlist.Config{Store: r.store.TrustLists(), Base: r.base, URL: url, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := r.service(t, func(c *trustlist.Config) { c.URL = "" }).Refresh(t.Context()); trustlist.CodeOf(err) != trustlist.CodeUnreachable {
		t.Errorf("refresh without an address: %v", err)
	}
}

// swapped answers every question for a kept set with the same one.
type swapped struct {
	trustlist.Store
	content []byte
}

func (s swapped) SetOf(context.Context, string, int64) ([]byte, error) { return s.content, nil }
func (s swapped) Set(context.Context, string) ([]byte, error)          { return s.content, nil }

// TestOtherSetKept: what lies in the database as a set counts only when it is the one that was asked for;
// else the list is proved again.
func TestOtherSetKept(t *testing.T) {
	r := newRig(t)
	s := r.service(t, nil)
	refresh(t, s)
	rogue := setOf(t, tsl.NewMinistry(mint.GOST256A).Root)
	content, err := rogue.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again := r.service(t, func(c *trustlist.Config) { c.Store = swapped{c.Store, content} })
	if again.Set().ID() != s.Set().ID() {
		t.Error("another set than that of the list is in force")
	}
	if _, err := again.Restore(t.Context(), r.base.ID()); trustlist.CodeOf(err) != trust.CodeSet {
		t.Errorf("another set under an id: %v", err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"testing"
	"time"

	"zaver/portal/assemble"
	"zaver/portal/trustlist"
	"zaver/signature/cert"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/tsl"
)

// The durable job renews the list, the running portal judges by it from then on, and says on
// /healthz when it grows old.
func TestListOfCentresIsRenewed(t *testing.T) {
	ministry := tsl.NewMinistry(mint.GOST256A)
	centre := ministry.Centre("Центр", "1027700132195")
	server, err := tsl.Start(t.Context(), tsl.Config{Signer: ministry.Key()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	root, err := cert.Parse(ministry.Root.DER)
	if err != nil {
		t.Fatal(err)
	}
	base, err := trust.NewSet([]trust.Anchor{{Certificate: root, Kind: trust.Qualified}})
	if err != nil {
		t.Fatal(err)
	}
	list := tsl.List{Version: 1, Date: time.Now().Add(-30 * 24 * time.Hour), Centres: []tsl.Centre{tsl.Entry("Центр", "1027700132195", time.Now().AddDate(-1, 0, 0), centre.DER)}}
	if err := server.Publish(list); err != nil {
		t.Fatal(err)
	}
	p := Start(t, Config{Trust: base, Edit: func(c *assemble.Config) { c.TrustList = assemble.TrustList{URL: server.URL()} }})
	look, late := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer look.Stop()
	for p.TrustList.Status().List == nil {
		select {
		case <-look.C:
		case <-late:
			t.Fatal("the job does not renew the list")
		}
	}
	if got := p.NewBrowser(t).Get("/healthz").Body; got != "ok\nwarning "+trustlist.CodeStale+"\n" {
		t.Errorf("with a list of last month: %q", got)
	}
	list.Version, list.Date = 2, time.Now()
	document, err := list.Sign(ministry.Key())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.TrustList.Import(t.Context(), document, "file"); err != nil {
		t.Fatal(err)
	}
	if got := p.NewBrowser(t).Get("/healthz").Body; got != "ok\n" {
		t.Errorf("with a list of today: %q", got)
	}
}

// SPDX-License-Identifier: Apache-2.0

package road

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zaver/portal/trustlist"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/stage"
	"zaver/softhsm-fixtures/tsl"
)

// publish puts another list in force in the running portal.
func (w *World) publish(ctx context.Context, edit func(*tsl.List)) {
	w.t.Helper()
	w.must(w.PublishCentres(edit))
	code, err := w.RefreshCentres(ctx)
	w.must(err)
	if code != "" {
		w.t.Fatalf("the list is refused: %s", code)
	}
	wanted := w.Centres.List().Version
	w.must(w.until(fmt.Sprintf("list %d is in force", wanted), func() error {
		if now := w.inForce(); now != wanted {
			return fmt.Errorf("list %d is", now)
		}
		return nil
	}))
}

// inForce is the version of the list that the portal judges by.
func (w *World) inForce() int64 {
	w.t.Helper()
	version, err := w.CentresInForce(context.Background()) // a clean-up asks, too
	w.must(err)
	return version
}

// confirmed makes a standard account and confirms it with a GOST token.
func (w *World) confirmed() (c *Citizen, request string) {
	w.t.Helper()
	c = w.Citizen()
	w.Answers(c.p.PINs.Token)
	w.GiveTokenOf(c.p, pki.Good, pki.GOST256)
	request, err := c.Confirm("token")
	w.must(err)
	c.succeeded()
	return c, request
}

// Whatever the list's server does, the last good list stays and people are confirmed by it.
func TestFaultListOfCentres(t *testing.T) {
	w := Start(t)
	w.publish(t.Context(), nil)
	good := w.Centres.List()
	for _, f := range []struct {
		fault tsl.Fault
		list  func(*tsl.List)
		code  string
	}{
		{tsl.Fails, nil, trustlist.CodeUnreachable},
		{tsl.BadSignature, nil, trust.CodeListSignature},
		{tsl.OtherSigner, nil, trust.CodeListSigner},
		{tsl.None, func(l *tsl.List) { l.Version = good.Version - 1 }, trust.CodeListVersion},
	} {
		w.Centres.SetFault(f.fault)
		w.must(w.PublishCentres(f.list))
		code, err := w.RefreshCentres(t.Context())
		w.must(err)
		if code != f.code {
			t.Errorf("%q: code %q instead of %q", f.fault, code, f.code)
		}
		if now := w.inForce(); now != good.Version {
			t.Errorf("%q: list %d is in force instead of %d", f.fault, now, good.Version)
		}
	}
	w.Centres.SetFault(tsl.Fails)
	w.confirmed()
}

// A centre that was struck off confirms nobody any more. What it confirmed before stands, judged under the very
// set that strikes it off.
func TestStruckOffCentre(t *testing.T) {
	w := Start(t)
	w.publish(t.Context(), nil)
	_, before := w.confirmed()
	stamped := time.Now()
	c := w.Citizen(English)
	// Timestamp and list know whole seconds, and the timestamp is exact to one: only a strike-off two seconds later is later for certain.
	<-time.After(time.Until(stamped.Truncate(time.Second).Add(2 * time.Second)))

	t.Cleanup(func() { w.publish(context.Background(), nil) })
	w.publish(t.Context(), stage.StrikeOff)
	w.Answers(c.p.PINs.Token)
	w.GiveTokenOf(c.p, pki.Good, pki.GOST256)
	c.fails("token", "sig.not_accredited")

	w.must(w.Later(t.Context(), before, "token"))
	set := w.setInForce()
	archive := filepath.Join(t.TempDir(), "evidence.zip")
	w.must(w.Evidence(t.Context(), before, archive))
	signature, err := os.ReadFile(one(t, unpack(t, archive), "signature-lt.p7s"))
	w.must(err)
	audit := verify.Document(t.Context(), signature, nil, verify.Terms{At: time.Now().AddDate(10, 0, 0), Set: set, Profile: verify.ProfileQualified})
	if audit.Verdict != verify.Valid {
		t.Errorf("the old signature is %v under the set in force: %+v", audit.Verdict, audit.Signers[0].Findings)
	}
	// Without its timestamp it would not stand: its own time is nobody's word.
	bare, err := os.ReadFile(one(t, unpack(t, archive), "signature.p7s"))
	w.must(err)
	audit = verify.Document(t.Context(), bare, nil, verify.Terms{At: time.Now(), Set: set, Profile: verify.ProfileQualified})
	struck := func(f verify.Finding) bool { return f.Code == verify.CodeNotAccredited }
	if audit.Verdict != verify.Invalid || !slices.ContainsFunc(audit.Signers[0].Findings, struck) {
		t.Errorf("without a timestamp it is %v: %+v", audit.Verdict, audit.Signers[0].Findings)
	}

	w.publish(t.Context(), nil)
	c.succeeds("token")
}

// setInForce is the portal's set, with the history of its list.
func (w *World) setInForce() *trust.Set {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "set.json")
	w.must(w.CentresSet(w.t.Context(), file))
	b, err := os.ReadFile(file)
	w.must(err)
	set, err := trust.Restore(b)
	w.must(err)
	return set
}

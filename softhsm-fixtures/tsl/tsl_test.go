// SPDX-License-Identifier: Apache-2.0

package tsl_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"zaver/signature/trust"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/tsl"
)

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// TestStage: the list of the test PKI is one that its own anchors vouch for, over HTTP.
func TestStage(t *testing.T) {
	p, err := pki.Start(pki.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	config, list, err := tsl.FromPKI(p, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := tsl.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if status, _ := get(t, s.URL()); status != http.StatusNotFound {
		t.Errorf("before the first list: %d", status)
	}
	if err := s.Publish(list); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := p.WriteTrust(dir); err != nil {
		t.Fatal(err)
	}
	base, err := trust.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := trust.ListOptions{Set: base, At: time.Now()}
	_, document := get(t, s.URL())
	l, err := trust.OpenList(document, o)
	if err != nil || len(l.Findings) != 0 || l.Centres != 2 {
		t.Fatalf("%+v %v", l, err)
	}
	set, err := base.With(l)
	if err != nil || len(set.Centres()) != 2 {
		t.Errorf("%v", err)
	}
	for _, fault := range []tsl.Fault{tsl.BadSignature, tsl.NoSignature, tsl.OtherSigner, tsl.Garbage, tsl.Truncated, tsl.Fails} {
		s.SetFault(fault)
		if _, document := get(t, s.URL()); len(document) == 0 {
			t.Errorf("%s: nothing", fault)
		} else if _, err := trust.OpenList(document, o); err == nil {
			t.Errorf("%s: accepted", fault)
		}
	}
	s.SetFault(tsl.None)
	if _, again := get(t, s.URL()); string(again) != string(document) || s.Requests() != 9 {
		t.Errorf("after the faults: %d requests", s.Requests())
	}
}

// SPDX-License-Identifier: Apache-2.0

package timestamp_test

import (
	"errors"
	"slices"
	"testing"

	"zaver/signature/timestamp"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

func typed(t *testing.T, err error) {
	t.Helper()
	var p *timestamp.Problem
	if !errors.As(err, &p) || !slices.Contains(timestamp.Codes(), p.Code) {
		t.Fatalf("untyped refusal %v", err)
	}
}

// FuzzParse proves that no bytes take the reader of tokens out of its bounds,
// and that nothing passes under the test's key but what it stamped.
func FuzzParse(f *testing.F) {
	tsa := authority(mint.P256, "")
	key := certificate(f, tsa.DER)
	good := stamp()
	f.Add(good.Token(tsa))
	good.Accuracy = asn.Seq(asn.Int(1), asn.Context(0, []byte{2}), asn.Context(1, []byte{3}))
	good.TimeDER, good.Ordering, good.TSA = gt("20261122100000.25Z"), true, mint.Dir(tsa.Name)
	good.Extensions = []mint.Extension{mint.Raw("1.2.3.4", true, asn.Null())}
	f.Add(good.Token(tsa))
	f.Add(stamp().Token(authority(mint.GOST2012256, "")))
	f.Fuzz(func(t *testing.T, b []byte) {
		token, err := timestamp.Parse(b)
		if err != nil {
			typed(t, err)
			return
		}
		problems := token.Check(timestamp.Question{Message: message})
		for _, p := range problems {
			typed(t, p)
		}
		if len(problems) == 0 && token.Certificate().Equal(key) && token.Time.Sub(moment) > 0 && token.Time.Nanosecond() != 250e6 {
			t.Fatal("another time holds under the key of the test")
		}
	})
}

// FuzzParseResponse is the same for answers and requests.
func FuzzParseResponse(f *testing.F) {
	f.Add(mint.Granted(stamp().Token(authority(mint.P256, ""))))
	f.Add(mint.Rejected(2, "нет", 0, 14, 25))
	f.Add(mint.Rejected(3, ""))
	r := timestamp.Request{Imprint: timestamp.ImprintOf(digestOf(f, mint.SHA256), message), Policy: []int{1, 2, 3}, Certificates: true}
	query, err := r.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(query)
	f.Fuzz(func(t *testing.T, b []byte) {
		if res, err := timestamp.ParseResponse(b); err != nil {
			typed(t, err)
		} else if (res.Token == nil) != (res.Err() != nil) {
			t.Fatal("granted and refused at once")
		}
		if _, err := timestamp.ParseRequest(b); err != nil {
			typed(t, err)
		}
	})
}

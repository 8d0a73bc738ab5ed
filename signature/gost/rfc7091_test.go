// SPDX-License-Identifier: Apache-2.0

package gost_test

import (
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"testing"

	"zaver/signature/gost"
)

// TestExamples verifies the signatures of RFC 7091 section 7.
func TestExamples(t *testing.T) {
	for _, tc := range []struct {
		set           *gost.ParamSet
		x, y, e, r, s string
	}{{
		set: gost.Example256,
		x:   "7F2B49E270DB6D90D8595BEC458B50C58585BA1D4E9B788F6689DBD8E56FD80B",
		y:   "26F1B489D6701DD185C8413A977B3CBBAF64D1C593D26627DFFB101A87FF77DA",
		e:   "2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5",
		r:   "41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493",
		s:   "01456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40",
	}, {
		set: gost.Example512,
		x:   "115DC5BC96760C7B48598D8AB9E740D4C4A85A65BE33C1815B5C320C854621DD5A515856D13314AF69BC5B924C8B4DDFF75C45415C1D9DD9DD33612CD530EFE1",
		y:   "37C7C90CD40B0F5621DC3AC1B751CFA0E2634FA0503B3D52639F5D7FB72AFD61EA199441D943FFE7F0C70A2759A3CDB84C114E1F9339FDF27F35ECA93677BEEC",
		e:   "3754F3CFACC9E0615C4F4A7C4D8DAB531B09B6F9C170C533A71D147035B0C5917184EE536593F4414339976C647C5D5A407ADEDB1D560C4FC6777D2972075B8C",
		r:   "2F86FA60A081091A23DD795E1E3C689EE512A3C82EE0DCC2643C78EEA8FCACD35492558486B20F1C9EC197C90699850260C93BCBCD9C5C3317E19344E173AE36",
		s:   "1081B394696FFE8E6585E7A9362D26B6325F56778AADBC081C0BFBE933D52FF5823CE288E8C4F362526080DF7F70CE406A6EEB1F56919CB92A9853BDE73E5B4A",
	}} {
		t.Run(tc.set.Name(), func(t *testing.T) {
			k, err := gost.ParsePublicKey(tc.set, append(reversed(t, tc.x), reversed(t, tc.y)...))
			if err != nil {
				t.Fatal(err)
			}
			digest, sig := reversed(t, tc.e), unhex(t, tc.s+tc.r)
			if !k.Verify(digest, sig) {
				t.Error("the signature of the example is refused")
			}
			for i := 0; i < 8*len(sig); i += 5 {
				bad := slices.Clone(sig)
				bad[i/8] ^= 1 << (i % 8)
				if k.Verify(digest, bad) {
					t.Errorf("signature with bit %d turned is accepted", i)
				}
			}
			for i := 0; i < 8*len(digest); i += 5 {
				bad := slices.Clone(digest)
				bad[i/8] ^= 1 << (i % 8)
				if k.Verify(bad, sig) {
					t.Errorf("digest with bit %d turned is accepted", i)
				}
			}
		})
	}
}

// TestExampleSetsHidden keeps the sets for tests out of production: whoever knows their private keys, which are printed, could sign.
func TestExampleSetsHidden(t *testing.T) {
	for _, oid := range []asn1.ObjectIdentifier{{1, 2, 643, 2, 2, 35, 0}, {1, 2, 643, 7, 1, 2, 1, 2, 0}, {1, 2, 643, 7, 1, 2, 1, 1, 0}, nil} {
		if ps, ok := gost.ByOID(oid); ok {
			t.Errorf("%v gives %s", oid, ps)
		}
	}
	if len(gost.Sets()) != 12 {
		t.Errorf("%d sets, want 12", len(gost.Sets()))
	}
	for _, ps := range gost.Sets() {
		if found, ok := gost.ByOID(ps.OID()); !ok || found != ps {
			t.Errorf("%s isn't found by its identifier %v", ps, ps.OID())
		}
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reversed(t testing.TB, s string) []byte {
	t.Helper()
	b := unhex(t, s)
	slices.Reverse(b)
	return b
}

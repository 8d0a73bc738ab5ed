// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"os"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
)

func TestSecureMembers(t *testing.T) {
	b, err := os.ReadFile("profiles/uec-test.json")
	if err != nil {
		t.Fatal(err)
	}
	file := string(b)
	p, err := LoadProfile(b)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Secure
	if string(s.Key.FID) != "\x00\x0F" || s.KeyPath.String() != "EA/81" || string(s.Application.FID) != "\x00\x0B" || string(s.Issuer.FID) != "\x00\x0C" ||
		s.Reference != 0x15 || s.Greeting != (Object{0xDF2A, 40}) || s.Number != (Object{0x5A, 10}) || s.Status != (Object{0xDF2C, 1}) || s.Consistent != 0x77 {
		t.Errorf("%+v", s)
	}
	if p.Chunk != maxSealedData {
		t.Errorf("chunk %d: a sealed answer of it does not fit a short one", p.Chunk)
	}
	tests := []struct{ name, old, new, field, reason string }{
		{"unknown suite", `"gost2012-kuznyechik"`, `"gost2001"`, "secure_messaging", "not known"},
		{"places without a suite", `"gost2012-kuznyechik"`, `"none"`, "secure", "is for cards"},
		{"no places", `"secure": {`, `"note": {`, "note", "not a member"},
		{"key file", `"fid": "000F"`, `"fid": "0F"`, "secure.key.fid", "1 bytes"},
		{"key path", `"path": "EA/81"`, `"path": ""`, "secure.key.path", "empty"},
		{"key path not tags", `"path": "EA/81"`, `"path": "EA/8"`, "secure.key.path", "not a tag"},
		{"key file's size", `"max": 128`, `"max": 300`, "secure.key.max", "300"},
		{"certificate's size", `"application": {"fid": "000B", "max": 512}`, `"application": {"fid": "000B", "max": 5000}`, "secure.application.max", "5000"},
		{"no issuer", `"issuer": {"fid": "000C", "max": 512},`, ``, "secure.issuer.fid", "0 bytes"},
		{"reference", `"reference": "15"`, `"reference": ""`, "secure.reference", "0 bytes"},
		{"greeting", `"tag": "DF2A"`, `"tag": "DF8101"`, "secure.greeting.tag", "GET DATA"},
		{"greeting's size", `"tag": "DF2A", "max": 40`, `"tag": "DF2A"`, "secure.greeting.max", "is 0"},
		{"number", `"tag": "5A", "max": 10`, `"tag": "", "max": 10`, "secure.number.tag", "not a tag"},
		{"state", `"consistent": "77"`, `"consistent": "7"`, "secure.status.consistent", "hexadecimal"},
		{"file of a block too long", `"max": 32767`, `"max": 32768`, "holder.blocks[2].max", "32768"},
		{"path without a file", `"max": 1024,`, ``, "holder.blocks[3].path", "no max"},
		{"type of the photo", `"type": "b"`, `"type": "jpeg"`, "holder.blocks[2].fields[0].type", "not text"},
		{"status word", `"9602": "protocol"`, `"9602": "nothing"`, "status_words.9602", "not a reason"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(file, tt.old) {
				t.Fatalf("the profile has no %q", tt.old)
			}
			_, err := LoadProfile([]byte(strings.Replace(file, tt.old, tt.new, 1)))
			var e *ProfileError
			if !errors.As(err, &e) || e.Field != tt.field || !strings.Contains(e.Reason, tt.reason) {
				t.Errorf("got %v; want field %q, reason with %q", err, tt.field, tt.reason)
			}
		})
	}
}

// TestStatusWordsOfTheUEC: every word that the card's library maps has a reason here.
func TestStatusWordsOfTheUEC(t *testing.T) {
	all, err := BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	p := OfKind(all, KindUEC)[0]
	for _, sw := range []apdu.SW{0x6700, 0x6981, 0x6982, 0x6983, 0x6984, 0x6985, 0x6986, 0x6A80, 0x6A82, 0x6A83, 0x6A84, 0x6A86, 0x6A88, 0x6B00, 0x6283, 0x6883, 0x6884, 0x9602} {
		if _, ok := p.StatusWords[sw]; !ok {
			t.Errorf("%s has no reason", sw)
		}
	}
	for sw, want := range map[apdu.SW]Reason{0x6982: NoTerminal, 0x6283: Unsupported, 0x6987: Insecure, 0x6988: Insecure} {
		if got := (&Card{profile: p}).statusError("x", sw).Reason; got != want {
			t.Errorf("%s is %s, not %s", sw, got, want)
		}
	}
}

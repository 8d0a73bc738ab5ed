// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"os"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
)

// uecFile is a profile of the card without secure messaging.
const uecFile = "testdata/plain.json"

func readUEC(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(uecFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBuiltinProfiles(t *testing.T) {
	all, err := BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	profiles := OfKind(all, KindUEC)
	if len(profiles) != 1 || profiles[0].Name != "uec-test" {
		t.Fatalf("got %d profiles", len(profiles))
	}
	p := profiles[0]
	if p.AID[0] != 0xF0 {
		t.Errorf("AID %X is not from the unregistered range", p.AID)
	}
	for name, ref := range map[string]byte{"PIN1": 1, "PIN2": 2, "KRP": 5} {
		if pw, ok := p.Password(name); !ok || pw.Ref != ref || !pw.ConfirmLast {
			t.Errorf("%s: %+v, %v", name, pw, ok)
		}
	}
	if _, ok := p.Password("PIN3"); ok {
		t.Error("PIN3 is there")
	}
	if p.Validity.Last.String() != "6F/A5/5F24" {
		t.Errorf("validity at %s", p.Validity.Last)
	}
}

func TestLoadProfileNamesThePlace(t *testing.T) {
	tests := []struct {
		name, old, new, field, reason string
	}{
		{"unknown member", `"chunk": 248`, `"chunck": 248`, "chunck", "not a member"},
		{"unknown nested member", `"unblocked_by": "KRP", "confirm_last": true},`, `"unblocks": "KRP"},`, "passwords[0].unblocks", "not a member"},
		{"member twice", `"chunk": 248`, `"chunk": 248, "chunk": 1`, "chunk", "twice"},
		{"wrong type", `"chunk": 248`, `"chunk": "248"`, "chunk", "string"},
		{"chunk too big", `"chunk": 248`, `"chunk": 257`, "chunk", "257"},
		{"format", "zaver.card/v1", "zaver.card/v2", "format", "zaver.card/v1"},
		{"name", `"uec-plain"`, `"UEC"`, "name", "lower-case"},
		{"title", `"en": "Universal electronic card (test)"`, `"fr": "x"`, "title", `"en"`},
		{"short AID", "F0 5A 41 56 45 52 55 45 43 01", "F0 5A", "aid", "2 bytes"},
		{"AID not hexadecimal", "F0 5A 41", "F0 5G 41", "aid", "hexadecimal"},
		{"mask of another length", `"mask": "FF FF`, `"mask": "FF`, "atr[0].mask", "12 bytes"},
		{"validity path", "6F/A5/5F24", "6F/A5/5", "validity.last", "not a tag"},
		{"secure messaging", `"none"`, `"gost"`, "secure_messaging", "not known"},
		{"PIN format", `"ref": "02", "format": "iso9564-2"`, `"ref": "02", "format": "ascii"`, "passwords[1].format", "ascii"},
		{"PIN length", `"min": 6`, `"min": 9`, "passwords[1].min", "9"},
		{"password twice", `"name": "PIN2"`, `"name": "PIN1"`, "passwords[1].name", "twice"},
		{"unblocked by nobody", `"unblocked_by": "KRP"`, `"unblocked_by": "PUK"`, "passwords[0].unblocked_by", "names no password"},
		{"holder password", `"password": "PIN1"`, `"password": "PIN9"`, "holder.password", "names no password"},
		{"directory", `"list": "6F/A5/E2"`, `"list": ""`, "blocks.list", "not a tag"},
		{"field name", `"name": "email"`, `"name": "mail"`, "holder.blocks[1].fields[2].name", "not one of"},
		{"field twice", `"name": "email"`, `"name": "phone"`, "holder.blocks[1].fields[2].name", "twice"},
		{"field type", `"tag": "DF27", "type": "cn"`, `"tag": "DF27", "type": "bcd"`, "holder.blocks[0].fields[0].type", "not text"},
		{"field tag", `"tag": "DF27"`, `"tag": "DF8101"`, "holder.blocks[0].fields[0].tag", "GET DATA"},
		{"certificate size", `"max": 16384`, `"max": 40000`, "certificate.max", "40000"},
		{"algorithm", `"ecdsa-sha256"`, `"ecdsa-sha1"`, "signature.algorithms[0].name", "table of algorithms"},
		{"odd signature", `"size": 64`, `"size": 65`, "signature.algorithms[0].size", "odd"},
		{"missing member", `"size": 64`, `"mse": "002241B600"`, "signature.algorithms[0].size", "is 0"},
		{"MSE", `"size": 64`, `"size": 64, "mse": "0020000100"`, "signature.algorithms[0].mse", "not an MSE"},
		{"status word", `"status_words": {}`, `"status_words": {"9602": "odd"}`, "status_words.9602", "not a reason"},
		{"text after the end", "{}\n}", "{}\n}{}", "", "after the end"},
		{"cut", "{}\n}", "{}\n", "", "EOF"},
	}
	file := readUEC(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after, ok := strings.Cut(file, tt.old)
			if !ok {
				t.Fatalf("the profile has no %q", tt.old)
			}
			_, err := LoadProfile([]byte(before + tt.new + after))
			var e *ProfileError
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if e.Field != tt.field || !strings.Contains(e.Reason, tt.reason) {
				t.Errorf("got %v; want field %q, reason with %q", e, tt.field, tt.reason)
			}
			want := strings.Count(before, "\n") + 1
			if tt.field != "" && (e.Line < want-3 || e.Line > want+1) {
				t.Errorf("line %d, the fault is at line %d", e.Line, want)
			}
		})
	}
	if _, err := LoadProfile(make([]byte, maxProfileSize+1)); err == nil {
		t.Error("a file of any length is read")
	}
	if _, err := LoadProfile([]byte(strings.Repeat("[", 100))); err == nil {
		t.Error("a file of any depth is read")
	}
}

func TestStatusWordsOfTheProfile(t *testing.T) {
	file := strings.Replace(readUEC(t), `"status_words": {}`, `"status_words": {"9602": "unsupported"}`, 1)
	p, err := LoadProfile([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	c := &Card{profile: p}
	if e := c.statusError("x", 0x9602); e.Reason != Unsupported {
		t.Errorf("9602 is %s", e.Reason)
	}
	if e := c.statusError("x", 0x6F00); e.Reason != Protocol || e.SW != apdu.SW(0x6F00) {
		t.Errorf("6F00 is %v", e)
	}
}

func TestMatchATR(t *testing.T) {
	p := &Profile{ATRs: []ATRHint{{ATR: []byte{0x3B, 0x6C, 0x11}, Mask: []byte{0xFF, 0xFF, 0xF0}}}}
	for atr, want := range map[string]bool{"\x3B\x6C\x11": true, "\x3B\x6C\x1F": true, "\x3B\x6C\x21": false, "\x3B\x6C": false, "": false} {
		if got := p.MatchATR([]byte(atr)); got != want {
			t.Errorf("%X: %v", atr, got)
		}
	}
}

func FuzzLoadProfile(f *testing.F) {
	for _, name := range []string{uecFile, whole, "profiles/uec-test.json", "profiles/piv.json"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"format":"zaver.card/v1","status_words":{"9":""}}`))
	f.Add([]byte(`{"passwords":[{"name":[]}],"chunk":1}`))
	f.Add([]byte(`{"signature":{"algorithms":[{"bits":"x"}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := LoadProfile(b)
		if e := (*ProfileError)(nil); err != nil && (!errors.As(err, &e) || e.Line < 1 || e.Line > 1+strings.Count(string(b), "\n")) {
			t.Fatalf("error without a place: %v", err)
		}
		if err == nil && (len(p.AID) < 5 || len(p.Signature.Algorithms) == 0 || p.Kind == "") {
			t.Fatal("an unchecked profile was read")
		}
	})
}

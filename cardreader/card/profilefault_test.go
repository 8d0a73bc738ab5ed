// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// whole is a profile with every member, one a line, so that each fault below
// has a line of its own.
const whole = "testdata/whole.json"

// TestEveryMember breaks one member after another: the error names its line and field.
func TestEveryMember(t *testing.T) {
	tests := []struct {
		name, old, new string
		field, reason  string
	}{
		{"format of another program", `"zaver.card/v1"`, `"zaver.card/v9"`, "format", "zaver.card/v1"},
		{"format is no text", `"format": "zaver.card/v1"`, `"format": 1`, "format", "number"},
		{"name with capitals", `"name": "whole"`, `"name": "Whole"`, "name", "lower-case"},
		{"empty name", `"name": "whole"`, `"name": ""`, "name", "lower-case"},
		{"kind", `"kind": "uec"`, `"kind": "bank"`, "kind", "bank"},
		{"no kind", `"kind": "uec"`, `"kind": ""`, "kind", "not one of uec, signature"},
		{"title in one language", `"en": "Card"`, `"de": "Karte"`, "title", `"en"`},
		{"title is no object", "\"title\": {\n    \"ru\": \"Карта\",\n    \"en\": \"Card\"\n  }", `"title": "Карта"`, "title", "string"},
		{"AID too short", `"aid": "F0 01 02 03 04"`, `"aid": "F0 01 02 03"`, "aid", "4 bytes"},
		{"AID too long", `"aid": "F0 01 02 03 04"`, `"aid": "F0 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10"`, "aid", "17 bytes"},
		{"AID with half a byte", `"aid": "F0 01 02 03 04"`, `"aid": "F0 01 02 03 0"`, "aid", "hexadecimal"},
		{"ATR too short", `"atr": "3B 00"`, `"atr": "3B"`, "atr[0].atr", "1 bytes"},
		{"mask longer than the ATR", `"mask": "FF FF"`, `"mask": "FF FF FF"`, "atr[0].mask", "3 bytes"},
		{"no mask", `"mask": "FF FF"`, `"mask": ""`, "atr[0].mask", "0 bytes"},
		{"unknown member of an ATR", `"mask": "FF FF"`, `"bits": "FF FF"`, "atr[0].bits", "not a member"},
		{"P2 of two bytes", `"select_p2": "00"`, `"select_p2": "0000"`, "select_p2", "2 bytes"},
		{"root of one byte", `"root": "3F3F"`, `"root": "3F"`, "root", "1 bytes"},
		{"first day", `"first": "6F/A5/5F25"`, `"first": "6F//5F25"`, "validity.first", "not a tag"},
		{"last day", `"last": "6F/A5/5F24"`, `"last": "6F/A5/5F24/"`, "validity.last", "not a tag"},
		{"chunk of nothing", `"chunk": 248`, `"chunk": 0`, "chunk", "is 0"},
		{"chunk of half a byte", `"chunk": 248`, `"chunk": 2.5`, "chunk", "number"},
		{"suite", `"secure_messaging": "none"`, `"secure_messaging": "tls"`, "secure_messaging", "not known"},
		{"password without a name", `"name": "PIN"`, `"name": ""`, "passwords[0].name", "empty"},
		{"passwords of one name", `"name": "PUK"`, `"name": "PIN"`, "passwords[1].name", "twice"},
		{"reference of two bytes", `"ref": "01"`, `"ref": "0001"`, "passwords[0].ref", "2 bytes"},
		{"no reference", `"ref": "01"`, `"ref": ""`, "passwords[0].ref", "0 bytes"},
		{"PIN format", `"format": "iso9564-2"`, `"format": "iso9564-3"`, "passwords[0].format", "iso9564-3"},
		{"no PIN format", `"format": "iso9564-2"`, `"format": ""`, "passwords[0].format", "not one of"},
		{"characters", `"characters": "digits"`, `"characters": "hex"`, "passwords[0].characters", "hex"},
		{"letters in a packed block", `"characters": "digits"`, `"characters": "printable"`, "passwords[0].characters", "iso9564-2"},
		{"three digits", `"min": 4`, `"min": 3`, "passwords[0].min", "is 3"},
		{"more at least than at most", `"min": 4`, `"min": 9`, "passwords[0].min", "is 9"},
		{"fifteen digits", `"max": 8`, `"max": 15`, "passwords[0].max", "is 15"},
		{"nine characters", `"max": 7`, `"max": 9`, "passwords[1].max", "is 9"},
		{"sixteen tries", `"tries": 3`, `"tries": 16`, "passwords[0].tries", "is 16"},
		{"tries below nothing", `"tries": 3`, `"tries": -1`, "passwords[0].tries", "is -1"},
		{"counter", `"counter": "verify"`, `"counter": "guess"`, "passwords[0].counter", "guess"},
		{"change", `"change": "new"`, `"change": "P1=01"`, "passwords[0].change", "P1=01"},
		{"unblock", `"unblock": "nothing"`, `"unblock": "code"`, "passwords[0].unblock", "code"},
		{"unblocked by nobody known", `"unblocked_by": "PUK"`, `"unblocked_by": "KRP"`, "passwords[0].unblocked_by", "names no password"},
		{"unblocked by itself", `"unblocked_by": "PUK"`, `"unblocked_by": "PIN"`, "passwords[0].unblocked_by", "itself"},
		{"unblocked by nobody", `"unblocked_by": "PUK"`, `"unblocked_by": ""`, "passwords[0].unblocked_by", "names no password"},
		{"unblocked in no way", `"unblock": "nothing"`, `"unblock": ""`, "passwords[0].unblock", "missing"},
		{"old value that nobody knows", `"change": "new"`, `"change": "old-new"`, "passwords[0].unblock", "old value"},
		{"yes or no in quotes", `"confirm_last": true`, `"confirm_last": "yes"`, "passwords[0].confirm_last", "string"},
		{"sectors without a list", `"list": "6F/A5/E0"`, `"list": ""`, "sectors.list", "not a tag"},
		{"sector entry", `"entry": "E1"`, `"entry": "E1E1"`, "sectors.entry", "not a tag"},
		{"sector id", `"id": "DF20"`, `"id": "20DF"`, "sectors.id", "not a tag"},
		{"sector file", `"fid": "51"`, `"fid": ""`, "sectors.fid", "not a tag"},
		{"block entry", `"entry": "E3"`, `"entry": "00"`, "blocks.entry", "not a tag"},
		{"holder's password", `"password": "PIN", "blocks": [`, `"password": "PIN7", "blocks": [`, "holder.password", "names no password"},
		{"block id", `"block": "02"`, `"block": "0002"`, "holder.blocks[0].block", "2 bytes"},
		{"field name", `"name": "snils"`, `"name": "passport"`, "holder.blocks[0].fields[0].name", "not one of"},
		{"field tag", `"tag": "DF27"`, `"tag": "XX"`, "holder.blocks[0].fields[0].tag", "not a tag"},
		{"field type", `"type": "cn"`, `"type": "utf8"`, "holder.blocks[0].fields[0].type", "is not text"},
		{"field of no bytes", `"max": 6`, `"max": 0`, "holder.blocks[0].fields[0].max", "is 0"},
		{"certificate in two places", `"object": "5FC10A"`, `"fid": "0011", "object": "5FC10A"`, "certificate", "one of"},
		{"certificate in no place", `"object": "5FC10A",`, ``, "certificate", "one of"},
		{"certificate's tag", `"object": "5FC10A"`, `"object": "5F"`, "certificate.object", "not a tag"},
		{"certificate's file", `"object": "5FC10A"`, `"fid": "11"`, "certificate.fid", "1 bytes"},
		{"certificate without bound", `"max": 9000`, `"max": 0`, "certificate.max", "is 0"},
		{"certificate without bounds", `"max": 9000`, `"max": 70000`, "certificate.max", "is 70000"},
		{"certificate's path", `"path": "53/70"`, `"path": "53:70"`, "certificate.path", "not a tag"},
		{"compression of what", `"path": "53/70",`, ``, "certificate.compression", "path beside it"},
		{"compression flag", `"compression": "53/71"`, `"compression": "53/"`, "certificate.compression", "not a tag"},
		{"signature's password", "\"signature\": {\n    \"password\": \"PIN\"", "\"signature\": {\n    \"password\": \"\"", "signature.password", "names no password"},
		{"command", `"command": "general-authenticate"`, `"command": "sign"`, "signature.command", "sign"},
		{"algorithms are no list", "\"algorithms\": [", "\"algorithms\": {}, \"algorithms\": [", "signature.algorithms", "twice"},
		{"algorithm", `"name": "rsa-sha256"`, `"name": "rsa-md5"`, "signature.algorithms[0].name", "table of algorithms"},
		{"algorithm that signs no digest", `"name": "rsa-sha256"`, `"name": "ed25519"`, "signature.algorithms[0].name", "sign a digest"},
		{"key too small", `"bits": 2048`, `"bits": 1024`, "signature.algorithms[0].bits", "is 1024"},
		{"key of two bytes", `"key": "9C"`, `"key": "9C9C"`, "signature.algorithms[0].key", "2 bytes"},
		{"no key", `"key": "9C"`, `"key": ""`, "signature.algorithms[0].key", "0 bytes"},
		{"algorithm reference", `"id": "07"`, `"id": "rsa"`, "signature.algorithms[0].id", "hexadecimal"},
		{"MSE is another command", `"mse": "002241B600"`, `"mse": "00200080"`, "signature.algorithms[0].mse", "not an MSE"},
		{"MSE of three bytes", `"mse": "002241B600"`, `"mse": "002241"`, "signature.algorithms[0].mse", "3 bytes"},
		{"input", `"input": "pkcs1"`, `"input": "raw"`, "signature.algorithms[0].input", "raw"},
		{"padding of what is not RSA", `"name": "ecdsa-sha256"`, `"name": "ecdsa-sha256", "input": "pkcs1"`, "signature.algorithms[1].input", "pkcs1"},
		{"answer", `"answer": "raw"`, `"answer": "der"`, "signature.algorithms[0].answer", "der"},
		{"no answer", `"answer": "raw"`, `"answer": ""`, "signature.algorithms[0].answer", "not one of raw"},
		{"block shorter than the padding", `"size": 256`, `"size": 61`, "signature.algorithms[0].size", "too short"},
		{"signature too long", `"size": 256`, `"size": 2000`, "signature.algorithms[0].size", "is 2000"},
		{"odd halves", `"size": 64`, `"size": 63`, "signature.algorithms[1].size", "odd"},
		{"never reached", `"name": "ecdsa-sha256", "bits": 256`, `"name": "rsa-sha256", "bits": 2048`, "signature.algorithms[1].answer", "not one of raw"},
		{"status word of three digits", `"9602": "unsupported"`, `"960": "unsupported"`, "status_words.960", "hexadecimal"},
		{"status word of four bytes", `"9602": "unsupported"`, `"96029602": "unsupported"`, "status_words.96029602", "4 bytes"},
		{"reason", `"9602": "unsupported"`, `"9602": "bad"`, "status_words.9602", "not a reason"},
		{"member twice", `"chunk": 248,`, `"chunk": 248, "chunk": 248,`, "chunk", "twice"},
		{"unknown member", `"chunk": 248,`, `"chunks": 248,`, "chunks", "not a member"},
		{"member in other letters", `"chunk": 248,`, `"Chunk": 248,`, "Chunk", "not a member"},
		{"unknown member of the signature", `"command": "general-authenticate"`, `"hash": "sha1"`, "signature.hash", "not a member"},
		{"comment", `"chunk": 248,`, `// bytes`, "", "invalid character"},
		{"aid is a number", `"aid": "F0 01 02 03 04"`, `"aid": 240`, "aid", "number"},
		{"tag is a number", `"tag": "DF27"`, `"tag": 57127`, "holder.blocks[0].fields[0].tag", "number"},
		{"bits are text", `"name": "ecdsa-sha256", "bits": 256`, `"name": "ecdsa-sha256", "bits": "256"`, "signature.algorithms[1].bits", "string"},
		{"member of another place", `"command": "general-authenticate"`, `"max": 5`, "signature.max", "not a member"},
		{"member in folded letters", `"kind": "uec"`, `"\u212Aind": "uec"`, "\u212Aind", "not a member"},
		{"comma too many", `"9602": "unsupported"`, `"9602": "unsupported",`, "", "invalid character"},
		{"null", `"atr": [`, `"atr": null, "x": [`, "x", "not a member"},
	}
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	file := string(b)
	if _, err := LoadProfile(b); err != nil {
		t.Fatalf("the profile itself: %v", err)
	}
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
			// Members that are missing are reported at what holds them.
			if want := strings.Count(before, "\n") + 1; e.Line > want+3 || e.Line < want-2 {
				t.Errorf("line %d, the fault is in line %d", e.Line, want)
			}
		})
	}
}

// TestWholeProfileIsRead compares a few members of each kind, so that none is
// checked and then forgotten.
func TestWholeProfileIsRead(t *testing.T) {
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	p, err := LoadProfile(b)
	if err != nil {
		t.Fatal(err)
	}
	pw, puk, row := p.Passwords[0], p.Passwords[1], p.Signature.Algorithms[0]
	for what, ok := range map[string]bool{
		"kind":        p.Kind == KindUEC,
		"aid":         bytes.Equal(p.AID, []byte{0xF0, 1, 2, 3, 4}),
		"atr":         p.MatchATR([]byte{0x3B, 0x00}),
		"password":    pw == Password{Name: "PIN", Ref: 1, Format: ISO9564, Characters: Digits, Min: 4, Max: 8, Tries: 3, Counter: CounterVerify, Change: ChangeNew, Unblock: UnblockNothing, UnblockedBy: "PUK", ConfirmLast: true},
		"PUK":         puk == Password{Name: "PUK", Ref: 2, Format: ASCIIPadded, Characters: Printable, Min: 4, Max: 7, Counter: CounterNone, Change: ChangeOldNew},
		"certificate": p.Certificate.Object == 0x5FC10A && p.Certificate.Max == 9000 && p.Certificate.Path.String() == "53/70" && p.Certificate.Compression.String() == "53/71",
		"algorithm":   row.Name == "rsa-sha256" && row.Bits == 2048 && row.Key == 0x9C && row.ID == 7 && row.Input == InputPKCS1 && row.Answer == AnswerRaw && row.Size == 256,
		"MSE":         row.MSE != nil && row.MSE.P1 == 0x41 && row.MSE.P2 == 0xB6,
		"defaults":    p.Signature.Algorithms[1].Input == InputDigest,
		"status":      p.StatusWords[0x9602] == Unsupported,
		"field":       p.Holder.Blocks[0].Fields[0].Tag == 0xDF27,
	} {
		if !ok {
			t.Errorf("%s is read as something else", what)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
	"zaver/signature/algo"
	"zaver/signature/pin"
)

// sent prints the commands that a script saw, SELECT left out.
func sent(s *script) string {
	var out []string
	for _, c := range s.seen {
		if c.INS == 0xA4 {
			continue
		}
		b, err := c.Bytes()
		if err != nil {
			return err.Error()
		}
		out = append(out, strings.ToUpper(hex.EncodeToString(b)))
	}
	return strings.Join(out, " ")
}

// TestPasswordWays holds every way to write, change and unblock a password against the bytes that go to the card.
func TestPasswordWays(t *testing.T) {
	of := func(s string) *pin.PIN { return pin.New([]byte(s)) }
	change := func(c *Card) error { return c.ChangePIN(t.Context(), "PIN", of("1234"), of("56789")) }
	unblock := func(c *Card) error { return c.UnblockPIN(t.Context(), "PIN", of("87654321"), of("56789")) }
	alone := func(c *Card) error { return c.UnblockPIN(t.Context(), "PIN", of("87654321"), nil) }
	verify := func(c *Card) error { return c.VerifyPIN(t.Context(), "PIN", of("1234")) }
	const isoOld, isoNew, isoPUK = "241234FFFFFFFFFF", "2556789FFFFFFFFF", "2887654321FFFFFF"
	const ascOld, ascNew, ascPUK = "31323334FFFFFFFF", "3536373839FFFFFF", "3837363534333231"
	const counters = "00200001 " // of the PIN
	const ofPUK = "00200002 "
	tests := []struct {
		name    string
		format  PINFormat
		change  Change
		unblock Unblock
		do      func(*Card) error
		want    string // commands; "!" unsupported
	}{
		{"verify, packed", ISO9564, "", "", verify, counters + "0020000108" + isoOld},
		{"verify, ASCII", ASCIIPadded, "", "", verify, counters + "0020000108" + ascOld},
		{"change old to new, packed", ISO9564, ChangeOldNew, "", change, counters + "0024000110" + isoOld + isoNew},
		{"change old to new, ASCII", ASCIIPadded, ChangeOldNew, "", change, counters + "0024000110" + ascOld + ascNew},
		{"change to new, packed", ISO9564, ChangeNew, "", change, counters + "0020000108" + isoOld + " 0024010108" + isoNew},
		{"change to new, ASCII", ASCIIPadded, ChangeNew, "", change, counters + "0020000108" + ascOld + " 0024010108" + ascNew},
		{"no change", ISO9564, "", "", change, "!"},
		{"unblock by code and new, packed", ISO9564, "", UnblockCodeNew, unblock, ofPUK + "002C000110" + isoPUK + isoNew},
		{"unblock by code and new, ASCII", ASCIIPadded, "", UnblockCodeNew, unblock, ofPUK + "002C000110" + ascPUK + ascNew},
		{"unblock by code and new, without new", ASCIIPadded, "", UnblockCodeNew, alone, "!"},
		{"unblock by new", ISO9564, "", UnblockNew, unblock, ofPUK + "0020000208" + isoPUK + " 002C020108" + isoNew},
		{"unblock by new, without new", ISO9564, "", UnblockNew, alone, "!"},
		{"unblock by nothing", ISO9564, ChangeNew, UnblockNothing, alone, ofPUK + "0020000208" + isoPUK + " 002C0301"},
		{"unblock by nothing, then change", ISO9564, ChangeNew, UnblockNothing, unblock, ofPUK + "0020000208" + isoPUK + " 002C0301 0024010108" + isoNew},
		{"unblock by nothing, no change", ISO9564, "", UnblockNothing, unblock, "!"},
		{"no unblocking", ISO9564, ChangeNew, "", unblock, "!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &Profile{AID: []byte{0xF0, 1, 2, 3, 4}, Passwords: []Password{
				{Name: "PIN", Ref: 1, Format: tt.format, Characters: Digits, Min: 4, Max: 8, Change: tt.change, Unblock: tt.unblock},
				{Name: "PUK", Ref: 2, Format: tt.format, Characters: Digits, Min: 8, Max: 8},
			}}
			if tt.unblock != "" {
				p.Passwords[0].UnblockedBy = "PUK"
			}
			s := &script{}
			c := &Card{t: s, profile: p, suite: plainSuite{}, turn: make(chan struct{}, 1)}
			err := tt.do(c)
			if tt.want == "!" {
				if e := (*Error)(nil); !errors.As(err, &e) || e.Reason != Unsupported || len(s.seen) != 0 {
					t.Errorf("%v after %d commands", err, len(s.seen))
				}
				return
			}
			if got := sent(s); err != nil || got != tt.want {
				t.Errorf("%v; sent\n%s, want\n%s", err, got, tt.want)
			}
		})
	}
}

// TestSignWays holds every way to ask for a signature against the bytes that go to the card.
func TestSignWays(t *testing.T) {
	digest := bytes.Repeat([]byte{0xAB}, 32)
	const d = "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"
	const info = "3031300D060960864801650304020105000420" + d
	const shown = "00200001 0020000108241234FFFFFFFFFF "
	ones := bytes.Repeat([]byte{1}, 64)
	mse := &apdu.Command{INS: 0x22, P1: 0x41, P2: 0xB6, Data: []byte{0x84, 0x01, 0x02}}
	for _, tt := range []struct {
		name    string
		command SignINS
		row     SignatureAlgorithm
		answer  []byte
		want    string
	}{
		{"PSO over a digest", PSO, SignatureAlgorithm{Name: "ecdsa-sha256", Answer: AnswerRS, Size: 64}, ones, "002A9E9A20" + d + "00"},
		{"PSO after MSE", PSO, SignatureAlgorithm{Name: "ecdsa-sha256", MSE: mse, Answer: AnswerRS, Size: 64}, ones, "002241B603840102 002A9E9A20" + d + "00"},
		{"PSO over DigestInfo", PSO, SignatureAlgorithm{Name: "rsa-sha256", Input: InputDigestInfo, Answer: AnswerRaw, Size: 64}, ones, "002A9E9A33" + info + "00"},
		{"GENERAL AUTHENTICATE over a digest", GeneralAuthenticate, SignatureAlgorithm{Name: "ecdsa-sha256", Key: 0x9C, ID: 0x11, Answer: AnswerRS, Size: 64},
			append([]byte{0x7C, 0x42, 0x82, 0x40}, ones...), "0087119C267C2482008120" + d + "00"},
		{"GENERAL AUTHENTICATE over a block", GeneralAuthenticate, SignatureAlgorithm{Name: "rsa-sha256", Key: 0x9C, ID: 0x07, Input: InputPKCS1, Answer: AnswerRaw, Size: 64},
			append([]byte{0x7C, 0x42, 0x82, 0x40}, ones...), "0087079C467C44820081400001" + strings.Repeat("FF", 10) + "00" + info + "00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := algo.ByName(tt.row.Name)
			if err != nil {
				t.Fatal(err)
			}
			p := &Profile{AID: []byte{0xF0, 1, 2, 3, 4}, Passwords: []Password{{Name: "PIN", Ref: 1, Format: ISO9564, Characters: Digits, Min: 4, Max: 8}},
				Signature: Signature{Password: "PIN", Command: tt.command, Algorithms: []SignatureAlgorithm{tt.row}}}
			ok := []byte{0x90, 0x00}
			s := &script{answers: [][]byte{ok, ok, ok}}
			if tt.row.MSE != nil {
				s.answers = append(s.answers, ok)
			}
			s.answers = append(s.answers, append(bytes.Clone(tt.answer), 0x90, 0x00))
			c := &Card{t: s, profile: p, suite: plainSuite{}, turn: make(chan struct{}, 1)}
			if _, err := c.Sign(t.Context(), pin.New([]byte("1234")), a, digest); err != nil {
				t.Error(err)
			}
			if got := sent(s); got != shown+tt.want {
				t.Errorf("sent\n%s, want\n%s", got, shown+tt.want)
			}
		})
	}
}

// TestExtendedLengths: a long answer is asked for by an extended command, a long command is chained when the answer is
// short, and both at once is one extended command.
func TestExtendedLengths(t *testing.T) {
	for _, tt := range []struct {
		name     string
		data, le int
		commands int
		extended bool
	}{
		{"short", 10, 256, 1, false}, {"long answer", 10, 1000, 1, true}, {"long command", 300, 256, 2, false},
		{"long command without answer", 600, 0, 3, false}, {"both long", 300, 1000, 1, true}, {"edge", 255, 256, 1, false}, {"past the edge", 256, 256, 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{}
			r, err := (&link{t: s}).Exchange(t.Context(), apdu.Command{INS: 0xCB, P1: 0x3F, P2: 0xFF, Data: make([]byte, tt.data), Le: tt.le})
			if err != nil || !r.SW.OK() || len(s.seen) != tt.commands {
				t.Fatalf("%v, %v after %d commands", r, err, len(s.seen))
			}
			if last := s.seen[len(s.seen)-1]; last.Extended() != tt.extended || last.Le != tt.le || last.Chained() {
				t.Errorf("the last is %v", last)
			}
		})
	}
}

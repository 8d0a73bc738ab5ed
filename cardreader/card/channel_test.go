// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"zaver/cardreader/apdu"
)

// script answers commands one after another and keeps what came.
type script struct {
	answers [][]byte
	seen    []apdu.Command
}

func (s *script) Transmit(_ context.Context, b []byte) ([]byte, error) {
	cmd, err := apdu.ParseCommand(bytes.Clone(b))
	if err != nil {
		return nil, err
	}
	s.seen = append(s.seen, cmd)
	if len(s.answers) == 0 {
		return []byte{0x90, 0x00}, nil
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	return answer, nil
}

func TestLongCommandIsChained(t *testing.T) {
	s := &script{answers: [][]byte{{0x90, 0}, {0x90, 0}, {0x61, 2}, {7, 8, 0x90, 0}}}
	r, err := (&link{t: s}).Exchange(t.Context(), apdu.Command{INS: 0x2A, P2: 0xBE, Data: make([]byte, 600), Le: 256})
	if err != nil || !bytes.Equal(r.Data, []byte{7, 8}) {
		t.Fatalf("%v, %v", r, err)
	}
	if len(s.seen) != 4 || !s.seen[0].Chained() || !s.seen[1].Chained() || s.seen[2].Chained() || s.seen[3].INS != 0xC0 {
		t.Errorf("%d commands", len(s.seen))
	}
	// A refused part ends the chain.
	s = &script{answers: [][]byte{{0x68, 0x84}}}
	if r, err := (&link{t: s}).Exchange(t.Context(), apdu.Command{INS: 0x2A, Data: make([]byte, 600)}); err != nil || r.SW != apdu.SWChainUnsupported || len(s.seen) != 1 {
		t.Errorf("%v, %v after %d commands", r, err, len(s.seen))
	}
}

func TestAnswersAreBounded(t *testing.T) {
	more := append(make([]byte, 256), 0x61, 0x00)
	s := &script{}
	for range maxGetResponses + 10 {
		s.answers = append(s.answers, more)
	}
	_, err := (&link{t: s}).Exchange(t.Context(), apdu.Command{INS: 0xCA, Le: 256})
	if e := (*Error)(nil); !errors.As(err, &e) || e.Reason != Protocol {
		t.Errorf("an endless answer gives %v", err)
	}
	if len(s.seen) > maxGetResponses+1 {
		t.Errorf("%d commands", len(s.seen))
	}
}

func TestErrorWords(t *testing.T) {
	e := &Error{Reason: Removed, Op: "transmit", SW: 0x6F00, Cause: errors.New("why")}
	if got := e.Error(); got != "transmit: card.removed (status 6F00): why" {
		t.Error(got)
	}
	if e.Code() != "card.removed" || !errors.Is(wrap("sign", e), &Error{Reason: Removed}) || errors.Is(e, &Error{Reason: Busy}) {
		t.Error("an error does not match by its reason")
	}
	seen := map[Reason]bool{}
	for _, r := range Reasons() {
		if seen[r] || r == "" {
			t.Errorf("reason %q stands twice", r)
		}
		seen[r] = true
	}
}

func TestLoadProfilesNamesTheFile(t *testing.T) {
	good, err := builtin.ReadFile("profiles/uec-test.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := fstest.MapFS{"a.json": {Data: good}, "readme.txt": {Data: []byte("x")}}
	if got, err := LoadProfiles(dir, "."); err != nil || len(got) != 1 {
		t.Errorf("%d profiles, %v", len(got), err)
	}
	dir["b.json"] = &fstest.MapFile{Data: []byte("{\n\"format\": 1}")}
	if _, err := LoadProfiles(dir, "."); err == nil || !strings.HasPrefix(err.Error(), "b.json: line 2: format") {
		t.Errorf("error %v", err)
	}
}

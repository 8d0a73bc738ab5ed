// SPDX-License-Identifier: Apache-2.0

package cards_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"zaver/cardreader/agent/cards"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
)

// numbered is a service with one reader, whose card can't be reached.
type numbered string

func (n numbered) Watch(context.Context) <-chan pcsc.Snapshot {
	seen := make(chan pcsc.Snapshot, 1)
	seen <- pcsc.Snapshot{Readers: []pcsc.Reader{{Name: string(n), Present: true, ATR: []byte{0x3b, 0x80}}}}
	close(seen)
	return seen
}

func (numbered) Connect(context.Context, string) (cards.Connection, error) {
	return nil, &card.Error{Reason: card.Protocol, Op: "connect"}
}

// The log names the model of a reader and not its serial number, which tells one token from all others.
func TestLogHasNoSerialNumber(t *testing.T) {
	for name, want := range map[string]string{
		"Aktiv Rutoken ECP [CCID Interface] (30A1B2C3D4) 00 00": "Aktiv Rutoken ECP [CCID Interface] 00 00",
		"Maker (30A1) Reader (30A1B2C3D4) 01 00":                "Maker Reader 01 00",
		"Virtual PCD 00 00":                                     "Virtual PCD 00 00",
	} {
		var log strings.Builder
		s := cards.New(numbered(name), nil, nil, slog.New(slog.NewTextHandler(&log, nil)))
		if _, err := s.List(t.Context()); err == nil {
			t.Fatal("a card that can't be reached is listed")
		}
		if _, err := s.PINs(t.Context()); err == nil {
			t.Fatal("PINs of a card that can't be reached are listed")
		}
		if strings.Count(log.String(), `reader="`+want+`"`) != 2 || strings.Contains(log.String(), "30A1") {
			t.Errorf("%s: %s", name, log.String())
		}
	}
}

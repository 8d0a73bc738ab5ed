// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/publish"
)

// thief has every key of a publisher: what is fuzzed is signed rightly, so that nothing is refused for its signature alone.
type thief struct {
	root []byte
	keys map[string]publish.Keys
	good map[string][]byte // what is signed, by role
}

var fuzzed = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newThief(f *testing.F) *thief {
	f.Helper()
	keys, err := publish.Generate(f.TempDir(), publish.Roles()...)
	if err != nil {
		f.Fatal(err)
	}
	sum := make([]byte, 32)
	meta := &metadata.MetaFiles{Version: 1, Length: 10, Hashes: metadata.Hashes{"sha256": sum}}
	expires := fuzzed.AddDate(0, 0, 5)
	root := metadata.Root(expires)
	for role, k := range keys {
		for _, key := range k {
			public, err := key.Signer().PublicKey()
			if err != nil {
				f.Fatal(err)
			}
			own, err := metadata.KeyFromPublicKey(public)
			if err != nil {
				f.Fatal(err)
			}
			if err := root.Signed.AddKey(own, role); err != nil {
				f.Fatal(err)
			}
		}
	}
	root.Signed.Roles[publish.Root].Threshold = 2
	t := &thief{keys: keys, good: map[string][]byte{}}
	timestamp, snapshot, targets := metadata.Timestamp(expires), metadata.Snapshot(expires), metadata.Targets(expires)
	timestamp.Signed.Meta["snapshot.json"], snapshot.Signed.Meta["targets.json"] = meta, meta
	t.root = signedBy(f, root, keys[publish.Root])
	t.good = map[string][]byte{publish.Root: t.root, publish.Timestamp: signedBy(f, timestamp, keys[publish.Timestamp]),
		publish.Snapshot: signedBy(f, snapshot, keys[publish.Snapshot]), publish.Targets: signedBy(f, targets, keys[publish.Targets])}
	return t
}

func signedBy[T metadata.Roles](f testing.TB, m *metadata.Metadata[T], keys publish.Keys) []byte {
	f.Helper()
	m.ClearSignatures()
	for _, k := range keys {
		if _, err := m.Sign(k.Signer()); err != nil {
			return nil
		}
	}
	b, err := m.ToBytes(false)
	if err != nil {
		return nil
	}
	return b
}

// resign signs what the bytes say, where they can be read at all.
func resign[T metadata.Roles](t testing.TB, b []byte, keys publish.Keys) []byte {
	m, err := parse[T](b)
	if err != nil {
		return b
	}
	if s := signedBy(t, m, keys); s != nil {
		return s
	}
	return b
}

// FuzzMetadata feeds each role's file, raw and signed with that role's own keys, through shape and go-tuf. Nothing may panic, and what the shape takes
// can be used without a further look.
func FuzzMetadata(f *testing.F) {
	thief := newThief(f)
	for _, role := range publish.Roles() {
		good := thief.good[role]
		f.Add(role, good)
		f.Add(role, bytes.Replace(good, []byte(`"version":1`), []byte(`"version":2`), 1))
		f.Add(role, bytes.Replace(good, []byte(`"meta":{`), []byte(`"meta":{"x":null,`), 1))
		f.Add(role, []byte(`{"signed":{"_type":"`+role+`"},"signatures":[]}`))
		f.Add(role, []byte("null"))
	}
	f.Add(publish.Root, []byte(`{"signed":{"_type":"root","roles":{"root":null},"keys":{"a":null}},"signatures":[{"keyid":"a","sig":""}]}`))
	f.Add(publish.Timestamp, []byte(`{"signed":{"_type":"timestamp","version":1,"expires":"2026-11-27T12:00:00Z","meta":{"snapshot.json":null}},"signatures":[{"keyid":"a","sig":"00"}]}`))
	f.Add(publish.Targets, []byte(`{"signed":{"_type":"targets","version":1,"expires":"2026-11-27T12:00:00Z","targets":{"a.deb":null}},"signatures":[{"keyid":"a","sig":"00"}]}`))
	f.Fuzz(func(t *testing.T, role string, b []byte) {
		var signed []byte
		switch role {
		case publish.Root:
			signed = resign[metadata.RootType](t, b, thief.keys[role])
		case publish.Timestamp:
			signed = resign[metadata.TimestampType](t, b, thief.keys[role])
		case publish.Snapshot:
			signed = resign[metadata.SnapshotType](t, b, thief.keys[role])
		case publish.Targets:
			signed = resign[metadata.TargetsType](t, b, thief.keys[role])
		default:
			return
		}
		for _, each := range [][]byte{b, signed} {
			feed(t, thief, role, each)
		}
	})
}

func feed(t *testing.T, thief *thief, role string, b []byte) {
	set, err := trustedmetadata.New(thief.root)
	if err != nil {
		t.Fatal(err)
	}
	set.RefTime = fuzzed
	switch role {
	case publish.Root:
		if m, err := parseRoot(b); err == nil {
			_, _ = set.UpdateRoot(b)
			for _, r := range roles {
				_ = m.Signed.Roles[r].KeyIDs
			}
		}
	case publish.Timestamp:
		if shapeTimestamp(b) == nil {
			if _, err := set.UpdateTimestamp(b); err == nil && set.Timestamp.Signed.Meta[snapshotFile].Version < 1 {
				t.Error("a snapshot without a version was taken")
			}
		}
	case publish.Snapshot:
		if shapeSnapshot(b) == nil {
			if _, err := set.UpdateTimestamp(thief.good[publish.Timestamp]); err == nil {
				_, _ = set.UpdateSnapshot(b, true)
			}
		}
	case publish.Targets:
		if shapeTargets(b) == nil {
			m, err := parse[metadata.TargetsType](b)
			if err != nil {
				t.Fatal(err)
			}
			set.Targets[metadata.TARGETS] = m
			if r, err := choose(set, Config{OS: "linux", Arch: "amd64", Kind: update.Deb}); err == nil && (!update.ValidFile(r.File) || len(r.sha256) != 32) {
				t.Errorf("chose %+v", r)
			}
		}
	}
}

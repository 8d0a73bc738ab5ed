// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/lib/pq"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/evidence"
	"zaver/portal/fault"
	"zaver/portal/seal"
)

// partPlace is where a part with personal data is sealed.
func partPlace(request string, position int) seal.Place {
	return place("evidence_parts", "data", request+"/"+strconv.Itoa(position))
}

// maxKnownBlobs bounds the memory of blobs that are stored.
const maxKnownBlobs = 4096

// blobSet remembers digests of committed evidence blobs, so that a revocation
// list of megabytes is not sent again with every bundle. Blobs are never deleted;
// should one be gone all the same (a restored backup), the foreign key says so.
type blobSet struct {
	mu    sync.Mutex
	known map[[32]byte]struct{}
}

func (b *blobSet) has(digest [32]byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.known[digest]
	return ok
}

// add remembers the shared parts of a committed bundle.
func (b *blobSet) add(parts []evidence.Part) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil || len(b.known) > maxKnownBlobs {
		b.known = make(map[[32]byte]struct{})
	}
	for _, p := range parts {
		if p.Shared {
			b.known[sha256.Sum256(p.Data)] = struct{}{}
		}
	}
}

func (b *blobSet) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = nil
}

// addEvidence writes a bundle in one statement. Shared parts are kept once, under
// their digest; all others are sealed.
func addEvidence(ctx context.Context, tx *Tx, e confirm.Effect) error {
	n := len(e.Parts)
	positions, names := make([]int64, n), make([]string, n)
	sealed, shared := make([][]byte, n), make([][]byte, n)
	var blobs, digests [][]byte
	seen := map[[32]byte]bool{}
	for i, p := range e.Parts {
		positions[i], names[i] = int64(i), p.Name
		if p.Shared {
			sum := sha256.Sum256(p.Data)
			shared[i] = sum[:]
			if !seen[sum] && !tx.s.blobs.has(sum) {
				seen[sum] = true
				digests, blobs = append(digests, sum[:]), append(blobs, p.Data)
			}
			continue
		}
		var err error
		if sealed[i], err = tx.s.keys.Seal(partPlace(e.Request, i), p.Data); err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, `
		WITH bundle AS (
			INSERT INTO evidence (request, account_id, digest, trust_set, created_at) VALUES ($1, $2, $3, $4, $5)
		), blobs AS (
			INSERT INTO evidence_blobs (digest, data) SELECT * FROM unnest($6::bytea[], $7::bytea[]) ON CONFLICT DO NOTHING
		)
		INSERT INTO evidence_parts (request, position, name, data, shared)
		SELECT $1, position, name, NULLIF(data, ''), NULLIF(shared, '')
		FROM unnest($8::integer[], $9::text[], $10::bytea[], $11::bytea[]) AS p(position, name, data, shared)`,
		e.Request, string(e.Account), e.EvidenceDigest[:], e.TrustSet, e.Now,
		pq.ByteaArray(digests), pq.ByteaArray(blobs),
		pq.Array(positions), pq.Array(names), pq.ByteaArray(sealed), pq.ByteaArray(shared))
	if err != nil {
		return fmt.Errorf("add evidence: %w", err)
	}
	return nil
}

// Bundle is a stored evidence bundle.
type Bundle struct {
	Request string
	Account account.ID
	Digest  [32]byte
	Created time.Time
	Parts   []evidence.Part
}

// EvidenceStore is the view of the stored evidence.
type EvidenceStore struct{ s *Store }

// Evidence gives the view of the stored evidence.
func (s *Store) Evidence() EvidenceStore { return EvidenceStore{s} }

// Bundle reads the bundle of a confirmation; fault.NotFound when there is none.
// The parts are as stored: evidence.Open and evidence.Export hold them against
// the digest.
func (v EvidenceStore) Bundle(ctx context.Context, request string) (Bundle, error) {
	b := Bundle{Request: request}
	var id string
	var digest []byte
	err := v.s.queryRow(ctx, `SELECT account_id, digest, created_at FROM evidence WHERE request = $1`, request).
		Scan(&id, &digest, &b.Created)
	if errors.Is(err, sql.ErrNoRows) {
		return b, fault.Wrap(fault.NotFound, err)
	}
	if err != nil {
		return b, fmt.Errorf("read evidence: %w", err)
	}
	b.Account, b.Created = account.ID(id), b.Created.UTC()
	copy(b.Digest[:], digest)
	rows, err := v.s.query(ctx, `
		SELECT p.position, p.name, p.data, b.data FROM evidence_parts p LEFT JOIN evidence_blobs b ON b.digest = p.shared
		WHERE p.request = $1 ORDER BY p.position`, request)
	if err != nil {
		return b, fmt.Errorf("read evidence: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var position int
		var p evidence.Part
		var sealed []byte
		if err := rows.Scan(&position, &p.Name, &sealed, &p.Data); err != nil {
			return b, fmt.Errorf("read evidence: %w", err)
		}
		p.Shared = sealed == nil
		if sealed != nil {
			if p.Data, err = v.s.keys.Open(partPlace(request, position), sealed); err != nil {
				return b, err
			}
		}
		b.Parts = append(b.Parts, p)
	}
	if err := rows.Err(); err != nil {
		return b, fmt.Errorf("read evidence: %w", err)
	}
	return b, nil
}

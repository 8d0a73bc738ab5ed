// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"zaver/portal/trustlist"
	"zaver/signature/trust"
)

// JobTrustList is the kind of the periodic job that renews the list of accredited centres.
const JobTrustList = "trust-list"

// trustTopic is signalled when another list is in force.
const trustTopic = "trust"

// TrustLists implements trustlist.Store.
type TrustLists struct{ s *Store }

// TrustLists returns the view of the lists of accredited centres and of the sets made of them.
func (s *Store) TrustLists() TrustLists { return TrustLists{s} }

var _ trustlist.Store = TrustLists{}

const listColumns = `l.version, l.published, l.digest, l.raw_digest, l.centres, l.signer, l.source, l.accepted_at, l.findings`

func scanList(r row) (trustlist.Accepted, error) {
	var a trustlist.Accepted
	var digest, raw, signer, findings []byte
	if err := r.Scan(&a.Version, &a.Date, &digest, &raw, &a.Centres, &signer, &a.Source, &a.At, &findings); err != nil {
		return a, err
	}
	a.Date, a.At, a.Digest = a.Date.UTC(), a.At.UTC(), hex.EncodeToString(digest)
	copy(a.Raw[:], raw)
	copy(a.Signer[:], signer)
	if err := json.Unmarshal(findings, &a.Findings); err != nil {
		return a, fmt.Errorf("read findings: %w", err)
	}
	return a, nil
}

// InForce implements trustlist.Store.
func (v TrustLists) InForce(ctx context.Context) (trustlist.Accepted, bool, error) {
	a, err := scanList(v.s.queryRow(ctx, `SELECT `+listColumns+` FROM trust_head h JOIN trust_lists l ON l.version = h.version`))
	if errors.Is(err, ErrNoRow) {
		return a, false, nil
	}
	if err != nil {
		return a, false, fmt.Errorf("read list in force: %w", err)
	}
	return a, true, nil
}

// Document implements trustlist.Store.
func (v TrustLists) Document(ctx context.Context, version int64) ([]byte, error) {
	var packed []byte
	if err := v.s.queryRow(ctx, `SELECT document FROM trust_lists WHERE version = $1`, version).Scan(&packed); err != nil {
		return nil, fmt.Errorf("read list %d: %w", version, err)
	}
	return unpack(packed, trust.MaxListBytes)
}

// Accept implements trustlist.Store.
func (v TrustLists) Accept(ctx context.Context, a trustlist.Accepted, document []byte, set trustlist.Kept) (bool, error) {
	digest, err := hex.DecodeString(a.Digest)
	if err != nil {
		return false, fmt.Errorf("accept list: %w", err)
	}
	if a.Findings == nil {
		a.Findings = []trust.Finding{}
	}
	findings, err := json.Marshal(a.Findings)
	if err != nil {
		return false, fmt.Errorf("accept list: %w", err)
	}
	packed, err := pack(document)
	if err != nil {
		return false, err
	}
	content, err := pack(set.Content)
	if err != nil {
		return false, err
	}
	won := false
	err = v.s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		n, err := tx.exec(ctx, `UPDATE trust_head SET version = $1 WHERE version < $1`, a.Version)
		if won = n == 1; err != nil || !won {
			return err
		}
		_, err = tx.exec(ctx, `INSERT INTO trust_lists (version, published, digest, raw_digest, centres, signer, source, accepted_at, findings, document)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			a.Version, a.Date, digest, a.Raw[:], a.Centres, a.Signer[:], a.Source, a.At, string(findings), packed)
		if err != nil {
			return err
		}
		tx.Signal(trustTopic)
		return keepSet(ctx, tx, set, content, tx.Now())
	})
	if err != nil {
		return false, fmt.Errorf("accept list: %w", err)
	}
	return won, nil
}

// KeepSet implements trustlist.Store.
func (v TrustLists) KeepSet(ctx context.Context, set trustlist.Kept) error {
	content, err := pack(set.Content)
	if err != nil {
		return err
	}
	return keepSet(ctx, v.s, set, content, v.s.now().UTC())
}

func keepSet(ctx context.Context, q querier, set trustlist.Kept, content []byte, now time.Time) error {
	_, err := q.exec(ctx, `INSERT INTO trust_sets (id, base_id, list_version, kept_at, content) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		set.ID, set.Base, sql.NullInt64{Int64: set.List, Valid: set.List != 0}, now, content)
	if err != nil {
		return fmt.Errorf("keep trust set: %w", err)
	}
	return nil
}

// SetOf implements trustlist.Store.
func (v TrustLists) SetOf(ctx context.Context, base string, list int64) ([]byte, error) {
	return v.set(ctx, `base_id = $1 AND list_version IS NOT DISTINCT FROM $2`, base, sql.NullInt64{Int64: list, Valid: list != 0})
}

// Set implements trustlist.Store.
func (v TrustLists) Set(ctx context.Context, id string) ([]byte, error) {
	return v.set(ctx, `id = $1`, id)
}

func (v TrustLists) set(ctx context.Context, where string, args ...any) ([]byte, error) {
	var packed []byte
	err := v.s.queryRow(ctx, `SELECT content FROM trust_sets WHERE `+where, args...).Scan(&packed)
	if errors.Is(err, ErrNoRow) {
		return nil, fmt.Errorf("read trust set: %w", trustlist.ErrNoSet)
	}
	if err != nil {
		return nil, fmt.Errorf("read trust set: %w", err)
	}
	return unpack(packed, trust.MaxKept)
}

// Lists implements trustlist.Store.
func (v TrustLists) Lists(ctx context.Context, limit int) ([]trustlist.Accepted, error) {
	rows, err := v.s.query(ctx, `SELECT `+listColumns+` FROM trust_lists l ORDER BY l.version DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read lists: %w", err)
	}
	defer rows.Close()
	var out []trustlist.Accepted
	for rows.Next() {
		a, err := scanList(rows)
		if err != nil {
			return nil, fmt.Errorf("read lists: %w", err)
		}
		out = append(out, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read lists: %w", err)
	}
	return out, nil
}

// Tried implements trustlist.Store.
func (v TrustLists) Tried(ctx context.Context, at time.Time, failure string) error {
	_, err := v.s.exec(ctx, `UPDATE trust_head SET tried_at = $1, failure = $2, succeeded_at = CASE WHEN $2 = '' THEN $1 ELSE succeeded_at END`, at, failure)
	if err != nil {
		return fmt.Errorf("note try: %w", err)
	}
	return nil
}

// Tries implements trustlist.Store.
func (v TrustLists) Tries(ctx context.Context) (trustlist.Tries, error) {
	var t trustlist.Tries
	var last, succeeded sql.NullTime
	if err := v.s.queryRow(ctx, `SELECT tried_at, succeeded_at, failure FROM trust_head`).Scan(&last, &succeeded, &t.Failure); err != nil {
		return t, fmt.Errorf("read tries: %w", err)
	}
	if last.Valid {
		t.Last = last.Time.UTC()
	}
	if succeeded.Valid {
		t.Succeeded = succeeded.Time.UTC()
	}
	return t, nil
}

// Watch implements trustlist.Store.
func (v TrustLists) Watch(ctx context.Context) <-chan struct{} { return v.s.Watch(ctx, trustTopic) }

// pack compresses what is kept for ever and read seldom.
func pack(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return out.Bytes(), nil
}

func unpack(b []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if int64(len(out)) > limit {
		return nil, errors.New("decompress: too long")
	}
	return out, nil
}

-- +goose Up

-- Parts that say nothing about a person (centres' certificates, revocation
-- lists): one copy for all bundles, under its SHA-256.
CREATE TABLE evidence_blobs (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    data   bytea NOT NULL
);
ALTER TABLE evidence_blobs ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE evidence (
    request    text PRIMARY KEY REFERENCES confirmations,
    account_id uuid NOT NULL REFERENCES accounts,
    digest     bytea NOT NULL CHECK (length(digest) = 32),  -- of the manifest; the audit record holds it too
    trust_set  text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX evidence_account ON evidence (account_id, created_at DESC);

CREATE TABLE evidence_parts (
    request  text NOT NULL REFERENCES evidence,
    position integer NOT NULL,
    name     text NOT NULL,
    data     bytea,  -- sealed
    shared   bytea REFERENCES evidence_blobs,
    PRIMARY KEY (request, position),
    CONSTRAINT evidence_parts_one CHECK ((data IS NULL) <> (shared IS NULL))
);

CREATE TRIGGER evidence_blobs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_blobs
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();
CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();
CREATE TRIGGER evidence_parts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_parts
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();

-- +goose Down
DROP TABLE evidence_parts, evidence, evidence_blobs;

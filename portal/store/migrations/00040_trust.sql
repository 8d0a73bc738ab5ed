-- +goose Up

-- Every list of accredited centres that was accepted, as it was received.
CREATE TABLE trust_lists (
    version     bigint PRIMARY KEY CHECK (version > 0),
    published   timestamptz NOT NULL,                         -- as the list says itself
    digest      bytea NOT NULL CHECK (length(digest) = 32),   -- SHA-256 of what was signed
    raw_digest  bytea NOT NULL CHECK (length(raw_digest) = 32), -- SHA-256 of the document
    centres     integer NOT NULL,
    signer      bytea NOT NULL CHECK (length(signer) = 32),   -- fingerprint of the signer's certificate
    source      text NOT NULL,
    accepted_at timestamptz NOT NULL,
    findings    jsonb NOT NULL,
    document    bytea NOT NULL                                -- gzip
);
ALTER TABLE trust_lists ALTER COLUMN document SET STORAGE EXTERNAL;

-- Every set of anchors and centres that was ever in force: evidence names one by its id.
CREATE TABLE trust_sets (
    id           text PRIMARY KEY CHECK (length(id) = 64),
    base_id      text NOT NULL,                               -- the folder's set that it was made from
    list_version bigint REFERENCES trust_lists,
    kept_at      timestamptz NOT NULL,
    content      bytea NOT NULL                               -- gzip
);
ALTER TABLE trust_sets ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX trust_sets_made_of ON trust_sets (base_id, list_version) NULLS NOT DISTINCT;

-- One row: the list in force, and how the last try to renew it went.
CREATE TABLE trust_head (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    version      bigint NOT NULL CHECK (version >= 0),        -- 0: none yet
    tried_at     timestamptz,
    succeeded_at timestamptz,
    failure      text NOT NULL DEFAULT ''                     -- code of the last try, empty after a good one
);
INSERT INTO trust_head (version) VALUES (0);

-- A version never goes back.
-- +goose StatementBegin
CREATE FUNCTION zaver_trust_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.version < OLD.version THEN
        RAISE EXCEPTION 'the version of the list never goes back' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trust_head_grows BEFORE UPDATE OR DELETE ON trust_head
    FOR EACH ROW EXECUTE FUNCTION zaver_trust_grows();
CREATE TRIGGER trust_head_one BEFORE TRUNCATE ON trust_head
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();
CREATE TRIGGER trust_lists_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trust_lists
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();
CREATE TRIGGER trust_sets_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trust_sets
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();

-- +goose Down
DROP TABLE trust_head, trust_sets, trust_lists;
DROP FUNCTION zaver_trust_grows;

-- +goose Up

-- One row: where the log ends. Its lock orders all appends.
CREATE TABLE audit_head (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    size     bigint NOT NULL CHECK (size >= 0),
    frontier bytea NOT NULL,  -- roots of the complete subtrees, smallest first, 32 bytes each
    last     bytea NOT NULL CHECK (length(last) = 32)
) WITH (fillfactor = 10);
INSERT INTO audit_head (size, frontier, last) VALUES (0, '', decode(repeat('00', 32), 'hex'));

CREATE TABLE audit_records (
    seq    bigint PRIMARY KEY,
    object text NOT NULL,     -- also inside the record; here to be found by
    record bytea NOT NULL     -- canonical bytes, no personal data
);
CREATE INDEX audit_records_object ON audit_records (object);

-- Tree hashes by the dense index of golang.org/x/mod/sumdb/tlog.
CREATE TABLE audit_hashes (
    index bigint PRIMARY KEY,
    hash  bytea NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE audit_checkpoints (
    size      bigint PRIMARY KEY,
    note      bytea NOT NULL,
    signed_at timestamptz NOT NULL
);

-- The head only grows.
-- +goose StatementBegin
CREATE FUNCTION zaver_audit_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.size <= OLD.size THEN
        RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_head_grows BEFORE UPDATE OR DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION zaver_audit_grows();
CREATE TRIGGER audit_head_one BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();
CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();
CREATE TRIGGER audit_hashes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_hashes
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();

-- +goose Down
DROP TABLE audit_checkpoints, audit_hashes, audit_records, audit_head;
DROP FUNCTION zaver_audit_grows;

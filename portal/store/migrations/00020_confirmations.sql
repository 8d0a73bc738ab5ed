-- +goose Up

CREATE TABLE confirmations (
    request       text PRIMARY KEY,
    account_id    uuid NOT NULL REFERENCES accounts,
    method        text NOT NULL,
    state         text NOT NULL CHECK (state IN ('issued', 'checking', 'confirmed', 'refused', 'expired', 'cancelled')),
    lang          text NOT NULL,
    control_code  text NOT NULL,
    statement     bytea NOT NULL,      -- sealed: name, SNILS, masked contact
    submission_id uuid REFERENCES submissions,  -- the checked data that the statement names
    created_at    timestamptz NOT NULL,
    issued_at     timestamptz NOT NULL,  -- whole seconds, as in the statement
    expires_at    timestamptz NOT NULL,
    ticket_hash   bytea NOT NULL,      -- SHA-256
    fetched_at    timestamptz,         -- when the ticket was used
    submit_hash   bytea,               -- SHA-256
    digest        bytea,               -- SHA-256 of the claimed response
    lease         text,                -- the check that holds it
    lease_until   timestamptz,
    outages       integer NOT NULL DEFAULT 0,
    codes         text[] NOT NULL DEFAULT '{}',
    reasons       bytea,               -- sealed: codes with masked names
    decided_at    timestamptz,
    CONSTRAINT confirmations_fetched CHECK ((fetched_at IS NULL) = (submit_hash IS NULL)),
    CONSTRAINT confirmations_leased CHECK ((state = 'checking') = (lease IS NOT NULL) AND (lease IS NULL) = (lease_until IS NULL)),
    CONSTRAINT confirmations_decided CHECK ((state IN ('issued', 'checking')) = (decided_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX confirmations_account ON confirmations (account_id, created_at DESC);
CREATE INDEX confirmations_due ON confirmations (expires_at) WHERE state = 'issued';
CREATE INDEX confirmations_leases ON confirmations (lease_until) WHERE state = 'checking';

-- +goose Down
DROP TABLE confirmations;

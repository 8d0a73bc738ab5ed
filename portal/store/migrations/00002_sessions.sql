-- +goose Up

CREATE TABLE sessions (
    token_hash  bytea PRIMARY KEY,  -- SHA-256 of the token in the cookie
    id          uuid NOT NULL CONSTRAINT sessions_id_unique UNIQUE,  -- how the holder names it
    account_id  uuid NOT NULL REFERENCES accounts,
    created_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    client      bytea NOT NULL      -- sealed: address and device
);
CREATE INDEX sessions_account ON sessions (account_id, created_at DESC);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Counters of tries. Unlogged: after a crash of PostgreSQL they begin anew.
CREATE UNLOGGED TABLE limits (
    key     bytea PRIMARY KEY,  -- keyed hash of what is counted
    count   integer NOT NULL,
    ends_at timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX limits_ends ON limits (ends_at);

CREATE TABLE registrations (
    id           uuid PRIMARY KEY,
    handle_hash  bytea NOT NULL CONSTRAINT registrations_handle_unique UNIQUE,  -- SHA-256
    state        text NOT NULL CHECK (state IN ('pending', 'confirmed', 'done')),
    channel      text NOT NULL CHECK (channel IN ('sms', 'email')),
    contact_hash bytea NOT NULL,   -- keyed hash
    decoy        boolean NOT NULL, -- the contact has an account: no code was sent, none fits
    person       bytea NOT NULL,   -- sealed: contact and names
    code_hash    bytea NOT NULL,   -- keyed hash
    link_hash    bytea,            -- SHA-256 of the token in the letter
    tries        integer NOT NULL, -- wrong codes typed since the last one was sent
    sent_at      timestamptz NOT NULL,
    code_ends_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX registrations_link_unique ON registrations (link_hash) WHERE link_hash IS NOT NULL;
CREATE INDEX registrations_expires ON registrations (expires_at);

-- +goose Down
DROP TABLE registrations, limits, sessions;

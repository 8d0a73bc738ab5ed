-- +goose Up

-- Rows that must never change: an UPDATE, DELETE or TRUNCATE of them fails,
-- whoever asks.
-- +goose StatementBegin
CREATE FUNCTION zaver_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd

CREATE TABLE accounts (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('person', 'foreigner', 'entrepreneur', 'organisation', 'child')),
    level       text NOT NULL CHECK (level IN ('simplified', 'standard', 'confirmed')),
    lang        text NOT NULL,
    name        bytea NOT NULL,  -- sealed: name as given or, from standard on, as checked
    password    text NOT NULL,   -- argon2id, PHC string
    snils_hash  bytea CONSTRAINT accounts_snils_unique UNIQUE,  -- keyed hash, from standard on
    submission_id uuid,          -- the submission that the registers confirmed, from standard on
    created_at  timestamptz NOT NULL
);

CREATE TABLE contacts (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL REFERENCES accounts,
    channel      text NOT NULL CHECK (channel IN ('sms', 'email')),
    hash         bytea NOT NULL CONSTRAINT contacts_hash_unique UNIQUE,  -- keyed hash
    value        bytea NOT NULL,  -- sealed
    confirmed_at timestamptz NOT NULL,
    CONSTRAINT contacts_channel_unique UNIQUE (account_id, channel)
);

CREATE TABLE consents (
    account_id  uuid NOT NULL REFERENCES accounts,
    document    text NOT NULL,
    version     text NOT NULL,
    agreed_at   timestamptz NOT NULL,
    PRIMARY KEY (account_id, document, version)
);

CREATE TABLE events (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL REFERENCES accounts,
    at          timestamptz NOT NULL,
    kind        text NOT NULL,
    detail      text NOT NULL,
    client      bytea NOT NULL   -- sealed: address and device
);
CREATE INDEX events_account ON events (account_id, at DESC, id DESC);

CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consents
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();

-- +goose Down
DROP TABLE events, consents, contacts, accounts;
DROP FUNCTION zaver_append_only;

-- +goose Up

CREATE TABLE notices (
    id          uuid PRIMARY KEY,
    account_id  uuid REFERENCES accounts,
    channel     text NOT NULL CHECK (channel IN ('sms', 'email')),
    template    text NOT NULL,
    lang        text NOT NULL,
    key         text CONSTRAINT notices_key_unique UNIQUE,
    body        bytea,           -- sealed: address and arguments; NULL once sent
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'delivered', 'failed')),
    tries       integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL,  -- earliest next try; end of the lease while sending
    outside_id  text,            -- the carrier's id of the message
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz
);
CREATE INDEX notices_account ON notices (account_id, created_at DESC) WHERE account_id IS NOT NULL;
CREATE INDEX notices_outside ON notices (outside_id) WHERE outside_id IS NOT NULL;

-- +goose Down
DROP TABLE notices;

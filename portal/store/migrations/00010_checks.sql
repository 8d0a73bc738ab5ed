-- +goose Up

CREATE TABLE checks (
    id            uuid PRIMARY KEY,  -- also the id of the message to the register
    account_id    uuid NOT NULL REFERENCES accounts,
    submission_id uuid NOT NULL REFERENCES submissions,
    kind          text NOT NULL CHECK (kind IN ('snils', 'passport', 'inn')),
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'passed', 'failed')),
    reason        text NOT NULL DEFAULT '',  -- code, when failed
    field         text NOT NULL DEFAULT '',  -- form field at fault, when the register names one
    result        bytea,                     -- sealed: what the register found (INN)
    created_at    timestamptz NOT NULL,
    sent_at       timestamptz,
    ended_at      timestamptz,
    CONSTRAINT checks_kind_unique UNIQUE (submission_id, kind),
    CONSTRAINT checks_end CHECK ((ended_at IS NOT NULL) = (state IN ('passed', 'failed')))
);
CREATE INDEX checks_account ON checks (account_id, created_at DESC);

-- +goose Down
DROP TABLE checks;

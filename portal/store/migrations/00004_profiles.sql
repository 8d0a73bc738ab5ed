-- +goose Up

CREATE TABLE drafts (
    account_id uuid PRIMARY KEY REFERENCES accounts,
    version    integer NOT NULL,
    data       bytea NOT NULL,  -- sealed
    saved_at   timestamptz NOT NULL
);

CREATE TABLE submissions (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts,
    number     integer NOT NULL CHECK (number > 0),
    data       bytea NOT NULL,  -- sealed
    sent_at    timestamptz NOT NULL,
    CONSTRAINT submissions_number_unique UNIQUE (account_id, number)
);
CREATE TRIGGER submissions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON submissions
    FOR EACH STATEMENT EXECUTE FUNCTION zaver_append_only();

ALTER TABLE accounts ADD CONSTRAINT accounts_submission FOREIGN KEY (submission_id) REFERENCES submissions;

-- +goose Down
ALTER TABLE accounts DROP CONSTRAINT accounts_submission;
DROP TABLE submissions, drafts;

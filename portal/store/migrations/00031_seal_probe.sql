-- +goose Up

-- One row: written with the data keys of the first start, so that a portal with
-- other keys is told apart before it writes.
CREATE TABLE seal_probe (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    sealed bytea NOT NULL,
    hash   bytea NOT NULL   -- keyed hash
);

-- +goose Down
DROP TABLE seal_probe;

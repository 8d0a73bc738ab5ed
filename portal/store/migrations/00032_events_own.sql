-- +goose Up

-- What strangers cause (tries at a password, at a contact) may be very much; it
-- must neither hide what the holder's own sessions did nor slow its reading down.
CREATE INDEX events_own ON events (account_id, at DESC, id DESC) WHERE kind NOT IN ('event.sign_in_failed', 'event.contact_tried');
CREATE INDEX events_strange ON events (account_id, at DESC, id DESC) WHERE kind IN ('event.sign_in_failed', 'event.contact_tried');
CREATE INDEX events_confirmed ON events (account_id, at DESC) WHERE kind = 'event.confirmed';

-- +goose Down
DROP INDEX events_own, events_strange, events_confirmed;

-- +goose Up

-- A new job wakes the runners of its queue when its transaction commits; they
-- poll only for what time makes due. Versions before this one poll anyway.
-- +goose StatementBegin
CREATE FUNCTION zaver_job_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('zaver', 'jobs:' || NEW.queue);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER zaver_job_added AFTER INSERT ON river_job
    FOR EACH ROW WHEN (NEW.state = 'available') EXECUTE FUNCTION zaver_job_added();

-- +goose Down
DROP TRIGGER zaver_job_added ON river_job;
DROP FUNCTION zaver_job_added;

-- Like "_begin_write"(), but gives no version while the collections are being changed: who writes then waits without a
-- connection.
CREATE FUNCTION "_try_begin_write"(OUT "version" BIGINT, OUT "watched" BOOLEAN) LANGUAGE plpgsql AS $$
BEGIN
    IF pg_try_advisory_xact_lock_shared(7240932) THEN
        "version" := (SELECT "value"::bigint FROM "_params" WHERE "id" = 'schema_version');
        "watched" := EXISTS (SELECT FROM "_listeners" WHERE "until" > clock_timestamp());
    END IF;
END $$;

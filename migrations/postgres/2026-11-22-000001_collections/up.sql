CREATE TABLE "_collections" (
    "_rowid_" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "id" TEXT COLLATE "C" NOT NULL UNIQUE,
    "name" TEXT COLLATE "C" NOT NULL,
    "type" TEXT COLLATE "C" NOT NULL,
    "system" BOOLEAN NOT NULL,
    "definition" TEXT NOT NULL,
    "created" TEXT COLLATE "C" NOT NULL,
    "updated" TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX "_collections_name_key" ON "_collections" (lower("name"));

-- How many rows each collection's table has; kept by triggers on the tables. A backend adds to a row of its
-- own, so that two that insert at once do not wait for each other; the total is the sum.
CREATE TABLE "_totals" (
    "collection" TEXT COLLATE "C" NOT NULL,
    "backend" INTEGER NOT NULL,
    "total" BIGINT NOT NULL,
    PRIMARY KEY ("collection", "backend")
) WITH (fillfactor = 50);

CREATE FUNCTION "_count_rows"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change BIGINT;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT count(*) INTO change FROM changed;
    ELSE
        SELECT -count(*) INTO change FROM changed;
    END IF;
    IF change <> 0 THEN
        INSERT INTO "_totals" AS t VALUES (TG_ARGV[0], pg_backend_pid() % 1024, change)
        ON CONFLICT ("collection", "backend") DO UPDATE SET "total" = t."total" + excluded."total";
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER "_inserted__collections" AFTER INSERT ON "_collections"
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION "_count_rows"('_collections');
CREATE TRIGGER "_deleted__collections" AFTER DELETE ON "_collections"
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION "_count_rows"('_collections');

-- Compares two scalars of any type as SQLite does: numbers (true is 1, false is 0) before text, text by its bytes.
CREATE FUNCTION "_compare"(a jsonb, b jsonb) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(a) IN ('number', 'boolean') AND jsonb_typeof(b) IN ('number', 'boolean') THEN
            (SELECT CASE WHEN x < y THEN -1 WHEN x > y THEN 1 ELSE 0 END FROM (SELECT
                (CASE a WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE a END)::numeric AS x,
                (CASE b WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE b END)::numeric AS y) AS numbers)
        WHEN jsonb_typeof(a) IN ('number', 'boolean') THEN -1
        WHEN jsonb_typeof(b) IN ('number', 'boolean') THEN 1
        WHEN (a #>> '{}') COLLATE "C" < (b #>> '{}') COLLATE "C" THEN -1
        WHEN (a #>> '{}') COLLATE "C" > (b #>> '{}') COLLATE "C" THEN 1
        ELSE 0
    END
$$;

-- The number that a scalar is; none when it is no number.
CREATE FUNCTION "_number"(a jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE a WHEN 'true' THEN 1 WHEN 'false' THEN 0
        ELSE CASE jsonb_typeof(a) WHEN 'number' THEN (a #>> '{}')::numeric END END
$$;

-- A text that looks like a number becomes one, as it does in SQLite beside a number column.
CREATE FUNCTION "_as_number"(a jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(a) = 'string'
        AND (a #>> '{}') ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$'
        THEN to_jsonb((a #>> '{}')::numeric) ELSE a END
$$;

-- Settings of the server itself, and the version of the collections.
CREATE TABLE "_params" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL
);
INSERT INTO "_params" VALUES ('schema_version', '1');

-- The version of the collections, which stays until the transaction's end. A function, because the lock has to be
-- there before the version is read, in one round trip.
CREATE FUNCTION "_schema_version"() RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7240932);
    RETURN (SELECT "value"::bigint FROM "_params" WHERE "id" = 'schema_version');
END $$;

-- What a view computes, as a JSON field shows it: a text that is JSON is what it says, all else is itself.
CREATE FUNCTION "_as_json"(a jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF jsonb_typeof(a) <> 'string' OR (a #>> '{}') !~ '^\s*([-0-9"\[{]|true|false|null)' THEN
        RETURN a;
    END IF;
    RETURN (a #>> '{}')::jsonb;
EXCEPTION WHEN data_exception THEN
    RETURN a;
END $$;

-- What a view casts to a bool, which to SQLite is a number.
CREATE FUNCTION "_as_bool"(a jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce("_number"(CASE WHEN jsonb_typeof(a) = 'string' THEN "_as_number"(a) ELSE a END), 0) <> 0
$$;

-- The items of a list or an object, as SQLite's json_each has them.
CREATE FUNCTION "_json_each"(a jsonb) RETURNS TABLE("key" TEXT, "value" TEXT, "type" TEXT)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ("items"."ordinality" - 1)::text COLLATE "C", ("items"."value" #>> '{}') COLLATE "C",
        jsonb_typeof("items"."value") COLLATE "C"
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(a) = 'array' THEN a ELSE '[]' END)
        WITH ORDINALITY AS "items"("value", "ordinality")
    UNION ALL
    SELECT "items"."key" COLLATE "C", ("items"."value" #>> '{}') COLLATE "C", jsonb_typeof("items"."value") COLLATE "C"
    FROM jsonb_each(CASE WHEN jsonb_typeof(a) = 'object' THEN a ELSE '{}' END) AS "items"("key", "value")
$$;

-- JSON as text in the form in which SQLite keeps it: keys in the order of their bytes, no spaces, numbers as JavaScript
-- writes them. jsonb has an order and a form of its own.
CREATE FUNCTION "_json_text"(a jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n numeric;
BEGIN
    CASE jsonb_typeof(a)
    WHEN 'object' THEN
        RETURN '{' || coalesce((SELECT string_agg(to_jsonb(key)::text || ':' || "_json_text"(value), ',' ORDER BY key COLLATE "C")
            FROM jsonb_each(a)), '') || '}';
    WHEN 'array' THEN
        RETURN '[' || coalesce((SELECT string_agg("_json_text"(item), ',' ORDER BY place)
            FROM jsonb_array_elements(a) WITH ORDINALITY AS items(item, place)), '') || ']';
    WHEN 'number' THEN
        n := (a #>> '{}')::numeric;
        IF n = 0 OR abs(n) BETWEEN 0.000001 AND 999999999999999999999 THEN
            RETURN trim_scale(n)::text;
        END IF;
        -- A double has 17 digits at most. Its own text is not always the shortest here.
        RETURN regexp_replace(regexp_replace(
            trim(to_char(n, '9.9999999999999999EEEE')), '\.?0*e', 'e'), 'e([+-])0+', 'e\1');
    ELSE
        RETURN a::text;
    END CASE;
END $$;

-- A value out of JSON as SQLite has it: bools are numbers, lists and objects are their text.
CREATE OR REPLACE FUNCTION "_scalar"(a jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(a)
        WHEN 'null' THEN NULL
        WHEN 'boolean' THEN CASE a WHEN 'true' THEN '1'::jsonb ELSE '0'::jsonb END
        WHEN 'array' THEN to_jsonb("_json_text"(a))
        WHEN 'object' THEN to_jsonb("_json_text"(a))
        ELSE a END
$$;

-- The text by which a value out of JSON is sorted among texts; none for what is sorted as a number.
CREATE FUNCTION "_sort_text"(a jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(a)
        WHEN 'string' THEN a #>> '{}'
        WHEN 'array' THEN "_json_text"(a)
        WHEN 'object' THEN "_json_text"(a) END
$$;

CREATE OR REPLACE FUNCTION "_scalar"(a jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(a)
        WHEN 'null' THEN NULL
        WHEN 'boolean' THEN CASE a WHEN 'true' THEN '1'::jsonb ELSE '0'::jsonb END
        WHEN 'array' THEN to_jsonb(regexp_replace(a::text, '("(?:[^"\\]|\\.)*")|[ ]', '\1', 'g'))
        WHEN 'object' THEN to_jsonb(regexp_replace(a::text, '("(?:[^"\\]|\\.)*")|[ ]', '\1', 'g'))
        ELSE a END
$$;
DROP FUNCTION "_sort_text"(jsonb);
DROP FUNCTION "_json_text"(jsonb);

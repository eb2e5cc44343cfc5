DROP FUNCTION "_json_each"(jsonb);
DROP FUNCTION "_as_bool"(jsonb);
DROP FUNCTION "_as_json"(jsonb);

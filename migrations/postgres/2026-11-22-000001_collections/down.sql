DROP FUNCTION "_schema_version"();
DROP TABLE "_params";
DROP TABLE "_collections";
DROP TABLE "_totals";
DROP FUNCTION "_count_rows"();
DROP FUNCTION "_as_number"(jsonb);
DROP FUNCTION "_number"(jsonb);
DROP FUNCTION "_compare"(jsonb, jsonb);

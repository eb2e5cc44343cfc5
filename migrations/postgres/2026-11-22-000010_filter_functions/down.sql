DROP FUNCTION "_strftime"(text, jsonb, text[]);
DROP FUNCTION "_overflow"(integer, integer, integer);
DROP FUNCTION "_digits"(integer, integer);
DROP FUNCTION "_clock"(text);
DROP FUNCTION "_julian_date"(bigint);
DROP FUNCTION "_julian_day"(integer, integer, integer);
DROP FUNCTION "_geo_distance"(double precision, double precision, double precision, double precision);
DROP FUNCTION "_scalar"(jsonb);
DROP FUNCTION "_double"(jsonb);

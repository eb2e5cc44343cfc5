-- What an index holds of a value that is too long for it, and of JSON. A function, because the conversion to bytes depends
-- on the database's encoding, which stays: PostgreSQL takes only what is immutable into an index.
CREATE FUNCTION "_digest"("value" TEXT) RETURNS BYTEA LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT sha256(convert_to("value", 'UTF8'))
$$;

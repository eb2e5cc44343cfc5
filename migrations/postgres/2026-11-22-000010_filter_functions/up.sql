-- What filters call, with the results that SQLite gives.

-- The number that a scalar is, or that its text looks like.
CREATE FUNCTION "_double"(a jsonb) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(n) < 1e-300 THEN 0 WHEN abs(n) < 1e300 THEN n::double precision END
    FROM (SELECT "_number"("_as_number"(a)) AS n) AS numbers
$$;

-- A value out of JSON as SQLite has it: bools are numbers, lists and objects are their text without spaces.
CREATE FUNCTION "_scalar"(a jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(a)
        WHEN 'null' THEN NULL
        WHEN 'boolean' THEN CASE a WHEN 'true' THEN '1'::jsonb ELSE '0'::jsonb END
        WHEN 'array' THEN to_jsonb(regexp_replace(a::text, '("(?:[^"\\]|\\.)*")|[ ]', '\1', 'g'))
        WHEN 'object' THEN to_jsonb(regexp_replace(a::text, '("(?:[^"\\]|\\.)*")|[ ]', '\1', 'g'))
        ELSE a END
$$;

-- Kilometres between two places on a sphere. Rounding may not take the cosine out of its range.
CREATE FUNCTION "_geo_distance"(
    lon_a double precision, lat_a double precision, lon_b double precision, lat_b double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT 6371 * acos(greatest(-1, least(1,
        cos(radians(lat_a)) * cos(radians(lat_b)) * cos(radians(lon_b) - radians(lon_a))
        + sin(radians(lat_a)) * sin(radians(lat_b)))))
$$;

-- The moment at which a day begins, in milliseconds of the Julian calendar's count.
CREATE FUNCTION "_julian_day"(y integer, m integer, d integer) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN y BETWEEN -4713 AND 9999 THEN
        (36525 * (year + 4716) / 100 + 306001 * (month + 1) / 10000 + d
            + 38 - (year + 4800) / 100 + (year + 4800) / 100 / 4)::bigint * 86400000 - 131716800000
    END
    FROM (SELECT CASE WHEN m <= 2 THEN y - 1 ELSE y END AS year, CASE WHEN m <= 2 THEN m + 12 ELSE m END AS month) AS shifted
$$;

-- The year, the month and the day of a moment; nothing when it is out of range.
CREATE FUNCTION "_julian_date"(jd bigint) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    z integer; alpha integer; b integer; c integer; d integer; e integer; m integer;
BEGIN
    IF jd NOT BETWEEN 0 AND 464269060799999 THEN
        RETURN NULL;
    END IF;
    z := (jd + 43200000) / 86400000;
    alpha := trunc((z + 32044.75::float8) / 36524.25::float8)::integer - 52;
    b := z + 1 + alpha - (alpha + 100) / 4 + 25 + 1524;
    c := trunc((b - 122.1::float8) / 365.25::float8)::integer;
    d := 36525 * (c & 32767) / 100;
    e := trunc((b - d) / 30.6001::float8)::integer;
    m := CASE WHEN e < 14 THEN e - 1 ELSE e - 13 END;
    RETURN ARRAY[CASE WHEN m > 2 THEN c - 4716 ELSE c - 4715 END, m, b - d - trunc(30.6001::float8 * e)::integer];
END $$;

-- Hours, minutes, seconds and the zone's minutes of `10:20`, `10:20:30.456`, `10:20:30+02:00`; nothing for others.
CREATE FUNCTION "_clock"(given text) RETURNS double precision[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    part text[] := regexp_match(given,
        '^([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?[ \t\n\v\f\r]*(?:([zZ])|([+-])([0-9]{2}):([0-9]{2}))?[ \t\n\v\f\r]*$');
    minutes integer := 0;
BEGIN
    IF part IS NULL OR part[1] > '24' OR part[2] > '59' OR part[3] > '59' OR part[7] > '14' OR part[8] > '59' THEN
        RETURN NULL;
    END IF;
    IF part[6] IS NOT NULL THEN
        minutes := (part[6] || '1')::integer * (part[7]::integer * 60 + part[8]::integer);
    END IF;
    RETURN ARRAY[part[1]::float8, part[2]::float8,
        coalesce(part[3]::float8, 0) + CASE WHEN part[4] IS NULL THEN 0 ELSE least(('0.' || left(part[4], 30))::float8, 0.999) END, minutes];
END $$;

-- A number of at least so many characters, its sign among them.
CREATE FUNCTION "_digits"(n integer, width integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN n < 0 THEN '-' || lpad(abs(n)::text, greatest(width - 1, length(abs(n)::text)), '0')
        ELSE lpad(n::text, greatest(width, length(n::text)), '0') END
$$;

-- By how many days a day is beyond the end of its month.
CREATE FUNCTION "_overflow"(y integer, m integer, d integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT greatest(0, d - CASE
        WHEN m = 2 AND (y % 4 <> 0 OR (y % 100 = 0 AND y % 400 <> 0)) THEN 28
        WHEN m = 2 THEN 29 WHEN m IN (4, 6, 9, 11) THEN 30 ELSE 31 END)
$$;

-- SQLite's strftime, as of version 3.50, without `localtime` and `utc`, which would be the database server's. Nothing
-- for what is no moment, no format or no modifier.
CREATE FUNCTION "_strftime"(format text, given jsonb, modifiers text[]) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    -- The moment: as milliseconds, as a date, as a time of the day; each may be known or not.
    jd bigint;
    y integer; m integer; d integer;
    h integer; mi integer; s float8; zone integer := 0;
    -- A number that nobody has said yet what it counts.
    raw float8;
    overflow integer := 0;
    subsec boolean := false;
    part text[]; clock float8[]; ymd integer[];
    modifier text; word text; n float8; step float8; backwards boolean; whole bigint; place integer := 0;
    result text := ''; c text; thursday integer[]; of_year integer; weekday integer;
BEGIN
    IF given IS NULL OR format IS NULL THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(given) = 'number' THEN
        raw := "_double"(given);
    ELSIF jsonb_typeof(given) = 'string' THEN
        word := given #>> '{}';
        part := regexp_match(word, '^(-?)([0-9]{4})-([0-9]{2})-([0-9]{2})[T \t\n\v\f\r]*(.*)$');
        IF part[3] BETWEEN '01' AND '12' AND part[4] BETWEEN '01' AND '31' THEN
            y := (part[1] || part[2])::integer;
            m := part[3]::integer;
            d := part[4]::integer;
            IF part[5] <> '' THEN
                clock := "_clock"(part[5]);
                IF clock IS NULL THEN
                    RETURN NULL;
                END IF;
            END IF;
            overflow := "_overflow"(y, m, d);
        ELSE
            clock := "_clock"(word);
            IF clock IS NULL AND lower(word COLLATE "C") IN ('now', 'subsec', 'subsecond') THEN
                subsec := lower(word COLLATE "C") <> 'now';
                jd := floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 210866760000000;
            ELSIF clock IS NULL THEN
                raw := "_double"(given);
            END IF;
        END IF;
        IF clock IS NOT NULL THEN
            h := clock[1];
            mi := clock[2];
            s := clock[3];
            zone := clock[4];
        END IF;
    END IF;
    IF raw IS NULL AND jd IS NULL AND y IS NULL AND h IS NULL THEN
        RETURN NULL;
    END IF;
    IF y IS NOT NULL AND zone <> 0 THEN
        jd := "_julian_day"(y, m, d) + h * 3600000::bigint + mi * 60000 + trunc(s * 1000 + 0.5)::bigint - zone * 60000::bigint;
        IF jd IS NULL THEN
            RETURN NULL;
        END IF;
        y := NULL;
        h := NULL;
        zone := 0;
    END IF;
    IF raw >= 0 AND raw < 5373484.5 THEN
        jd := trunc(raw * 86400000 + 0.5);
    END IF;

    FOREACH modifier IN ARRAY modifiers LOOP
        place := place + 1;
        word := lower(modifier COLLATE "C");
        IF word = 'subsec' OR word = 'subsecond' THEN
            subsec := true;
            CONTINUE;
        ELSIF word = 'auto' THEN
            IF place > 1 THEN
                RETURN NULL;
            END IF;
            IF raw IS NOT NULL AND jd IS NULL AND raw BETWEEN -210866760000 AND 253402300799 THEN
                jd := trunc(raw * 1000 + 210866760000000.0 + 0.5);
                raw := NULL;
            ELSIF jd IS NOT NULL THEN
                raw := NULL;
            END IF;
            CONTINUE;
        ELSIF word = 'julianday' THEN
            IF place > 1 OR raw IS NULL OR jd IS NULL THEN
                RETURN NULL;
            END IF;
            raw := NULL;
            CONTINUE;
        ELSIF word = 'unixepoch' THEN
            IF place > 1 OR raw IS NULL
                OR NOT (raw * 1000 + 210866760000000.0 >= 0 AND raw * 1000 + 210866760000000.0 < 464269060800000.0) THEN
                RETURN NULL;
            END IF;
            jd := trunc(raw * 1000 + 210866760000000.0 + 0.5);
            raw := NULL;
            CONTINUE;
        END IF;
        IF jd IS NULL AND raw IS NOT NULL THEN
            RETURN NULL;
        END IF;

        -- What changes the date needs the date, if there is none yet the one of the moment.
        IF word LIKE 'start of %' OR word LIKE 'weekday %' OR word ~ '(month|year)s?$' OR word ~ '^[+-][0-9]{4,5}-' THEN
            IF y IS NULL THEN
                ymd := CASE WHEN jd IS NULL THEN ARRAY[2000, 1, 1] ELSE "_julian_date"(jd) END;
                IF ymd IS NULL THEN
                    RETURN NULL;
                END IF;
                y := ymd[1];
                m := ymd[2];
                d := ymd[3];
            END IF;
            IF h IS NULL THEN
                IF jd IS NULL THEN
                    jd := "_julian_day"(y, m, d);
                END IF;
                whole := (jd + 43200000) % 86400000;
                s := (whole % 60000) / 1000.0::float8;
                h := whole / 3600000;
                mi := whole / 60000 % 60;
            END IF;
        END IF;
        -- The others begin at the moment.
        IF jd IS NULL THEN
            jd := "_julian_day"(coalesce(y, 2000), coalesce(m, 1), coalesce(d, 1));
            IF jd IS NULL THEN
                RETURN NULL;
            END IF;
            IF h IS NOT NULL THEN
                jd := jd + h * 3600000::bigint + mi * 60000 + trunc(s * 1000 + 0.5)::bigint - zone * 60000::bigint;
            END IF;
        END IF;

        IF word = 'ceiling' THEN
            overflow := 0;
        ELSIF word = 'floor' THEN
            jd := jd - overflow * 86400000::bigint;
        ELSIF word LIKE 'start of %' THEN
            IF substr(word, 10) NOT IN ('day', 'month', 'year') THEN
                RETURN NULL;
            END IF;
            m := CASE WHEN word = 'start of year' THEN 1 ELSE m END;
            d := CASE WHEN word = 'start of day' THEN d ELSE 1 END;
            h := 0;
            mi := 0;
            s := 0;
            zone := 0;
            -- The date stays as it is written, and may be one without a moment.
            jd := NULL;
            raw := NULL;
            CONTINUE;
        ELSIF word LIKE 'weekday %' THEN
            n := "_double"(to_jsonb(substr(modifier, 9)));
            IF n IS NULL OR n < 0 OR n >= 7 OR n <> trunc(n) THEN
                RETURN NULL;
            END IF;
            jd := "_julian_day"(y, m, d) + h * 3600000::bigint + mi * 60000 + trunc(s * 1000 + 0.5)::bigint;
            whole := ((jd + 129600000) / 86400000) % 7;
            jd := jd + (n::bigint - CASE WHEN whole > n THEN whole - 7 ELSE whole END) * 86400000;
        ELSE
            part := regexp_match(word, '^([+-])([0-9]{4,5})-(0[0-9]|1[01])-([0-2][0-9]|30)(?:[ \t\n\v\f\r]([0-9]{2}:[0-9]{2}.*))?$');
            IF part IS NOT NULL THEN
                IF part[2]::integer > 14712 THEN
                    RETURN NULL;
                END IF;
                y := y + (part[1] || part[2])::integer;
                m := m + (part[1] || part[3])::integer;
                whole := CASE WHEN m > 0 THEN (m - 1) / 12 ELSE (m - 12) / 12 END;
                y := y + whole;
                m := m - whole * 12;
                overflow := "_overflow"(y, m, d);
                jd := "_julian_day"(y, m, d) + h * 3600000::bigint + mi * 60000 + trunc(s * 1000 + 0.5)::bigint
                    - zone * 60000::bigint + (part[1] || part[4])::bigint * 86400000;
                clock := "_clock"(part[5]);
                IF clock IS NULL AND part[5] IS NOT NULL THEN
                    RETURN NULL;
                END IF;
                word := part[1];
            ELSIF word ~ '^([+-]?[0-9]+):' THEN
                clock := "_clock"(ltrim(word, '+-'));
                IF clock IS NULL THEN
                    RETURN NULL;
                END IF;
            ELSE
                clock := NULL;
                part := regexp_match(word,
                    '^([+-]?[0-9]+\.?[0-9]*(?:e[+-]?[0-9]{1,3})?)[ \t\n\v\f\r]+(second|minute|hour|day|month|year)s?$');
                IF part IS NULL THEN
                    RETURN NULL;
                END IF;
                n := "_double"(to_jsonb(part[1]));
                step := CASE part[2] WHEN 'second' THEN 1 WHEN 'minute' THEN 60 WHEN 'hour' THEN 3600 WHEN 'day' THEN 86400
                    WHEN 'month' THEN 2592000 ELSE 31536000 END;
                IF n IS NULL OR abs(n) >= (CASE part[2] WHEN 'second' THEN 4.6427e14 WHEN 'minute' THEN 7.7379e12
                    WHEN 'hour' THEN 1.2897e11 WHEN 'day' THEN 5373485 WHEN 'month' THEN 176546 ELSE 14713 END) THEN
                    RETURN NULL;
                END IF;
                overflow := 0;
                backwards := n < 0;
                IF part[2] = 'month' OR part[2] = 'year' THEN
                    whole := trunc(n);
                    IF part[2] = 'month' THEN
                        m := m + whole;
                        n := n - whole;
                        whole := CASE WHEN m > 0 THEN (m - 1) / 12 ELSE (m - 12) / 12 END;
                        m := m - whole * 12;
                    ELSE
                        n := n - whole;
                    END IF;
                    y := y + whole;
                    overflow := "_overflow"(y, m, d);
                    jd := "_julian_day"(y, m, d) + h * 3600000::bigint + mi * 60000 + trunc(s * 1000 + 0.5)::bigint
                        - zone * 60000::bigint;
                END IF;
                jd := jd + trunc(n * 1000 * step + CASE WHEN backwards THEN -0.5 ELSE 0.5 END)::bigint;
            END IF;
            IF clock IS NOT NULL THEN
                whole := (clock[1]::bigint * 3600000 + clock[2]::bigint * 60000 + trunc(clock[3] * 1000 + 0.5)::bigint
                    - clock[4]::bigint * 60000 + 86400000) % 86400000;
                jd := jd + CASE WHEN word LIKE '-%' THEN -whole ELSE whole END;
            END IF;
        END IF;
        IF jd IS NULL THEN
            RETURN NULL;
        END IF;
        y := NULL;
        h := NULL;
        zone := 0;
    END LOOP;

    IF jd IS NULL AND raw IS NULL THEN
        jd := "_julian_day"(coalesce(y, 2000), coalesce(m, 1), coalesce(d, 1));
        IF h IS NOT NULL THEN
            jd := jd + h * 3600000::bigint + mi * 60000 + trunc(s * 1000 + 0.5)::bigint - zone * 60000::bigint;
        END IF;
        IF zone <> 0 THEN
            y := NULL;
            h := NULL;
        END IF;
    END IF;
    IF jd IS NULL OR jd NOT BETWEEN 0 AND 464269060799999 THEN
        RETURN NULL;
    END IF;
    -- A day that its month does not have.
    IF y IS NULL OR (place = 0 AND d > 28) THEN
        ymd := "_julian_date"(jd);
        y := ymd[1];
        m := ymd[2];
        d := ymd[3];
    END IF;
    IF h IS NULL THEN
        whole := (jd + 43200000) % 86400000;
        s := (whole % 60000) / 1000.0::float8;
        h := whole / 3600000;
        mi := whole / 60000 % 60;
    END IF;
    weekday := ((jd + 129600000) / 86400000) % 7;
    of_year := (jd - "_julian_day"(y, 1, 1) - h * 3600000::bigint - mi * 60000 - trunc(s * 1000 + 0.5)::bigint + 43200000) / 86400000;
    -- The week is that of its Thursday.
    thursday := "_julian_date"(jd + (3 - ((jd + 43200000) / 86400000) % 7) * 86400000);

    place := 1;
    WHILE place <= length(format) LOOP
        c := substr(format, place, 1);
        place := place + 1;
        IF c <> '%' THEN
            result := result || c;
            CONTINUE;
        END IF;
        c := substr(format, place, 1);
        place := place + 1;
        c := CASE c COLLATE "C"
            WHEN 'd' THEN lpad(d::text, 2, '0')
            WHEN 'e' THEN lpad(d::text, 2)
            WHEN 'f' THEN to_char(least(s, 59.999), 'FM00.000')
            WHEN 'F' THEN "_digits"(y, 4) || '-' || lpad(m::text, 2, '0') || '-' || lpad(d::text, 2, '0')
            WHEN 'g' THEN "_digits"(thursday[1] % 100, 2)
            WHEN 'G' THEN "_digits"(thursday[1], 4)
            WHEN 'H' THEN lpad(h::text, 2, '0')
            WHEN 'k' THEN lpad(h::text, 2)
            WHEN 'I' THEN lpad(CASE WHEN h IN (0, 12, 24) THEN 12 ELSE h % 12 END::text, 2, '0')
            WHEN 'l' THEN lpad(CASE WHEN h IN (0, 12, 24) THEN 12 ELSE h % 12 END::text, 2)
            WHEN 'j' THEN lpad((of_year + 1)::text, 3, '0')
            WHEN 'J' THEN trim_scale(round((jd / 86400000.0::float8)::text::numeric, 16 - length((jd / 86400000)::text)))::text
            WHEN 'm' THEN lpad(m::text, 2, '0')
            WHEN 'M' THEN lpad(mi::text, 2, '0')
            WHEN 'p' THEN CASE WHEN h >= 12 THEN 'PM' ELSE 'AM' END
            WHEN 'P' THEN CASE WHEN h >= 12 THEN 'pm' ELSE 'am' END
            WHEN 'R' THEN lpad(h::text, 2, '0') || ':' || lpad(mi::text, 2, '0')
            WHEN 's' THEN CASE WHEN subsec THEN round((jd - 210866760000000) / 1000.0, 3)::text ELSE (jd / 1000 - 210866760000)::text END
            WHEN 'S' THEN lpad(trunc(s)::text, 2, '0')
            WHEN 'T' THEN lpad(h::text, 2, '0') || ':' || lpad(mi::text, 2, '0') || ':' || lpad(trunc(s)::text, 2, '0')
            WHEN 'u' THEN CASE WHEN weekday = 0 THEN '7' ELSE weekday::text END
            WHEN 'w' THEN weekday::text
            WHEN 'U' THEN lpad(((of_year - weekday + 7) / 7)::text, 2, '0')
            WHEN 'V' THEN lpad(((jd + (3 - ((jd + 43200000) / 86400000) % 7) * 86400000 - "_julian_day"(thursday[1], 1, 1)
                - h * 3600000::bigint - mi * 60000 - trunc(s * 1000 + 0.5)::bigint + 43200000) / 86400000 / 7 + 1)::text, 2, '0')
            WHEN 'W' THEN lpad(((of_year - (weekday + 6) % 7 + 7) / 7)::text, 2, '0')
            WHEN 'Y' THEN "_digits"(y, 4)
            WHEN '%' THEN '%'
        END;
        IF c IS NULL THEN
            RETURN NULL;
        END IF;
        result := result || c;
    END LOOP;
    RETURN result;
END $$;

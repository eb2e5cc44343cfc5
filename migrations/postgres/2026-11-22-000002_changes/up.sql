-- What committed writes have changed, a row a write, for the processes that have realtime clients. Written while
-- anybody listens, read within a second, kept a minute: nothing is lost with them after a crash that the clients,
-- who connect anew, do not ask for anyway.
CREATE UNLOGGED TABLE "_changes" (
    "seq" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "changes" TEXT NOT NULL
);

-- The processes that have realtime clients. Each renews its row; one that was killed ends by itself.
CREATE UNLOGGED TABLE "_listeners" (
    "process" TEXT NOT NULL PRIMARY KEY,
    "until" TIMESTAMPTZ NOT NULL
);

-- What became of a subscription that reached another process than the client's own.
CREATE UNLOGGED TABLE "_answers" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "answer" BIGINT NOT NULL
);

-- The version of the collections, as "_schema_version"(), and whether anybody listens, in one round trip.
CREATE FUNCTION "_begin_write"(OUT "version" BIGINT, OUT "watched" BOOLEAN) LANGUAGE plpgsql AS $$
BEGIN
    "version" := "_schema_version"();
    "watched" := EXISTS (SELECT FROM "_listeners" WHERE "until" > clock_timestamp());
END $$;

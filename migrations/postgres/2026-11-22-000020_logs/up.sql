-- What happened: requests, and what the servers had to say.
CREATE TABLE "_logs" (
    "_rowid_" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "id" TEXT COLLATE "C" NOT NULL UNIQUE,
    "created" TEXT COLLATE "C" NOT NULL,
    "level" DOUBLE PRECISION NOT NULL,
    "message" TEXT COLLATE "C" NOT NULL,
    "data" JSONB NOT NULL
);
CREATE INDEX "_logs_created" ON "_logs" ("created");
CREATE INDEX "_logs_level" ON "_logs" ("level");

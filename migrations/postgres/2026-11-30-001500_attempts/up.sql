-- Failed attempts to sign in, by client and identity. Times are milliseconds since 1970.
CREATE TABLE "_attempts" (
    -- A digest of what is counted.
    "id" TEXT NOT NULL PRIMARY KEY,
    "kind" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "collection" TEXT NOT NULL,
    "identity" TEXT NOT NULL,
    "client" TEXT NOT NULL,
    -- The last failure; when all are forgotten; the last success.
    "last" BIGINT NOT NULL,
    "cleared" BIGINT NOT NULL,
    "succeeded" BIGINT NOT NULL
);
CREATE INDEX "_attempts_cleared" ON "_attempts" ("cleared");

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
    "last" INTEGER NOT NULL,
    "cleared" INTEGER NOT NULL,
    "succeeded" INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX "_attempts_cleared" ON "_attempts" ("cleared");

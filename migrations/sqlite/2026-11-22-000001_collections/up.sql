CREATE TABLE "_collections" (
    "_rowid_" INTEGER PRIMARY KEY,
    "id" TEXT NOT NULL UNIQUE,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "system" BOOLEAN NOT NULL,
    "definition" TEXT NOT NULL,
    "created" TEXT NOT NULL,
    "updated" TEXT NOT NULL
);
CREATE UNIQUE INDEX "_collections_name_key" ON "_collections" (lower("name"));

-- How many rows each collection's table has; kept by triggers on the tables.
CREATE TABLE "_totals" (
    "collection" TEXT NOT NULL PRIMARY KEY,
    "total" BIGINT NOT NULL
) WITHOUT ROWID;

INSERT INTO "_totals" VALUES ('_collections', 0);
CREATE TRIGGER "_inserted__collections" AFTER INSERT ON "_collections"
BEGIN UPDATE "_totals" SET "total" = "total" + 1 WHERE "collection" = '_collections'; END;
CREATE TRIGGER "_deleted__collections" AFTER DELETE ON "_collections"
BEGIN UPDATE "_totals" SET "total" = "total" - 1 WHERE "collection" = '_collections'; END;

-- Settings of the server itself, and the version of the collections.
CREATE TABLE "_params" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "_params" VALUES ('schema_version', '1');

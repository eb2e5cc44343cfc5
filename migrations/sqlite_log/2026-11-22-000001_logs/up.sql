-- What happened: requests, and what the server had to say.
CREATE TABLE "_logs" (
    "_rowid_" INTEGER PRIMARY KEY,
    "id" TEXT NOT NULL UNIQUE,
    "created" TEXT NOT NULL,
    "level" NUMERIC NOT NULL,
    "message" TEXT NOT NULL,
    "data" JSON NOT NULL
);
CREATE INDEX "_logs_created" ON "_logs" ("created");
CREATE INDEX "_logs_level" ON "_logs" ("level");

-- Where each server keeps files, known until a second of Unix time: servers that keep them in different places must not
-- take any. One that was killed is forgotten by itself.
CREATE TABLE "_places" (
    "process" TEXT NOT NULL PRIMARY KEY,
    "place" TEXT NOT NULL,
    "until" BIGINT NOT NULL
);

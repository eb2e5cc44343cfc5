-- What sign-ins with other services need for minutes, until a second of Unix time: which code verifiers were used, and names
-- that wait for the exchange of a code. Expired rows are removed by the next that is added.
CREATE TABLE "_oauth2" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL,
    "until" BIGINT NOT NULL
);
CREATE INDEX "_oauth2_until" ON "_oauth2" ("until");

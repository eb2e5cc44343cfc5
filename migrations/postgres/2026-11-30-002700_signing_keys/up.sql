-- The keys that sign tokens for other services, in the order in which they sign: from a second of Unix time until the next one
-- does. "secret" is the private key.
CREATE TABLE "_signing_keys" (
    "number" BIGINT NOT NULL PRIMARY KEY,
    "kid" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "since" BIGINT NOT NULL
);

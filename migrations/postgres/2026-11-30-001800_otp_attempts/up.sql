-- Tries of one-time passwords since a second of Unix time, by what is derived from the account's address.
CREATE TABLE "_otp_attempts" (
    "collection" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "device" TEXT NOT NULL,
    "since" BIGINT NOT NULL,
    "tries" BIGINT NOT NULL,
    PRIMARY KEY ("collection", "account", "device")
);

-- What requests came to, by the minute (of the time since 1970) and by the process that answered them.
CREATE TABLE "_minutes" (
    "minute" BIGINT NOT NULL,
    "instance" TEXT NOT NULL,
    "client_errors" BIGINT NOT NULL,
    "server_errors" BIGINT NOT NULL,
    -- How many answers took how long, as JSON.
    "latency" TEXT NOT NULL,
    PRIMARY KEY ("minute", "instance")
);

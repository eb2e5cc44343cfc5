-- What requests came to, by the minute (of the time since 1970) and by the process that answered them.
CREATE TABLE "_minutes" (
    "minute" INTEGER NOT NULL,
    "instance" TEXT NOT NULL,
    "client_errors" INTEGER NOT NULL,
    "server_errors" INTEGER NOT NULL,
    -- How many answers took how long, as JSON.
    "latency" TEXT NOT NULL,
    PRIMARY KEY ("minute", "instance")
) WITHOUT ROWID;
